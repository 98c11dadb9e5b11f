//! A service as users write one, to be tested with the kit.

use menage_b2b::{Client, Error, Language};

/// What the service shows to people: whether the API works, or what to do about it.
pub async fn status(client: &Client) -> String {
    match client.healthcheck().send().await {
        Ok(health) => format!("up, {} field(s)", health.len()),
        Err(error) => explain(&error),
    }
}

fn explain(error: &Error) -> String {
    match error.retry_after() {
        Some(pause) => format!("come back in {} s", pause.as_secs()),
        None => error.advice().in_language(Language::French).to_string(),
    }
}
