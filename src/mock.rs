//! A PISTE of one's own on loopback, for the tests of programs that call the API, and for programs without credentials.
//!
//! # A test of yours
//!
//! Say what the API answers to an operation, run your code against [`client`](PisteSandbox::client), and look at what it did:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), menage_b2b::Error> {
//! use menage_b2b::mock::{Fault, PisteSandbox};
//! use menage_b2b::{Client, ErrorKind};
//! use serde_json::json;
//!
//! // Code of yours.
//! async fn is_up(client: &Client) -> bool {
//!     client.healthcheck().send().await.is_ok_and(|health| health.get("status") == Some(&json!("UP")))
//! }
//!
//! let sandbox = PisteSandbox::start().await;
//! let client = sandbox.client();
//!
//! sandbox.operation("healthcheck").answers(&json!({ "status": "UP" }));
//! assert!(is_up(&client).await);
//!
//! // Two answers 503, then all is well: the client tries again, and your code does not notice.
//! sandbox.gateway().script([Fault::Status(503), Fault::Status(503)]);
//! assert!(is_up(&client).await);
//! sandbox.assert_calls("healthcheck", 4);
//! sandbox.assert_token_requests(1);
//!
//! // What a partner meets who has not accepted the CGU.
//! sandbox.gateway().fails(Fault::NotSubscribed);
//! let error = client.healthcheck().send().await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::Forbidden);
//! # Ok(())
//! # }
//! ```
//!
//! # What can be said
//!
//! | for | say |
//! | --- | --- |
//! | an answer, typed by the generated types | `sandbox.operation("id").answers(&types::…)` |
//! | an answer to some calls only | `sandbox.operation("id").path("id", "7").query("page", "2").answers(…)` |
//! | an answer once | `sandbox.operation("id").times(1).answers(…)` |
//! | any other answer | `sandbox.operation("id").answers_with(ResponseTemplate::new(404)…)` |
//! | a fault of one operation | `sandbox.operation("id").fails(Fault::BodyEchoed)` |
//! | a fault of the gateway, for good | `sandbox.gateway().fails(Fault::NotSubscribed)` |
//! | faults one after the other | `sandbox.gateway().script([Fault::Status(503), Fault::QuotaSpent(hour)])` |
//! | a fault of the token endpoint | `sandbox.token_endpoint().fails(Fault::InvalidClient)` |
//! | the end of a fault | `sandbox.gateway().recovers()` |
//! | tokens that die before their time | `sandbox.revoke_tokens()` |
//! | a token of a test's own | `sandbox.accept_token("abc")`, with `sandbox.token_endpoint().answers_with(…)` |
//! | tokens that live for seconds | `sandbox.issue_tokens_for(Duration::from_secs(2))` |
//! | a scope that was not granted | `sandbox.grant_scopes(["openid"])` |
//! | that a test made so many calls | `sandbox.assert_calls("id", 2)`, `sandbox.assert_token_requests(1)` |
//! | what was sent | `sandbox.calls("id")`: wiremock's requests |
//!
//! Operations are named by the `operationId` of the document that the crate was built with, yours or its own, as
//! [`document::OPERATIONS`](crate::document::OPERATIONS) has it. Nothing is checked against the document's schemas when the test runs. An operation
//! of which a test has said nothing answers 501, except GET `/healthcheck`, which answers 200.
//!
//! Beyond that, the server is a [`MockServer`] of wiremock: what is [mounted](PisteSandbox::server) on it comes before all this.

mod behaviour;
mod fault;
mod operations;
mod service;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use wiremock::matchers::{method, path, path_regex};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::auth::Credentials;
use crate::client::{Client, ClientBuilder};
use crate::environment::Environment;
use crate::operation::Operation;

pub use self::fault::Fault;
pub use wiremock;

use self::behaviour::{Answer, Behaviour};
use self::operations::Condition;
use self::service::{BASE_PATH, Gateway, Scripted, State, TOKEN_PATH, TokenEndpoint, lock};

const CLIENT_ID: &str = "sandbox-client-id";
const CLIENT_SECRET: &str = "sandbox-client-secret";
/// Mocks that a test mounts itself come first.
const LAST: u8 = 200;

/// A token endpoint and a gateway that answer as PISTE does, with the operations of the document behind them. The [module](self) tells how
/// to write a test with it.
pub struct PisteSandbox {
    server: Arc<MockServer>,
    state: Arc<Mutex<State>>,
}

impl PisteSandbox {
    /// Starts one on a free port of the loopback interface. It ends when it is dropped.
    pub async fn start() -> Self {
        Self::on(MockServer::start().await).await
    }

