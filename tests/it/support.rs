//! What the tests have in common: a sandbox, answers mounted before its own, and a log to look at.

use std::error::Error as _;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};

use menage_b2b::mock::PisteSandbox;
use menage_b2b::{Client, Error};
use tracing::Level;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::prelude::*;
use wiremock::{Request, ResponseTemplate};

/// Makes a sandbox and its client.
pub(crate) async fn sandbox() -> (PisteSandbox, Client) {
    let sandbox = PisteSandbox::start().await;
    let client = sandbox.client();
    (sandbox, client)
}

/// A token answer that holds `fields` beside what every one needs.
pub(crate) fn token(access_token: &str, fields: &serde_json::Value) -> ResponseTemplate {
    let mut answer = serde_json::json!({ "access_token": access_token, "token_type": "Bearer" });
    for (name, value) in fields.as_object().unwrap() {
        answer[name] = value.clone();
    }
    ResponseTemplate::new(200).set_body_json(answer)
}

/// The requests that the token endpoint received.
pub(crate) async fn token_requests(sandbox: &PisteSandbox) -> Vec<Request> {
    received(sandbox, &path_of(&sandbox.token_url())).await
}

/// The requests that the API received.
pub(crate) async fn api_requests(sandbox: &PisteSandbox) -> Vec<Request> {
    received(sandbox, &path_of(&sandbox.base_url())).await
}

/// All that a log could show of an error.
pub(crate) fn shown(error: &Error) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    text
}

/// A server that answers each connection with these bytes and closes it, and its base URL. It ends with the tests.
pub(crate) fn raw_server(answer: &'static [u8]) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            let mut request = [0; 4096];
            drop(stream.read(&mut request).and_then(|_| stream.write_all(answer)));
        }
    });
    format!("http://{address}/api")
}

/// The value of a header that stands there once.
pub(crate) fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let mut values = request.headers.get_all(name).iter();
    let value = values.next();
    assert!(values.next().is_none(), "{name} stands there twice");
    value.map(|value| value.to_str().unwrap())
}

async fn received(sandbox: &PisteSandbox, prefix: &str) -> Vec<Request> {
    let requests = sandbox.server().received_requests().await.unwrap();
    requests.into_iter().filter(|request| request.url.path().starts_with(prefix)).collect()
}

fn path_of(url: &str) -> String {
    reqwest::Url::parse(url).unwrap().path().to_owned()
}

/// All that the crate logs while it is captured, down to the last detail.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Captures what this thread logs, until the guard is dropped.
    pub(crate) fn capture(&self) -> DefaultGuard {
        self.capture_with(FmtSpan::NONE)
    }

    /// Captures each span of this thread at its end too, with all its fields.
    pub(crate) fn capture_spans(&self) -> DefaultGuard {
        self.capture_with(FmtSpan::CLOSE)
    }

    fn capture_with(&self, spans: FmtSpan) -> DefaultGuard {
        let writer = self.clone();
        let ours = Targets::new().with_target("menage_b2b", Level::TRACE);
        let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).with_ansi(false);
        tracing_subscriber::registry().with(layer.with_span_events(spans).with_filter(ours)).set_default()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
