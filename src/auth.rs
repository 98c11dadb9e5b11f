//! Bearer tokens by OAuth2 client credentials ([RFC 6749, 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).
//!
//! A caller asks the [`Authenticator`] for a header. `cache` answers with the one it holds, or decides when to fetch another;
//! `endpoint` fetches it with the `credentials` and makes a `token` of the answer.

mod cache;
mod credentials;
mod endpoint;
mod token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;

pub use self::credentials::Credentials;

use self::cache::Cache;
use self::endpoint::Endpoint;
use crate::address::{PlainHttp, Setting};
use crate::error::Error;
use crate::http::Http;

/// Gives the `Authorization` header for calls on an API behind PISTE.
///
/// It asks the token endpoint once, however many calls wait; keeps the token for as long as it lives; and renews it ahead of
/// its end, beside the calls. Clones are cheap and share one token. It runs on tokio and starts nothing until it is asked.
///
/// ```
/// # async fn run() -> Result<(), menage_b2b::Error> {
/// use menage_b2b::{Authenticator, Credentials, Environment};
///
/// let authenticator = Authenticator::builder(Environment::Sandbox.token_url(), Credentials::new("id", "secret"))
///     .scopes(["openid", "resource.READ"])
///     .build()?;
/// let header = authenticator.header().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Authenticator {
    cache: Cache,
}

impl Authenticator {
    /// Begins an authenticator for the token endpoint at `token_url`. No scope is asked for unless
    /// [`scopes`](AuthenticatorBuilder::scopes) names some.
    pub fn builder(token_url: impl Into<String>, credentials: Credentials) -> AuthenticatorBuilder {
        AuthenticatorBuilder {
            token_url: token_url.into(),
            credentials,
            scopes: Vec::new(),
            plain_http: PlainHttp::default(),
            http: Http::new(),
        }
    }

    /// Returns a value for the header `Authorization`, marked sensitive.
    ///
    /// # Errors
    ///
    /// Fails if there is no valid token and none can be had; see [`ErrorKind`](crate::ErrorKind). All who wait for the same
    /// token request get the same failure; whoever asks later causes a new request.
    pub async fn header(&self) -> Result<HeaderValue, Error> {
        self.cache.header().await
    }

    /// Puts the parts together on an HTTP client that is ready.
    pub(crate) fn new(
        token_url: &str,
        credentials: Credentials,
        scopes: &[String],
        plain_http: PlainHttp,
        http: reqwest::Client,
    ) -> Result<Self, Error> {
        credentials.check()?;
        let url = Setting::TokenUrl.parse(token_url, plain_http)?;
        let endpoint = Arc::new(Endpoint::new(http, url, credentials, scopes)?);
        let fetch = move || {
            let endpoint = Arc::clone(&endpoint);
            async move { endpoint.fetch().await }
        };
        Ok(Self { cache: Cache::new(fetch) })
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").finish_non_exhaustive()
    }
}

/// Sets up an [`Authenticator`].
#[derive(Debug)]
#[must_use]
pub struct AuthenticatorBuilder {
    token_url: String,
    credentials: Credentials,
    scopes: Vec<String>,
    plain_http: PlainHttp,
    http: Http,
}

impl AuthenticatorBuilder {
    /// Sets the scopes to ask for, in place of any set before. PISTE ignores those that it does not know or did not grant.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Allows plain http beyond this machine. Secrets then travel in the clear; a `tracing` warning says so.
    pub fn allow_http(mut self) -> Self {
        self.plain_http = PlainHttp::Anywhere;
        self
    }

    /// Sets the time allowed for a connection: TCP and TLS. Default: 10 seconds.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.http.connect_timeout = limit;
        self
    }

    /// Sets the time allowed for a whole token request, connection and body included. Default: 30 seconds.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.http.timeout = limit;
        self
    }

    /// Changes the HTTP client: proxies, certificates, pool. The timeouts and the redirect policy of this builder are
    /// applied afterwards and win.
    pub fn http(mut self, customise: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Self {
        self.http = self.http.customise(customise);
        self
    }

    /// Makes the authenticator. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if the address, the credentials, a scope or the HTTP
    /// client's settings cannot work.
    pub fn build(self) -> Result<Authenticator, Error> {
        let http = self.http.build()?;
        Authenticator::new(&self.token_url, self.credentials, &self.scopes, self.plain_http, http)
    }
}
