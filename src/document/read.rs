//! Reads a document: JSON or YAML, told apart by what it holds, within limits that a hostile one cannot pass.

#[path = "read/yaml.rs"]
mod yaml;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Number, Value};

use super::report::{Refusal, short};

/// The most bytes that a document may have, with the files that it refers to. The largest public ones have 12 MiB.
pub(crate) const SIZE: usize = 16 << 20;
/// The most objects and lists within each other. The passes recurse, and `serde_json` reads back no more than 128.
pub(crate) const DEPTH: usize = 100;
/// The most values that a document may hold, aliases written out. More could be read, but no client of it compiled.
const NODES: usize = 1_000_000;

/// Reads a document.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Refusal> {
    parse_within(bytes, &mut Budget::default())
}

/// Reads one file of a document, the files of which share a budget.
pub(super) fn parse_within(bytes: &[u8], budget: &mut Budget) -> Result<Value, Refusal> {
    budget.take_bytes(bytes.len()).map_err(whole)?;
    let text = text(bytes)?;
    let value = match text.trim_start() {
        "" => return Err(whole("it is empty: download it again")),
        start if is_json(start) => json(text, budget)?,
        // Flow style is YAML's likeness of JSON. What is neither was meant to be JSON.
        start if start.starts_with('{') => yaml::parse(text, budget).or_else(|_| json(text, budget))?,
        start => {
            recognise(start)?;
            yaml::parse(text, budget)?
        }
    };
    match value {
        Value::Object(_) => Ok(value),
        Value::Null => Err(whole("it holds nothing but blanks and comments: download it again")),
        other => Err(whole(format!("it is not an OpenAPI document, which is an object: it says {}", short(&other)))),
    }
}

/// What the files of a document may use up together.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: usize,
    nodes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: SIZE, nodes: NODES }
    }
}

impl Budget {
    fn take_bytes(&mut self, count: usize) -> Result<(), String> {
        let size = SIZE - self.bytes + count;
        self.bytes = self.bytes.checked_sub(count).ok_or_else(|| too_large(size as u64))?;
        Ok(())
    }

    /// Refuses what could not be taken.
    fn check_nodes(&self, count: usize) -> Result<(), String> {
        Self { ..*self }.take_nodes(count)
    }

    pub(super) fn take_nodes(&mut self, count: usize) -> Result<(), String> {
        let rest = self.nodes.checked_sub(count);
        self.nodes = rest.ok_or_else(|| {
            format!("it holds more than {NODES} values (aliases written out): split it by operations")
        })?;
        Ok(())
    }
}

/// Says what is wrong with so many bytes.
pub(super) fn too_large(size: u64) -> String {
    const MIB: u64 = 1 << 20;
    let tenths = size.saturating_mul(10).div_ceil(MIB);
    let (whole, tenth, most) = (tenths / 10, tenths % 10, SIZE as u64 / MIB);
    format!(
        "{whole}.{tenth} MiB are more than is read ({most} MiB, all files together): leave out what no client needs"
    )
}

/// Counts what a copy of a value costs, long texts by their length too, and its levels.
pub(super) fn measure(value: &Value) -> (usize, usize) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => (1, 0),
        Value::String(text) => (1 + excess(text), 0),
        Value::Array(items) => items.iter().map(measure).fold((1, 1), add),
        Value::Object(fields) => {
            let names = fields.keys().map(|name| excess(name)).sum::<usize>();
            fields.values().map(measure).fold((1 + names, 1), add)
        }
    }
}

/// Counts as how many values more a text weighs.
fn excess(text: &str) -> usize {
    /// About the bytes of a value.
    const VALUE: usize = 64;
    text.len() / VALUE
}

fn add((weight, height): (usize, usize), (inner_weight, inner_height): (usize, usize)) -> (usize, usize) {
    (weight + inner_weight, height.max(inner_height + 1))
}

