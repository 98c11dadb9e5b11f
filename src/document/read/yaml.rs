//! Reads YAML 1.2 into the values of JSON.
//!
//! A plain scalar is what the [core schema](https://yaml.org/spec/1.2.2/#103-core-schema) says, but a key is its text
//! (`200:`), and a number that JSON would print otherwise stays text (`version: 1.10`).

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};
use serde_json::{Map, Number, Value};

use super::super::report::Refusal;
use super::{Budget, DEPTH, measure, place, too_deep, twice};

/// Reads the one document that a text holds.
pub(super) fn parse(text: &str, budget: &mut Budget) -> Result<Value, Refusal> {
    // The parser reads a flow collection to its end before it tells of it: no event would come in time to stop it.
    let indicators = text.bytes().filter(|byte| b"[]{},:?&*!".contains(byte)).count();
    budget.check_nodes(indicators / INDICATORS).map_err(|reason| Refusal::new("", reason))?;
    let mut tree = Tree { budget, open: Vec::new(), anchored: BTreeMap::new(), root: None };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| malformed(&error))?;
        tree.take(event).map_err(|reason| Refusal::new(at(span.start), reason))?;
    }
    Ok(tree.root.unwrap_or_default())
}

/// The most of YAML's indicators that a value has in a document of common form: before, behind and after it.
const INDICATORS: usize = 3;

fn malformed(error: &ScanError) -> Refusal {
    let reason = match error.info() {
        // The parser reads ahead in flow collections: it may meet its own limit first.
        "recursion limit exceeded" => too_deep(),
        info => format!("it is not valid YAML: {info}"),
    };
    Refusal::new(at(*error.marker()), reason)
}

fn at(mark: Marker) -> String {
    place(mark.line(), mark.col() + 1)
}

/// The document as far as it is read.
struct Tree<'a> {
    budget: &'a mut Budget,
    /// The collections that the next value is in, the outermost first.
    open: Vec<Collection>,
    anchored: BTreeMap<usize, Anchored>,
    root: Option<Value>,
}

struct Collection {
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Value>),
    Mapping(Mapping),
}

#[derive(Default)]
struct Mapping {
    fields: Map<String, Value>,
    key: Option<Key>,
    merged: Vec<Value>,
}

enum Key {
    Name(String),
    /// `<<`: what its mapping holds is held by this one too.
    Merge,
}

/// What an alias stands for.
struct Anchored {
    value: Value,
    weight: usize,
    height: usize,
}

impl Tree<'_> {
    fn take(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::DocumentStart(_) if self.root.is_some() => {
                Err("here begins a second document: keep the one that is meant".to_owned())
            }
            Event::Scalar(text, style, anchor, tag) => self.scalar(&text, style, anchor, tag.as_deref()),
            Event::Alias(id) => self.alias(id),
            Event::SequenceStart(anchor, _) => self.begin(anchor, Content::List(Vec::new())),
            Event::MappingStart(anchor, _) => self.begin(anchor, Content::Mapping(Mapping::default())),
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, anchor: usize, tag: Option<&Tag>) -> Result<(), String> {
        self.budget.take_nodes(1)?;
        let value = resolve(text, style, tag);
        self.remember(anchor, &value)?;
        match self.mapping_without_key() {
            Some(mapping) if text == "<<" && style == ScalarStyle::Plain => mapping.key = Some(Key::Merge),
            Some(mapping) => mapping.name(text.to_owned())?,
            None => self.put(value)?,
        }
        Ok(())
    }

    fn alias(&mut self, id: usize) -> Result<(), String> {
        let Some(Anchored { value, weight, height }) = self.anchored.get(&id) else {
            return Err("the alias stands for the node that it is in: write out what is meant".to_owned());
        };
        if self.open.len() + height > DEPTH {
            return Err(too_deep());
        }
        self.budget.take_nodes(*weight)?;
        let value = value.clone();
        match self.mapping_without_key() {
            Some(mapping) => mapping.name(key_of(value)?),
            None => self.put(value),
        }
    }

    fn begin(&mut self, anchor: usize, content: Content) -> Result<(), String> {
        self.budget.take_nodes(1)?;
        if self.open.len() >= DEPTH {
            return Err(too_deep());
        }
        if self.mapping_without_key().is_some() {
            return Err(NO_KEY.to_owned());
        }
        self.open.push(Collection { anchor, content });
        Ok(())
    }

    fn end(&mut self) -> Result<(), String> {
        let Some(Collection { anchor, content }) = self.open.pop() else { return Ok(()) };
        let value = match content {
            Content::List(items) => Value::Array(items),
            Content::Mapping(mapping) => mapping.finish(),
        };
        self.remember(anchor, &value)?;
        self.put(value)
    }

    /// Keeps a copy of an anchored value. The copies count: each level of nested anchors makes one.
    fn remember(&mut self, anchor: usize, value: &Value) -> Result<(), String> {
        if anchor != 0 {
            let (weight, height) = measure(value);
            self.budget.take_nodes(weight)?;
            self.anchored.insert(anchor, Anchored { value: value.clone(), weight, height });
        }
        Ok(())
    }

    fn mapping_without_key(&mut self) -> Option<&mut Mapping> {
        match &mut self.open.last_mut()?.content {
            Content::Mapping(mapping) if mapping.key.is_none() => Some(mapping),
            Content::Mapping(_) | Content::List(_) => None,
        }
    }

    fn put(&mut self, value: Value) -> Result<(), String> {
        match self.open.last_mut().map(|collection| &mut collection.content) {
            None => self.root = Some(value),
            Some(Content::List(items)) => items.push(value),
            Some(Content::Mapping(mapping)) => mapping.put(value)?,
        }
        Ok(())
    }
}

