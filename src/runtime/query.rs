//! Query arguments in the styles of OpenAPI.

use std::fmt;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::text::{Shape, encode, fields, item, items};

/// How a query argument is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryStyle {
    /// `name=a&name=b` if exploded, `name=a,b` if not.
    Form {
        /// Whether each item and each field is a pair of its own.
        explode: bool,
    },
    /// `name=a b`
    SpaceDelimited,
    /// `name=a|b`
    PipeDelimited,
    /// `name=a` and `b` after a tab: `tsv` of Swagger 2.0.
    TabDelimited,
    /// `name[field]=a`
    DeepObject,
    /// The value as JSON, for a parameter whose `content` is `application/json`.
    Json,
}

/// A query argument: no pair, one, or several.
///
/// Given to `Url::query`, it is encoded as the document means it: what stands between two items can be told from the same
/// character inside of one. Given to reqwest's `query`, which encodes both alike and writes a blank as `+`, it cannot.
#[must_use = "it goes into a request"]
pub struct Query {
    pairs: Vec<Pair>,
    failed: Option<String>,
}

struct Pair {
    name: String,
    items: Vec<String>,
    between: Delimiter,
}

#[derive(Clone, Copy)]
enum Delimiter {
    Comma,
    Space,
    Pipe,
    Tab,
}

impl Query {
    /// Takes an argument. One that does not convert fails where it is used.
    pub fn new(name: &str, style: QueryStyle, value: &(impl Serialize + ?Sized)) -> Self {
        let pairs = serde_json::to_string(value).and_then(|json| pairs(name, style, json));
        match pairs {
            Ok(pairs) => Self { pairs, failed: None },
            // The reason could quote the value.
            Err(_) => Self { pairs: Vec::new(), failed: Some(format!("query argument `{name}` does not convert")) },
        }
    }

    /// Returns `name=value` of each pair, encoded.
    pub(super) fn encoded(&self) -> Result<impl Iterator<Item = String>, &str> {
        match &self.failed {
            Some(failure) => Err(failure),
            None => Ok(self.pairs.iter().map(Pair::encoded)),
        }
    }
}

impl Serialize for Query {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.failed {
            Some(failure) => Err(S::Error::custom(failure)),
            None => serializer.collect_seq(self.pairs.iter().map(|pair| (&pair.name, pair.text()))),
        }
    }
}

impl fmt::Debug for Query {
    /// Shows no argument.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Query").field("failed", &self.failed).finish_non_exhaustive()
    }
}

impl Pair {
    fn new(name: impl Into<String>, text: String) -> Self {
        Self { name: name.into(), items: vec![text], between: Delimiter::Comma }
    }

    fn text(&self) -> String {
        self.items.join(self.between.text())
    }

    fn encoded(&self) -> String {
        let items: Vec<_> = self.items.iter().map(|item| encode(item)).collect();
        format!("{}={}", encode(&self.name), items.join(self.between.encoded()))
    }
}

impl Delimiter {
    const fn text(self) -> &'static str {
        match self {
            Self::Comma => ",",
            Self::Space => " ",
            Self::Pipe => "|",
            Self::Tab => "\t",
        }
    }

    /// Returns what stands between two items in a URL, where only the comma may be itself.
    const fn encoded(self) -> &'static str {
        match self {
            Self::Comma => ",",
            Self::Space => "%20",
            Self::Pipe => "%7C",
            Self::Tab => "%09",
        }
    }
}

fn pairs(name: &str, style: QueryStyle, json: String) -> serde_json::Result<Vec<Pair>> {
    match style {
        QueryStyle::Json if json == "null" => Ok(Vec::new()),
        QueryStyle::Json => Ok(vec![Pair::new(name, json)]),
        QueryStyle::DeepObject => deep(name, &json),
        QueryStyle::Form { explode: true } => exploded(name, &json),
        QueryStyle::Form { explode: false } => delimited(name, &json, Delimiter::Comma),
        QueryStyle::SpaceDelimited => delimited(name, &json, Delimiter::Space),
        QueryStyle::PipeDelimited => delimited(name, &json, Delimiter::Pipe),
        QueryStyle::TabDelimited => delimited(name, &json, Delimiter::Tab),
    }
}