fn too_deep() -> String {
    format!("it is nested more than {DEPTH} levels deep: give the inner schemas names and refer to them")
}

fn twice(name: &str) -> String {
    format!("the key {} is there twice, and one of the two would be lost: take one out", short(&name.into()))
}

fn whole(reason: impl Into<String>) -> Refusal {
    Refusal::new("", reason)
}

fn place(line: usize, column: usize) -> String {
    format!("line {line}, column {column}")
}

fn text(bytes: &[u8]) -> Result<&str, Refusal> {
    /// How other files begin, and what to do with them.
    const OTHERS: [(&[u8], &str); 6] = [
        (b"\xFF\xFE", "it is UTF-16 (as `>` of PowerShell writes): save it as UTF-8"),
        (b"\xFE\xFF", "it is UTF-16: save it as UTF-8"),
        (b"\0\0\xFE\xFF", "it is UTF-32: save it as UTF-8"),
        (b"PK\x03\x04", "it is a ZIP archive: unpack it and give the document inside"),
        (b"\x1F\x8B", "it is compressed by gzip: unpack it first"),
        (b"%PDF", "it is a PDF file: download the document as JSON or YAML"),
    ];
    if let Some((_, what)) = OTHERS.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err(whole(*what));
    }
    if matches!(bytes, [0, _, ..] | [_, 0, ..]) {
        return Err(whole("it begins like UTF-16: save it as UTF-8"));
    }
    let text = str::from_utf8(bytes).map_err(|error| not_utf8(bytes.get(..error.valid_up_to()).unwrap_or_default()))?;
    Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text))
}

fn not_utf8(before: &[u8]) -> Refusal {
    let line = before.split(|byte| *byte == b'\n').count();
    let column = before.rsplit(|byte| *byte == b'\n').next().map_or(0, <[u8]>::len) + 1;
    Refusal::new(place(line, column), "here is a byte that is not UTF-8: save the document as UTF-8")
}

/// Tells whether a text is meant as JSON: there, what follows the brace is a quoted name.
fn is_json(start: &str) -> bool {
    let inside = start.strip_prefix('{').map(str::trim_start);
    start.starts_with('[') || inside.is_some_and(|inside| inside.is_empty() || inside.starts_with(['"', '}']))
}

/// Names what is no document but often saved as one.
fn recognise(start: &str) -> Result<(), Refusal> {
    // `<<` is YAML's merge key.
    if !start.starts_with('<') || start.starts_with("<<") {
        return Ok(());
    }
    let head = start.chars().take(1000).collect::<String>().to_ascii_lowercase();
    Err(whole(if head.starts_with("<?xml") && !head.contains("<html") {
        "it is XML, and an OpenAPI document is JSON or YAML"
    } else {
        "it is an HTML page, perhaps the log-in page that the portal is behind: log in and download the document again"
    }))
}

fn json(text: &str, budget: &mut Budget) -> Result<Value, Refusal> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Node { level: 0, budget }.deserialize(&mut reader);
    value.and_then(|value| reader.end().map(|()| value)).map_err(|error| {
        let message = error.to_string();
        let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
        let reason = match error.classify() {
            Category::Data => message.to_owned(),
            Category::Eof => format!("the file is cut short ({message}): download it again"),
            Category::Syntax | Category::Io => format!("it is not valid JSON: {message}"),
        };
        Refusal::new(place(error.line(), error.column()), reason)
    })
}

/// Where a value of a JSON text goes. `serde_json`'s own `Value` keeps the last of two fields with one name, silently.
struct Node<'a> {
    level: usize,
    budget: &'a mut Budget,
}

