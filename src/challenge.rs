//! The challenge by which a gateway refuses a token ([RFC 6750, 3](https://www.rfc-editor.org/rfc/rfc6750#section-3)).

use std::fmt;
use std::mem;

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// So much of the headers is read, in bytes.
const LONGEST_READ: usize = 8 * 1024;
/// So much of a text is kept, in bytes.
const LONGEST_TEXT: usize = 512;
const INSUFFICIENT_SCOPE: &str = "insufficient_scope";
/// The codes of [RFC 6750, 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1).
const CODES: [&str; 3] = ["invalid_request", "invalid_token", INSUFFICIENT_SCOPE];

/// Says why a server refused the token, in the server's words (RFC 6750, 3).
///
/// The texts are the server's and may hold anything, even what was sent: gateways echo. They are cut to a few hundred
/// bytes and otherwise as they came. `Debug` shows none of them but the codes of RFC 6750.
#[derive(Clone, PartialEq, Eq)]
pub struct Challenge {
    realm: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
    scope: Option<String>,
}

impl Challenge {
    /// Reads the first Bearer challenge among all values of `WWW-Authenticate`.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        values(headers).find_map(Self::read)
    }

    /// Returns the space that the token was refused for, in the server's words.
    #[must_use]
    pub fn realm(&self) -> Option<&str> {
        self.realm.as_deref()
    }

    /// Returns the code of the refusal, in the server's words: `invalid_token` for example, but it may be anything.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Returns the explanation for developers, in the server's words.
    #[must_use]
    pub fn error_description(&self) -> Option<&str> {
        self.error_description.as_deref()
    }

    /// Returns the scopes that the call needs, in the server's words.
    #[must_use]
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// Returns the same one by one.
    pub fn scopes(&self) -> impl Iterator<Item = &str> {
        self.scope().unwrap_or_default().split_ascii_whitespace()
    }

    /// Tells whether the token lacks a scope.
    pub(crate) fn is_insufficient_scope(&self) -> bool {
        self.code() == Some(INSUFFICIENT_SCOPE)
    }

    /// Tells whether Axway no longer knows the application, or has it disabled: its words are the only sign of it.
    pub(crate) fn says_disabled(&self) -> bool {
        let words = self.error_description().unwrap_or_default().to_ascii_lowercase();
        words.contains("client app") && words.contains("disabled")
    }

    fn read(value: &[u8]) -> Option<Self> {
        let mut pieces = Pieces::of(value);
        pieces.find(Piece::is_bearer)?;
        let mut challenge = Self { realm: None, error: None, error_description: None, scope: None };
        for piece in pieces {
            let Piece::Parameter { name, value } = piece else { break };
            if let Some(field) = challenge.field(name) {
                field.get_or_insert_with(|| text(value));
            }
        }
        Some(challenge)
    }

    fn field(&mut self, name: &[u8]) -> Option<&mut Option<String>> {
        match name.to_ascii_lowercase().as_slice() {
            b"realm" => Some(&mut self.realm),
            b"error" => Some(&mut self.error),
            b"error_description" => Some(&mut self.error_description),
            b"scope" => Some(&mut self.scope),
            _ => None,
        }
    }

    fn code(&self) -> Option<&'static str> {
        CODES.into_iter().find(|code| self.error() == Some(code))
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = [
            ("realm", &self.realm),
            ("error", &self.error),
            ("error_description", &self.error_description),
            ("scope", &self.scope),
        ];
        let present: Vec<_> = fields.iter().filter(|(_, text)| text.is_some()).map(|(name, _)| name).collect();
        f.debug_struct("Challenge").field("error", &self.code()).field("present", &present).finish_non_exhaustive()
    }
}

/// Tells whether an answer refuses the token: any 401, and PISTE's 400 with a Bearer challenge. A 400 without one is
/// the API's.
pub(crate) fn refuses_token(status: StatusCode, headers: &HeaderMap) -> bool {
    match status {
        StatusCode::UNAUTHORIZED => true,
        StatusCode::BAD_REQUEST => values(headers).any(|value| Pieces::of(value).any(|piece| piece.is_bearer())),
        _ => false,
    }
}

/// Returns the values of `WWW-Authenticate`, up to what is read of them.
fn values(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let mut left = LONGEST_READ;
    headers.get_all(WWW_AUTHENTICATE).iter().map(move |value| {
        let value = value.as_bytes();
        let value = value.get(..left).unwrap_or(value);
        left -= value.len();
        value
    })
}

