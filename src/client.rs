//! The client: puts the parts together.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Request, Response};

use crate::address::{Given, PlainHttp, Setting};
use crate::auth::{Authenticator, AuthenticatorBuilder, Built, Credentials};
use crate::cause::Cause;
use crate::config::{Config, DEFAULT_SCOPES};
use crate::diagnosis::{Diagnosis, Proxy, Setup, walk};
use crate::environment::Environment;
use crate::error::Error;
use crate::generated;
use crate::retry::RetryPolicy;
use crate::transport::{Limits, Transport};

/// What a call may take, with a token endpoint that is slow and a try or two.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Some tens of thousands of households at once; a slip of the server's, or worse, is more.
const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// Calls the API with a PISTE token.
///
/// The operations of the document are methods of [`MenageB2B`](crate::MenageB2B), to which a client derefs:
///
/// ```no_run
/// # async fn run() -> Result<(), menage_b2b::Error> {
/// use menage_b2b::{Client, Credentials, Environment};
///
/// let client = Client::builder(Environment::Sandbox, Credentials::new("client id", "client secret"))
///     .base_url("https://host/path")
///     .build()?;
/// let health = client.healthcheck().send().await?;
/// println!("{} fields", health.len());
/// # Ok(())
/// # }
/// ```
///
/// Clones are cheap and share one token and one connection pool. It runs on tokio and starts nothing until a call is made. It
/// works on after its runtime is gone, in another; but a connection belongs to the runtime that opened it, so where several
/// runtimes share a client, a call can fail in mid-exchange when another's runtime ends.
///
/// A token that is refused (401, or PISTE's 400 with a Bearer challenge) is renewed once and the request sent again,
/// whatever its method: it was not carried out ([RFC 9110, 15.5.2](https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2)). Where every token is refused, five are renewed, and then one each ten seconds.
#[derive(Clone)]
pub struct Client {
    generated: Arc<generated::Client>,
    setup: Arc<Setup>,
}

impl Client {
    /// Begins a client for one of the environments of PISTE.
    pub fn builder(environment: Environment, credentials: Credentials) -> ClientBuilder {
        let auth =
            Authenticator::builder(environment.token_url(), credentials).scopes(default_scopes(generated::SCOPES));
        let (retry_policy, call_timeout) = (RetryPolicy::new(), CALL_TIMEOUT);
        ClientBuilder { environment, base_url: None, retry_policy, call_timeout, answer_limit: ANSWER_LIMIT, auth }
    }

    /// Makes a client of the environment variables; see [`builder_from_env`](Self::builder_from_env).
    ///
    /// # Errors
    ///
    /// As [`builder_from_env`](Self::builder_from_env) and [`ClientBuilder::build`].
    pub fn from_env() -> Result<Self, Error> {
        Self::builder_from_env()?.build()
    }

    /// Begins a client with what the environment variables say. Blanks around a value do not count.
    ///
    /// | variable | meaning |
    /// | --- | --- |
    /// | `PISTE_CLIENT_ID` | identifier of the application ("Identifiants Oauth") |
    /// | `PISTE_CLIENT_SECRET` | its secret |
    /// | `PISTE_CLIENT_SECRET_FILE` | instead: a file with the secret, read again at each token request |
    /// | `PISTE_ENVIRONMENT` | `sandbox` (default) or `production` |
    /// | `PISTE_TOKEN_URL` | another token endpoint than the environment's |
    /// | `PISTE_SCOPE` | scopes to ask for, separated by blanks (default: `openid dihal.sisiaoapimenage`); empty: none |
    /// | `MENAGE_B2B_BASE_URL` | the API's server address, from the portal's "Documentation API" |
    /// | `MENAGE_B2B_ALLOW_HTTP` | `1`: plain http beyond this machine; a `tracing` warning says so |
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if a variable is missing or wrong; it is named.
    pub fn builder_from_env() -> Result<ClientBuilder, Error> {
        Config::read(std::env::var).map(ClientBuilder::from_config)
    }

    /// Sends any other request to the API, as the operations are sent: with the token, within the limits, and with the
    /// same errors. Its `Authorization` is the token's whatever it was; the answer's body has not been read yet.
    ///
    /// # Errors
    ///
    /// Fails as every call does; see [`ErrorKind`](crate::ErrorKind). An answer that is no success (2xx) is an error too. So
    /// is an address of another origin than the base URL's: nothing is sent then.
    pub async fn execute(&self, request: Request) -> Result<Response, Error> {
        self.transport().execute(request).await
    }

