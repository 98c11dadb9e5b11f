//! The environment variables.

use std::env::VarError;

use crate::address::PlainHttp;
use crate::auth::Credentials;
use crate::environment::Environment;
use crate::error::Error;

/// The scope that is asked for with the access; without it the API may answer 403.
pub(crate) const PARTNER_SCOPE: &str = "dihal.sisiaoapimenage";
/// The scopes that a partner is given: the one that the portal's "Authorize" shows, and [`PARTNER_SCOPE`].
pub(crate) const DEFAULT_SCOPES: [&str; 2] = ["openid", PARTNER_SCOPE];

/// What the variables say.
pub(crate) struct Config {
    pub(crate) environment: Environment,
    pub(crate) credentials: Credentials,
    pub(crate) token_url: Option<String>,
    pub(crate) scopes: Option<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) plain_http: PlainHttp,
}

impl Config {
    /// Reads the variables through `lookup`, which is [`std::env::var`] outside tests.
    pub(crate) fn read(lookup: impl Fn(&'static str) -> Result<String, VarError>) -> Result<Self, Error> {
        let variables = Variables(lookup);
        Ok(Self {
            environment: variables.get("PISTE_ENVIRONMENT")?.map_or(Ok(Environment::default()), |name| name.parse())?,
            credentials: variables.credentials()?,
            token_url: variables.filled("PISTE_TOKEN_URL")?,
            // Set but empty, it asks for no scope.
            scopes: variables.get("PISTE_SCOPE")?,
            base_url: variables.filled("MENAGE_B2B_BASE_URL")?,
            plain_http: variables.plain_http()?,
        })
    }
}

struct Variables<L>(L);

impl<L: Fn(&'static str) -> Result<String, VarError>> Variables<L> {
    fn credentials(&self) -> Result<Credentials, Error> {
        let client_id = self.filled("PISTE_CLIENT_ID")?;
        let client_id = client_id.ok_or_else(|| missing("PISTE_CLIENT_ID", "the client id"))?;
        match (self.filled("PISTE_CLIENT_SECRET")?, self.filled("PISTE_CLIENT_SECRET_FILE")?) {
            (Some(secret), None) => Ok(Credentials::new(client_id, secret)),
            (None, Some(path)) => Ok(Credentials::from_secret_file(client_id, path)),
            (None, None) => Err(missing("PISTE_CLIENT_SECRET or PISTE_CLIENT_SECRET_FILE", "the secret")),
            (Some(_), Some(_)) => Err(Error::credentials(
                "PISTE_CLIENT_SECRET and PISTE_CLIENT_SECRET_FILE are both set: keep the one that holds, remove the other",
            )),
        }
    }

    fn plain_http(&self) -> Result<PlainHttp, Error> {
        match self.filled("MENAGE_B2B_ALLOW_HTTP")?.as_deref() {
            None | Some("0") => Ok(PlainHttp::Loopback),
            Some("1") => Ok(PlainHttp::Anywhere),
            Some(_) => Err(Error::configuration("MENAGE_B2B_ALLOW_HTTP is neither `1` nor `0`")),
        }
    }

    /// A variable that is set to blanks is one that a template left empty: as good as not set.
    fn filled(&self, name: &'static str) -> Result<Option<String>, Error> {
        Ok(self.get(name)?.filter(|value| !value.is_empty()))
    }

    fn get(&self, name: &'static str) -> Result<Option<String>, Error> {
        match (self.0)(name) {
            Ok(value) => Ok(Some(value.trim().to_owned())),
            Err(VarError::NotPresent) => Ok(None),
            // The error would quote the value.
            Err(VarError::NotUnicode(_)) => Err(Error::configuration(format!("{name} is not valid Unicode"))),
        }
    }
}

fn missing(name: &str, what: &str) -> Error {
    Error::credentials(format!(
        "{name} is not set: {what} stands in the PISTE portal under \"Applications\" > your application > \"Identifiants Oauth\""
    ))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    const CREDENTIALS: [(&str, &str); 2] = [("PISTE_CLIENT_ID", "id-of-app"), ("PISTE_CLIENT_SECRET", "hush-hush")];

    fn read(variables: &[(&str, &str)]) -> Result<Config, Error> {
        Config::read(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned()).ok_or(VarError::NotPresent)
        })
    }

    fn with_credentials(variables: &[(&'static str, &'static str)]) -> Result<Config, Error> {
        read(&[&CREDENTIALS, variables].concat())
    }

    fn refused(variables: &[(&str, &str)]) -> String {
        let Err(error) = read(variables) else { panic!("accepted: {variables:?}") };
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hush"), "{shown}");
        shown
    }

    #[test]
    fn credentials_alone_mean_the_sandbox_and_every_default() {
        let config = with_credentials(&[]).unwrap();
        assert_eq!(config.environment, Environment::Sandbox);
        assert_eq!((config.token_url, config.scopes, config.base_url), (None, None, None));
        assert_eq!(config.plain_http, PlainHttp::Loopback);
    }

    #[test]
    fn every_variable_is_read_without_the_blanks_around_it() {
        let config = with_credentials(&[
            ("PISTE_ENVIRONMENT", " production\n"),
            ("PISTE_TOKEN_URL", " https://id.example.test/token\r\n"),
            ("PISTE_SCOPE", " a b "),
            ("MENAGE_B2B_BASE_URL", "\thttps://api.example.test/a"),
            ("MENAGE_B2B_ALLOW_HTTP", " 1 "),
        ])
        .unwrap();
        assert_eq!(config.environment, Environment::Production);
        assert_eq!(config.token_url.unwrap(), "https://id.example.test/token");
        assert_eq!(config.scopes.unwrap(), "a b");
        assert_eq!(config.base_url.unwrap(), "https://api.example.test/a");
        assert_eq!(config.plain_http, PlainHttp::Anywhere);
    }

    #[test]
    fn an_empty_scope_is_a_choice_and_other_empty_variables_are_not_set() {
        let names = [
            "PISTE_SCOPE",
            "PISTE_TOKEN_URL",
            "MENAGE_B2B_BASE_URL",
            "PISTE_CLIENT_SECRET_FILE",
            "MENAGE_B2B_ALLOW_HTTP",
        ];
        let config = with_credentials(&names.map(|name| (name, " "))).unwrap();
        assert_eq!(config.scopes.as_deref(), Some(""));
        assert_eq!((config.token_url, config.base_url), (None, None));
    }

    #[test]
    fn what_is_missing_is_named_with_its_place_in_the_portal() {
        for (variables, name) in [
            (vec![], "PISTE_CLIENT_ID"),
            (vec![("PISTE_CLIENT_ID", " "), CREDENTIALS[1]], "PISTE_CLIENT_ID"),
            (vec![CREDENTIALS[0]], "PISTE_CLIENT_SECRET or PISTE_CLIENT_SECRET_FILE"),
        ] {
            let message = refused(&variables);
            assert!(message.contains(name) && message.contains("Identifiants Oauth"), "{message}");
        }
    }

    #[test]
    fn a_secret_and_a_secret_file_exclude_each_other() {
        let message = refused(&[CREDENTIALS[0], CREDENTIALS[1], ("PISTE_CLIENT_SECRET_FILE", "/run/secrets/piste")]);
        assert!(message.contains("PISTE_CLIENT_SECRET and PISTE_CLIENT_SECRET_FILE are both set"), "{message}");
    }

    #[test]
    fn values_of_another_kind_are_refused_with_what_is_possible() {
        for (name, value, possible) in [
            ("PISTE_ENVIRONMENT", "hush", "`sandbox` nor `production`"),
            ("PISTE_ENVIRONMENT", "", "`sandbox` nor `production`"),
            ("MENAGE_B2B_ALLOW_HTTP", "hush", "`1` nor `0`"),
        ] {
            let message = refused(&[CREDENTIALS[0], CREDENTIALS[1], (name, value)]);
            assert!(message.contains(name) && message.contains(possible), "{message}");
        }
    }

    #[test]
    fn a_value_that_is_not_unicode_is_named_and_not_shown() {
        let Err(error) = Config::read(|_| Err(VarError::NotUnicode(OsString::from("hush")))) else {
            panic!("accepted")
        };
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("PISTE_ENVIRONMENT is not valid Unicode") && !shown.contains("hush"), "{shown}");
    }
}
