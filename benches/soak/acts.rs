//! What the server may do with a request, and how often.

/// One thing that the server does: what it writes, and what becomes of the connection.
pub(crate) struct Act {
    /// Among all of its table.
    pub(crate) weight: u64,
    pub(crate) name: &'static str,
    pub(crate) words: Words,
    pub(crate) then: Then,
    /// It waits so many milliseconds at most before it answers.
    pub(crate) latest: u64,
}

/// What is written.
pub(crate) enum Words {
    /// Status line, headers and body of a whole answer of JSON, or of whatever the headers say.
    Answer(&'static str, &'static str, &'static str),
    /// The same with a Bearer challenge: the request was not carried out.
    Refusal(&'static str),
    Raw(&'static str),
    Made(fn() -> String),
    /// A token that lives two or three seconds.
    Token,
}

/// What follows the words.
#[derive(Clone, Copy)]
pub(crate) enum Then {
    KeepAlive,
    Close,
    /// Some milliseconds later and without a word, as servers and middleboxes close idle connections.
    CloseSoon,
    Reset,
    /// Nothing more, until the client goes.
    Silence,
    /// A byte each 50 ms.
    Drip(&'static str),
    /// Chunks without an end, of 64 KiB.
    Flood,
}

impl Act {
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.words, Words::Refusal(_))
    }

    /// Tells whether the answer begins as a success does.
    pub(crate) fn is_success(&self) -> bool {
        self.name.starts_with("200")
    }

    const fn late(self, latest: u64) -> Self {
        Self { latest, ..self }
    }
}

const fn act(weight: u64, name: &'static str, words: Words, then: Then) -> Act {
    Act { weight, name, words, then, latest: 0 }
}

/// An answer whose status says it all.
const fn status(weight: u64, status: &'static str, headers: &'static str) -> Act {
    act(weight, status, Words::Answer(status, headers, ""), Then::KeepAlive)
}

pub(crate) const FORBIDDEN: &str = "403 Forbidden";
const UP: &str = r#"{"status":"UP"}"#;
pub(crate) const JSON: &str = "content-type: application/json\r\n";
const WELL: Words = Words::Answer("200 OK", JSON, UP);
const PAGE: Words =
    Words::Answer("200 OK", "content-type: text/html\r\n", "<!DOCTYPE html><title>Log in</title><form></form>");
const HINTED: &str = "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n\
    HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\n\r\n{\"status\":\"UP\"}";
const HEAD_OF_99: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n";
const BEGUN: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{\"status\":\"UP\",\"note\":\"";
const BEGUN_CHUNKS: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{\"status\"\r\n";
const CHUNKED: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
const NOT_HTTP: &str = "SSH-2.0-OpenSSH_9.6\r\n\0\u{1}\u{2}\r\n\r\n";
const BLANKS: &str =
    "                                                                                                   ";

/// What happens to requests of the API.
pub(crate) static API: &[Act] = &[
    act(640, "200 JSON", WELL, Then::KeepAlive),
    act(40, "200 JSON, late", WELL, Then::KeepAlive).late(250),
    act(10, "200 JSON after 103", Words::Raw(HINTED), Then::KeepAlive),
    act(40, "200 JSON, then closed without a word", WELL, Then::CloseSoon),
    act(10, "200 a page of HTML", PAGE, Then::KeepAlive),
    act(5, "200 without a body", Words::Answer("200 OK", JSON, ""), Then::KeepAlive),
    act(5, "200 JSON 10,000 deep", Words::Made(deep), Then::KeepAlive),
    act(10, "200 a body that breaks off", Words::Raw(BEGUN), Then::Close),
    act(5, "200 chunks that break off", Words::Raw(BEGUN_CHUNKS), Then::Close),
    act(5, "200 a body that is reset", Words::Raw(BEGUN), Then::Reset),
    act(5, "200 a body that stalls", Words::Raw(BEGUN), Then::Silence),
    act(5, "200 a body by drips", Words::Raw(HEAD_OF_99), Then::Drip(BLANKS)),
    act(10, "200 a body over the limit", Words::Made(large), Then::KeepAlive),
    act(5, "200 a body without an end", Words::Raw(CHUNKED), Then::Flood),
    act(5, "headers too many", Words::Made(many_headers), Then::Close),
    act(5, "a header too long", Words::Made(long_header), Then::Close),
    act(5, "headers by drips", Words::Raw(""), Then::Drip(BEGUN)),
    act(10, "no HTTP", Words::Raw(NOT_HTTP), Then::Close),
    act(10, "closed before an answer", Words::Raw(""), Then::Close),
    act(10, "reset before an answer", Words::Raw(""), Then::Reset),
    act(5, "no answer, ever", Words::Raw(""), Then::Silence),
    status(5, "307 Temporary Redirect", "location: /elsewhere\r\n"),
    status(20, "400 Bad Request", ""),
    act(5, "400 with a challenge", Words::Refusal("400 Bad Request"), Then::KeepAlive),
    act(10, "401 with a challenge", Words::Refusal("401 Unauthorized"), Then::KeepAlive),
    status(15, FORBIDDEN, ""),
    status(15, "404 Not Found", ""),
    status(10, "429 Too Many Requests", "retry-after: 0\r\n"),
    act(10, "429, Retry-After 1", Words::Answer("429 Too Many Requests", "retry-after: 1\r\n", ""), Then::KeepAlive),
    act(
        5,
        "429, Retry-After 3600",
        Words::Answer("429 Too Many Requests", "retry-after: 3600\r\n", ""),
        Then::KeepAlive,
    ),
    status(15, "500 Internal Server Error", ""),
    status(15, "502 Bad Gateway", ""),
    status(15, "503 Service Unavailable", ""),
    status(15, "504 Gateway Timeout", ""),
];

/// What happens to requests for a token.
pub(crate) static TOKEN: &[Act] = &[
    act(72, "token", Words::Token, Then::KeepAlive),
    act(8, "token, late", Words::Token, Then::KeepAlive).late(400),
    act(5, "token: 503", Words::Answer("503 Service Unavailable", "", ""), Then::KeepAlive),
    act(4, "token: 400 without a word", Words::Answer("400 Bad Request", "", ""), Then::KeepAlive),
    act(
        4,
        "token: false invalid_client",
        Words::Answer("401 Unauthorized", JSON, r#"{"error":"invalid_client"}"#),
        Then::KeepAlive,
    ),
    act(2, "token: no answer, ever", Words::Raw(""), Then::Silence),
    act(2, "token: reset", Words::Raw(""), Then::Reset),
    act(2, "token: a page of HTML", PAGE, Then::KeepAlive),
    act(1, "token: a body that breaks off", Words::Raw(BEGUN), Then::Close),
];

/// More than the client allows, and as long as it says.
fn large() -> String {
    let filling = "x".repeat(64 * 1024);
    whole("200 OK", JSON, &format!(r#"{{"status":"UP","filling":"{filling}"}}"#))
}

fn deep() -> String {
    let depth = 10_000;
    whole("200 OK", JSON, &format!(r#"{{"a":{}{}}}"#, "[".repeat(depth), "]".repeat(depth)))
}

fn many_headers() -> String {
    let headers: String = (0..500).map(|number| format!("x-{number}: a\r\n")).collect();
    whole("200 OK", &headers, UP)
}

fn long_header() -> String {
    whole("200 OK", &format!("x-long: {}\r\n", "x".repeat(1024 * 1024)), UP)
}

/// Writes a whole answer.
pub(crate) fn whole(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}
