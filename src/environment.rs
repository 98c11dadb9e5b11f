//! The two environments of PISTE and their addresses.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

use crate::error::Error;

/// Names one of the two environments of PISTE.
///
/// Each has its own applications, secrets, subscriptions and CGU consents: credentials of one are refused by the other.
/// The addresses are those that PISTE publishes; the path of an API on its gateway is not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// The sandbox, where every partner begins.
    #[default]
    Sandbox,
    /// Production.
    Production,
}

impl Environment {
    /// Returns the address of the environment's token endpoint ([RFC 6749, 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2)).
    #[must_use]
    pub const fn token_url(self) -> &'static str {
        match self {
            Self::Sandbox => "https://sandbox-oauth.piste.gouv.fr/api/oauth/token",
            Self::Production => "https://oauth.piste.gouv.fr/api/oauth/token",
        }
    }

    /// Returns the host of the environment's API gateway.
    #[must_use]
    pub const fn api_host(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox-api.piste.gouv.fr",
            Self::Production => "api.piste.gouv.fr",
        }
    }

    /// Returns the environment's name, as [`FromStr`] reads it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Production => "production",
        }
    }

    /// Finds this environment's server among those of a document: `https`, and the host to the letter.
    pub(crate) fn server_among<'a>(self, servers: &[&'a str]) -> Option<&'a str> {
        servers.iter().copied().find(|server| {
            Url::parse(server).is_ok_and(|url| url.scheme() == "https" && url.host_str() == Some(self.api_host()))
        })
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Environment {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        [Self::Sandbox, Self::Production].into_iter().find(|environment| environment.name() == name).ok_or_else(|| {
            Error::configuration("the environment (PISTE_ENVIRONMENT) is neither `sandbox` nor `production`")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SANDBOX: &str = "https://sandbox-api.piste.gouv.fr/organisation/api";
    const PRODUCTION: &str = "https://api.piste.gouv.fr/organisation/api";

    #[test]
    fn each_environment_finds_its_own_server() {
        for servers in [[SANDBOX, PRODUCTION], [PRODUCTION, SANDBOX]] {
            assert_eq!(Environment::Sandbox.server_among(&servers), Some(SANDBOX));
            assert_eq!(Environment::Production.server_among(&servers), Some(PRODUCTION));
        }
    }

    #[test]
    fn a_server_of_neither_environment_is_no_default() {
        let servers = [
            "https://sandbox-api.piste.gouv.fr.example.org/x",
            "https://example.org/sandbox-api.piste.gouv.fr",
            "https://example.org/?https://sandbox-api.piste.gouv.fr",
            "https://sandbox-api.piste.gouv.fr@example.org/x",
            "/organisation/api",
            "",
        ];
        assert_eq!(Environment::Sandbox.server_among(&servers), None);
    }

    #[test]
    fn of_one_host_the_https_address_is_taken() {
        let servers = ["http://sandbox-api.piste.gouv.fr/organisation/api", SANDBOX];
        assert_eq!(Environment::Sandbox.server_among(&servers), Some(SANDBOX));
        assert_eq!(Environment::Sandbox.server_among(&servers[..1]), None);
    }

    #[test]
    fn names_read_back_and_anything_else_lists_the_two() {
        for environment in [Environment::Sandbox, Environment::Production] {
            assert_eq!(environment.to_string().parse::<Environment>().unwrap(), environment);
        }
        for other in ["", "prod", "Production", "staging"] {
            let message = other.parse::<Environment>().unwrap_err().to_string();
            assert!(message.contains("`sandbox`") && message.contains("`production`"), "{message}");
        }
    }
}
