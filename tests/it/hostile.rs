//! A hostile network: each row is a server that misbehaves, what a caller is told of it, and how often it was asked.

mod answers;
mod bounds;
mod origin;
#[cfg(feature = "rustls")]
mod proxies;
mod time;
#[cfg(feature = "rustls")]
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use menage_b2b::mock::PisteSandbox;
use menage_b2b::reqwest::{self, Method, Request, Url};
use menage_b2b::{Cause, Client, ClientBuilder, Credentials, Environment, Error, ErrorKind, RetryPolicy};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::support::{shown, token};

/// Stands in bodies, headers, reasons and passwords, and is the token and the secret: it shows nowhere.
const HUSH: &str = "hush-hush";
/// The beginning of an answer.
const OK: &str = "HTTP/1.1 200 hush-hush\r\nX-Echo: hush-hush\r\n";
const CHUNKED: &str = "HTTP/1.1 200 hush-hush\r\nTransfer-Encoding: chunked\r\n\r\n";
/// An answer that the client is content with.
const GOOD: &str = "HTTP/1.1 200 hush-hush\r\nX-Echo: hush-hush\r\nContent-Length: 2\r\n\r\n{}";

/// Servers outlive the runtimes of the tests, and go on while a test blocks its own.
static SERVERS: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// What a server does with a connection, one after the other. After the last it closes.
#[derive(Clone)]
enum Step {
    /// Reads a request.
    Read,
    /// Sees a request and leaves it unread: closed then, the connection is reset.
    Glance,
    Write(Vec<u8>),
    /// Writes this again and again, until the client hangs up.
    Flood(Vec<u8>),
    /// The same, a byte at a time.
    Drip(Vec<u8>),
    /// Waits until the client hangs up.
    Wait,
    /// Hands all on to another server.
    Tunnel(SocketAddr),
}

/// Reads a request, answers with these bytes and closes.
fn says(bytes: impl AsRef<[u8]>) -> Vec<Step> {
    vec![Step::Read, Step::Write(bytes.as_ref().to_vec())]
}

/// Reads a request, answers with these bytes and goes on.
fn then(bytes: impl AsRef<[u8]>, last: Step) -> Vec<Step> {
    [says(bytes), vec![last]].concat()
}

fn floods(head: impl AsRef<[u8]>, part: impl Into<Vec<u8>>) -> Vec<Step> {
    then(head, Step::Flood(part.into()))
}

fn drips(head: impl AsRef<[u8]>, part: &str) -> Vec<Step> {
    then(head, Step::Drip(part.into()))
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A server that does the same with each connection.
struct Server {
    address: SocketAddr,
    seen: Arc<Seen>,
    ends: Mutex<Receiver<()>>,
}

#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
    flooded: AtomicUsize,
    heard: Mutex<String>,
}

impl Server {
    fn start(script: Vec<Step>) -> Self {
        Self::behind(None, script)
    }

    fn behind(tls: Option<TlsAcceptor>, script: Vec<Step>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let (address, seen, (sender, ends)) = (listener.local_addr().unwrap(), Arc::<Seen>::default(), mpsc::channel());
        SERVERS.spawn(listen(listener, tls, script, Arc::clone(&seen), sender));
        Self { address, seen, ends: Mutex::new(ends) }
    }

    fn url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    fn connections(&self) -> usize {
        self.seen.connections.load(SeqCst)
    }

    fn requests(&self) -> usize {
        self.seen.requests.load(SeqCst)
    }

    /// All requests, as they came.
    fn heard(&self) -> String {
        self.seen.heard.lock().unwrap().to_ascii_lowercase()
    }

    /// Blocks the test, its client included, until a connection has ended.
    fn block_until_end(&self) {
        self.ends.lock().unwrap().recv().unwrap();
    }
}

async fn listen(
    listener: std::net::TcpListener,
    tls: Option<TlsAcceptor>,
    script: Vec<Step>,
    seen: Arc<Seen>,
    ends: Sender<()>,
) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((socket, _)) = listener.accept().await {
        seen.connections.fetch_add(1, SeqCst);
        let (tls, script, seen, ends) = (tls.clone(), script.clone(), Arc::clone(&seen), ends.clone());
        tokio::spawn(async move {
            // That connections break is what these tests are about, and some outlive theirs.
            _ = serve(socket, tls, &script, &seen).await;
            _ = ends.send(());
        });
    }
}