    /// Returns a client that adds headers to its calls, such as a correlation id or `traceparent`. A header that a call
    /// sets itself stays; `Authorization` is always the token's.
    #[must_use]
    pub fn with_headers(&self, headers: HeaderMap) -> Self {
        let inner = self.transport().with_headers(headers);
        Self { generated: Arc::new(inner.into()), setup: Arc::clone(&self.setup) }
    }

    /// Returns a client that tries calls again by another policy. It shares the rest, the budget of retries too.
    #[must_use]
    pub fn with_retry_policy(&self, policy: RetryPolicy) -> Self {
        let inner = self.transport().with_policy(policy);
        Self { generated: Arc::new(inner.into()), setup: Arc::clone(&self.setup) }
    }

    /// Walks from the configuration to an answer of GET /healthcheck and tells how far it came, what is likely to be wrong, and
    /// the one thing to do next. It never fails: a failure is what it reports.
    ///
    /// It makes one call of the API, with the token in hand if there is one: cheap enough for a readiness probe every few
    /// seconds. The call is tried again as by the client's [policy](ClientBuilder::retry_policy). It takes no longer than
    /// twice the [time allowed for a call](ClientBuilder::call_timeout): once for a token, once for the call.
    pub async fn diagnose(&self) -> Diagnosis {
        walk(&self.generated, &self.setup).await
    }

    /// Makes a client of the environment variables, as [`from_env`](Self::from_env) does, and [diagnoses](Self::diagnose) it. Where no client can
    /// be made of them, that is what the diagnosis says.
    pub async fn diagnose_env() -> Diagnosis {
        match Self::from_env() {
            Ok(client) => client.diagnose().await,
            Err(error) => error.into(),
        }
    }

    /// Returns what gives this client its tokens.
    #[must_use]
    pub fn authenticator(&self) -> &Authenticator {
        self.transport().authenticator()
    }

    /// Returns the API's server address, without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.transport().base()
    }

    /// Returns the rim, for other generated clients.
    #[doc(hidden)]
    #[must_use]
    pub fn transport(&self) -> &Transport {
        &self.generated.inner
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.base_url()).field("transport", self.transport()).finish()
    }
}

impl Deref for Client {
    type Target = generated::Client;

    fn deref(&self) -> &generated::Client {
        &self.generated
    }
}

/// Sets up a [`Client`].
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    environment: Environment,
    base_url: Option<Given>,
    retry_policy: RetryPolicy,
    call_timeout: Duration,
    answer_limit: usize,
    auth: AuthenticatorBuilder,
}

impl ClientBuilder {
    fn from_config(config: Config) -> Self {
        let mut builder = Client::builder(config.environment, config.credentials);
        builder.base_url = config.base_url.map(Given);
        if let Some(url) = config.token_url {
            builder = builder.token_url(url);
        }
        if let Some(scopes) = config.scopes {
            builder = builder.scopes([scopes]);
        }
        match config.plain_http {
            PlainHttp::Loopback => builder,
            PlainHttp::Anywhere => builder.allow_http(),
        }
    }

