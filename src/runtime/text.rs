//! Arguments as text: what JSON would write, without the quotes and brackets of JSON.

use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{COOKIE, HeaderMap, HeaderValue};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// What [RFC 3986, 2.3](https://www.rfc-editor.org/rfc/rfc3986#section-2.3) does not call unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What [RFC 6265, 4.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1) keeps out of a cookie's value.
const NO_COOKIE: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b',').add(b';').add(b'\\');

/// An argument whose parts are text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Argument {
    Null,
    Text(String),
    List(Vec<String>),
    Object(Vec<(String, String)>),
}

impl Argument {
    pub(super) fn of(value: &(impl Serialize + ?Sized)) -> serde_json::Result<Self> {
        Self::read(&serde_json::to_string(value)?)
    }

    fn read(json: &str) -> serde_json::Result<Self> {
        Ok(match Shape::read(json)? {
            Shape::Null => Self::Null,
            Shape::Text(text) => Self::Text(text),
            Shape::List(list) => Self::List(items(&list)?),
            Shape::Object(object) => Self::Object(fields(object)?),
        })
    }

    /// Tells whether there is nothing to send. An empty text is something.
    pub(super) fn is_nothing(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(_) => false,
            Self::List(items) => items.is_empty(),
            Self::Object(fields) => fields.is_empty(),
        }
    }

    /// Changes each name and each value, so that what [`joined`](Self::joined) puts between them can be told from them.
    pub(super) fn map(self, change: impl Fn(&str) -> String) -> Self {
        match self {
            Self::Null => Self::Null,
            Self::Text(text) => Self::Text(change(&text)),
            Self::List(items) => Self::List(items.iter().map(|item| change(item)).collect()),
            Self::Object(fields) => {
                Self::Object(fields.iter().map(|(name, value)| (change(name), change(value))).collect())
            }
        }
    }

    /// Writes the style `simple` of OpenAPI.
    pub(super) fn simple(&self, explode: bool) -> String {
        self.joined(if explode { "=" } else { "," }, ",")
    }

    /// Writes all in a row: `inside` between a name and its value, `between` from one to the next.
    pub(super) fn joined(&self, inside: &str, between: &str) -> String {
        match self {
            Self::Null => String::new(),
            Self::Text(text) => text.clone(),
            Self::List(items) => items.join(between),
            Self::Object(fields) => {
                let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}{inside}{value}")).collect();
                pairs.join(between)
            }
        }
    }
}