async fn serve(socket: TcpStream, tls: Option<TlsAcceptor>, script: &[Step], seen: &Seen) -> io::Result<()> {
    let mut stream: Box<dyn Stream> = match tls {
        Some(tls) => Box::new(tls.accept(socket).await?),
        None => Box::new(socket),
    };
    for step in script {
        step.play(&mut stream, seen).await?;
        stream.flush().await?;
    }
    Ok(())
}

impl Step {
    async fn play(&self, stream: &mut Box<dyn Stream>, seen: &Seen) -> io::Result<()> {
        match self {
            Self::Read => read_request(stream, seen).await?,
            Self::Glance => {
                stream.read_u8().await?;
                seen.requests.fetch_add(1, SeqCst);
            }
            Self::Write(bytes) => stream.write_all(bytes).await?,
            Self::Flood(bytes) => loop {
                let block = bytes.repeat(1 + 64 * 1024 / bytes.len());
                stream.write_all(&block).await?;
                seen.flooded.fetch_add(block.len(), SeqCst);
            },
            Self::Drip(bytes) => {
                let mut pace = tokio::time::interval(Duration::from_millis(10));
                for byte in bytes.iter().cycle() {
                    pace.tick().await;
                    stream.write_u8(*byte).await?;
                }
            }
            Self::Wait => while stream.read(&mut [0; 8192]).await? > 0 {},
            Self::Tunnel(address) => _ = copy_bidirectional(stream, &mut TcpStream::connect(address).await?).await?,
        }
        Ok(())
    }
}

async fn read_request(stream: &mut Box<dyn Stream>, seen: &Seen) -> io::Result<()> {
    let mut request = String::new();
    while !is_whole(&request) {
        let mut part = [0; 8192];
        match stream.read(&mut part).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => request.push_str(&String::from_utf8_lossy(&part[..length])),
        }
    }
    seen.heard.lock().unwrap().push_str(&request);
    seen.requests.fetch_add(1, SeqCst);
    Ok(())
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

/// What a caller is told: the kind, the likeliest cause and a part of the message.
type Told = Result<(), (ErrorKind, Cause, &'static str)>;

const fn fails(kind: ErrorKind, cause: Cause, what: &'static str) -> Told {
    Err((kind, cause, what))
}

fn lost(what: &'static str) -> Told {
    fails(ErrorKind::Transport, Cause::ConnectionLost, what)
}

fn not_http() -> Told {
    fails(ErrorKind::Transport, Cause::NotTheApi, "the answer is not HTTP")
}

/// A server, and what comes of a call.
struct Row {
    name: &'static str,
    server: Server,
    url: String,
    told: Told,
    /// Connections, and so requests, where it comes to one.
    tries: usize,
    set: Box<dyn FnOnce(ClientBuilder) -> ClientBuilder + Send>,
    method: Method,
}

fn row(name: &'static str, script: Vec<Step>, told: Told, tries: usize) -> Row {
    Row::of(name, Server::start(script), told, tries)
}

impl Row {
    fn of(name: &'static str, server: Server, told: Told, tries: usize) -> Self {
        Self { name, url: server.url(), server, told, tries, set: Box::new(|builder| builder), method: Method::GET }
    }

    fn at(self, url: impl Into<String>) -> Self {
        Self { url: url.into(), ..self }
    }

    fn posted(self) -> Self {
        Self { method: Method::POST, ..self }
    }

    /// Adds to the settings of the client.
    fn with(self, set: impl FnOnce(ClientBuilder) -> ClientBuilder + Send + 'static) -> Self {
        let before = self.set;
        Self { set: Box::new(|builder| set(before(builder))), ..self }
    }

    /// Tells what is not as it should be.
    fn judge(&self, outcome: &Result<(), Error>, place: Place) -> Option<String> {
        let is_told = match (outcome, self.told) {
            (Ok(()), Ok(())) => true,
            (Err(error), Err((kind, cause, what))) => {
                (error.kind(), error.causes()[0]) == (kind, cause)
                    && error.to_string().contains(what)
                    && error.is_token_endpoint() == (place == Place::TokenEndpoint)
                    && is_silent(error)
            }
            _ => false,
        };
        let (connections, requests) = (self.server.connections(), self.server.requests());
        let is_asked = connections == self.tries && (requests == self.tries || (!is_plain(&self.url) && requests == 0));
        let causes = outcome.as_ref().err().map(Error::causes);
        (!is_told || !is_asked).then(|| {
            format!(
                "{} {}: {outcome:?} {causes:?}, asked {requests} times, by {connections} connections",
                self.method, self.name
            )
        })
    }
}

/// Makes a call, and reads its answer.
async fn call(client: &Client, method: &Method) -> Result<(), Error> {
    if *method == Method::GET {
        return client.healthcheck().send().await.map(drop);
    }
    let url = Url::parse(&format!("{}/things", client.base_url())).unwrap();
    client.execute(Request::new(method.clone(), url)).await.map(drop)
}

/// Whether nothing shows in what a log could show of an error.
fn is_silent(error: &Error) -> bool {
    let text = shown(error);
    let bytes = format!("{:?}", HUSH.as_bytes());
    // The last is how a proxy's password is sent: "user:hush-hush" in base64.
    ![HUSH, bytes.trim_matches(['[', ']']), "dXNlcjpodXNoLWh1c2g"].iter().any(|hush| text.contains(hush))
}

/// Where the hostile server stands.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Api,
    TokenEndpoint,
}

