//! *How* to fetch a token. Knows nothing of time.

use std::time::Duration;

use oauth2::basic::{BasicClient, BasicTokenResponse, BasicTokenType};
use oauth2::{
    AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, RequestTokenError, Scope, TokenResponse, TokenUrl,
};
use reqwest::{StatusCode, Url};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::credentials::Credentials;
use super::token::Grant;
use crate::body::{is_page, read_beginning, without_mark};
use crate::cause::Cause;
use crate::error::{Error, Peer, correlation_ids};
use crate::failure::is_registered;
use crate::retry_after::retry_after;

/// The token endpoint and what it is asked with.
pub(super) struct Endpoint {
    http: reqwest::Client,
    url: TokenUrl,
    credentials: Credentials,
    scopes: Vec<String>,
}

impl Endpoint {
    pub(super) fn new(http: reqwest::Client, url: Url, credentials: Credentials, scopes: Vec<String>) -> Self {
        Self { http, url: TokenUrl::from_url(url), credentials, scopes }
    }

    /// Asks for a token, once. The credentials go in the form (RFC 6749, 2.3.1): PISTE does not read a Basic header.
    pub(super) async fn fetch(&self) -> Result<Grant, Error> {
        let secret = ClientSecret::new(self.credentials.secret().await?.expose_secret().to_owned());
        let client = BasicClient::new(ClientId::new(self.credentials.client_id().to_owned()))
            .set_client_secret(secret)
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(self.url.clone());
        let request = client.exchange_client_credentials().add_scopes(self.scopes.iter().cloned().map(Scope::new));
        let answer =
            request.request_async(&|request| send(self.http.clone(), request)).await.map_err(|error| match error {
                RequestTokenError::Request(error) => error,
                // The others quote the answer, and `send` lets nothing through that could cause them.
                _ => Error::invalid_token_answer("it cannot be read"),
            })?;
        granted(&answer, &self.scopes)
    }
}

/// Takes what was granted, if it can be used.
fn granted(answer: &BasicTokenResponse, asked: &[String]) -> Result<Grant, Error> {
    // RFC 6749, 7.1: a token of a type that one does not understand must not be used.
    if *answer.token_type() != BasicTokenType::Bearer {
        return Err(Error::invalid_token_answer("its token is not a Bearer token"));
    }
    let granted: Option<Vec<_>> = answer.scopes().map(|scopes| {
        let scopes = scopes.iter().map(|scope| scope.to_string());
        // An empty text names no scope.
        scopes.filter(|scope| !scope.is_empty()).collect()
    });
    let missing = missing_scopes(asked, granted.as_deref());
    if !missing.is_empty() {
        tracing::warn!(?missing, "the token lacks scopes that were asked for: the API may answer 403");
    }
    Grant::new(answer.access_token().secret(), answer.expires_in(), granted)
}

/// Sends the request. Only a token goes back to `oauth2`, which would lose the status of all else.
async fn send(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, Error> {
    let failed = |error| Error::transport(error, Peer::TokenEndpoint);
    let request = request.try_into().map_err(failed)?;
    let response = http.execute(request).await.map_err(failed)?;
    let status = response.status();
    let retry_after = retry_after(response.headers());
    let ids = correlation_ids(response.headers());
    let mut body = Vec::new();
    let outcome = read_beginning(response, &mut body).await;
    if status.is_success() {
        outcome.map_err(failed)?;
    }
    let token = answered(status, retry_after, &body).map_err(|error| error.with_correlation_ids(ids))?;
    Ok(HttpResponse::new(token.to_string().into_bytes()))
}

/// Judges an answer: returns its token, by [`token_answer`].
fn answered(status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Result<Value, Error> {
    if status.is_success() {
        return token_answer(body);
    }
    Err(match error_code(body) {
        Some(code) if is_by_the_rfc(&code, status) => Error::refused_by_token_endpoint(&code, status, retry_after),
        _ => Error::token_endpoint_status(status, retry_after),
    })
}

/// Reads an answer without an exchange.
#[cfg(feature = "__fuzzing")]
pub(super) fn read(status: StatusCode, body: &[u8]) -> Result<Grant, Error> {
    let answer = serde_json::from_value(answered(status, None, body)?);
    granted(&answer.map_err(|_| Error::invalid_token_answer("it cannot be read"))?, &[])
}

/// RFC 6749, 5.2 answers 400, or 401. Web frameworks write a field `error` into whatever else they refuse.
fn is_by_the_rfc(code: &str, status: StatusCode) -> bool {
    is_registered(code) || matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED)
}

/// Splits a setting into scopes, and refuses what RFC 6749, 3.3 has no room for.
pub(super) fn checked_scopes(scopes: &[String]) -> Result<Vec<String>, Error> {
    let is_allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    let scopes: Vec<_> = scopes.iter().flat_map(|scopes| scopes.split_whitespace()).map(str::to_owned).collect();
    if !scopes.iter().all(|scope| scope.bytes().all(is_allowed)) {
        let fault = "a scope (`scopes`, PISTE_SCOPE) has a character that no scope may have: only printable ASCII without \" and \\";
        return Err(Error::configuration(fault));
    }
    Ok(scopes)
}

/// Compares as sets. An answer that names no scope grants those that were asked for (RFC 6749, 5.1).
pub(super) fn missing_scopes(asked: &[String], granted: Option<&[String]>) -> Vec<String> {
    granted.map_or_else(Vec::new, |granted| asked.iter().filter(|scope| !granted.contains(scope)).cloned().collect())
}

/// Reads an answer of success leniently, and writes it again as RFC 6749, 5.1 has it, with the fields that matter here.
fn token_answer(body: &[u8]) -> Result<Value, Error> {
    let Some(answer) = object(body) else {
        return Err(if is_page(body) {
            Error::invalid_token_answer("it is HTML or XML").because(&[Cause::NotTheApi, Cause::TokenUrl])
        } else {
            Error::invalid_token_answer("it is not a JSON object")
        });
    };
    let Some(Value::String(access_token)) = answer.get("access_token") else {
        return Err(Error::invalid_token_answer("it has no access token"));
    };
    let token_type = match answer.get("token_type") {
        Some(Value::String(token_type)) => token_type.trim(),
        None | Some(Value::Null) => "bearer",
        Some(_) => return Err(Error::invalid_token_answer("its token type is not text")),
    };
    let expires_in = answer.get("expires_in").and_then(seconds);
    let scope = answer.get("scope").and_then(scope_text);
    Ok(json!({ "access_token": access_token, "token_type": token_type, "expires_in": expires_in, "scope": scope }))
}

/// Reads a number of seconds, which Axway writes as text too. A fraction is cut off; what has ended has no life left.
fn seconds(value: &Value) -> Option<u64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    // The cast saturates at both ends.
    number.is_finite().then_some(number as u64)
}

