//! The walk itself: each step looks at one thing, and the first that fails ends it.

use std::time::{Instant, SystemTime};

use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;
use reqwest::{Method, Request, Response, StatusCode, Url};

use super::detail::Detail;
use super::setup::{Proxy, Setup};
use super::{Check, CheckState, CheckStep, Diagnosis};
use crate::auth::Slip;
use crate::body::{LIMIT, read_beginning};
use crate::cause::Cause;
use crate::clock_skew::clock_skew;
use crate::environment::Environment;
use crate::error::{Error, Peer};
use crate::generated;
use crate::kind::ErrorKind;
use crate::quota::quotas;
use crate::transport::Transport;

/// A clock that is further off than this is worth a word. Certificates and tokens bear minutes, but who mends it mends it for both.
const TOLERATED_SKEW_SECONDS: i64 = 30;
const HEALTHCHECK: &str = "/healthcheck";

/// Walks until a step fails.
pub(crate) async fn walk(transport: &Transport, setup: &Setup) -> Diagnosis {
    let mut checks =
        vec![configuration(setup, transport.base_url()), document(), environment(setup, transport.base_url())];
    checks.push(proxy(&setup.proxy));
    let error = match token(transport, setup, &mut checks).await {
        Ok(()) => health(transport, setup, &mut checks).await.err(),
        Err(error) => Some(error),
    };
    if error.is_none() {
        // What looked like a slip is none.
        replace(&mut checks, settings(setup));
    }
    Diagnosis::new(checks, error)
}

/// Puts a check in the place of what was found of its step before.
fn replace(checks: &mut Vec<Check>, check: Check) {
    checks.retain(|before| before.step != check.step);
    checks.push(check);
}

fn passed(step: CheckStep, detail: Detail) -> Check {
    Check::new(step, CheckState::Passed, detail)
}

fn warning(step: CheckStep, detail: Detail, causes: &'static [Cause]) -> Check {
    Check::new(step, CheckState::Warning, detail).because(causes)
}

fn failed(step: CheckStep, error: &Error) -> Check {
    Check::new(step, CheckState::Failed, Detail::Message(error.to_string())).because(error.causes())
}

fn skipped(step: CheckStep, detail: Detail) -> Check {
    Check::new(step, CheckState::Skipped, detail)
}

fn configuration(setup: &Setup, base_url: &Url) -> Check {
    let step = CheckStep::Configuration;
    let slips = &setup.given.slips;
    if !slips.is_empty() {
        let is_api_key = slips.iter().any(|slip| matches!(slip, Slip::ApiKey));
        let causes: &[_] =
            if is_api_key { &[Cause::ApiKeys, Cause::WrongCredentials] } else { &[Cause::WrongCredentials] };
        return warning(step, Detail::Slips(slips.clone()), causes);
    }
    if base_url.path().trim_matches('/').is_empty() {
        return warning(step, Detail::NoPath, &[Cause::BasePath]);
    }
    settings(setup)
}

fn settings(setup: &Setup) -> Check {
    let detail = Detail::Settings { shown_id: setup.given.shown_id.clone(), secrecy: setup.given.secrecy };
    passed(CheckStep::Configuration, detail)
}

fn document() -> Check {
    let operations = generated::OPERATIONS.len();
    passed(CheckStep::Document, Detail::Document { title: generated::TITLE, version: generated::VERSION, operations })
}

/// An address of neither environment is a choice: a mock, an egress gateway, a State body's own network.
fn environment(setup: &Setup, base_url: &Url) -> Check {
    let other = match setup.environment {
        Environment::Sandbox => Environment::Production,
        Environment::Production => Environment::Sandbox,
    };
    let token_host = |environment: Environment| Url::parse(environment.token_url()).ok()?.host_str().map(str::to_owned);
    let is_others =
        setup.token_url.host_str() == token_host(other).as_deref() || base_url.host_str() == Some(other.api_host());
    let detail = Detail::Addresses {
        environment: setup.environment,
        token_url: shown(&setup.token_url),
        base_url: shown(base_url),
        is_mixed: is_others,
    };
    if is_others {
        warning(CheckStep::Environment, detail, &[Cause::OtherEnvironment])
    } else {
        passed(CheckStep::Environment, detail)
    }
}

/// An address without its query, which may hold anything.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string().trim_end_matches('/').to_owned()
}

fn origin(url: &Url) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme(), url.host_str().unwrap_or_default())
}

fn proxy(proxy: &Proxy) -> Check {
    passed(CheckStep::Proxy, Detail::Proxy(proxy.clone()))
}

/// Has a token, from the cache if there is one.
async fn token(transport: &Transport, setup: &Setup, checks: &mut Vec<Check>) -> Result<(), Error> {
    if let Err(error) = transport.authenticator().header().await {
        note_token_failure(&error, setup, checks);
        return Err(error);
    }
    let state = transport.authenticator().state();
    checks.push(answered_by_token_endpoint(setup));
    checks.push(passed(CheckStep::Credentials, Detail::Token(state.expires_at())));
    let missing = state.missing_scopes();
    checks.push(if !missing.is_empty() {
        warning(CheckStep::Scopes, Detail::ScopesMissing(missing.to_vec()), &[Cause::ScopeNotGranted])
    } else if state.granted_scopes().is_some() {
        passed(CheckStep::Scopes, Detail::ScopesGranted(transport.authenticator().scopes().to_vec()))
    } else {
        passed(CheckStep::Scopes, Detail::ScopesNotStated)
    });
    Ok(())
}