    /// Adds one to a server that is there already, whose own mocks come first.
    pub async fn on(server: impl Into<Arc<MockServer>>) -> Self {
        let server = server.into();
        let state = Arc::new(Mutex::new(State::new(CLIENT_ID, CLIENT_SECRET)));
        let endpoint = TokenEndpoint(Arc::clone(&state));
        let tokens = Mock::given(method("POST")).and(path(TOKEN_PATH)).respond_with(endpoint);
        tokens.with_priority(LAST).mount(&server).await;
        let api = Mock::given(path_regex(format!("^{BASE_PATH}(/|$)"))).respond_with(Gateway(Arc::clone(&state)));
        api.with_priority(LAST).mount(&server).await;
        Self { server, state }
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

    /// Returns the client id that the token endpoint accepts, for credentials whose secret comes from elsewhere.
    #[must_use]
    pub fn client_id(&self) -> &'static str {
        CLIENT_ID
    }

    /// Returns the credentials that the token endpoint accepts.
    #[must_use]
    pub fn credentials(&self) -> Credentials {
        Credentials::new(CLIENT_ID, CLIENT_SECRET)
    }

    /// Makes a client of this sandbox, with the settings that every client has unless it is told otherwise.
    ///
    /// # Panics
    ///
    /// Panics if there is no client to be had: without a TLS provider, where the program has to install one.
    #[must_use]
    #[expect(clippy::panic, reason = "a test that cannot go on should stop")]
    pub fn client(&self) -> Client {
        self.client_builder().build().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Begins a client of this sandbox.
    pub fn client_builder(&self) -> ClientBuilder {
        Client::builder(Environment::Sandbox, self.credentials()).token_url(self.token_url()).base_url(self.base_url())
    }

    /// Begins to say how an operation answers.
    ///
    /// # Panics
    ///
    /// Panics if the document has no operation of this id, and names those that it has.
    #[track_caller]
    pub fn operation(&self, id: &str) -> OperationMock<'_> {
        OperationMock { sandbox: self, operation: self.known(id), conditions: Vec::new(), times: None }
    }

    /// Says how the token endpoint answers.
    pub fn token_endpoint(&self) -> Part<'_> {
        Part { sandbox: self, part: |state| &mut state.token_endpoint }
    }

    /// Says how the gateway answers calls that have a token it knows.
    pub fn gateway(&self) -> Part<'_> {
        Part { sandbox: self, part: |state| &mut state.gateway }
    }

    /// Lets the gateway refuse every token that was issued so far, as PISTE does when it ends tokens before their time.
    pub fn revoke_tokens(&self) {
        self.state().tokens.clear();
    }

    /// Lets the gateway accept a token that a test's own answer of the token endpoint gives out.
    pub fn accept_token(&self, token: impl Into<String>) {
        self.state().accept(token.into());
    }

    /// Issues tokens that live so long from now on. Whole seconds are told to clients. Default: an hour.
    pub fn issue_tokens_for(&self, lifetime: Duration) {
        self.state().lifetime = lifetime;
    }

    /// Grants these scopes from now on, if they are asked for. Others are left out without a word, and one that nobody asks for comes
    /// along. Default: `openid` and `dihal.sisiaoapimenage`.
    pub fn grant_scopes(&self, scopes: impl IntoIterator<Item = impl Into<String>>) {
        self.state().scopes = scopes.into_iter().map(Into::into).collect();
    }

    /// Accepts this secret from now on, and no other: it was regenerated in the portal.
    pub fn rotate_secret(&self, secret: impl Into<String>) {
        self.state().client_secret = secret.into();
    }

    /// Returns the number of requests that the token endpoint has received so far.
    #[must_use]
    pub fn token_requests(&self) -> usize {
        self.state().token_requests
    }

    /// Returns the requests of an operation that the gateway has received so far, those without a good token too.
    ///
    /// # Panics
    ///
    /// As [`operation`](Self::operation).
    #[must_use]
    #[track_caller]
    pub fn calls(&self, id: &str) -> Vec<Request> {
        let operation = self.known(id);
        let state = self.state();
        let calls = state.calls.iter().filter(|(called, _)| called.is_some_and(|called| called.id == operation.id));
        calls.map(|(_, request)| request.clone()).collect()
    }

    /// Asserts how many requests of an operation the gateway has received so far.
    ///
    /// # Panics
    ///
    /// Panics if it is another number, and as [`operation`](Self::operation).
    #[track_caller]
    pub fn assert_calls(&self, id: &str, expected: usize) {
        let calls = self.calls(id).len();
        assert_eq!(calls, expected, "the gateway received {calls} requests of {id}, not {expected}");
    }

    /// Asserts how many requests the token endpoint has received so far.
    ///
    /// # Panics
    ///
    /// Panics if it is another number.
    #[track_caller]
    pub fn assert_token_requests(&self, expected: usize) {
        let requests = self.token_requests();
        assert_eq!(requests, expected, "the token endpoint received {requests} requests, not {expected}");
    }

    /// Asserts that nothing reached the gateway so far.
    ///
    /// # Panics
    ///
    /// Panics if something did.
    #[track_caller]
    pub fn assert_no_calls(&self) {
        let calls = self.state().calls.len();
        assert_eq!(calls, 0, "the gateway received {calls} requests, not 0");
    }

    /// Returns the server, to look at all that it received, or to mount other answers, which come first.
    #[must_use]
    pub fn server(&self) -> &MockServer {
        &self.server
    }

    /// Adds the operations of another generated client.
    #[doc(hidden)]
    pub fn add_operations(&self, operations: &'static [Operation]) {
        self.state().operations.extend(operations);
    }

    #[track_caller]
    fn known(&self, id: &str) -> &'static Operation {
        let state = self.state();
        let ids = || state.operations.iter().map(|operation| operation.id).collect::<Vec<_>>().join(", ");
        let found = state.operations.iter().find(|operation| operation.id == id).copied();
        #[expect(clippy::panic, reason = "a test that cannot go on should stop")]
        found.unwrap_or_else(|| panic!("the document has no operation `{id}`; it has: {}", ids()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl fmt::Debug for PisteSandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PisteSandbox").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

/// The token endpoint or the gateway, to be told how to answer.
#[must_use = "say how it answers"]
pub struct Part<'s> {
    sandbox: &'s PisteSandbox,
    part: fn(&mut State) -> &mut Behaviour,
}

impl Part<'_> {
    /// Fails so from now on, after what is [scripted](Self::script).
    pub fn fails(&self, fault: Fault) {
        self.tell(|part| part.stand(Some(Answer::Fault(fault))));
    }

    /// Fails so next, one fault a request, and then answers as before. What was scripted earlier comes first.
    pub fn script(&self, faults: impl IntoIterator<Item = Fault>) {
        self.tell(|part| part.script(faults.into_iter().map(Answer::Fault)));
    }

    /// Answers so from now on, whatever is asked.
    pub fn answers_with(&self, answer: ResponseTemplate) {
        self.tell(|part| part.stand(Some(Answer::Template(answer))));
    }

    /// Answers so next, one answer a request, and then as before.
    pub fn script_answers(&self, answers: impl IntoIterator<Item = ResponseTemplate>) {
        self.tell(|part| part.script(answers.into_iter().map(Answer::Template)));
    }

    /// Answers as usual again. What was scripted is forgotten.
    pub fn recovers(&self) {
        self.tell(Behaviour::recover);
    }

    fn tell(&self, say: impl FnOnce(&mut Behaviour)) {
        say((self.part)(&mut self.sandbox.state()));
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").finish_non_exhaustive()
    }
}

