//! What the tests have in common: a sandbox, clients of its API, and what the API received.

use menage_b2b::mock::PisteSandbox;
use menage_b2b::runtime::Transport;
use serde_json::Value;
use wiremock::{Request, ResponseTemplate};

/// An API that answers every call in the same way.
pub(crate) struct Api {
    sandbox: PisteSandbox,
    transport: Transport,
}

impl Api {
    pub(crate) async fn answering(answer: ResponseTemplate) -> Self {
        let sandbox = PisteSandbox::start().await;
        sandbox.gateway().answers_with(answer);
        let transport = sandbox.client().transport().clone();
        Self { sandbox, transport }
    }

    pub(crate) async fn answering_json(status: u16, body: &Value) -> Self {
        Self::answering(ResponseTemplate::new(status).set_body_json(body)).await
    }

    pub(crate) async fn answering_text(media_type: &str, body: &str) -> Self {
        Self::answering(ResponseTemplate::new(200).set_body_raw(body.to_owned(), media_type)).await
    }

    /// A generated client of this API.
    pub(crate) fn client<C: From<Transport>>(&self) -> C {
        self.transport.clone().into()
    }

    /// Has the gateway give these answers first.
    pub(crate) fn first_answers(&self, statuses: &[u16]) {
        self.sandbox.gateway().script_answers(statuses.iter().map(|status| ResponseTemplate::new(*status)));
    }

    /// The one call that the API received.
    pub(crate) async fn call(&self) -> Request {
        let mut calls = self.calls().await;
        assert_eq!(calls.len(), 1);
        calls.remove(0)
    }

    pub(crate) async fn calls(&self) -> Vec<Request> {
        let requests = self.sandbox.server().received_requests().await.unwrap();
        requests.into_iter().filter(|request| !request.url.path().contains("/oauth/")).collect()
    }

    /// The path and the query of the one call, after the base URL.
    pub(crate) async fn target(&self) -> String {
        let url = self.call().await.url;
        let base = self.sandbox.base_url().parse::<reqwest::Url>().unwrap().path().to_owned();
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", url.path().strip_prefix(&base).unwrap())
    }
}

/// The value of a header that stands there once.
pub(crate) fn header(request: &Request, name: &str) -> Option<String> {
    let mut values = request.headers.get_all(name).iter();
    let value = values.next()?.to_str().unwrap().to_owned();
    assert!(values.next().is_none(), "{name} stands there twice");
    Some(value)
}