/// What a header of challenges is made of.
enum Piece<'a> {
    Scheme(&'a [u8]),
    /// The value is as it stands in the header, in its quotes if it has any.
    Parameter {
        name: &'a [u8],
        value: &'a [u8],
    },
}

impl Piece<'_> {
    fn is_bearer(&self) -> bool {
        matches!(self, Self::Scheme(scheme) if scheme.eq_ignore_ascii_case(b"bearer"))
    }
}

/// Reads a list of challenges (RFC 9110, 11.6.1) from its beginning to its end, and passes over what is no part of one.
struct Pieces<'a> {
    rest: &'a [u8],
    /// Commas part challenges as they part parameters: a scheme is a word that follows one and is not followed by `=`.
    is_first: bool,
}

impl<'a> Pieces<'a> {
    fn of(value: &'a [u8]) -> Self {
        Self { rest: value, is_first: true }
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, b""));
        self.rest = rest;
        taken
    }

    /// Takes what stands up to a blank or one of these.
    fn word(&mut self, ends: &[u8]) -> &'a [u8] {
        let end = self.rest.iter().position(|byte| byte.is_ascii_whitespace() || ends.contains(byte));
        self.take(end.unwrap_or(self.rest.len()))
    }

    /// Takes a quote and what follows it up to the next and with it, or up to the end if there is no other.
    fn quoted(&mut self) -> &'a [u8] {
        let mut is_escaped = false;
        let end = self.rest.iter().skip(1).position(|byte| {
            let was_escaped = mem::take(&mut is_escaped);
            is_escaped = *byte == b'\\' && !was_escaped;
            *byte == b'"' && !was_escaped
        });
        self.take(end.map_or(self.rest.len(), |end| end + 2))
    }

    fn value(&mut self) -> &'a [u8] {
        self.skip_blanks();
        if self.rest.starts_with(b"\"") { self.quoted() } else { self.word(b",\"") }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            self.skip_blanks();
            let is_first = mem::take(&mut self.is_first);
            match self.rest.first()? {
                b',' => {
                    self.take(1);
                    self.is_first = true;
                }
                // Nobody's text, but the commas in it part nothing.
                b'"' => {
                    self.quoted();
                }
                _ => {
                    let name = self.word(b",\"=");
                    self.skip_blanks();
                    if let Some(rest) = self.rest.strip_prefix(b"=") {
                        self.rest = rest;
                        return Some(Piece::Parameter { name, value: self.value() });
                    }
                    if is_first {
                        return Some(Piece::Scheme(name));
                    }
                }
            }
        }
    }
}

/// Makes a text of a value, without its quotes and cut to what is kept.
fn text(value: &[u8]) -> String {
    let bytes = if value.starts_with(b"\"") { unquoted(value) } else { value.to_vec() };
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    let end = (0..=text.len().min(LONGEST_TEXT)).rev().find(|end| text.is_char_boundary(*end));
    text.truncate(end.unwrap_or_default());
    text
}