/// Makes a pair of each item and of each field. A list in a field is a pair of each item in turn: `sort` of Spring's `Pageable`.
fn exploded(name: &str, json: &str) -> serde_json::Result<Vec<Pair>> {
    let Shape::Object(object) = Shape::read(json)? else { return repeated(name, json) };
    let pairs: Result<Vec<_>, _> = object.iter().map(|(field, raw)| exploded_field(field, raw)).collect();
    Ok(pairs?.into_iter().flatten().collect())
}

fn exploded_field(name: &str, raw: &RawValue) -> serde_json::Result<Vec<Pair>> {
    match Shape::read(raw.get())? {
        Shape::List(_) => repeated(name, raw.get()),
        _ => Ok(item(raw)?.map(|text| Pair::new(name, text)).into_iter().collect()),
    }
}

/// Makes a pair of each item, all of one name.
fn repeated(name: &str, json: &str) -> serde_json::Result<Vec<Pair>> {
    let items = match Shape::read(json)? {
        Shape::Null => Vec::new(),
        Shape::Text(text) => vec![text],
        Shape::List(list) => items(&list)?,
        Shape::Object(_) => vec![json.to_owned()],
    };
    Ok(items.into_iter().map(|text| Pair::new(name, text)).collect())
}

/// Makes a pair of each field, however deep it lies, named `name[outer][inner]`.
fn deep(name: &str, json: &str) -> serde_json::Result<Vec<Pair>> {
    let Shape::Object(object) = Shape::read(json)? else { return repeated(name, json) };
    let mut pairs = Vec::new();
    for (field, raw) in object {
        pairs.extend(deep(&format!("{name}[{field}]"), raw.get())?);
    }
    Ok(pairs)
}

