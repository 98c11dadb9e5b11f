//! The rules for addresses: what a base URL and a token endpoint may look like.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use crate::error::Error;

/// A setting that holds an address, under the names by which a user knows it.
#[derive(Clone, Copy)]
pub(crate) enum Setting {
    BaseUrl,
    TokenUrl,
}

/// Whether plain http may leave the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PlainHttp {
    #[default]
    Loopback,
    Anywhere,
}

/// An address as it was given, which may hold a password until it has been read.
#[derive(Clone)]
pub(crate) struct Given(pub(crate) String);

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Url::parse(self.0.trim()) {
            Ok(url) => write!(f, "{}://{}{}", url.scheme(), url.host_str().unwrap_or_default(), url.path()),
            Err(_) => f.write_str("no address"),
        }
    }
}

impl Setting {
    fn describe(self) -> &'static str {
        match self {
            Self::BaseUrl => "the base URL of the API (`base_url`, MENAGE_B2B_BASE_URL)",
            Self::TokenUrl => "the address of the token endpoint (`token_url`, PISTE_TOKEN_URL)",
        }
    }

    /// Reads an address, or says what is wrong with it. The text itself is not repeated: it may hold a password.
    pub(crate) fn parse(self, text: &str, plain_http: PlainHttp) -> Result<Url, Error> {
        let refuse = |what: &str| Error::configuration(format!("{} {what}", self.describe()));
        let url = Url::parse(text.trim())
            .map_err(|error| refuse("is not an absolute URL such as https://host/path").with_source(error))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(refuse("must begin with https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("must not hold a user name or a password"));
        }
        if url.fragment().is_some() {
            return Err(refuse("must not have a fragment (#…)"));
        }
        // A token endpoint may have a query (RFC 6749, 3.2); a base URL is continued by paths.
        if matches!(self, Self::BaseUrl) && url.query().is_some() {
            return Err(refuse("must not have a query (?…)"));
        }
        self.check_plain_http(&url, plain_http)?;
        Ok(url)
    }

    fn check_plain_http(self, url: &Url, plain_http: PlainHttp) -> Result<(), Error> {
        if url.scheme() == "https" || is_loopback(url) {
            return Ok(());
        }
        if plain_http == PlainHttp::Loopback {
            let refused = "is plain http to another machine, which would show secrets and personal data to the network: \
                           write https://, or allow it with `allow_http` or MENAGE_B2B_ALLOW_HTTP=1";
            return Err(Error::configuration(format!("{} {refused}", self.describe())));
        }
        tracing::warn!(
            "{} is plain http to another machine: secrets and personal data travel in the clear",
            self.describe()
        );
        Ok(())
    }
}

/// Tells whether an address is of this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        // RFC 6761, 6.3: never resolved to another machine.
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        let shown = |text: &str| format!("{:?}", Given(text.to_owned()));
        assert_eq!(shown("https://user:hush@host:8443/a?key=hush#hush"), "https://host/a");
        assert_eq!(shown("hush hush"), "no address");
    }

    #[test]
    fn good_addresses_pass() {
        for text in [
            "https://api.example.test/a/b",
            " https://api.example.test \n",
            "http://localhost:8080/a",
            "http://127.0.0.2",
            "http://[::1]:80/a",
            "http://piste.localhost/a",
        ] {
            assert!(Setting::BaseUrl.parse(text, PlainHttp::Loopback).is_ok(), "{text}");
        }
        assert!(Setting::TokenUrl.parse("https://id.example.test/token?realm=x", PlainHttp::Loopback).is_ok());
    }

    #[test]
    fn bad_addresses_are_refused_with_their_fault() {
        for (text, fault) in [
            ("", "absolute"),
            ("api.example.test/a", "absolute"),
            ("/a", "absolute"),
            ("localhost:8080/a", "https://"),
            ("ftp://api.example.test", "https://"),
            ("https://hush@api.example.test", "user name"),
            ("https://:hush@api.example.test", "password"),
            ("https://api.example.test/a?hush=1", "query"),
            ("https://api.example.test/a#hush", "fragment"),
            ("http://api.example.test", "plain http"),
            ("http://localhost.example.test", "plain http"),
            ("http://notlocalhost", "plain http"),
            ("http://128.0.0.1", "plain http"),
        ] {
            let error = Setting::BaseUrl.parse(text, PlainHttp::Loopback).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(fault) && shown.contains("MENAGE_B2B_BASE_URL"), "{text}: {shown}");
            assert!(!shown.contains("hush"), "{text}: {shown}");
        }
        assert!(Setting::TokenUrl.parse("https://id.example.test/#token", PlainHttp::Loopback).is_err());
    }

    #[test]
    fn plain_http_passes_by_permission_only() {
        let text = "http://egress.example.test/a";
        assert!(Setting::BaseUrl.parse(text, PlainHttp::Loopback).is_err());
        assert!(Setting::BaseUrl.parse(text, PlainHttp::Anywhere).is_ok());
    }
}
