//! What the sandbox knows, and how its two servers answer.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use oauth2::url::form_urlencoded;
use serde_json::{Value, json};
use wiremock::{Request, Respond, ResponseTemplate};

use super::behaviour::{Answer, Behaviour};
use super::fault::{challenge, no_such_path, refusal, token_not_found, token_refused};
use super::operations::{Condition, Recognised, recognise};
use crate::config::DEFAULT_SCOPES;
use crate::generated;
use crate::operation::{HEALTHCHECK, Operation};

pub(super) const TOKEN_PATH: &str = "/api/oauth/token";
/// A path of the sandbox's own: the real one is not published.
pub(super) const BASE_PATH: &str = "/api-menage";
const LIFETIME: Duration = Duration::from_secs(3600);

/// What the sandbox knows.
pub(super) struct State {
    client_id: String,
    pub(super) client_secret: String,
    pub(super) scopes: Vec<String>,
    pub(super) lifetime: Duration,
    pub(super) token_endpoint: Behaviour,
    pub(super) gateway: Behaviour,
    pub(super) operations: Vec<&'static Operation>,
    pub(super) answers: Vec<Scripted>,
    /// Those that the gateway accepts.
    pub(super) tokens: Vec<Token>,
    pub(super) token_requests: usize,
    issued: usize,
    pub(super) calls: Vec<(Option<&'static Operation>, Request)>,
}

/// A token, and when it ends.
pub(super) struct Token {
    text: String,
    end: Instant,
}

/// What a test has said of an operation.
pub(super) struct Scripted {
    pub(super) operation: &'static Operation,
    pub(super) conditions: Vec<Condition>,
    /// How often it is meant yet.
    pub(super) times: Option<usize>,
    pub(super) answer: Answer,
}

impl State {
    pub(super) fn new(client_id: &str, client_secret: &str) -> Self {
        Self {
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            scopes: DEFAULT_SCOPES.map(str::to_owned).into(),
            lifetime: LIFETIME,
            token_endpoint: Behaviour::default(),
            gateway: Behaviour::default(),
            operations: generated::OPERATIONS.iter().collect(),
            answers: Vec::new(),
            tokens: Vec::new(),
            token_requests: 0,
            issued: 0,
            calls: Vec::new(),
        }
    }

    /// Answers a token request as PISTE does: the credentials are taken from the form and from nowhere else.
    fn grant(&mut self, request: &Request) -> ResponseTemplate {
        let form: HashMap<_, _> = form_urlencoded::parse(&request.body).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str);
        if field("grant_type") != Some("client_credentials") {
            return refusal("unsupported_grant_type");
        }
        if field("client_id") != Some(&self.client_id) || field("client_secret") != Some(&self.client_secret) {
            return refusal("invalid_client");
        }
        ResponseTemplate::new(200).set_body_json(json!({
            "access_token": self.issue(),
            "token_type": "Bearer",
            "expires_in": self.lifetime.as_secs(),
            "scope": self.granted(field("scope").unwrap_or_default()),
        }))
    }

    /// Makes the next token: opaque, 54 letters and digits.
    fn issue(&mut self) -> String {
        self.issued += 1;
        let text = format!("MenageB2bSandboxToken{:033}", self.issued);
        self.accept(text.clone());
        text
    }

    pub(super) fn accept(&mut self, text: String) {
        let now = Instant::now();
        let end = now.checked_add(self.lifetime).unwrap_or(now + LIFETIME);
        self.tokens.push(Token { text, end });
    }

    /// A scope that is not known is ignored; one that was not asked for may come along.
    fn granted(&self, asked: &str) -> String {
        let known = asked.split(' ').filter(|scope| self.scopes.iter().any(|known| known == scope));
        known.chain(["resource.READ"]).collect::<Vec<_>>().join(" ")
    }

    /// Looks at the bearer, as the gateway does before all else.
    fn refusal(&self, request: &Request) -> Option<ResponseTemplate> {
        let authorization = request.headers.get("authorization").and_then(|value| value.to_str().ok());
        let Some(bearer) = authorization.and_then(|value| value.strip_prefix("Bearer ")) else {
            return Some(token_not_found());
        };
        match self.tokens.iter().find(|token| token.text == bearer) {
            Some(token) if token.end > Instant::now() => None,
            Some(_) => Some(challenge(401, "invalid_token", "The access token expired.")),
            None => Some(token_refused()),
        }
    }

    /// Answers as the API behind the gateway.
    fn answer(&mut self, call: Option<&Recognised>, request: &Request) -> ResponseTemplate {
        let Some(call) = call else {
            return no_such_path();
        };
        match self.scripted(call, request) {
            Some(answer) => answer.to(request, || unsaid(call.operation)),
            None => unsaid(call.operation),
        }
    }

    /// Finds what a test has said of such a call, and counts it.
    fn scripted(&mut self, call: &Recognised, request: &Request) -> Option<Answer> {
        let fits = |scripted: &Scripted| {
            scripted.operation.id == call.operation.id
                && scripted.times != Some(0)
                && scripted.conditions.iter().all(|condition| condition.holds(call, request))
        };
        let rank = |(place, scripted): &(usize, &mut Scripted)| {
            let place = *place as isize;
            let is_limited = scripted.times.is_some();
            (Reverse(scripted.conditions.len()), !is_limited, if is_limited { place } else { -place })
        };
        let fitting = self.answers.iter_mut().enumerate().filter(|(_, scripted)| fits(scripted));
        let (_, scripted) = fitting.min_by_key(rank)?;
        scripted.times = scripted.times.map(|times| times - 1);
        Some(scripted.answer.clone())
    }
}

/// What an operation answers of which a test has said nothing.
fn unsaid(operation: &Operation) -> ResponseTemplate {
    if operation.method == "GET" && operation.path.ends_with(HEALTHCHECK) {
        return ResponseTemplate::new(200).set_body_json(health());
    }
    tracing::warn!(operation = operation.id, "the sandbox was not told what this operation answers: it answers 501");
    let hint = format!("nothing was said of {0}: sandbox.operation(\"{0}\").answers(…)", operation.id);
    ResponseTemplate::new(501).set_body_string(hint)
}

/// The fields of the real answer are not published, so this one says what it is.
fn health() -> Value {
    json!({ "sandbox": "embedded in menage-b2b; the fields of the real answer are not published" })
}

pub(super) struct TokenEndpoint(pub(super) Arc<Mutex<State>>);

impl Respond for TokenEndpoint {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = lock(&self.0);
        state.token_requests += 1;
        match state.token_endpoint.next() {
            Some(answer) => answer.to(request, || state.grant(request)),
            None => state.grant(request),
        }
    }
}

pub(super) struct Gateway(pub(super) Arc<Mutex<State>>);

impl Respond for Gateway {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = lock(&self.0);
        let path = request.url.path().strip_prefix(BASE_PATH).unwrap_or_default();
        let call = recognise(&state.operations, request.method.as_str(), path);
        state.calls.push((call.as_ref().map(|call| call.operation), request.clone()));
        if let Some(refusal) = state.refusal(request) {
            return refusal;
        }
        match state.gateway.next() {
            Some(answer) => answer.to(request, || state.answer(call.as_ref(), request)),
            None => state.answer(call.as_ref(), request),
        }
    }
}

/// A test that panicked leaves the state whole.
pub(super) fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
