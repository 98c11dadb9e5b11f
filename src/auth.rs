//! Bearer tokens by OAuth2 client credentials ([RFC 6749, 4.4](https://www.rfc-editor.org/rfc/rfc6749#section-4.4)).
//!
//! A caller asks the [`Authenticator`] for a header. `cache` answers with the token that its `store` holds, or has a `flight`
//! fetch another, when `backoff` allows it. `endpoint` fetches it with the `credentials` and makes a `token` of the answer,
//! whose age is told by the `clock`.

mod backoff;
mod cache;
mod clock;
mod credentials;
mod endpoint;
mod flight;
mod slips;
mod state;
mod store;
mod sync;
mod token;

use std::fmt;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderValue;

pub use self::credentials::Credentials;
pub(crate) use self::credentials::Secrecy;
pub(crate) use self::slips::{Part, Slip};
pub use self::state::TokenState;
pub(crate) use self::token::{Bearer, Issue};

use self::cache::{Cache, Rules};
use self::endpoint::{Endpoint, checked_scopes};
use crate::address::{Given, PlainHttp, Setting};
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
    scopes: Arc<[String]>,
}

impl Authenticator {
    /// Begins an authenticator for the token endpoint at `token_url`. No scope is asked for unless
    /// [`scopes`](AuthenticatorBuilder::scopes) names some.
    pub fn builder(token_url: impl Into<String>, credentials: Credentials) -> AuthenticatorBuilder {
        AuthenticatorBuilder {
            token_url: Given(token_url.into()),
            credentials,
            scopes: Vec::new(),
            plain_http: PlainHttp::default(),
            refusal_retries: None,
            http: Http::new(),
        }
    }

    /// Returns a value for the header `Authorization`, marked sensitive.
    ///
    /// # Errors
    ///
    /// Fails if there is no valid token and none can be had; see [`ErrorKind`](crate::ErrorKind). All who wait for the same
    /// token request get the same failure. It is remembered for a while, and whoever asks meanwhile gets it at once: for
    /// about half a second at first and half a minute after many, about ten times as long at first and twice at most if the
    /// request was refused, and longer if the server asks for it (`Retry-After`, up to 5 minutes and a quarter).
    pub async fn header(&self) -> Result<HeaderValue, Error> {
        self.cache.header().await
    }

    /// Withdraws the token that an API has rejected, so that the next header holds another. A header of an older token does
    /// nothing. Where rejections follow one another, five renew the token and then one each ten seconds: the others do
    /// nothing, and the header stays.
    ///
    /// The client's own calls do this by themselves.
    pub fn reject(&self, header: &HeaderValue) {
        if let (Some(token), _) = self.cache.look()
            && token.header() == header
        {
            self.cache.reject(token.bearer().issue);
        }
    }

    /// Tells how things stand: when the token ends, its scopes, the last failure. Asks nobody.
    #[must_use]
    pub fn state(&self) -> TokenState {
        let (token, last_failure) = self.cache.look();
        TokenState::new(token.as_deref(), &self.scopes, last_failure)
    }

    /// Returns the scopes that are asked for.
    pub(crate) fn scopes(&self) -> &[String] {
        &self.scopes
    }

    pub(crate) async fn bearer(&self) -> Result<Bearer, Error> {
        self.cache.bearer().await
    }

    /// Returns the token in hand if it needs no renewal.
    pub(crate) fn fresh_bearer(&self) -> Poll<Bearer> {
        self.cache.fresh_bearer()
    }

    pub(crate) fn reject_issue(&self, issue: Issue) {
        self.cache.reject(issue);
    }

