//! Bodies of the type `application/x-www-form-urlencoded`.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::value::RawValue;

use super::text::{Shape, items};

/// What the [URL standard](https://url.spec.whatwg.org/#application-x-www-form-urlencoded-percent-encode-set) encodes in a form.
/// The blank is missing: it becomes `+`.
const NO_FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_').remove(b' ');

/// Writes the fields of an object as a form.
///
/// A list is as many fields of one name, unless `delimited` names it: then it is one field, with what stands between its items. An object inside is JSON,
/// as OpenAPI 3.0 says. Nulls are left out.
///
/// # Errors
///
/// Fails, without a value, if the body does not convert or is not an object.
pub(super) fn form(body: &(impl Serialize + ?Sized), delimited: &[(&str, &str)]) -> Result<String, String> {
    // The reason could quote a value.
    let json = serde_json::to_string(body).map_err(|_| FAILURE)?;
    let object = match Shape::read(&json).map_err(|_| FAILURE)? {
        Shape::Object(object) => object,
        Shape::Null => Vec::new(),
        Shape::Text(_) | Shape::List(_) => return Err("the body of the form is not an object".to_owned()),
    };
    let mut pairs = Vec::new();
    for (name, raw) in object {
        let values = values(raw, delimiter(&name, delimited)).map_err(|_| FAILURE)?;
        pairs.extend(values.iter().map(|value| format!("{}={}", encode(&name), encode(value))));
    }
    Ok(pairs.join("&"))
}

const FAILURE: &str = "the body of the form does not convert";

fn values(raw: &RawValue, delimiter: Option<&str>) -> serde_json::Result<Vec<String>> {
    Ok(match Shape::read(raw.get())? {
        Shape::Null => Vec::new(),
        Shape::Text(text) => vec![text],
        Shape::Object(_) => vec![raw.get().to_owned()],
        Shape::List(list) => match (items(&list)?, delimiter) {
            (items, Some(delimiter)) if !items.is_empty() => vec![items.join(delimiter)],
            (items, _) => items,
        },
    })
}

/// Returns what stands between the items of a list that is one field.
pub(super) fn delimiter<'a>(name: &str, delimited: &[(&str, &'a str)]) -> Option<&'a str> {
    delimited.iter().find(|(field, _)| *field == name).map(|(_, delimiter)| *delimiter)
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, NO_FORM).to_string().replace(' ', "+")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_sent_in_their_order() {
        #[derive(Serialize)]
        struct Person {
            nom: &'static str,
            age: u8,
            ratio: f32,
            actif: bool,
            ville: Option<String>,
        }
        let person = Person { nom: "Hélène & Co", age: 7, ratio: 0.1, actif: true, ville: None };
        let body = form(&person, &[]);
        assert_eq!(body.as_deref(), Ok("nom=H%C3%A9l%C3%A8ne+%26+Co&age=7&ratio=0.1&actif=true"));
    }

    #[test]
    fn lists_are_repeated_or_joined_and_objects_are_json() {
        for (body, delimited, wanted) in [
            (json!({ "ids": [1, null, 2] }), ("", ","), "ids=1&ids=2"),
            (json!({ "ids": [1, null, 2] }), ("ids", ","), "ids=1%2C2"),
            (json!({ "ids": [1, 2] }), ("ids", "|"), "ids=1%7C2"),
            (json!({ "ids": [] }), ("ids", ","), ""),
            (json!({ "ids": [] }), ("", ","), ""),
            (json!({ "a": { "b": [1, null] } }), ("", ","), "a=%7B%22b%22%3A%5B1%2Cnull%5D%7D"),
            (json!({ "a": [{ "b": 1 }, "c"] }), ("", ","), "a=%7B%22b%22%3A1%7D&a=c"),
            (json!({ "a b": "", "n": null }), ("", ","), "a+b="),
            (json!({ "a": "*-._~+%" }), ("", ","), "a=*-._%7E%2B%25"),
            (json!({}), ("", ","), ""),
            (json!(null), ("", ","), ""),
        ] {
            assert_eq!(form(&body, &[delimited]).as_deref(), Ok(wanted), "{body}");
        }
    }

    #[test]
    fn what_is_no_form_is_refused_without_being_shown() {
        for body in [json!("hush-hush"), json!(["hush-hush"])] {
            assert_eq!(form(&body, &[]), Err("the body of the form is not an object".to_owned()));
        }
        let stubborn = std::collections::HashMap::from([(vec!["hush-hush"], 1)]);
        assert_eq!(form(&stubborn, &[]), Err("the body of the form does not convert".to_owned()));
    }
}
