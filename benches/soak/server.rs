//! The server: HTTP/1.1 on raw sockets, so that it can break every rule. It runs in a process of its own.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufRead, BufReader, Read};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;
use tokio::time::sleep;

use crate::acts::{API, Act, JSON, TOKEN, Then, Words, whole};
use crate::chance::Chance;

pub(crate) const SERVE: &str = "--serve";
/// By this header each POST says which one it is.
pub(crate) const NUMBER: &str = "soak-number";

/// One connection in so many is closed as soon as it is there.
const STILLBORN: u64 = 100;
/// An idle connection is closed after so many milliseconds at most.
const IDLE: u64 = 40;
const DRIP: Duration = Duration::from_millis(50);
const CHUNK: usize = 64 * 1024;
/// Whoever reads on after so much has no limit.
const FLOOD_CHUNKS: usize = 64;
/// What a request may take from the choice of its token to its arrival.
const ON_ITS_WAY: Duration = Duration::from_secs(1);

/// What is counted besides each act.
pub(crate) mod total {
    pub(crate) const REQUESTS: &str = "requests of the API";
    pub(crate) const SUCCESSES: &str = "answers that began with 200";
    pub(crate) const REFUSALS: &str = "refusals of a token";
    pub(crate) const TOKENS: &str = "token requests";
    pub(crate) const POSTS: &str = "POSTs that arrived";
    pub(crate) const POSTS_REPEATED: &str = "POSTs repeated after they were carried out";
    pub(crate) const REDIRECTED: &str = "redirects followed";
    pub(crate) const UNKNOWN_TOKEN: &str = "requests without a token of the endpoint";
    pub(crate) const ENDED_TOKEN: &str = "requests with a token that had ended";
    pub(crate) const STILLBORN: &str = "connections closed at once";
    pub(crate) const ALL: [&str; 10] = [
        REQUESTS,
        SUCCESSES,
        REFUSALS,
        TOKENS,
        POSTS,
        POSTS_REPEATED,
        REDIRECTED,
        UNKNOWN_TOKEN,
        ENDED_TOKEN,
        STILLBORN,
    ];
}

/// The server as the program that calls it has it: a child process, which ends with its standard input.
pub(crate) struct Child {
    pub(crate) url: String,
    process: std::process::Child,
    output: BufReader<ChildStdout>,
}

impl Child {
    pub(crate) fn start(seed: u64) -> io::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(SERVE).arg(seed.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut url = String::new();
        output.read_line(&mut url)?;
        Ok(Self { url: url.trim().to_owned(), process, output })
    }

    /// Ends it, and returns what it has counted.
    pub(crate) fn end(mut self) -> io::Result<Counts> {
        drop(self.process.stdin.take());
        let mut text = String::new();
        self.output.read_to_string(&mut text)?;
        self.process.wait()?;
        let lines = text.lines().filter_map(|line| line.split_once('\t'));
        Ok(Counts(lines.map(|(name, count)| (name.to_owned(), count.parse().unwrap())).collect()))
    }
}

/// What a server has counted.
pub(crate) struct Counts(BTreeMap<String, u64>);

impl Counts {
    pub(crate) fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or_default()
    }
}

/// Serves until standard input ends, and then prints what it has counted.
pub(crate) fn serve(seed: u64) -> io::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    println!("http://{}", listener.local_addr()?);
    let books = Arc::new(Mutex::new(Books::default()));
    runtime.spawn(accept(listener, seed, Arc::clone(&books)));
    io::stdin().read_to_end(&mut Vec::new())?;
    runtime.shutdown_background();
    for (name, count) in &books.lock().unwrap().counts {
        println!("{name}\t{count}");
    }
    Ok(())
}

async fn accept(listener: TcpListener, seed: u64, books: Arc<Mutex<Books>>) {
    for number in 0.. {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let mut chance = Chance::new(seed, number);
        if chance.one_in(STILLBORN) {
            books.lock().unwrap().count(total::STILLBORN);
            continue;
        }
        tokio::spawn(converse(stream, chance, Arc::clone(&books)));
    }
}

/// Serves one connection.
async fn converse(mut stream: TcpStream, mut chance: Chance, books: Arc<Mutex<Books>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some(request) = Request::read(&mut stream, &mut buffer).await? {
        let (act, words) = books.lock().unwrap().choose(&request, &mut chance);
        if act.latest > 0 {
            sleep(Duration::from_millis(chance.below(act.latest))).await;
        }
        stream.write_all(words.as_bytes()).await?;
        match act.then {
            Then::KeepAlive => {}
            Then::Close => break,
            Then::CloseSoon => {
                sleep(Duration::from_millis(chance.below(IDLE))).await;
                break;
            }
            Then::Reset => return stream.set_zero_linger(),
            Then::Silence => return until_gone(&mut stream).await,
            Then::Drip(rest) => return drip(&mut stream, rest).await,
            Then::Flood => return flood(&mut stream).await,
        }
    }
    Ok(())
}