/// Makes one pair of all items, or of the names and values of all fields in turn.
fn delimited(name: &str, json: &str, between: Delimiter) -> serde_json::Result<Vec<Pair>> {
    let items = match Shape::read(json)? {
        Shape::Null => Vec::new(),
        Shape::Text(text) => vec![text],
        Shape::List(list) => items(&list)?,
        Shape::Object(object) => fields(object)?.into_iter().flat_map(|(name, value)| [name, value]).collect(),
    };
    Ok(if items.is_empty() { Vec::new() } else { vec![Pair { name: name.to_owned(), items, between }] })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const EXPLODED: QueryStyle = QueryStyle::Form { explode: true };
    const FORM: QueryStyle = QueryStyle::Form { explode: false };

    /// Returns the query as `Url` encodes it, and as reqwest does.
    fn both(style: QueryStyle, value: &Value) -> (String, Option<String>) {
        let query = Query::new("q", style, value);
        let own: Vec<_> = query.encoded().unwrap().collect();
        let request = reqwest::Client::new().get("https://host/").query(&query).build().unwrap();
        (own.join("&"), request.url().query().map(str::to_owned))
    }

    #[test]
    fn each_style_is_written_as_openapi_says() {
        let list = json!(["a", null, 1, true]);
        let object = json!({ "r": 100, "s": "x y" });
        for (style, value, own, by_reqwest) in [
            (EXPLODED, &list, "q=a&q=1&q=true", "q=a&q=1&q=true"),
            (FORM, &list, "q=a,1,true", "q=a%2C1%2Ctrue"),
            (QueryStyle::SpaceDelimited, &list, "q=a%201%20true", "q=a+1+true"),
            (QueryStyle::PipeDelimited, &list, "q=a%7C1%7Ctrue", "q=a%7C1%7Ctrue"),
            (QueryStyle::TabDelimited, &list, "q=a%091%09true", "q=a%091%09true"),
            (QueryStyle::DeepObject, &list, "q=a&q=1&q=true", "q=a&q=1&q=true"),
            (EXPLODED, &object, "r=100&s=x%20y", "r=100&s=x+y"),
            (FORM, &object, "q=r,100,s,x%20y", "q=r%2C100%2Cs%2Cx+y"),
            (QueryStyle::SpaceDelimited, &object, "q=r%20100%20s%20x%20y", "q=r+100+s+x+y"),
            (QueryStyle::DeepObject, &object, "q%5Br%5D=100&q%5Bs%5D=x%20y", "q%5Br%5D=100&q%5Bs%5D=x+y"),
        ] {
            assert_eq!(both(style, value), (own.to_owned(), Some(by_reqwest.to_owned())), "{style:?} {value}");
        }
    }

    #[test]
    fn a_json_parameter_is_one_json_text() {
        let json = "q=%7B%22r%22%3A%5B1%2Cnull%5D%7D".to_owned();
        assert_eq!(both(QueryStyle::Json, &json!({ "r": [1, null] })), (json.clone(), Some(json)));
        let quoted = "q=%22a%22".to_owned();
        assert_eq!(both(QueryStyle::Json, &json!("a")), (quoted.clone(), Some(quoted)));
    }

    #[test]
    fn primitives_are_the_same_in_every_style() {
        for style in [EXPLODED, FORM, QueryStyle::SpaceDelimited, QueryStyle::DeepObject] {
            for (value, wanted) in [(json!(""), "q="), (json!("é&"), "q=%C3%A9%26"), (json!(1.5), "q=1.5")] {
                assert_eq!(both(style, &value), (wanted.to_owned(), Some(wanted.to_owned())), "{style:?}");
            }
        }
    }

    #[test]
    fn nothing_sends_nothing() {
        let styles = [EXPLODED, FORM, QueryStyle::PipeDelimited, QueryStyle::DeepObject];
        for style in styles {
            for value in [json!(null), json!([]), json!([null]), json!({}), json!({ "r": null })] {
                assert_eq!(both(style, &value), (String::new(), None), "{style:?} {value}");
            }
        }
        assert_eq!(both(QueryStyle::Json, &json!(null)), (String::new(), None));
    }

    #[test]
    fn nested_objects_and_lists_have_a_place() {
        let value = json!({ "a": { "b": { "c": 1 }, "l": [2, 3] }, "l": [{ "d": 4 }] });
        let deep = "q%5Ba%5D%5Bb%5D%5Bc%5D=1&q%5Ba%5D%5Bl%5D=2&q%5Ba%5D%5Bl%5D=3&q%5Bl%5D=%7B%22d%22%3A4%7D";
        assert_eq!(both(QueryStyle::DeepObject, &value).0, deep);
        let pageable = json!({ "page": 0, "sort": ["name,asc", "age"] });
        assert_eq!(both(EXPLODED, &pageable).0, "page=0&sort=name%2Casc&sort=age");
        assert_eq!(both(EXPLODED, &json!({ "a": { "b": 1 } })).0, "a=%7B%22b%22%3A1%7D");
    }

    #[test]
    fn a_comma_inside_of_an_item_is_not_one_between_items() {
        assert_eq!(both(FORM, &json!(["a,b", "c"])).0, "q=a%2Cb,c");
    }

    #[test]
    fn an_argument_that_does_not_convert_fails_the_request_without_being_shown() {
        let value = std::collections::HashMap::from([(vec!["hush-hush"], 1)]);
        let query = Query::new("q", EXPLODED, &value);
        assert_eq!(format!("{query:?}"), r#"Query { failed: Some("query argument `q` does not convert"), .. }"#);
        let error = reqwest::Client::new().get("https://host/").query(&query).build().unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("query argument `q` does not convert"));
        assert!(error.is_builder(), "{error:?}");
    }

    #[test]
    fn debug_shows_no_argument() {
        assert_eq!(format!("{:?}", Query::new("q", EXPLODED, "hush-hush")), "Query { failed: None, .. }");
    }
}