const PLACES: [Place; 2] = [Place::Api, Place::TokenEndpoint];

/// A good PISTE, for the part that is not hostile.
struct Network(PisteSandbox);

impl Network {
    async fn start() -> Self {
        let sandbox = PisteSandbox::start().await;
        sandbox.accept_token(HUSH);
        sandbox.token_endpoint().answers_with(token(HUSH, &json!({ "expires_in": 3600 })));
        Self(sandbox)
    }

    fn client_builder(&self, place: Place, url: &str) -> ClientBuilder {
        let builder = match place {
            Place::Api => self.0.client_builder().base_url(url),
            Place::TokenEndpoint => Client::builder(Environment::Sandbox, Credentials::new("id", HUSH))
                .base_url(self.0.base_url())
                .token_url(url),
        };
        let builder = if is_plain(url) { builder.http(without_authorities) } else { builder };
        builder.retry_policy(RetryPolicy::new().first_pause(Duration::from_millis(1)))
    }

    /// Makes a client of a hostile API.
    fn client(&self, server: &Server) -> Client {
        self.client_builder(Place::Api, &server.url()).build().unwrap()
    }
}

/// Whether nothing but a request can come to the server.
fn is_plain(url: &str) -> bool {
    url.starts_with("http://127.")
}

/// The machine's take their time to be read, and hundreds of clients do not need them.
fn without_authorities(http: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
    #[cfg(feature = "rustls")]
    let http = http.tls_certs_only([]);
    http
}

/// Runs rows at the same time, where the API or the token endpoint is hostile.
async fn check(place: Place, rows: impl IntoIterator<Item = Row>) {
    let (network, mut calls) = (Network::start().await, JoinSet::new());
    let mut ready = Vec::new();
    for mut row in rows {
        let set = std::mem::replace(&mut row.set, Box::new(|builder| builder));
        let client = set(network.client_builder(place, &row.url)).build().unwrap();
        if place == Place::Api && is_plain(&row.url) {
            // Its time is not the hostile server's.
            client.authenticator().header().await.unwrap();
        }
        ready.push((row, client));
    }
    for (row, client) in ready {
        let method = row.method.clone();
        calls.spawn(async move {
            let outcome = call(&client, &method).await;
            row.judge(&outcome, place)
        });
    }
    let wrong: Vec<_> = calls.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    if place == Place::TokenEndpoint {
        network.0.assert_no_calls();
    }
}
