//! The HTTP client that all requests share, with the limits that no setting takes away.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{ClientBuilder, Url};

use crate::address::is_loopback;
use crate::cause::Cause;
use crate::error::Error;

const USER_AGENT: &str = concat!("menage-b2b/", env!("CARGO_PKG_VERSION"));
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(30);
/// As long as a whole request by default; it tells where one may take longer.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// How the HTTP client is to be made.
pub(crate) struct Http {
    builder: ClientBuilder,
    is_customised: bool,
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) read_timeout: Duration,
}

impl Http {
    pub(crate) fn new() -> Self {
        // Calls have retries of their own; for its own, reqwest would copy each request.
        let retry = reqwest::retry::never().max_retries_per_request(0);
        let builder = reqwest::Client::builder().user_agent(USER_AGENT).retry(retry);
        Self {
            builder,
            is_customised: false,
            connect_timeout: CONNECT_TIMEOUT,
            timeout: TIMEOUT,
            read_timeout: READ_TIMEOUT,
        }
    }

    pub(crate) fn customise(self, with: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        Self { builder: with(self.builder), is_customised: true, ..self }
    }

    /// Tells whether the program changed the client, its proxies perhaps.
    pub(crate) fn is_customised(&self) -> bool {
        self.is_customised
    }

    /// Makes the client for these addresses. Our limits come last, so that no customisation loosens them: followed, a 307
    /// would carry the secret or a household's data to another host.
    pub(crate) fn build(self, addresses: &[&Url]) -> Result<reqwest::Client, Error> {
        #[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
        check_provider()?;
        // What stays on this machine may be plain http: no proxy is to carry it elsewhere. reqwest knows one rule for all
        // addresses; where one of the two is not local, NO_PROXY has to name the other.
        let is_local = addresses.iter().all(|address| is_loopback(address));
        let builder = if is_local { self.builder.no_proxy() } else { self.builder };
        // Hyper's own limits for headers stay: 100, and 400 KiB in all. Said once more, they would cost memory at each answer.
        let builder = builder.redirect(Policy::none()).connect_timeout(self.connect_timeout).timeout(self.timeout);
        // One that is no shorter would only be one more timer at each call.
        let is_needed = self.read_timeout < self.timeout;
        let builder = if is_needed { builder.read_timeout(self.read_timeout) } else { builder };
        builder.build().map_err(unusable)
    }
}

fn unusable(error: reqwest::Error) -> Error {
    let mut sources = std::iter::successors(StdError::source(&error), |&link| link.source());
    // The text of rustls-platform-verifier: small container images have no authority at all.
    let is_bare = sources.any(|link| link.to_string().contains("No CA certificates were loaded"));
    let fault = if is_bare {
        let hint = "this machine trusts no certificate authority: install them (the package ca-certificates, on many systems), \
                    or name a file of them with SSL_CERT_FILE";
        Error::configuration(hint).because(&[Cause::Certificate])
    } else {
        Error::configuration("the HTTP client cannot be made with these settings")
    };
    fault.with_source(error)
}

/// reqwest's own shows default headers and proxies.
impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("read_timeout", &self.read_timeout)
            .finish_non_exhaustive()
    }
}

/// reqwest panics where no provider is to be found.
#[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
fn check_provider() -> Result<(), Error> {
    let provider = rustls::crypto::CryptoProvider::get_default();
    provider.map(|_| ()).ok_or_else(|| {
        Error::configuration(
            "no TLS provider is installed: with the feature `rustls-no-provider` the program calls \
             rustls::crypto::CryptoProvider::install_default first, for example with ring's provider",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_work_are_an_error() {
        let unusable = |http: ClientBuilder| http.user_agent("a\nb");
        let error = Http::new().customise(unusable).build(&[]).unwrap_err();
        assert_eq!(error.kind(), crate::kind::ErrorKind::Configuration);
    }

    #[test]
    #[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
    fn without_a_tls_provider_there_is_an_error_and_no_panic() {
        let error = Http::new().build(&[]).unwrap_err().to_string();
        assert!(error.contains("install_default"), "{error}");
    }
}
