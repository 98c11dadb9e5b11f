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
    type Header: Clone + PartialEq + Send + 'static;
    fn new(url: &str) -> Self;
    fn header(&self) -> impl Future<Output = Result<Self::Header, Failed>> + Send;
    /// Tells that a header was rejected. The hand-written ones know no such thing.
    fn reject(&self, _: &Self::Header) {}
}

/// No token. The reason is not compared.
#[derive(Debug)]
pub(crate) struct Failed;

/// Ours, as users make it.
#[derive(Clone)]
pub(crate) struct Ours(Authenticator);

impl Cache for Ours {
    type Header = HeaderValue;

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

/// Readers without a lock, one fetch at a time.
#[derive(Clone)]
pub(crate) struct ArcSwapAndMutex(Arc<(Source, ArcSwapOption<(HeaderValue, Instant)>, Mutex<()>)>);

impl ArcSwapAndMutex {
    fn cached(&self) -> Option<HeaderValue> {
        let entry = self.0.1.load();
        entry.as_deref().filter(|(_, end)| Instant::now() < *end).map(|(header, _)| header.clone())
    }
}

impl Cache for ArcSwapAndMutex {
    type Header = HeaderValue;

    fn new(url: &str) -> Self {
        Self(Arc::new((Source::new(url), ArcSwapOption::empty(), Mutex::new(()))))
    }

    async fn header(&self) -> Result<HeaderValue, Failed> {
        if let Some(header) = self.cached() {
            return Ok(header);
        }
        let _one_at_a_time = self.0.2.lock().await;
        if let Some(header) = self.cached() {
            return Ok(header);
        }
        let entry = self.0.0.fetch_header().await?;
        let header = entry.0.clone();
        self.0.1.store(Some(Arc::new(entry)));
        Ok(header)
    }
}

/// Readers with std's lock, one fetch at a time.
#[derive(Clone)]
pub(crate) struct RwLockAndMutex(Arc<(Source, RwLock<Option<(HeaderValue, Instant)>>, Mutex<()>)>);

impl RwLockAndMutex {
    fn cached(&self) -> Option<HeaderValue> {
        let entry = self.0.1.read().unwrap();
        entry.as_ref().filter(|(_, end)| Instant::now() < *end).map(|(header, _)| header.clone())
    }
}

impl Cache for RwLockAndMutex {
    type Header = HeaderValue;

    fn new(url: &str) -> Self {
        Self(Arc::new((Source::new(url), RwLock::default(), Mutex::new(()))))
    }

    async fn header(&self) -> Result<HeaderValue, Failed> {
        if let Some(header) = self.cached() {
            return Ok(header);
        }
        let _one_at_a_time = self.0.2.lock().await;
        if let Some(header) = self.cached() {
            return Ok(header);
        }
        let entry = self.0.0.fetch_header().await?;
        let header = entry.0.clone();
        *self.0.1.write().unwrap() = Some(entry);
        Ok(header)
    }
}

/// tokio's lock, held while fetching.
#[derive(Clone)]
pub(crate) struct MutexHeld(Arc<(Source, Mutex<Option<(HeaderValue, Instant)>>)>);

impl Cache for MutexHeld {
    type Header = HeaderValue;

    fn new(url: &str) -> Self {
        Self(Arc::new((Source::new(url), Mutex::default())))
    }

    async fn header(&self) -> Result<HeaderValue, Failed> {
        let mut entry = self.0.1.lock().await;
        match &*entry {
            Some((header, end)) if Instant::now() < *end => Ok(header.clone()),
            _ => {
                let fetched = self.0.0.fetch_header().await?;
                Ok(entry.insert(fetched).0.clone())
            }
        }
    }
}

/// The same with a text, of which each call makes a header.
#[derive(Clone)]
pub(crate) struct MutexAndString(Arc<(Source, Mutex<Option<(String, Instant)>>)>);

impl Cache for MutexAndString {
    type Header = HeaderValue;

    fn new(url: &str) -> Self {
        Self(Arc::new((Source::new(url), Mutex::default())))
    }

    async fn header(&self) -> Result<HeaderValue, Failed> {
        let mut entry = self.0.1.lock().await;
        let token = match &*entry {
            Some((token, end)) if Instant::now() < *end => token.clone(),
            _ => {
                let fetched = self.0.0.fetch().await?;
                entry.insert(fetched).0.clone()
            }
        };
        HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| Failed)
    }
}