impl Mapping {
    fn name(&mut self, name: String) -> Result<(), String> {
        if self.fields.contains_key(&name) {
            return Err(twice(&name));
        }
        self.key = Some(Key::Name(name));
        Ok(())
    }

    fn put(&mut self, value: Value) -> Result<(), String> {
        match (self.key.take(), value) {
            (Some(Key::Name(name)), value) => drop(self.fields.insert(name, value)),
            (_, value @ Value::Object(_)) => self.merged.push(value),
            (_, Value::Array(items)) if items.iter().all(Value::is_object) => self.merged.extend(items),
            _ => return Err("only mappings can be merged by `<<`: write out what is meant".to_owned()),
        }
        Ok(())
    }

    /// Adds what is merged: the mapping's own fields come first, then the earlier of what `<<` lists.
    fn finish(self) -> Value {
        let mut fields = self.fields;
        for merged in self.merged {
            let Value::Object(merged) = merged else { continue };
            for (name, value) in merged {
                fields.entry(name).or_insert(value);
            }
        }
        fields.into()
    }
}

const NO_KEY: &str = "the key is a list or a mapping: in an OpenAPI document, keys are text";

fn key_of(value: Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text),
        Value::Array(_) | Value::Object(_) => Err(NO_KEY.to_owned()),
        scalar => Ok(scalar.to_string()),
    }
}

fn resolve(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let tag = tag.map(|tag| format!("{}{}", tag.handle, tag.suffix));
    let tag = tag.as_deref().map(|tag| tag.strip_prefix("tag:yaml.org,2002:").unwrap_or(tag));
    match tag {
        Some("int" | "float" | "bool" | "null") => plain(text),
        Some("str" | "!" | "binary" | "timestamp") => text.into(),
        _ if style == ScalarStyle::Plain => plain(text),
        _ => text.into(),
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ => number(text).map_or_else(|| text.into(), Value::Number),
    }
}

/// Reads a number that loses nothing as one. 1.10 is no such number: it may be a version.
fn number(text: &str) -> Option<Number> {
    if let Some(number) = radix(text, "0x", 16).or_else(|| radix(text, "0o", 8)) {
        return Some(number);
    }
    let whole = text.parse::<u64>().map(Number::from).or_else(|_| text.parse::<i64>().map(Number::from));
    let number = whole.ok().or_else(|| Number::from_f64(text.parse().ok()?))?;
    (number.to_string() == text).then_some(number)
}