impl<'a> Node<'a> {
    /// Goes into a list or an object: gives the level of what is in it.
    fn enter<E: serde::de::Error>(self) -> Result<(usize, &'a mut Budget), E> {
        if self.level >= DEPTH { Err(E::custom(too_deep())) } else { Ok((self.level + 1, self.budget)) }
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        self.budget.take_nodes(1).map_err(D::Error::custom)?;
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let (level, budget) = self.enter()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Node { level, budget: &mut *budget })? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let (level, budget) = self.enter()?;
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom(twice(&name)));
            }
            object.insert(name, fields.next_value_seed(Node { level, budget: &mut *budget })?);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(bytes: impl AsRef<[u8]>) -> String {
        parse(bytes.as_ref()).unwrap_err().to_string()
    }

    #[test]
    fn json_and_yaml_are_told_apart_by_what_they_hold() {
        for text in [
            r#"{"openapi": "3.0.3", "paths": {}}"#,
            "\u{FEFF} \r\n{\"openapi\": \"3.0.3\", \"paths\": {}}\n",
            "openapi: 3.0.3\npaths: {}\n",
            "\u{FEFF}# a comment\r\n---\r\nopenapi: 3.0.3\r\npaths: {}\r\n...\r\n",
            "{openapi: 3.0.3, paths: {}}",
            "{'openapi': '3.0.3', paths: {},}",
            "--- {\"openapi\": \"3.0.3\", \"paths\": {}}",
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(json!({"openapi": "3.0.3", "paths": {}})), "{text}");
        }
        assert_eq!(parse(b"{}"), Ok(json!({})));
    }

    #[test]
    fn json_is_read_with_its_types_and_in_its_order() {
        let text = r#"{"z":[null,true,-1,18446744073709551615,1.5,2.0,1e400000000000],"a":{"é\n":""}}"#;
        assert_eq!(refusal(text), "at line 1, column 60: it is not valid JSON: number out of range");
        let text = text.replace(",1e400000000000", "");
        assert_eq!(parse(text.as_bytes()).unwrap().to_string(), text);
    }

    #[test]
    fn malformed_json_is_refused_with_its_place() {
        for (text, expected) in [
            ("{\n  \"a\": 1,\n}", "at line 3, column 1: it is not valid JSON: trailing comma"),
            ("{\"a\": b}", "at line 1, column 7: it is not valid JSON: expected value"),
            ("{\"a\": 1} {}", "at line 1, column 10: it is not valid JSON: trailing characters"),
            ("{,}", "at line 1, column 2: it is not valid JSON: key must be a string"),
            ("{\"a\": \"\t\"}", "at line 1, column 8: it is not valid JSON: control character"),
            (
                "{\"a\": [1,",
                "at line 1, column 9: the file is cut short (EOF while parsing a value): download it again",
            ),
            ("{", "at line 1, column 1: the file is cut short (EOF while parsing an object): download it again"),
        ] {
            assert!(refusal(text).starts_with(expected), "{text}: {}", refusal(text));
        }
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused() {
        let expected = "the key \"a\" is there twice, and one of the two would be lost: take one out";
        assert_eq!(refusal("{\"b\": {\"a\": 1,\n \"a\": 1}}"), format!("at line 2, column 4: {expected}"));
        assert_eq!(refusal("b:\n  a: 1\n  'a': 1\n"), format!("at line 3, column 3: {expected}"));
    }

    #[test]
    fn what_is_no_document_is_named() {
        for (bytes, named) in [
            (b"".as_slice(), "it is empty"),
            (b"\xEF\xBB\xBF \r\n\t", "it is empty"),
            (b"# nothing\n", "nothing but blanks and comments"),
            (b"\xFF\xFE{\0}\0", "it is UTF-16 (as"),
            (b"\xFE\xFF\0{\0}", "it is UTF-16: save"),
            (b"{\0}\0", "it begins like UTF-16"),
            (b"\0o\0p", "it begins like UTF-16"),
            (b"\0\0\xFE\xFF\0\0\0{", "it is UTF-32"),
            (b"a: b\nc: M\xE9nage", "at line 2, column 5: here is a byte that is not UTF-8"),
            (b"PK\x03\x04", "ZIP"),
            (b"\x1F\x8B\x08", "gzip"),
            (b"%PDF-1.7", "PDF"),
            (b"\n<!DOCTYPE html>\n<title>Connexion", "perhaps the log-in page"),
            (b"<?xml version=\"1.0\"?><html lang=fr>", "perhaps the log-in page"),
            (b"<script>location = '/login'</script>", "perhaps the log-in page"),
            (b"<?xml version=\"1.0\"?><definitions/>", "it is XML"),
            (b"[{}]", "it says [{}]"),
            (b"- a\n- b", "it says [\"a\",\"b\"]"),
            (b"Forbidden", "it says \"Forbidden\""),
            (b"\"{}\"", "it says \"{}\""),
            (b"403", "it says 403"),
        ] {
            assert!(refusal(bytes).contains(named), "{}: {}", String::from_utf8_lossy(bytes), refusal(bytes));
        }
    }

    #[test]
    fn a_large_document_is_refused_unread() {
        assert_eq!(
            refusal(vec![b' '; 50 << 20]),
            "50.0 MiB are more than is read (16 MiB, all files together): leave out what no client needs"
        );
        assert!(refusal(vec![b' '; SIZE + 1]).starts_with("16.1 MiB"));
    }

    #[test]
    fn a_deep_document_is_refused() {
        let nested =
            |open: &str, close: &str, levels: usize| format!("{}{}", open.repeat(levels), close.repeat(levels));
        let wrapped = |levels| {
            [
                format!("{{\"a\":{}}}", nested("[", "]", levels - 1)),
                nested("{\"a\":", "}", levels - 1).replacen(":}", ":{}}", 1),
                format!("a: {}", nested("[", "]", levels - 1)),
                format!("a: {}", nested("{b: ", "}", levels - 1)),
                format!("a:\n {}b", nested("- ", "", levels - 1)),
                (0..levels).map(|level| format!("{}a:\n", " ".repeat(level))).collect(),
            ]
        };
        for text in wrapped(DEPTH) {
            assert!(parse(text.as_bytes()).unwrap().is_object());
        }
        for text in wrapped(DEPTH + 1) {
            assert!(refusal(&text).contains("it is nested more than 100 levels deep"), "{text}: {}", refusal(&text));
            assert!(refusal(&text).starts_with("at line "), "{}", refusal(&text));
        }
        // As blocks, each level takes up a line as long as itself: the file's size is the limit.
        for text in wrapped(10_000).into_iter().filter(|text| text.len() < SIZE) {
            assert!(refusal(&text).contains("deep"), "{}", refusal(&text));
        }
    }

    #[test]
    fn a_document_of_too_many_values_is_refused() {
        let many = format!("{{\"a\":[{}0]}}", "0,".repeat(NODES));
        assert!(
            refusal(&many).ends_with("it holds more than 1000000 values (aliases written out): split it by operations")
        );
    }

    #[test]
    fn a_document_cut_anywhere_is_read_or_refused() {
        let json = r#"{"openapi": "3.0.3", "é\u00e9": [1, -2.5e3, true, null, {"a": "b\n"}]}"#;
        let yaml = "%YAML 1.2\n---\nopenapi: &v 3.0.3\n\"é\\u00e9\": [*v, {a: ~}]\nb: |\n  c\n\
                    ? d\n: - !!str 1\n  - >-\n   e\n<<: {f: 'g'}\n...\n";
        for text in [json, yaml] {
            for end in 0..text.len() {
                let cut = text.as_bytes().get(..end).unwrap();
                match parse(cut) {
                    Ok(value) => assert!(value.is_object() && text == yaml, "{}", String::from_utf8_lossy(cut)),
                    Err(refusal) => assert!(!refusal.to_string().is_empty()),
                }
            }
            assert!(parse(text.as_bytes()).unwrap().is_object());
        }
    }
}