/// What JSON wrote of a value, taken apart by one level.
///
/// JSON's own text is kept, where a [`serde_json::Value`] would widen the `f32` 0.1 to 0.10000000149011612.
pub(super) enum Shape<'a> {
    Null,
    /// A string without its quotes, a number, `true` or `false`.
    Text(String),
    List(Vec<&'a RawValue>),
    Object(Vec<(String, &'a RawValue)>),
}

impl<'a> Shape<'a> {
    pub(super) fn read(json: &'a str) -> serde_json::Result<Self> {
        Ok(match json.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b'"') => Self::Text(serde_json::from_str(json)?),
            Some(b'[') => Self::List(serde_json::from_str(json)?),
            Some(b'{') => Self::Object(serde_json::from_str::<Fields<'_>>(json)?.0),
            _ => Self::Text(json.to_owned()),
        })
    }
}

/// Returns the text of a part: `None` for null, JSON for what has parts itself, for which OpenAPI has no rule.
pub(super) fn item(raw: &RawValue) -> serde_json::Result<Option<String>> {
    Ok(match Shape::read(raw.get())? {
        Shape::Null => None,
        Shape::Text(text) => Some(text),
        Shape::List(_) | Shape::Object(_) => Some(raw.get().to_owned()),
    })
}

/// Returns the text of each item but the nulls.
pub(super) fn items(list: &[&RawValue]) -> serde_json::Result<Vec<String>> {
    list.iter().filter_map(|raw| item(raw).transpose()).collect()
}

/// Returns the name and text of each field but the nulls.
pub(super) fn fields(object: Vec<(String, &RawValue)>) -> serde_json::Result<Vec<(String, String)>> {
    let named = |(name, raw)| item(raw).map(|text| Some((name, text?))).transpose();
    object.into_iter().filter_map(named).collect()
}

/// Encodes all but the unreserved characters.
pub(super) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Makes the value of a header, or none of null and of an empty list or object.
///
/// Text beyond ASCII goes out as UTF-8.
///
/// # Errors
///
/// Fails, naming the header and not the value, if the value does not convert or holds control characters.
pub(super) fn header(
    name: &str,
    explode: bool,
    value: &(impl Serialize + ?Sized),
) -> Result<Option<HeaderValue>, String> {
    let argument = Argument::of(value).map_err(|_| format!("header argument `{name}` does not convert"))?;
    if argument.is_nothing() {
        return Ok(None);
    }
    let text = argument.simple(explode);
    let value = HeaderValue::from_bytes(text.as_bytes());
    value.map(Some).map_err(|_| format!("header argument `{name}` holds bytes that no header may hold"))
}

/// Adds a cookie to the one `Cookie` header. Null and an empty list or object add nothing.
///
/// What a cookie's value may not hold is percent-encoded: blanks, quotes, commas, semicolons, backslashes, control
/// characters and all beyond ASCII. Any other value goes out as it is.
///
/// # Errors
///
/// Fails, naming the cookie and not the value, if the value does not convert.
pub(super) fn cookie(headers: &mut HeaderMap, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), String> {
    let argument = Argument::of(value).map_err(|_| format!("cookie argument `{name}` does not convert"))?;
    if argument.is_nothing() {
        return Ok(());
    }
    let clean = |text| utf8_percent_encode(text, NO_COOKIE).to_string();
    let pair = format!("{}={}", clean(name), clean(&argument.simple(false)));
    let bytes = match headers.get(COOKIE) {
        Some(others) => [others.as_bytes(), b"; ", pair.as_bytes()].concat(),
        None => pair.into_bytes(),
    };
    let value = HeaderValue::from_bytes(&bytes)
        .map_err(|_| format!("cookie argument `{name}` holds bytes that no header may hold"))?;
    headers.insert(COOKIE, value);
    Ok(())
}

/// The fields of an object in the order in which they were written.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Does not convert.
    struct Stubborn;

    impl Serialize for Stubborn {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("hush-hush"))
        }
    }

    fn sent(explode: bool, value: &Value) -> Option<String> {
        let value = header("X-Name", explode, value).unwrap()?;
        Some(String::from_utf8(value.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn primitives_are_written_as_json_writes_them_and_strings_without_quotes() {
        assert_eq!(Argument::of("a \"b\" é\n").unwrap(), Argument::Text("a \"b\" é\n".to_owned()));
        assert_eq!(Argument::of(&true).unwrap(), Argument::Text("true".to_owned()));
        assert_eq!(Argument::of(&u64::MAX).unwrap(), Argument::Text("18446744073709551615".to_owned()));
        assert_eq!(Argument::of(&0.1_f32).unwrap(), Argument::Text("0.1".to_owned()));
        assert_eq!(Argument::of(&[0.1_f32]).unwrap(), Argument::List(vec!["0.1".to_owned()]));
        assert_eq!(Argument::of(&1.0_f64).unwrap(), Argument::Text("1.0".to_owned()));
        assert_eq!(Argument::of(&f64::NAN).unwrap(), Argument::Null);
        assert_eq!(Argument::of(&None::<u8>).unwrap(), Argument::Null);
        assert_eq!(Argument::of("null").unwrap(), Argument::Text("null".to_owned()));
    }

    #[test]
    fn fields_keep_their_order_and_lose_their_nulls() {
        #[derive(Serialize)]
        struct Filter {
            zip: u32,
            age: Option<u8>,
            city: &'static str,
        }
        let wanted = [("zip", "75001"), ("city", "Paris")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        let filter = Filter { zip: 75_001, age: None, city: "Paris" };
        assert_eq!(Argument::of(&filter).unwrap(), Argument::Object(wanted.into()));
    }

    #[test]
    fn a_header_is_text_in_the_style_simple() {
        for (explode, value, wanted) in [
            (false, json!("blue"), Some("blue")),
            (false, json!(7), Some("7")),
            (false, json!(""), Some("")),
            (false, json!("Hélène"), Some("Hélène")),
            (false, json!(["a", null, 1]), Some("a,1")),
            (true, json!(["a", "b"]), Some("a,b")),
            (false, json!({ "r": 1, "z": null }), Some("r,1")),
            (true, json!({ "r": 1, "s": 2 }), Some("r=1,s=2")),
            (false, json!([{ "r": 1 }]), Some(r#"{"r":1}"#)),
            (false, json!(null), None),
            (false, json!([]), None),
            (false, json!({ "z": null }), None),
        ] {
            assert_eq!(sent(explode, &value).as_deref(), wanted, "{value}");
        }
    }

    #[test]
    fn a_header_that_cannot_be_sent_is_named_without_its_value() {
        for value in ["hush\r\nX-Evil: 1", "hush\0", "hush\u{7f}"] {
            let refusal = "header argument `X-Name` holds bytes that no header may hold".to_owned();
            assert_eq!(header("X-Name", false, value), Err(refusal));
        }
        let refusal = "header argument `X-Name` does not convert".to_owned();
        assert_eq!(header("X-Name", false, &Stubborn), Err(refusal));
    }

    #[test]
    fn cookies_share_one_header() {
        let mut headers = HeaderMap::new();
        cookie(&mut headers, "session", "abc=").unwrap();
        cookie(&mut headers, "absent", &None::<u8>).unwrap();
        cookie(&mut headers, "none", &[0_u8; 0]).unwrap();
        cookie(&mut headers, "name", "a b;\"é\",\\\r\n").unwrap();
        cookie(&mut headers, "ids", &[1, 2]).unwrap();
        let sent: Vec<_> = headers.get_all(COOKIE).iter().collect();
        assert_eq!(sent, ["session=abc=; name=a%20b%3B%22%C3%A9%22%2C%5C%0D%0A; ids=1%2C2"]);
    }

    #[test]
    fn a_cookie_that_cannot_be_sent_is_named_without_its_value() {
        let mut headers = HeaderMap::new();
        let refusal = "cookie argument `name` does not convert".to_owned();
        assert_eq!(cookie(&mut headers, "name", &Stubborn), Err(refusal));
        assert_eq!(headers, HeaderMap::new());
    }

    #[test]
    fn only_unreserved_characters_are_not_encoded() {
        assert_eq!(encode("aZ09-._~"), "aZ09-._~");
        assert_eq!(encode("/?#%+ ,;=é"), "%2F%3F%23%25%2B%20%2C%3B%3D%C3%A9");
    }
}
