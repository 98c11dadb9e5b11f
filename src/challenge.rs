//! The challenge by which a gateway refuses a token ([RFC 6750, 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)).

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// Tells whether an answer refuses the token: any 401, and PISTE's 400 with a Bearer challenge. A 400 without one is the API's.
pub(crate) fn refuses_token(status: StatusCode, headers: &HeaderMap) -> bool {
    match status {
        StatusCode::UNAUTHORIZED => true,
        StatusCode::BAD_REQUEST => headers.get_all(WWW_AUTHENTICATE).iter().any(|value| is_bearer(value.as_bytes())),
        _ => false,
    }
}

/// Looks for the scheme among the challenges of a header (RFC 9110, 11.6.1), which commas part, as they part parameters.
fn is_bearer(value: &[u8]) -> bool {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = value.split(|byte| {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_quoted,
            b'"' => is_quoted = !is_quoted,
            b',' => return !is_quoted,
            _ => {}
        }
        false
    });
    parts.map(<[u8]>::trim_ascii).any(|part| {
        let scheme = part.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        scheme.eq_ignore_ascii_case(b"bearer")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuses(status: u16, challenges: &[&str]) -> bool {
        let values = challenges.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap()));
        refuses_token(StatusCode::from_u16(status).unwrap(), &values.collect())
    }

    #[test]
    fn a_401_refuses_the_token_whatever_it_says() {
        assert!(refuses(401, &[]) && refuses(401, &["Basic"]));
    }

    #[test]
    fn a_400_refuses_it_with_a_bearer_challenge_only() {
        for challenges in [
            &["Bearer"][..],
            &["bearer realm=\"x\""],
            &["BEARER  error=\"invalid_request\",error_description=\"Unable to find token in the message.\""],
            &["Basic realm=\"a, b\", Bearer"],
            &["Basic realm=\"a \\\" b\" ,\tbearer realm=\"c\""],
            &["Basic", "Bearer"],
        ] {
            assert!(refuses(400, challenges), "{challenges:?}");
        }
        for challenges in [
            &[][..],
            &[""],
            &["Basic realm=\"bearer\""],
            &["Basic realm=\"x, bearer y\""],
            &["Basic realm=\"x\\\", bearer y\""],
            &["Bearerish"],
            &["NotBearer"],
        ] {
            assert!(!refuses(400, challenges), "{challenges:?}");
        }
    }

    #[test]
    fn no_other_status_refuses_it() {
        assert!(!refuses(403, &["Bearer error=\"insufficient_scope\""]) && !refuses(200, &["Bearer"]));
    }
}