async fn until_gone(stream: &mut TcpStream) -> io::Result<()> {
    while stream.read_buf(&mut Vec::with_capacity(CHUNK)).await? > 0 {}
    Ok(())
}

async fn drip(stream: &mut TcpStream, rest: &str) -> io::Result<()> {
    for byte in rest.bytes() {
        sleep(DRIP).await;
        stream.write_u8(byte).await?;
    }
    Ok(())
}

async fn flood(stream: &mut TcpStream) -> io::Result<()> {
    let chunk = format!("{CHUNK:x}\r\n{}\r\n", " ".repeat(CHUNK));
    for _ in 0..FLOOD_CHUNKS {
        stream.write_all(chunk.as_bytes()).await?;
    }
    Ok(())
}

/// A request that has arrived whole, as far as it matters here.
struct Request {
    path: String,
    bearer: Option<String>,
    number: Option<u64>,
}

impl Request {
    /// Reads the next request; there is none if the connection ends first.
    async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Self>> {
        let end = loop {
            if let Some(start) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break start + 4;
            }
            if stream.read_buf(buffer).await? == 0 {
                return Ok(None);
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).into_owned();
        let end = end + header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        while buffer.len() < end {
            if stream.read_buf(buffer).await? == 0 {
                return Ok(None);
            }
        }
        buffer.drain(..end);
        Ok(Some(Self {
            path: head.split(' ').nth(1).unwrap_or_default().to_owned(),
            bearer: header(&head, "authorization").and_then(|value| value.strip_prefix("Bearer ")).map(str::to_owned),
            number: header(&head, NUMBER).and_then(|number| number.parse().ok()),
        }))
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// What the server notes.
#[derive(Default)]
struct Books {
    counts: BTreeMap<&'static str, u64>,
    /// When each token ends.
    tokens: HashMap<String, Instant>,
    /// Whether the POST of a number was carried out: answered other than by a refusal of its token.
    posts: HashMap<u64, bool>,
}

impl Books {
    fn count(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
    }

    /// Chooses what happens to a request, notes it, and returns the words.
    fn choose(&mut self, request: &Request, chance: &mut Chance) -> (&'static Act, String) {
        let is_token = request.path == "/token";
        let act = pick(if is_token { TOKEN } else { API }, chance);
        self.count(act.name);
        if is_token {
            self.count(total::TOKENS);
        } else {
            self.note_call(request, act);
        }
        let words = match act.words {
            Words::Answer(status, headers, body) => whole(status, headers, body),
            Words::Refusal(status) => whole(status, "www-authenticate: Bearer error=\"invalid_token\"\r\n", ""),
            Words::Raw(text) => text.to_owned(),
            Words::Made(make) => make(),
            Words::Token => self.grant(2 + chance.below(2)),
        };
        (act, words)
    }

    fn note_call(&mut self, request: &Request, act: &Act) {
        self.count(total::REQUESTS);
        if act.is_success() {
            self.count(total::SUCCESSES);
        }
        if act.is_refusal() {
            self.count(total::REFUSALS);
        }
        if request.path == "/elsewhere" {
            self.count(total::REDIRECTED);
        }
        match request.bearer.as_ref().and_then(|token| self.tokens.get(token)) {
            None => self.count(total::UNKNOWN_TOKEN),
            Some(end) if end.elapsed() > ON_ITS_WAY => self.count(total::ENDED_TOKEN),
            Some(_) => {}
        }
        if let Some(number) = request.number {
            self.note_post(number, !act.is_refusal());
        }
    }

    fn note_post(&mut self, number: u64, is_carried_out: bool) {
        match self.posts.insert(number, is_carried_out) {
            None => self.count(total::POSTS),
            Some(true) => self.count(total::POSTS_REPEATED),
            Some(false) => {}
        }
    }

    fn grant(&mut self, lifetime: u64) -> String {
        let token = format!("{:040}", self.tokens.len());
        let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{lifetime}}}"#);
        self.tokens.insert(token, Instant::now() + Duration::from_secs(lifetime));
        whole("200 OK", JSON, &body)
    }
}

fn pick(acts: &'static [Act], chance: &mut Chance) -> &'static Act {
    let mut left = chance.below(acts.iter().map(|act| act.weight).sum());
    let mut chosen = acts.iter().skip_while(|act| {
        let is_passed = left >= act.weight;
        left = left.saturating_sub(act.weight);
        is_passed
    });
    chosen.next().unwrap()
}