fn unquoted(value: &[u8]) -> Vec<u8> {
    let mut is_escaped = false;
    let is_text = |byte: &u8| {
        let was_escaped = mem::take(&mut is_escaped);
        is_escaped = *byte == b'\\' && !was_escaped;
        was_escaped || !matches!(byte, b'\\' | b'"')
    };
    value.iter().copied().filter(is_text).collect()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    const FULL: &str =
        r#"Bearer realm="DefaultRealm",error="invalid_token",error_description="a \"b\", c",scope="x y""#;
    const AXWAY_DISABLED: &str = "The client app was not found or is disabled.";

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let values = values.iter().map(|value| (WWW_AUTHENTICATE, HeaderValue::from_bytes(value).unwrap()));
        values.collect()
    }

    fn refuses(status: u16, challenges: &[&str]) -> bool {
        let values = challenges.iter().map(|value| (WWW_AUTHENTICATE, value.parse().unwrap()));
        refuses_token(StatusCode::from_u16(status).unwrap(), &values.collect())
    }

    fn read(value: &str) -> Option<Challenge> {
        Challenge::of(&headers(&[value.as_bytes()]))
    }

    /// The fields in the order of the struct.
    fn fields(challenge: &Challenge) -> [Option<&str>; 4] {
        [challenge.realm(), challenge.error(), challenge.error_description(), challenge.scope()]
    }

    fn with_error(code: &str) -> Challenge {
        read(&format!("Bearer error=\"{code}\"")).unwrap()
    }

    fn with_description(text: &str) -> Challenge {
        read(&format!("Bearer error_description=\"{text}\"")).unwrap()
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

    #[test]
    fn a_challenge_is_read_in_every_shape_it_may_have() {
        let piste = [Some("DefaultRealm"), Some("invalid_request"), Some("Unable to find token."), None];
        let realm = |text| [Some(text), None, None, None];
        let error = |code| [None, Some(code), None, None];
        for (value, expected) in [
            (r#"Bearer realm="DefaultRealm",error="invalid_request",error_description="Unable to find token.""#, piste),
            (
                "bEARER\trealm = \"DefaultRealm\" , ERROR= invalid_request,Error_Description=\"Unable to find token.\"",
                piste,
            ),
            // Without commas, and without the last quote.
            (r#"Bearer realm="DefaultRealm" error=invalid_request error_description="Unable to find token.""#, piste),
            (r#"Bearer realm="DefaultRealm"error=invalid_request,error_description="Unable to find token."#, piste),
            (FULL, [Some("DefaultRealm"), Some("invalid_token"), Some("a \"b\", c"), Some("x y")]),
            ("Bearer", [None; 4]),
            (", ,Bearer,,", [None; 4]),
            ("Bearer , , error=\"a\"", error("a")),
            // The first of two challenges, and of two parameters.
            ("Bearer error=a, Bearer error=b", error("a")),
            ("Bearer error=a, error=b", error("a")),
            ("Bearer error=\"\", error=b", error("")),
            // Other schemes, their parameters and their token68.
            ("Basic realm=\"a\", Bearer error=b, Digest realm=\"c\", scope=\"d\"", error("b")),
            ("Negotiate oRQ/+w==, Bearer error=b", error("b")),
            ("Negotiate oRQ=,Bearer error=b", error("b")),
            ("Bearer abc-._~+/==, Basic realm=\"c\"", [None; 4]),
            ("realm=\"a\", Bearer error=b", error("b")),
            ("Basic realm=\"a\", bearer = c, Bearer error=b", error("b")),
            // Quotes, and what needs none.
            (r#"Bearer realm="a\\", error=b"#, [Some(r"a\"), Some("b"), None, None]),
            (r#"Bearer realm="a\b\"#, realm("ab")),
            (r#"Bearer realm="a\""#, realm("a\"")),
            (r"Bearer realm=DOMAIN\user", realm(r"DOMAIN\user")),
            (r#"Bearer realm=a"b, error=c", scope=d"#, [Some("a"), None, None, Some("d")]),
            ("Bearer realm=, error=b", [Some(""), Some("b"), None, None]),
            ("Bearer realm=a=b", realm("a=b")),
            // Nobody's texts.
            ("Basic x\"y, Bearer error=a\", Bearer error=b", error("b")),
            ("Bearer \"x, error=a\" =b scopes=c, error=d", error("d")),
            ("\"x\", Bearer error=b", error("b")),
        ] {
            assert_eq!(fields(&read(value).unwrap()), expected, "{value}");
        }
    }

    #[test]
    fn the_first_bearer_challenge_counts_whichever_value_it_is_in() {
        let values = headers(&[b"Basic realm=\"a\"", b"Digest, Bearer error=b", b"Bearer error=c"]);
        assert_eq!(Challenge::of(&values).unwrap().error(), Some("b"));
    }

    #[test]
    fn what_holds_no_bearer_challenge_is_none() {
        for value in [
            "",
            ",",
            "Basic",
            "Basic realm=\"x, Bearer error=a",
            "Basic Bearer",
            "Bearer=a",
            "error=Bearer",
            "\"\" Bearer",
        ] {
            assert_eq!(read(value), None, "{value}");
            assert!(!refuses(400, &[value]), "{value}");
        }
        assert_eq!(Challenge::of(&HeaderMap::new()), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let challenge =
            Challenge::of(&headers(&[b"Bearer realm=\"caf\xe9\", scope=\"\xc3\\\xa9\", error=\xff"])).unwrap();
        assert_eq!(fields(&challenge), [Some("caf\u{fffd}"), Some("\u{fffd}"), None, Some("\u{e9}")]);
    }

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        for (given, kept) in [
            ("x".repeat(512), "x".repeat(512)),
            ("x".repeat(513), "x".repeat(512)),
            ("\u{e9}".repeat(300), "\u{e9}".repeat(256)),
            (format!("x{}", "\u{e9}".repeat(300)), format!("x{}", "\u{e9}".repeat(255))),
        ] {
            assert_eq!(with_description(&given).error_description(), Some(&*kept));
        }
    }

    #[test]
    fn eight_kilobytes_are_read_of_all_values_together() {
        let filler = |length| format!("Basic realm=\"{}\"", "x".repeat(length - "Basic realm=\"\"".len())).into_bytes();
        let bearer = b"Bearer realm=\"a\", scope=\"b\"";
        for (before, expected) in [
            (8_192 - bearer.len(), Some([Some("a"), None, None, Some("b")])),
            (8_192 - b"Bearer realm=\"a\"".len(), Some([Some("a"), None, None, None])),
            (8_192 - b"Beare".len(), None),
            (8_192, None),
            (8_192 + 100, None),
        ] {
            let values = headers(&[&filler(before), bearer]);
            assert_eq!(Challenge::of(&values).as_ref().map(fields), expected, "{before}");
            assert_eq!(refuses_token(StatusCode::BAD_REQUEST, &values), expected.is_some(), "{before}");
        }
    }

    #[test]
    fn every_beginning_of_a_challenge_is_read() {
        for length in 0..=FULL.len() {
            let challenge = read(&FULL[..length]);
            assert_eq!(challenge.is_some(), length >= "Bearer".len(), "{length}");
            let full = read(FULL).unwrap();
            let fields_of_both = challenge.iter().flat_map(fields).zip(fields(&full));
            for (part, whole) in fields_of_both {
                assert!(whole.unwrap().starts_with(part.unwrap_or_default()), "{length}");
            }
        }
    }

    #[test]
    fn random_values_are_read_and_both_readers_see_the_same() {
        const ALPHABET: [&str; 16] = [
            "Bearer", "bearer ", "Basic", "realm", "error=", "scope=\"", "=", "\"", "\\", ",", " ", "\t", "\u{e9}",
            "x", "+/==", ", ",
        ];
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap()
        };
        let mut found = 0;
        for _ in 0..20_000 {
            let value: String = (0..next() % 24).map(|_| ALPHABET[next() % ALPHABET.len()]).collect();
            let bytes: Vec<u8> = (0..next() % 24).map(|_| 32 + u8::try_from(next() % 224).unwrap()).collect();
            let bytes: Vec<u8> = bytes.into_iter().filter(|byte| *byte != 127).collect();
            for value in [value.as_bytes(), &bytes] {
                let values = headers(&[value]);
                let challenge = Challenge::of(&values);
                assert_eq!(challenge.is_some(), refuses_token(StatusCode::BAD_REQUEST, &values), "{value:?}");
                found += usize::from(challenge.is_some());
            }
        }
        assert!((1_000..20_000).contains(&found), "{found}");
    }

    #[test]
    fn scopes_are_parted_by_blanks() {
        let scopes = |value| read(value).unwrap().scopes().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(scopes("Bearer scope=\" openid  resource.READ\t\""), ["openid", "resource.READ"]);
        assert_eq!(scopes("Bearer scope=openid"), ["openid"]);
        assert_eq!(scopes("Bearer scope=\" \""), [""; 0]);
        assert_eq!(scopes("Bearer"), [""; 0]);
    }

    #[test]
    fn only_the_code_of_the_rfc_says_that_a_scope_is_missing() {
        assert!(with_error("insufficient_scope").is_insufficient_scope());
        for code in ["", "invalid_token", "insufficient_scopes"] {
            assert!(!with_error(code).is_insufficient_scope(), "{code}");
        }
        assert!(!read("Bearer scope=insufficient_scope").unwrap().is_insufficient_scope());
    }

    #[test]
    fn a_disabled_application_is_told_by_axways_words() {
        for words in [AXWAY_DISABLED, "the CLIENT APP is Disabled"] {
            assert!(with_description(words).says_disabled(), "{words}");
        }
        for words in ["", "The access token expired.", "The client app was not found", "The account is disabled."] {
            assert!(!with_description(words).says_disabled(), "{words}");
        }
        assert!(!with_error(AXWAY_DISABLED).says_disabled());
    }

    #[test]
    fn debug_shows_the_codes_of_the_rfc_and_no_other_text() {
        for code in CODES {
            let challenge = with_error(code);
            assert_eq!(
                format!("{challenge:?}"),
                format!("Challenge {{ error: Some({code:?}), present: [\"error\"], .. }}")
            );
        }
        let challenge =
            read(&"Bearer realm=A, error=A, error_description=A, scope=A".replace('A', "hush-hush")).unwrap();
        assert_eq!(challenge.error(), Some("hush-hush"));
        assert_eq!(
            format!("{challenge:?}"),
            r#"Challenge { error: None, present: ["realm", "error", "error_description", "scope"], .. }"#
        );
    }
}
