//! Bodies of the type `multipart/form-data` ([RFC 7578](https://www.rfc-editor.org/rfc/rfc7578)).

use bytes::Bytes;
use reqwest::header::HeaderValue;
use serde::Serialize;
use serde_json::value::RawValue;

use super::file_part::{FilePart, Files, random};
use super::form::delimiter;
use super::text::Shape;

const FAILURE: &str = "the multipart body does not convert";
const JSON: &str = "application/json";
const UNKNOWN: &str = "application/octet-stream";

/// Writes the fields of an object as the parts of a body, and tells its content type.
///
/// Text, numbers and files are parts as they are, and a list of them as many parts of one name. An object or a list with objects
/// is one part of JSON, as OpenAPI 3.0 says. Nulls are left out. `content_types` are those that the document declares, by field, and `delimited`
/// says what stands between the items of a list that is one part.
///
/// The body is in memory as a whole, so that a request can be sent again.
///
/// # Errors
///
/// Fails, without a value, if the body does not convert or is not an object, if a file lies deeper than a field or a list in
/// one, or if a content type is none.
pub(super) fn multipart(
    body: &(impl Serialize + ?Sized),
    content_types: &[(&str, &str)],
    delimited: &[(&str, &str)],
) -> Result<(HeaderValue, Vec<u8>), String> {
    let parts = parts(body, content_types, delimited)?;
    // Nobody can foresee it, so that no content has it in it.
    let boundary = random();
    let kind =
        HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}")).map_err(|_| FAILURE.to_owned())?;
    Ok((kind, write(&parts, &boundary)))
}

struct Part {
    name: String,
    file_name: Option<String>,
    content_type: Option<String>,
    content: Bytes,
}

enum Content {
    File(FilePart),
    Text(String),
    Json(String),
}

fn parts(
    body: &(impl Serialize + ?Sized),
    content_types: &[(&str, &str)],
    delimited: &[(&str, &str)],
) -> Result<Vec<Part>, String> {
    let (json, mut files) = Files::gather(|| serde_json::to_string(body));
    // The reason could quote a value.
    let json = json.map_err(|_| FAILURE)?;
    let object = match Shape::read(&json).map_err(|_| FAILURE)? {
        Shape::Object(object) => object,
        Shape::Null => Vec::new(),
        Shape::Text(_) | Shape::List(_) => return Err("the multipart body is not an object".to_owned()),
    };
    let mut parts = Vec::new();
    for (name, raw) in object {
        let declared = declared(&name, content_types);
        let contents = contents(raw, declared.is_some_and(is_json), &mut files).map_err(|_| FAILURE)?;
        for content in joined(contents, delimiter(&name, delimited)) {
            parts.push(Part::new(&name, content, declared)?);
        }
    }
    if files.is_any_left() {
        return Err("the multipart body has a file inside of JSON, where it cannot go".to_owned());
    }
    Ok(parts)
}

/// Returns the content type that the document declares for a field, unless it leaves a choice.
fn declared<'a>(name: &str, content_types: &[(&str, &'a str)]) -> Option<&'a str> {
    let (_, declared) = content_types.iter().find(|(field, _)| *field == name)?;
    (!declared.contains([',', '*'])).then_some(*declared)
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == JSON || essence.ends_with("+json")
}

/// Returns the contents of the parts that one field makes.
fn contents(raw: &RawValue, as_json: bool, files: &mut Files) -> serde_json::Result<Vec<Content>> {
    let json = || vec![Content::Json(raw.get().to_owned())];
    Ok(match Shape::read(raw.get())? {
        Shape::Null => Vec::new(),
        Shape::Text(text) => match files.take(&text) {
            Some(file) => vec![Content::File(file)],
            None if as_json => json(),
            None => vec![Content::Text(text)],
        },
        Shape::List(list) => match plain_items(&list)? {
            Some(items) if !as_json || items.iter().any(|item| files.is_mark(item)) => {
                items.into_iter().map(|item| files.take(&item).map_or(Content::Text(item), Content::File)).collect()
            }
            _ => json(),
        },
        Shape::Object(_) => json(),
    })
}

/// Makes one part of a list of texts, where the document says what stands between them.
fn joined(contents: Vec<Content>, delimiter: Option<&str>) -> Vec<Content> {
    let texts: Vec<_> = contents
        .iter()
        .filter_map(|one| if let Content::Text(text) = one { Some(text.as_str()) } else { None })
        .collect();
    match delimiter {
        Some(delimiter) if texts.len() > 1 && texts.len() == contents.len() => {
            vec![Content::Text(texts.join(delimiter))]
        }
        _ => contents,
    }
}

