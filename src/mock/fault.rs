//! What goes wrong at PISTE, by name.

use std::time::Duration;

use wiremock::{Request, ResponseTemplate};

/// What the sandbox can be told to do wrong, as PISTE is known to do it.
///
/// Each is for the [token endpoint](super::PisteSandbox::token_endpoint), for the [gateway](super::PisteSandbox::gateway), or for one
/// [operation](super::PisteSandbox::operation).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// 400 `invalid_client`: the token endpoint refuses the credentials.
    InvalidClient,
    /// A bare 400: the token endpoint throttles, or the gateway has a bad moment. At the gateway it passes by itself at PISTE.
    BareBadRequest,
    /// 400 with a Bearer challenge: the gateway finds no token in the request.
    TokenNotFound,
    /// 401 `invalid_token`: the gateway does not know the token, or no longer.
    TokenRefused,
    /// 401: the application was disabled.
    ApplicationDisabled,
    /// 403 and nothing else: the application is not subscribed to the API, its CGU are not accepted, or worse.
    NotSubscribed,
    /// 403 `insufficient_scope`.
    InsufficientScope,
    /// 403 "No match found for request": the path is no API's.
    NoSuchPath,
    /// 429 with `Retry-After`: so long is the application to keep quiet. Whole seconds are sent.
    QuotaSpent(Duration),
    /// Any status with an empty body: 500, 502, 503, 504.
    Status(u16),
    /// 400 with the request's body in it, as the gateway's product answers by default.
    BodyEchoed,
    /// 200 with the log-in page of a portal.
    LoginPage,
    /// The usual answer, so much later.
    Late(Duration),
}

impl Fault {
    /// Returns the answer; `None` if it is the usual one. `usual` is asked for that then.
    pub(super) fn answer(&self, request: &Request, usual: impl FnOnce() -> ResponseTemplate) -> ResponseTemplate {
        let empty = ResponseTemplate::new;
        match self {
            Self::InvalidClient => refusal("invalid_client"),
            Self::BareBadRequest => empty(400),
            Self::TokenNotFound => token_not_found(),
            Self::TokenRefused => token_refused(),
            Self::ApplicationDisabled => {
                challenge(401, "invalid_token", "The client app was not found or is disabled.")
            }
            Self::NotSubscribed => empty(403),
            Self::InsufficientScope => challenge(403, "insufficient_scope", "The token lacks a scope"),
            Self::NoSuchPath => no_such_path(),
            Self::QuotaSpent(pause) => empty(429).insert_header("Retry-After", pause.as_secs().to_string()),
            Self::Status(status) => empty(*status),
            Self::BodyEchoed => empty(400).set_body_raw(request.body.clone(), "text/plain"),
            Self::LoginPage => {
                empty(200).set_body_raw("<!DOCTYPE html><title>Connexion</title><form></form>", "text/html")
            }
            Self::Late(pause) => usual().set_delay(*pause),
        }
    }
}

/// An error of [RFC 6749, 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2).
pub(super) fn refusal(error: &str) -> ResponseTemplate {
    ResponseTemplate::new(400).set_body_json(serde_json::json!({ "error": error }))
}

pub(super) fn token_not_found() -> ResponseTemplate {
    challenge(400, "invalid_request", "Unable to find token in the message")
}

pub(super) fn token_refused() -> ResponseTemplate {
    challenge(401, "invalid_token", "Unable to find the access token in persistent storage.")
}

pub(super) fn no_such_path() -> ResponseTemplate {
    ResponseTemplate::new(403).set_body_string("No match found for request")
}

/// A challenge of [RFC 6750, 3](https://www.rfc-editor.org/rfc/rfc6750#section-3).
pub(super) fn challenge(status: u16, error: &str, description: &str) -> ResponseTemplate {
    let challenge = format!(r#"Bearer realm="DefaultRealm",error="{error}",error_description="{description}""#);
    ResponseTemplate::new(status).insert_header("WWW-Authenticate", challenge)
}
