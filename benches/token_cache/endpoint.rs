//! The servers that the measurements need: as little HTTP as reqwest asks for.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How a token endpoint answers.
#[derive(Clone, Copy)]
pub(crate) struct Behaviour {
    pub(crate) latency: Duration,
    /// In seconds.
    pub(crate) lifetime: u64,
    pub(crate) up: bool,
}

/// A token endpoint on threads of its own, one for each connection.
pub(crate) struct Endpoint {
    pub(crate) url: String,
    shared: Arc<Shared>,
}

struct Shared {
    behaviour: Mutex<Behaviour>,
    requests: AtomicUsize,
}

impl Endpoint {
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let shared = Arc::new(Shared { behaviour: Mutex::new(behaviour), requests: AtomicUsize::new(0) });
        let answer = {
            let shared = Arc::clone(&shared);
            move || {
                let number = shared.requests.fetch_add(1, Ordering::SeqCst) + 1;
                let behaviour = *shared.behaviour.lock().unwrap();
                std::thread::sleep(behaviour.latency);
                if !behaviour.up {
                    return ("503 Service Unavailable", String::new());
                }
                let token = format!("{number:054}");
                let lifetime = behaviour.lifetime;
                ("200 OK", format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{lifetime}}}"#))
            }
        };
        Self { url: format!("{}/token", listen(answer)), shared }
    }

    pub(crate) fn set(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().unwrap() = behaviour;
    }

    pub(crate) fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }
}

/// Serves on a free port of loopback until the process ends.
pub(crate) fn listen(answer: impl Fn() -> (&'static str, String) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            std::thread::spawn(move || drop(serve(stream, answer)));
        }
    });
    url
}

fn serve(stream: TcpStream, answer: impl Fn() -> (&'static str, String)) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        reader.by_ref().take(length).read_to_end(&mut Vec::new())?;
        let (status, body) = answer();
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        writer.write_all(format!("{head}{body}").as_bytes())?;
    }
}
