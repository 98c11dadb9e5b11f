//! The challenge by which a gateway refuses a token ([RFC 6750, 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)).

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// Tells whether an answer refuses the token: any 401, and PISTE's 400 with a Bearer challenge. A 400 without one is the API's.
pub(crate) fn refuses_token(status: StatusCode, headers: &HeaderMap) -> bool {
    match status {
        StatusCode::UNAUTHORIZED => true,
        StatusCode::BAD_REQUEST => has_bearer_challenge(headers),
        _ => false,
    }
}

fn has_bearer_challenge(headers: &HeaderMap) -> bool {
    let values = headers.get_all(WWW_AUTHENTICATE).into_iter();
    let challenges = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    challenges.map(<[u8]>::trim_ascii).any(|challenge| {
        let scheme = challenge.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        scheme.eq_ignore_ascii_case(b"bearer")
    })
}