/// Returns the items of a list but the nulls, if none has parts itself.
fn plain_items(list: &[&RawValue]) -> serde_json::Result<Option<Vec<String>>> {
    let mut items = Vec::new();
    for raw in list {
        match Shape::read(raw.get())? {
            Shape::Null => {}
            Shape::Text(text) => items.push(text),
            Shape::List(_) | Shape::Object(_) => return Ok(None),
        }
    }
    Ok(Some(items))
}

impl Part {
    fn new(name: &str, content: Content, declared: Option<&str>) -> Result<Self, String> {
        let declared = declared.map(str::to_owned);
        let (file_name, content_type, content) = match content {
            Content::File(FilePart { content, file_name, content_type }) => {
                let kind = content_type.or(declared).unwrap_or_else(|| UNKNOWN.to_owned());
                (Some(file_name.unwrap_or_else(|| name.to_owned())), Some(kind), content)
            }
            Content::Text(text) => (None, declared, text.into()),
            Content::Json(json) => (None, declared.or_else(|| Some(JSON.to_owned())), json.into()),
        };
        // A line break would begin another header.
        if content_type.as_ref().is_some_and(|kind| HeaderValue::from_str(kind).is_err()) {
            return Err(format!("the part `{name}` has a content type that no header may hold"));
        }
        Ok(Self { name: name.to_owned(), file_name, content_type, content })
    }

    fn head(&self) -> String {
        let mut head = format!("Content-Disposition: form-data; name=\"{}\"", escape(&self.name));
        if let Some(file_name) = &self.file_name {
            head.push_str(&format!("; filename=\"{}\"", escape(file_name)));
        }
        if let Some(content_type) = &self.content_type {
            head.push_str(&format!("\r\nContent-Type: {content_type}"));
        }
        head
    }
}

/// Escapes a name as the [HTML standard](https://html.spec.whatwg.org/#multipart-form-data) does.
fn escape(name: &str) -> String {
    name.replace('\n', "%0A").replace('\r', "%0D").replace('"', "%22")
}