/// Reads scopes that are written as one text, or as a list.
fn scope_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.split_whitespace().collect::<Vec<_>>().join(" ")),
        Value::Array(scopes) => Some(scopes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")),
        _ => None,
    }
}

/// Finds the code of an error by RFC 6749, 5.2.
fn error_code(body: &[u8]) -> Option<String> {
    object(body)?.get("error")?.as_str().map(str::to_owned)
}

fn object(body: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(without_mark(body)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_in_every_form_are_read() {
        for (value, expected) in [
            (json!(3600), Some(3600)),
            (json!("3600"), Some(3600)),
            (json!(" 3600 "), Some(3600)),
            (json!(3600.9), Some(3600)),
            (json!("3600.9"), Some(3600)),
            (json!(0), Some(0)),
            (json!(-1), Some(0)),
            (json!(1e300), Some(u64::MAX)),
            (json!("inf"), None),
            (json!("NaN"), None),
            (json!("soon"), None),
            (json!(""), None),
            (json!(null), None),
            (json!([3600]), None),
        ] {
            assert_eq!(seconds(&value), expected, "{value}");
        }
    }

    #[test]
    fn answers_that_stray_from_the_rfc_are_still_read() {
        let read = |body: &str| token_answer(body.as_bytes()).unwrap();
        let expected = |scope| json!({"access_token": "abc", "token_type": "bearer", "expires_in": 60, "scope": scope});
        let plain = r#"{"access_token":"abc","token_type":"bearer","expires_in":60}"#;
        assert_eq!(read(plain), expected(Value::Null));
        let list = r#"{"access_token":"abc","expires_in":"60","scope":["a",1,"b"],"x":{}}"#;
        assert_eq!(read(list), expected(json!("a b")));
        let marked = "\u{feff}{\"access_token\":\"abc\",\"token_type\":null,\"expires_in\":60,\"scope\":\" a  b \"}";
        assert_eq!(read(marked), expected(json!("a b")));
    }

    #[test]
    fn answers_without_a_token_are_refused_without_being_quoted() {
        for body in [
            "",
            "<html>hush-hush</html>",
            "[\"hush-hush\"]",
            r#"{"access_token":["hush-hush"]}"#,
            r#"{"access_token":null}"#,
            r#"{"token":"hush-hush"}"#,
            r#"{"access_token":"hush-hush","token_type":7}"#,
        ] {
            let error = token_answer(body.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hush"), "{error:?}");
        }
    }

    #[test]
    fn scopes_are_split_and_checked() {
        let checked =
            |scopes: &[&str]| checked_scopes(&scopes.iter().map(|&scope| scope.to_owned()).collect::<Vec<_>>());
        assert_eq!(checked(&["openid ", "a  b", ""]).unwrap(), ["openid", "a", "b"]);
        assert_eq!(checked(&["https://example.test/a!#$[]~"]).unwrap().len(), 1);
        for scope in ["é", "a\"b", "a\\b", "a\u{7f}"] {
            assert!(checked(&["openid", scope]).is_err(), "{scope}");
        }
    }

    #[test]
    fn scopes_are_compared_as_sets() {
        let asked = ["a", "b"].map(str::to_owned);
        let missing = |granted: &[&str]| {
            let granted: Vec<_> = granted.iter().map(|&scope| scope.to_owned()).collect();
            missing_scopes(&asked, Some(&granted))
        };
        assert_eq!(missing(&["b", "x", "a"]), [""; 0]);
        assert_eq!(missing(&["b"]), ["a"]);
        assert_eq!(missing(&[]), ["a", "b"]);
        assert_eq!(missing_scopes(&asked, None), [""; 0]);
    }
}
