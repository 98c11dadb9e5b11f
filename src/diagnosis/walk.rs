//! The walk itself: each step looks at one thing, and the first that fails ends it.

use std::time::{Instant, SystemTime};

use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{Method, Request, StatusCode, Url};

use super::detail::Detail;
use super::setup::Setup;
use super::{Check, CheckState, CheckStep, Diagnosis};
use crate::auth::Slip;
use crate::body::read_beginning;
use crate::cause::Cause;
use crate::clock_skew::clock_skew;
use crate::config::PARTNER_SCOPE;
use crate::environment::Environment;
use crate::error::{Error, Peer};
use crate::generated;
use crate::kind::ErrorKind;
use crate::operation::HEALTHCHECK;
use crate::quota::quotas;
use crate::transport::Transport;

/// A clock that is further off than this is worth a word. Certificates and tokens bear minutes, but who mends it mends it for both.
const TOLERATED_SKEW_SECONDS: i64 = 30;

/// Walks until a step fails.
pub(crate) async fn walk(client: &generated::Client, setup: &Setup) -> Diagnosis {
    let transport = &client.inner;
    let base_url = transport.base_url();
    let mut checks = vec![credentials_given(setup).unwrap_or_else(|| addresses_given(setup, base_url)), document()];
    checks.push(environment(setup, base_url));
    checks.push(passed(CheckStep::Proxy, Detail::Proxy(setup.proxy.clone())));
    let error = match token(transport, setup, &mut checks).await {
        Ok(()) => health(client, setup, &mut checks).await.err(),
        Err(error) => Some(error),
    };
    if error.is_none() {
        // What looked like a slip is none.
        replace(&mut checks, settings(setup));
        if checks.iter().any(|check| matches!(check.detail, Detail::ScopeNotAsked)) {
            replace(&mut checks, scopes_granted(transport));
        }
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
    Check::new(step, CheckState::Failed, Detail::failure(error)).because(error.causes())
}

fn skipped(step: CheckStep, detail: Detail) -> Check {
    Check::new(step, CheckState::Skipped, detail)
}

fn credentials_given(setup: &Setup) -> Option<Check> {
    let slips = &setup.given.slips;
    let is_api_key = slips.iter().any(|slip| matches!(slip, Slip::ApiKey));
    let causes: &[_] = if is_api_key { &[Cause::ApiKeys, Cause::WrongCredentials] } else { &[Cause::WrongCredentials] };
    let warned = || warning(CheckStep::Configuration, Detail::Slips(slips.clone()), causes);
    (!slips.is_empty()).then(warned)
}

fn addresses_given(setup: &Setup, base_url: &Url) -> Check {
    let path = base_url.path().trim_end_matches('/');
    let is_token_host = [Environment::Sandbox, Environment::Production]
        .iter()
        .any(|environment| token_host(*environment).as_deref() == base_url.host_str());
    let detail = match () {
        () if is_token_host => Detail::TokenHost,
        () if path.is_empty() => Detail::NoPath,
        () if path.ends_with(HEALTHCHECK) => Detail::OperationInPath,
        () => return settings(setup),
    };
    warning(CheckStep::Configuration, detail, &[Cause::BasePath])
}

fn settings(setup: &Setup) -> Check {
    let detail = Detail::Settings { shown_id: setup.given.shown_id.clone(), secrecy: setup.given.secrecy };
    passed(CheckStep::Configuration, detail)
}

pub(super) fn document() -> Check {
    let operations = generated::OPERATIONS.len();
    passed(CheckStep::Document, Detail::Document { title: generated::TITLE, version: generated::VERSION, operations })
}

/// An address of neither environment is a choice: a mock, an egress gateway, a State body's own network.
fn environment(setup: &Setup, base_url: &Url) -> Check {
    let other = match setup.environment {
        Environment::Sandbox => Environment::Production,
        Environment::Production => Environment::Sandbox,
    };
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

fn token_host(environment: Environment) -> Option<String> {
    Url::parse(environment.token_url()).ok()?.host_str().map(str::to_owned)
}

/// An address without its query, which may hold anything.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.to_string().trim_end_matches('/').to_owned()
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Has a token, from the cache if there is one.
async fn token(transport: &Transport, setup: &Setup, checks: &mut Vec<Check>) -> Result<(), Error> {
    if let Err(error) = transport.token().await {
        note_token_failure(&error, setup, checks);
        return Err(error);
    }
    // The credentials are none of those that a slip makes.
    replace(checks, addresses_given(setup, transport.base_url()));
    checks.push(answered_by_token_endpoint(setup));
    let end = transport.authenticator().state().expires_at();
    checks.push(passed(CheckStep::Credentials, Detail::Token(end)));
    checks.push(scopes(transport));
    Ok(())
}

fn scopes(transport: &Transport) -> Check {
    let state = transport.authenticator().state();
    let (missing, asked) = (state.missing_scopes(), transport.authenticator().scopes());
    let causes = &[Cause::ScopeNotGranted];
    if !missing.is_empty() {
        warning(CheckStep::Scopes, Detail::ScopesMissing(missing.to_vec()), causes)
    } else if !asked.iter().any(|scope| scope == PARTNER_SCOPE) {
        warning(CheckStep::Scopes, Detail::ScopeNotAsked, causes)
    } else {
        scopes_granted(transport)
    }
}

fn scopes_granted(transport: &Transport) -> Check {
    let is_stated = transport.authenticator().state().granted_scopes().is_some();
    let asked = transport.authenticator().scopes().to_vec();
    passed(CheckStep::Scopes, if is_stated { Detail::ScopesGranted(asked) } else { Detail::ScopesNotStated })
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

/// Asks the health check, as the guide's seventh step does: by the client's own call, if the document has it.
async fn health(client: &generated::Client, setup: &Setup, checks: &mut Vec<Check>) -> Result<(), Error> {
    let transport = &client.inner;
    let (before, start) = (SystemTime::now(), Instant::now());
    let answer = match generated::ask_health(client).await {
        Some(answer) => answer,
        None => ask(transport).await,
    };
    let (times, took) = ((before.into(), SystemTime::now().into()), start.elapsed());
    let error = match answer {
        Ok((status, headers)) => {
            note_headers(&headers, times, checks);
            checks.push(passed(CheckStep::Connection, Detail::Answered(origin(transport.base_url()))));
            checks.push(passed(CheckStep::Access, Detail::Accepted));
            checks.push(passed(CheckStep::Healthcheck, Detail::Healthy { status, took }));
            return Ok(());
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

/// Asks the health check that partners know, where the document has none. Its answer is whatever JSON.
async fn ask(transport: &Transport) -> Result<(StatusCode, HeaderMap), Error> {
    let mut request = Request::new(Method::GET, transport.url(&format!("{}{HEALTHCHECK}", transport.base())));
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
    let answer = transport.execute(request).await?;
    let (status, headers, mut body) = (answer.status(), answer.headers().clone(), Vec::new());
    read_beginning(answer, &mut body).await.map_err(|error| Error::transport(error, Peer::Api))?;
    match serde_json::from_slice::<serde_json::Value>(&body) {
        Err(fault) => Err(Error::invalid_answer(status, headers, &body, &fault)),
        Ok(_) => Ok((status, headers)),
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
        checks.push(match error.status() {
            Some(_) => passed(CheckStep::Connection, Detail::Answered(origin(base_url))),
            None => skipped(CheckStep::Connection, Detail::NotShown),
        });
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The states of the steps from the connection to the quotas, as a failure shows them.
    fn shown_by(error: &Error) -> Vec<(CheckStep, CheckState)> {
        let mut checks = Vec::new();
        note_failure(error, &Url::parse("https://host/api").unwrap(), &mut checks);
        checks.iter().map(|check| (check.step, check.state)).collect()
    }

    #[test]
    fn a_failure_shows_how_far_the_request_came() {
        use CheckState::{Failed, Passed, Skipped};
        use CheckStep::{Access, Connection, Healthcheck, Quotas};
        let error = |kind| Error::new(kind, "").at(Peer::Api);
        let answered = |kind| error(kind).with_status(StatusCode::BAD_GATEWAY);
        for (error, wanted) in [
            (error(ErrorKind::Connect).unsent(true), vec![(Connection, Failed)]),
            (error(ErrorKind::Tls), vec![(Connection, Failed)]),
            (error(ErrorKind::Proxy), vec![(Connection, Failed)]),
            (error(ErrorKind::Timeout).unsent(true), vec![(Connection, Failed)]),
            (error(ErrorKind::Timeout), vec![(Connection, Skipped), (Access, Skipped), (Healthcheck, Failed)]),
            (error(ErrorKind::Transport), vec![(Connection, Skipped), (Access, Skipped), (Healthcheck, Failed)]),
            (answered(ErrorKind::Forbidden), vec![(Connection, Passed), (Access, Failed)]),
            (answered(ErrorKind::TokenRejected), vec![(Connection, Passed), (Access, Failed)]),
            (answered(ErrorKind::InsufficientScope), vec![(Connection, Passed), (Access, Failed)]),
            (answered(ErrorKind::RateLimited), vec![(Connection, Passed), (Access, Skipped), (Quotas, Failed)]),
            (answered(ErrorKind::Unavailable), vec![(Connection, Passed), (Access, Skipped), (Healthcheck, Failed)]),
        ] {
            assert_eq!(shown_by(&error), wanted, "{error:?}");
        }
    }
}