fn write(parts: &[Part], boundary: &str) -> Vec<u8> {
    const HEAD: usize = 256;
    let mut body = Vec::with_capacity(parts.iter().map(|part| part.content.len() + HEAD).sum());
    for part in parts {
        body.extend_from_slice(format!("--{boundary}\r\n{}\r\n\r\n", part.head()).as_bytes());
        body.extend_from_slice(&part.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Upload {
        titre: &'static str,
        pages: Option<u16>,
        ratio: f32,
        urgent: bool,
        absent: Option<String>,
        file: FilePart,
    }

    fn upload(file: FilePart) -> Upload {
        Upload { titre: "Hélène", pages: Some(3), ratio: 0.1, urgent: true, absent: None, file }
    }

    /// Returns the body with `B` for its boundary.
    fn sent(body: &impl Serialize, content_types: &[(&str, &str)]) -> Result<String, String> {
        let (kind, body) = multipart(body, content_types, &[])?;
        let boundary = kind.to_str().unwrap().strip_prefix("multipart/form-data; boundary=").unwrap();
        Ok(String::from_utf8(body).unwrap().replace(boundary, "B"))
    }

    /// Returns the heads and contents of the parts of a body that is otherwise as it should be.
    fn sent_parts(body: &impl Serialize, content_types: &[(&str, &str)]) -> Vec<(String, String)> {
        let text = sent(body, content_types).unwrap();
        let parts = text.strip_suffix("--B--\r\n").unwrap();
        let cut = |part: &str| {
            let (head, content) = part.strip_suffix("\r\n").unwrap().split_once("\r\n\r\n").unwrap();
            (head.replace("Content-Disposition: form-data; ", ""), content.to_owned())
        };
        parts.split("--B\r\n").skip(1).map(cut).collect()
    }

    fn pairs(wanted: &[(&str, &str)]) -> Vec<(String, String)> {
        wanted.iter().map(|(head, content)| ((*head).to_owned(), (*content).to_owned())).collect()
    }

    #[test]
    fn fields_and_files_are_parts_in_their_order() {
        let wanted = "--B\r\nContent-Disposition: form-data; name=\"titre\"\r\n\r\nHélène\r\n\
            --B\r\nContent-Disposition: form-data; name=\"pages\"\r\n\r\n3\r\n\
            --B\r\nContent-Disposition: form-data; name=\"ratio\"\r\n\r\n0.1\r\n\
            --B\r\nContent-Disposition: form-data; name=\"urgent\"\r\n\r\ntrue\r\n\
            --B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\
            Content-Type: application/octet-stream\r\n\r\na\r\nb\r\n--B--\r\n";
        assert_eq!(sent(&upload(FilePart::new("a\r\nb")), &[]).as_deref(), Ok(wanted));
    }

    #[test]
    fn a_file_has_the_name_and_type_that_it_was_given() {
        let head = |file: FilePart, declared| sent_parts(&upload(file), &[("file", declared)]).pop().unwrap().0;
        let file = FilePart::new("x").file_name("été \"1\"\r\n.pdf");
        let named = "name=\"file\"; filename=\"été %221%22%0D%0A.pdf\"\r\nContent-Type: ";
        assert_eq!(head(file.clone(), "image/png"), format!("{named}image/png"));
        assert_eq!(head(file.clone().content_type("application/pdf"), "image/png"), format!("{named}application/pdf"));
        for choice in ["image/png, image/jpeg", "image/*"] {
            assert_eq!(head(file.clone(), choice), format!("{named}application/octet-stream"));
        }
    }

    #[test]
    fn lists_are_repeated_and_what_has_parts_itself_is_json() {
        const IS_JSON: &str = "\r\nContent-Type: application/json";
        for (body, declared, wanted) in [
            (json!({ "a": [1, null, "x"] }), "", vec![("name=\"a\"", "1"), ("name=\"a\"", "x")]),
            (json!({ "a": [], "b": null }), "", vec![]),
            (json!({ "a": { "b": [1, null] } }), "", vec![("name=\"a\"{}", r#"{"b":[1,null]}"#)]),
            (json!({ "a": [{ "b": 1 }, null] }), "", vec![("name=\"a\"{}", r#"[{"b":1},null]"#)]),
            (json!({ "a": ["x"] }), JSON, vec![("name=\"a\"{}", r#"["x"]"#)]),
            (json!({ "a": "x" }), JSON, vec![("name=\"a\"{}", r#""x""#)]),
            (json!({}), "", vec![]),
            (json!(null), "", vec![]),
        ] {
            let content_types: &[_] = if declared.is_empty() { &[] } else { &[("a", declared)] };
            let wanted: Vec<_> = wanted.iter().map(|(head, content)| (head.replace("{}", IS_JSON), *content)).collect();
            let wanted: Vec<_> = wanted.iter().map(|(head, content)| (head.as_str(), *content)).collect();
            assert_eq!(sent_parts(&body, content_types), pairs(&wanted), "{body}");
        }
    }

    #[test]
    fn a_declared_content_type_is_told() {
        let declared = [("a", "text/csv"), ("b", "application/vnd.api+json;charset=utf-8"), ("c", "application/xml")];
        let wanted = [
            ("name=\"a\"\r\nContent-Type: text/csv", "x"),
            ("name=\"b\"\r\nContent-Type: application/vnd.api+json;charset=utf-8", "\"x\""),
        ];
        assert_eq!(sent_parts(&json!({ "a": "x", "b": "x" }), &declared), pairs(&wanted));
    }

    #[test]
    fn files_in_a_list_are_parts_of_one_name() {
        let files = [FilePart::new("1").file_name("one"), FilePart::new("2").content_type("text/plain")];
        let body = std::collections::BTreeMap::from([("files", files)]);
        let wanted = [
            ("name=\"files\"; filename=\"one\"\r\nContent-Type: application/json", "1"),
            ("name=\"files\"; filename=\"files\"\r\nContent-Type: text/plain", "2"),
        ];
        assert_eq!(sent_parts(&body, &[("files", JSON)]), pairs(&wanted));
    }

    #[test]
    fn a_name_is_escaped() {
        let wanted = [("name=\"a%22%0D%0Ab\"", "x")];
        assert_eq!(sent_parts(&json!({ "a\"\r\nb": "x" }), &[]), pairs(&wanted));
    }

    #[test]
    fn the_bytes_of_a_file_stay_as_they_are() {
        let bytes: Vec<u8> = (0..=255).collect();
        let (_, body) = multipart(&upload(bytes.clone().into()), &[], &[]).unwrap();
        assert!(body.windows(bytes.len()).any(|window| window == bytes));
    }

    #[test]
    fn what_is_no_multipart_body_is_refused_without_being_shown() {
        for body in [json!("hush-hush"), json!(["hush-hush"])] {
            assert_eq!(sent(&body, &[]), Err("the multipart body is not an object".to_owned()));
        }
        let stubborn = std::collections::HashMap::from([(vec!["hush-hush"], 1)]);
        assert_eq!(sent(&stubborn, &[]), Err("the multipart body does not convert".to_owned()));
        let kind = upload(FilePart::new("x").content_type("a/b\r\nX-Evil: hush-hush"));
        let refusal = "the part `file` has a content type that no header may hold".to_owned();
        assert_eq!(sent(&kind, &[]), Err(refusal));
    }

    #[test]
    fn a_file_inside_of_json_is_refused() {
        let refusal = Err("the multipart body has a file inside of JSON, where it cannot go".to_owned());
        let inner = std::collections::BTreeMap::from([("file", FilePart::new("hush-hush"))]);
        assert_eq!(sent(&std::collections::BTreeMap::from([("outer", &inner)]), &[]), refusal);
        assert_eq!(sent(&std::collections::BTreeMap::from([("outer", [&inner])]), &[]), refusal);
    }
}