    /// Tells whether some nodes of the gateway may not know the token yet.
    pub(crate) fn is_young(&self, issue: Issue) -> bool {
        self.cache.is_young(issue)
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

/// Sets up an [`Authenticator`].
#[derive(Debug)]
#[must_use]
pub struct AuthenticatorBuilder {
    token_url: Given,
    credentials: Credentials,
    scopes: Vec<String>,
    plain_http: PlainHttp,
    refusal_retries: Option<u32>,
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

    /// Sets how often a refusal of the credentials, or a 400 without a reason, is tried again before it is believed, five
    /// times at most; about a second lies between two tries. By default twice if the credentials have worked before, since
    /// PISTE was seen to refuse good ones for a moment, and never if they have not.
    pub fn retry_refused_credentials(mut self, times: u32) -> Self {
        self.refusal_retries = Some(times);
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

    /// Sets how long the server may be silent, before its answer and within it. Default: 30 seconds.
    pub fn read_timeout(mut self, limit: Duration) -> Self {
        self.http.read_timeout = limit;
        self
    }

    /// Changes the HTTP client: proxies, certificates, pool. The timeouts and the redirect policy of this builder are
    /// applied afterwards and win. Where every address is of this machine, no proxy is used.
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
        self.build_with_http(None).map(|built| built.authenticator)
    }

    /// Makes the authenticator, and gives the HTTP client too, which serves the calls of the API at `base_url` as well.
    pub(crate) fn build_with_http(self, base_url: Option<&Url>) -> Result<Built, Error> {
        let (scopes, url) = self.check()?;
        let given = Settings {
            shown_id: self.credentials.shown_id(),
            secrecy: self.credentials.secrecy(),
            slips: self.credentials.slips(),
            is_http_customised: self.http.is_customised(),
        };
        // The secret's provider has as long as the request.
        let limit = self.http.timeout.saturating_mul(2);
        let http = self.http.build(&[&url, base_url.unwrap_or(&url)])?;
        let endpoint = Arc::new(Endpoint::new(http.clone(), url.clone(), self.credentials, scopes.clone()));
        let fetch = move || {
            let endpoint = Arc::clone(&endpoint);
            async move { endpoint.fetch().await }
        };
        let rules = Rules { limit, refusal_retries: self.refusal_retries, clock: clock::system };
        let authenticator = Authenticator { cache: Cache::new(rules, fetch), scopes: scopes.into() };
        Ok(Built { authenticator, http, token_url: url, given })
    }

    /// Checks what can be known to be wrong before there is an HTTP client, and reads the scopes and the address.
    pub(crate) fn check(&self) -> Result<(Vec<String>, Url), Error> {
        self.credentials.check()?;
        Ok((checked_scopes(&self.scopes)?, Setting::TokenUrl.parse(&self.token_url.0, self.plain_http)?))
    }

    pub(crate) fn with_token_url(mut self, url: String) -> Self {
        self.token_url = Given(url);
        self
    }

    pub(crate) fn request_timeout(&self) -> Duration {
        self.http.timeout
    }

    pub(crate) fn plain_http(&self) -> PlainHttp {
        self.plain_http
    }
}

/// An authenticator, and what else came of its making.
pub(crate) struct Built {
    pub(crate) authenticator: Authenticator,
    pub(crate) http: reqwest::Client,
    pub(crate) token_url: Url,
    pub(crate) given: Settings,
}

/// What an authenticator was given, as far as it may be shown.
pub(crate) struct Settings {
    /// The beginning of the client id.
    pub(crate) shown_id: String,
    pub(crate) secrecy: Secrecy,
    pub(crate) slips: Vec<Slip>,
    pub(crate) is_http_customised: bool,
}

/// Reads an answer of the token endpoint: returns the header of its token, and how long it lives.
#[cfg(feature = "__fuzzing")]
pub(crate) fn read_token_answer(status: reqwest::StatusCode, body: &[u8]) -> Result<(HeaderValue, Duration), Error> {
    let (grant, now) = (endpoint::read(status, body)?, clock::system());
    let token = token::Token::new(grant, 1, now, now, 0.5);
    Ok((token.header(), token.remaining(now)))
}