    /// Sets the API's server address, as the portal's page of the API lists it under "Documentation API". A trailing slash
    /// makes no difference.
    ///
    /// Without it the address is the one that the OpenAPI document lists for the environment's host. The document that the
    /// crate brings lists none.
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(Given(url.into()));
        self
    }

    /// Sets another token endpoint than [the environment's](Environment::token_url).
    pub fn token_url(mut self, url: impl Into<String>) -> Self {
        self.auth = self.auth.with_token_url(url.into());
        self
    }

    /// Sets the scopes to ask for, in place of `openid`, `dihal.sisiaoapimenage` and those that the OpenAPI document
    /// [names](crate::document::SCOPES). PISTE ignores those that it does not know or did not grant.
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.auth = self.auth.scopes(scopes);
        self
    }

    /// Allows plain http beyond this machine: a mock or an egress gateway inside a cluster. Secrets and personal data then
    /// travel in the clear; a `tracing` warning says so.
    pub fn allow_http(mut self) -> Self {
        self.auth = self.auth.allow_http();
        self
    }

    /// Sets how often a refusal of the credentials is tried again; see [`AuthenticatorBuilder::retry_refused_credentials`].
    pub fn retry_refused_credentials(mut self, times: u32) -> Self {
        self.auth = self.auth.retry_refused_credentials(times);
        self
    }

    /// Sets the time allowed for a connection: TCP and TLS. Default: 10 seconds.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.auth = self.auth.connect_timeout(limit);
        self
    }

    /// Sets the time allowed for one request, connection and body included. Default: 30 seconds. A call that has to wait
    /// for a token, whose token is rejected, or that is tried again, makes several.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.auth = self.auth.timeout(limit);
        self
    }

    /// Sets how long a server may be silent, before its answer and within it: what a long [`timeout`](Self::timeout) leaves unseen. Default: 30
    /// seconds.
    pub fn read_timeout(mut self, limit: Duration) -> Self {
        self.auth = self.auth.read_timeout(limit);
        self
    }

    /// Sets how large the body of an answer may be, in bytes, as it is after it was unpacked. A larger one is not read to its end, and is
    /// [`ErrorKind::AnswerTooLarge`](crate::ErrorKind::AnswerTooLarge). Default: 16 MiB. What is read as a stream has no limit, and takes no memory; of an answer that
    /// is no success, and of a token, 64 KiB are read.
    pub fn answer_limit(mut self, bytes: usize) -> Self {
        self.answer_limit = bytes;
        self
    }

    /// Sets the time allowed for a whole call: the token, every try and the pauses between them, and the body of the answer.
    /// Default: 60 seconds.
    pub fn call_timeout(mut self, limit: Duration) -> Self {
        self.call_timeout = limit;
        self
    }

    /// Sets which failed calls are tried again. Default: [`RetryPolicy::new`]; [`RetryPolicy::never`] switches it off.
    pub fn retry_policy(mut self, policy: RetryPolicy) -> Self {
        self.retry_policy = policy;
        self
    }

    /// Changes the HTTP client, which serves the token requests too: proxies, certificates, pool. The timeouts and the
    /// redirect policy of this builder are applied afterwards and win. Where every address is of this machine, no proxy is used.
    pub fn http(mut self, customise: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Self {
        self.auth = self.auth.http(customise);
        self
    }

    /// Makes the client. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) if it is not known where the API is, or if an address,
    /// the credentials, a scope or the HTTP client's settings cannot work.
    pub fn build(self) -> Result<Client, Error> {
        let base_url = match &self.base_url {
            Some(Given(url)) => url,
            None => listed_server(self.environment, generated::SERVERS)?,
        };
        let base_url = Setting::BaseUrl.parse(base_url, self.auth.plain_http())?;
        let limits =
            Limits { request: self.auth.request_timeout(), call: self.call_timeout, answer: self.answer_limit };
        let Built { authenticator, http, token_url, given } = self.auth.build_with_http(Some(&base_url))?;
        let proxy = Proxy::find(&token_url, &base_url, given.is_http_customised);
        let setup = Setup { environment: self.environment, token_url, given, proxy };
        let transport = Transport::new(http, base_url, authenticator, self.retry_policy, limits);
        Ok(Client { generated: Arc::new(transport.into()), setup: Arc::new(setup) })
    }
}

/// The scopes that a partner is given, and those that the document names besides. PISTE ignores what it does not know.
fn default_scopes<'a>(named: &[&'a str]) -> Vec<&'a str> {
    let more = named.iter().filter(|scope| !DEFAULT_SCOPES.contains(scope));
    DEFAULT_SCOPES.iter().chain(more).copied().collect()
}

/// Finds the environment's server among those that the document lists. None is guessed.
fn listed_server<'a>(environment: Environment, servers: &[&'a str]) -> Result<&'a str, Error> {
    environment.server_among(servers).ok_or_else(|| {
        let listed = match servers {
            [] => "no server".to_owned(),
            _ => format!("none of its host {}, only {}", environment.api_host(), servers.join(", ")),
        };
        let fault = Error::configuration(format!(
            "it is not known where the API is: for the {environment} the OpenAPI document lists {listed}. The portal's page of \
             \"SISIAO - API MENAGE\" shows the address under \"Documentation API\": pass it with `base_url` or MENAGE_B2B_BASE_URL"
        ));
        fault.because(&[Cause::BaseUrlMissing])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_of_the_document_are_asked_for_besides_the_partners() {
        assert_eq!(default_scopes(&["openid", "piste.other"]), ["openid", "dihal.sisiaoapimenage", "piste.other"]);
        assert_eq!(default_scopes(&[]), DEFAULT_SCOPES);
    }

    #[test]
    fn a_server_of_the_document_is_the_default() {
        let servers = ["https://example.test/x", "https://api.piste.gouv.fr/organisation/api"];
        assert_eq!(listed_server(Environment::Production, &servers).unwrap(), servers[1]);
    }

    #[test]
    fn a_server_of_neither_environment_is_only_listed() {
        let error = listed_server(Environment::Sandbox, &["https://example.test/x"]).unwrap_err().to_string();
        for part in ["sandbox-api.piste.gouv.fr", "https://example.test/x", "Documentation API", "MENAGE_B2B_BASE_URL"]
        {
            assert!(error.contains(part), "{error}");
        }
    }
}
