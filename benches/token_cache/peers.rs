//! The caches that are compared: ours, and four as one writes them by hand.

use std::future::Future;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use menage_b2b::{Authenticator, Credentials};
use reqwest::header::HeaderValue;
use tokio::sync::Mutex;

/// A cache, as its callers see it.
pub(crate) trait Cache: Clone + Send + Sync + 'static {
    fn new(url: &str) -> Self;
    fn header(&self) -> impl Future<Output = Result<HeaderValue, Failed>> + Send;
    /// Tells that a header was rejected. The hand-written ones know no such thing.
    fn reject(&self, _: &HeaderValue) {}
}

/// No token. The reason is not compared.
#[derive(Debug)]
pub(crate) struct Failed;

/// Ours, as users make it.
#[derive(Clone)]
pub(crate) struct Ours(Authenticator);

impl Cache for Ours {
    fn new(url: &str) -> Self {
        let builder = Authenticator::builder(url, Credentials::new("id", "secret"));
        Self(builder.http(|http| http.no_proxy()).build().unwrap())
    }

    async fn header(&self) -> Result<HeaderValue, Failed> {
        self.0.header().await.map_err(|_| Failed)
    }

    fn reject(&self, header: &HeaderValue) {
        self.0.reject(header);
    }
}

/// What the hand-written ones have in common: how to fetch, and how long before the end a token counts as ended.
struct Source {
    http: reqwest::Client,
    url: String,
}

#[derive(serde::Deserialize)]
struct Answer {
    access_token: String,
    expires_in: u64,
}

impl Source {
    fn new(url: &str) -> Self {
        Self { http: reqwest::Client::builder().no_proxy().build().unwrap(), url: url.to_owned() }
    }

    async fn fetch(&self) -> Result<(String, Instant), Failed> {
        let form = "grant_type=client_credentials&client_id=id&client_secret=secret";
        let request = self.http.post(&self.url).header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = request.send().await.and_then(reqwest::Response::error_for_status).map_err(|_| Failed)?;
        let answer: Answer = answer.json().await.map_err(|_| Failed)?;
        let lifetime = Duration::from_secs(answer.expires_in);
        Ok((answer.access_token, Instant::now() + lifetime - lifetime / 8))
    }

    async fn fetch_header(&self) -> Result<(HeaderValue, Instant), Failed> {
        let (token, end) = self.fetch().await?;
        Ok((HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| Failed)?, end))
    }
}

/// A header and its end.
type Entry = (HeaderValue, Instant);

/// A place for an entry that readers share.
pub(crate) trait Slot: Send + Sync + 'static {
    fn empty() -> Self;
    fn read(&self) -> Option<HeaderValue>;
    fn write(&self, entry: Entry);
}

impl Slot for ArcSwapOption<Entry> {
    fn empty() -> Self {
        Self::empty()
    }

    fn read(&self) -> Option<HeaderValue> {
        let entry = self.load();
        entry.as_deref().filter(|(_, end)| Instant::now() < *end).map(|(header, _)| header.clone())
    }

    fn write(&self, entry: Entry) {
        self.store(Some(Arc::new(entry)));
    }
}

impl Slot for RwLock<Option<Entry>> {
    fn empty() -> Self {
        Self::default()
    }

    fn read(&self) -> Option<HeaderValue> {
        let entry = Self::read(self).unwrap();
        entry.as_ref().filter(|(_, end)| Instant::now() < *end).map(|(header, _)| header.clone())
    }

    fn write(&self, entry: Entry) {
        *Self::write(self).unwrap() = Some(entry);
    }
}

/// Readers take from the slot; one fetches at a time.
pub(crate) struct Guarded<S>(Arc<(Source, S, Mutex<()>)>);

pub(crate) type ArcSwapAndMutex = Guarded<ArcSwapOption<Entry>>;
pub(crate) type RwLockAndMutex = Guarded<RwLock<Option<Entry>>>;

impl<S> Clone for Guarded<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Slot> Cache for Guarded<S> {
    fn new(url: &str) -> Self {
        Self(Arc::new((Source::new(url), S::empty(), Mutex::new(()))))
    }

    async fn header(&self) -> Result<HeaderValue, Failed> {
        let (source, slot, gate) = &*self.0;
        if let Some(header) = slot.read() {
            return Ok(header);
        }
        let _one_at_a_time = gate.lock().await;
        if let Some(header) = slot.read() {
            return Ok(header);
        }
        let entry = source.fetch_header().await?;
        let header = entry.0.clone();
        slot.write(entry);
        Ok(header)
    }
}

/// tokio's lock, held while fetching.
#[derive(Clone)]
pub(crate) struct MutexHeld(Arc<Source>, Arc<Mutex<Option<Entry>>>);

impl Cache for MutexHeld {
    fn new(url: &str) -> Self {
        Self(Arc::new(Source::new(url)), Arc::default())
    }

    async fn header(&self) -> Result<HeaderValue, Failed> {
        let mut entry = self.1.lock().await;
        match &*entry {
            Some((header, end)) if Instant::now() < *end => Ok(header.clone()),
            _ => Ok(entry.insert(self.0.fetch_header().await?).0.clone()),
        }
    }
}

/// The same with a text, of which each call makes a header.
#[derive(Clone)]
pub(crate) struct MutexAndString(Arc<Source>, Arc<Mutex<Option<(String, Instant)>>>);

impl Cache for MutexAndString {
    fn new(url: &str) -> Self {
        Self(Arc::new(Source::new(url)), Arc::default())
    }

    async fn header(&self) -> Result<HeaderValue, Failed> {
        let mut entry = self.1.lock().await;
        let token = match &*entry {
            Some((token, end)) if Instant::now() < *end => token.clone(),
            _ => entry.insert(self.0.fetch().await?).0.clone(),
        };
        HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| Failed)
    }
}
