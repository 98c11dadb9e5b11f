//! A PISTE of one's own on loopback, for tests and for programs without credentials.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oauth2::url::form_urlencoded;
use serde_json::{Value, json};
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::auth::Credentials;
use crate::client::{Client, ClientBuilder};
use crate::environment::Environment;

const TOKEN_PATH: &str = "/api/oauth/token";
/// A path of the sandbox's own: the real one is not published.
const BASE_PATH: &str = "/api-menage";
const CLIENT_ID: &str = "sandbox-client-id";
const CLIENT_SECRET: &str = "sandbox-client-secret";
const KNOWN_SCOPES: [&str; 2] = ["openid", "dihal.sisiaoapimenage"];
/// Mocks that a test mounts itself come first.
const LAST: u8 = 200;

/// A token endpoint and a gateway that answer as PISTE does, with GET /healthcheck behind them.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), menage_b2b::Error> {
/// use menage_b2b::mock::PisteSandbox;
///
/// let sandbox = PisteSandbox::start().await;
/// let client = sandbox.client_builder().build()?;
/// client.healthcheck().send().await?;
/// assert_eq!(sandbox.token_requests(), 1);
/// # Ok(())
/// # }
/// ```
pub struct PisteSandbox {
    server: MockServer,
    tokens: Arc<Tokens>,
}

impl PisteSandbox {
    /// Starts one on a free port of the loopback interface. It ends when it is dropped.
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        let tokens = Arc::new(Tokens::default());
        let endpoint = TokenEndpoint { tokens: Arc::clone(&tokens) };
        Mock::given(method("POST"))
            .and(path(TOKEN_PATH))
            .respond_with(endpoint)
            .with_priority(LAST)
            .mount(&server)
            .await;
        let gateway = Gateway { tokens: Arc::clone(&tokens) };
        let api = path_regex(format!("^{BASE_PATH}(/|$)"));
        Mock::given(api).respond_with(gateway).with_priority(LAST).mount(&server).await;
        Self { server, tokens }
    }

    /// Returns the address of the token endpoint.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("{}{TOKEN_PATH}", self.server.uri())
    }

    /// Returns the base URL of the API.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}{BASE_PATH}", self.server.uri())
    }

    /// Returns the credentials that the token endpoint accepts.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        Credentials::new(CLIENT_ID, CLIENT_SECRET)
    }

    /// Begins a client of this sandbox.
    pub fn client_builder(&self) -> ClientBuilder {
        Client::builder(Environment::Sandbox, self.credentials()).token_url(self.token_url()).base_url(self.base_url())
    }

    /// Returns the number of requests that the token endpoint has answered so far.
    #[must_use]
    pub fn token_requests(&self) -> usize {
        self.tokens.lock().requests
    }

    /// Lets the gateway refuse every token that was issued so far, as PISTE does when it ends tokens before their time.
    pub fn revoke_tokens(&self) {
        let mut issued = self.tokens.lock();
        issued.revoked = issued.tokens.len();
    }

    /// Returns the server, to look at what it received or to mount other answers, which come first.
    #[must_use]
    pub fn server(&self) -> &MockServer {
        &self.server
    }
}

impl fmt::Debug for PisteSandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PisteSandbox").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

/// What the token endpoint has issued and the gateway accepts.
#[derive(Default)]
struct Tokens(Mutex<Issued>);

#[derive(Default)]
struct Issued {
    requests: usize,
    tokens: Vec<String>,
    /// So many of the first tokens are dead.
    revoked: usize,
}

impl Tokens {
    /// Makes the next token: opaque, 54 letters and digits.
    fn issue(&self) -> String {
        let mut issued = self.lock();
        let token = format!("MenageB2bSandboxToken{:033}", issued.tokens.len() + 1);
        issued.tokens.push(token.clone());
        token
    }

    fn accept(&self, token: &str) -> bool {
        let issued = self.lock();
        issued.tokens.iter().skip(issued.revoked).any(|live| live == token)
    }

    fn lock(&self) -> MutexGuard<'_, Issued> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the credentials from the form and from nowhere else.
struct TokenEndpoint {
    tokens: Arc<Tokens>,
}

impl Respond for TokenEndpoint {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        self.tokens.lock().requests += 1;
        let form: HashMap<_, _> = form_urlencoded::parse(&request.body).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str);
        if field("grant_type") != Some("client_credentials") {
            return refusal("unsupported_grant_type");
        }
        if (field("client_id"), field("client_secret")) != (Some(CLIENT_ID), Some(CLIENT_SECRET)) {
            return refusal("invalid_client");
        }
        ResponseTemplate::new(200).set_body_json(json!({
            "access_token": self.tokens.issue(),
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": granted(field("scope").unwrap_or_default()),
        }))
    }
}

/// A scope that is not known is ignored; one that was not asked for may come along.
fn granted(asked: &str) -> String {
    let known = asked.split(' ').filter(|scope| KNOWN_SCOPES.contains(scope));
    known.chain(["resource.READ"]).collect::<Vec<_>>().join(" ")
}

fn refusal(error: &str) -> ResponseTemplate {
    ResponseTemplate::new(400).set_body_json(json!({ "error": error }))
}

/// Checks the bearer, then answers for the API.
struct Gateway {
    tokens: Arc<Tokens>,
}

impl Respond for Gateway {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let authorization = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let Some(token) = authorization.and_then(|value| value.strip_prefix("Bearer ")) else {
            return challenge(400, "invalid_request", "Unable to find token in the message");
        };
        if !self.tokens.accept(token) {
            let cause = "Unable to find the access token in persistent storage.";
            return challenge(401, "invalid_token", cause);
        }
        match (request.method.as_str(), request.url.path().strip_prefix(BASE_PATH)) {
            ("GET", Some("/healthcheck")) => ResponseTemplate::new(200).set_body_json(health()),
            _ => ResponseTemplate::new(403),
        }
    }
}

fn challenge(status: u16, error: &str, description: &str) -> ResponseTemplate {
    let challenge = format!(r#"Bearer realm="DefaultRealm",error="{error}",error_description="{description}""#);
    ResponseTemplate::new(status).insert_header("WWW-Authenticate", challenge)
}

/// The fields of the real answer are not published, so this one says what it is.
fn health() -> Value {
    json!({ "sandbox": "embedded in menage-b2b; the fields of the real answer are not published" })
}