fn radix(text: &str, prefix: &str, radix: u32) -> Option<Number> {
    let digits = text.strip_prefix(prefix).filter(|digits| !digits.starts_with('+'))?;
    u64::from_str_radix(digits, radix).ok().map(Number::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Result<Value, String> {
        parse(text, &mut Budget::default()).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn plain_scalars_are_what_the_core_schema_says() {
        for (text, expected) in [
            ("", json!(null)),
            ("~", json!(null)),
            ("null", json!(null)),
            ("true", json!(true)),
            ("False", json!(false)),
            ("yes", json!("yes")),
            ("0", json!(0)),
            ("-12", json!(-12)),
            ("18446744073709551615", json!(u64::MAX)),
            ("0x1F", json!(31)),
            ("0o17", json!(15)),
            ("0x+1", json!("0x+1")),
            ("1.5", json!(1.5)),
            ("3.0", json!(3.0)),
            (".inf", json!(".inf")),
            ("nan", json!("nan")),
            ("2016-01-01", json!("2016-01-01")),
            ("2016-01-01T10:00:00Z", json!("2016-01-01T10:00:00Z")),
            ("12:30", json!("12:30")),
            ("3.0.3", json!("3.0.3")),
            ("<<", json!("<<")),
        ] {
            assert_eq!(read(&format!("a: {text}")), Ok(json!({"a": expected})), "{text}");
        }
    }

    #[test]
    fn a_number_that_would_lose_something_stays_text() {
        for text in [
            "1.10",
            "1.",
            "007",
            "+5",
            "-0",
            "1e3",
            "18446744073709551616",
            "0.1000000000000000055",
            "0xFFFFFFFFFFFFFFFFF",
        ] {
            assert_eq!(read(&format!("a: {text}")), Ok(json!({"a": text})), "{text}");
        }
    }

    #[test]
    fn quoted_scalars_are_text_and_tags_decide() {
        for (text, expected) in [
            ("'12'", json!("12")),
            ("\"true\"", json!("true")),
            ("''", json!("")),
            ("|-\n  1", json!("1")),
            ("!!str 12", json!("12")),
            ("!!str", json!("")),
            ("! 12", json!("12")),
            ("!!int '12'", json!(12)),
            ("!!float 1.5", json!(1.5)),
            ("!<tag:yaml.org,2002:str> 12", json!("12")),
            ("!local 12", json!(12)),
            ("!local {b: 1}", json!({"b": 1})),
        ] {
            assert_eq!(read(&format!("a: {text}")), Ok(json!({"a": expected})), "{text}");
        }
    }

    #[test]
    fn keys_are_their_text() {
        let text = "200: a\n1.10: b\ntrue: c\n~: d\n0x1F: e\n2016-01-01: f\n'': g\n&k h: *k\n*k : i\n";
        assert_eq!(read(&text.replace("*k :", "? - *k\n:")).unwrap_err(), format!("at line 9, column 3: {NO_KEY}"));
        assert_eq!(
            read(text).unwrap_err(),
            "at line 9, column 1: the key \"h\" is there twice, and one of the two would be lost: take one out"
        );
        let expected =
            json!({"200": "a", "1.10": "b", "true": "c", "~": "d", "0x1F": "e", "2016-01-01": "f", "": "g", "h": "h"});
        assert_eq!(read(text.trim_end_matches("*k : i\n")), Ok(expected));
        assert_eq!(read("a: &k 5\n*k : b"), Ok(json!({"a": 5, "5": "b"})));
        assert_eq!(read("a: &k []\n*k : b").unwrap_err(), format!("at line 2, column 1: {NO_KEY}"));
    }

    #[test]
    fn aliases_stand_for_what_they_name() {
        let text = "a: &x {b: &y [1]}\nc: *x\nd: *y\ne: &x 2\nf: *x\n";
        assert_eq!(read(text), Ok(json!({"a": {"b": [1]}, "c": {"b": [1]}, "d": [1], "e": 2, "f": 2})));
        assert!(read("a: *b").unwrap_err().starts_with("at line 1, column 4: it is not valid YAML: "));
        assert!(read("a: &b [*b]").unwrap_err().starts_with("at line 1, column 8: the alias stands for the node"));
    }

    #[test]
    fn merged_mappings_fill_what_is_not_there() {
        let text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: [*a, *b], x: 3}\nd: {x: 4, <<: *b, \"<<\": 5}\n";
        let document = read(text).unwrap();
        assert_eq!(document["c"], json!({"x": 3, "y": 1, "z": 2}));
        assert_eq!(document["d"], json!({"x": 4, "<<": 5, "y": 2, "z": 2}));
        for wrong in ["<<: 1", "<<: [1]", "<<:"] {
            assert!(read(wrong).unwrap_err().contains("only mappings can be merged"), "{wrong}");
        }
    }

    #[test]
    fn what_aliases_and_anchors_copy_is_limited() {
        let bombed = |text: &str| {
            let refusal = parse(text, &mut Budget { nodes: 10_000, ..Budget::default() }).unwrap_err().to_string();
            assert!(refusal.contains("more than 1000000 values"), "{refusal}");
        };
        let mut nested = "a0: &a0 [lol]\n".to_owned();
        for level in 1..20 {
            let below = format!("*a{}", level - 1);
            nested += &format!("a{level}: &a{level} [{}]\n", [below.as_str(); 9].join(","));
        }
        bombed(&nested);
        bombed(&format!("a: &a {}\nb: [{}]\n", "-".repeat(10_000), "*a,".repeat(100)));
        let anchors: String = (0..90).map(|level| format!("&a{level} [")).collect();
        bombed(&format!("a: {anchors}{}{}", "0,".repeat(1000), "]".repeat(90)));
    }

    #[test]
    fn what_aliases_stand_for_may_be_too_deep() {
        let deep = |levels: usize| format!("a: &a {}{}\nb: [*a]", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(read(&deep(DEPTH - 2)).unwrap()["b"][0].as_array().map(Vec::len), Some(1));
        assert!(read(&deep(DEPTH - 1)).unwrap_err().starts_with("at line 2, column 5: it is nested"));
    }

    #[test]
    fn brackets_without_end_are_refused_before_they_are_read() {
        let text = format!("a: [{}", "[]".repeat(4_000_000));
        assert!(read(&text).unwrap_err().starts_with("it holds more than 1000000 values"));
    }

    #[test]
    fn a_second_document_is_refused() {
        assert_eq!(read("---\na: 1\n...\n"), Ok(json!({"a": 1})));
        assert_eq!(
            read("a: 1\n---\nb: 2\n").unwrap_err(),
            "at line 2, column 1: here begins a second document: keep the one that is meant"
        );
    }

    #[test]
    fn malformed_yaml_is_refused_with_its_place() {
        for (text, line) in
            [("a: 1\n b: 2", 2), ("a: [1", 2), ("a: 'b", 1), ("a:\n\t- b", 2), ("a: @b", 1), ("a: b: c", 1)]
        {
            let refusal = read(text).unwrap_err();
            assert!(refusal.starts_with(&format!("at line {line}, column ")), "{text}: {refusal}");
            assert!(refusal.contains(": it is not valid YAML: "), "{text}: {refusal}");
        }
    }
}