/// An operation, to be told how to answer which calls. Nothing is said before one of the methods that begin with `answers` or `fails`.
///
/// Of several answers that fit a call, the one with the most conditions is given. Of those with as many, the ones that are given
/// a number of [times](Self::times) come first, in their order; then the newest.
#[must_use = "say how it answers"]
pub struct OperationMock<'s> {
    sandbox: &'s PisteSandbox,
    operation: &'static Operation,
    conditions: Vec<Condition>,
    times: Option<usize>,
}

impl OperationMock<'_> {
    /// Means only calls with this path argument, as it is before it is encoded.
    pub fn path(self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.on(Condition::Path(name.into(), value.to_string()))
    }

    /// Means only calls with this query argument, as it is before it is encoded.
    pub fn query(self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.on(Condition::Query(name.into(), value.to_string()))
    }

    /// Means only calls with this header.
    pub fn header(self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.on(Condition::Header(name.into(), value.to_string()))
    }

    /// Means only calls with this body, compared as JSON.
    ///
    /// # Panics
    ///
    /// Panics if the body does not convert to JSON.
    #[track_caller]
    pub fn body(self, body: &impl Serialize) -> Self {
        let body = json(body);
        self.on(Condition::Body(body))
    }

    /// Means the next calls only, so many.
    pub fn times(self, times: usize) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Answers with this body as JSON and the first status that the document declares for a success, or 200.
    ///
    /// # Panics
    ///
    /// Panics if the body does not convert to JSON.
    #[track_caller]
    pub fn answers(self, body: &impl Serialize) {
        let status = self.operation.successes.iter().find_map(|status| status.parse().ok()).unwrap_or(200);
        self.answers_with(ResponseTemplate::new(status).set_body_json(json(body)));
    }

    /// Answers with any status, headers and body.
    pub fn answers_with(self, answer: ResponseTemplate) {
        self.say(Answer::Template(answer));
    }

    /// Fails.
    pub fn fails(self, fault: Fault) {
        self.say(Answer::Fault(fault));
    }

    fn on(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    fn say(self, answer: Answer) {
        let Self { sandbox, operation, conditions, times } = self;
        sandbox.state().answers.push(Scripted { operation, conditions, times, answer });
    }
}

impl fmt::Debug for OperationMock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperationMock").field("id", &self.operation.id).finish_non_exhaustive()
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "a test that cannot go on should stop")]
fn json(body: &impl Serialize) -> Value {
    serde_json::to_value(body).unwrap_or_else(|error| panic!("the body does not convert to JSON: {error}"))
}