fn answered_by_token_endpoint(setup: &Setup) -> Check {
    passed(CheckStep::TokenEndpoint, Detail::Answered(origin(&setup.token_url)))
}

fn note_token_failure(error: &Error, setup: &Setup, checks: &mut Vec<Check>) {
    match error.kind() {
        // A secret that cannot be read is known only now.
        ErrorKind::Configuration => {
            replace(checks, failed(CheckStep::Configuration, error));
        }
        ErrorKind::CredentialsRefused | ErrorKind::TokenRequestRefused => {
            checks.extend([answered_by_token_endpoint(setup), failed(CheckStep::Credentials, error)]);
        }
        ErrorKind::ScopeRefused => checks.extend([answered_by_token_endpoint(setup), failed(CheckStep::Scopes, error)]),
        _ => checks.push(failed(CheckStep::TokenEndpoint, error)),
    }
}

/// Asks GET /healthcheck, as the guide's seventh step does.
async fn health(transport: &Transport, setup: &Setup, checks: &mut Vec<Check>) -> Result<(), Error> {
    let (before, start) = (SystemTime::now(), Instant::now());
    let answer = transport.call(request(transport), None).await;
    let times = (before.into(), SystemTime::now().into());
    let error = match answer {
        Ok(answer) => {
            note_headers(answer.headers(), times, checks);
            let status = answer.status();
            match readable(answer).await {
                Ok(is_json) => {
                    checks.push(passed(CheckStep::Connection, Detail::Answered(origin(transport.base_url()))));
                    checks.push(passed(CheckStep::Access, Detail::Accepted));
                    checks.push(answered(status, start, is_json));
                    return Ok(());
                }
                Err(error) => error,
            }
        }
        Err(error) if error.is_token_endpoint() => {
            // The token was refused, and there is no other: what was found before holds no longer.
            checks.retain(|check| check.step < CheckStep::TokenEndpoint);
            note_token_failure(&error, setup, checks);
            return Err(error);
        }
        Err(error) => error,
    };
    if let Some(headers) = error.headers() {
        note_headers(headers, times, checks);
    }
    note_failure(&error, transport.base_url(), checks);
    Err(error)
}

fn request(transport: &Transport) -> Request {
    let declared = generated::OPERATIONS.iter().find(|one| one.method == "GET" && one.path.ends_with(HEALTHCHECK));
    let path = declared.map_or(HEALTHCHECK, |operation| operation.path);
    Request::new(Method::GET, transport.url(&format!("{}{path}", transport.base())))
}

/// Tells whether the answer is JSON. One that is nothing, or a page, is none of the API's.
async fn readable(answer: Response) -> Result<bool, Error> {
    let status = answer.status();
    let body = read_beginning(answer).await.map_err(|error| Error::transport(error, Peer::Api))?;
    let Err(fault) = serde_json::from_slice::<serde_json::Value>(&body) else { return Ok(true) };
    if body.trim_ascii().is_empty() && status != StatusCode::NO_CONTENT || body.trim_ascii_start().starts_with(b"<") {
        return Err(Error::invalid_answer(&body, LIMIT, &fault));
    }
    Ok(false)
}

fn answered(status: StatusCode, start: Instant, is_json: bool) -> Check {
    let took = start.elapsed();
    if is_json {
        passed(CheckStep::Healthcheck, Detail::Healthy { status, took })
    } else {
        warning(CheckStep::Healthcheck, Detail::NotJson { status }, &[Cause::Document])
    }
}

/// Says how far the request came, as far as the failure shows it.
fn note_failure(error: &Error, base_url: &Url, checks: &mut Vec<Check>) {
    let step = match error.kind() {
        ErrorKind::Connect | ErrorKind::Tls | ErrorKind::Proxy => CheckStep::Connection,
        ErrorKind::Timeout if error.is_unsent() => CheckStep::Connection,
        ErrorKind::TokenRejected | ErrorKind::Forbidden | ErrorKind::InsufficientScope => CheckStep::Access,
        ErrorKind::RateLimited => CheckStep::Quotas,
        _ => CheckStep::Healthcheck,
    };
    if step > CheckStep::Connection {
        checks.push(passed(CheckStep::Connection, Detail::Answered(origin(base_url))));
    }
    if step > CheckStep::Access {
        // A gateway answers so too, before it has looked at anything.
        checks.push(skipped(CheckStep::Access, Detail::NotShown));
    }
    replace(checks, failed(step, error));
}

fn note_headers(headers: &HeaderMap, (before, after): (DateTime<Utc>, DateTime<Utc>), checks: &mut Vec<Check>) {
    let quotas = quotas(headers);
    checks.push(if quotas.iter().any(|quota| quota.remaining == Some(0)) {
        warning(CheckStep::Quotas, Detail::Quotas(quotas), &[Cause::Quota])
    } else if quotas.is_empty() {
        skipped(CheckStep::Quotas, Detail::NotShown)
    } else {
        passed(CheckStep::Quotas, Detail::Quotas(quotas))
    });
    checks.push(match clock_skew(headers, before, after) {
        None => skipped(CheckStep::Clock, Detail::NotShown),
        Some(skew) if skew.num_seconds().abs() > TOLERATED_SKEW_SECONDS => {
            warning(CheckStep::Clock, Detail::Skew(skew.num_seconds()), &[Cause::ClockSkew])
        }
        Some(skew) => passed(CheckStep::Clock, Detail::Skew(skew.num_seconds())),
    });
}
