//! An operation as the comparison sees it: its parameters, bodies and answers.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::part::Part;

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// An operation of one document.
#[derive(Clone, Debug)]
pub(super) struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    pub(super) part: Part<'a>,
}

/// A parameter of one operation.
#[derive(Debug)]
pub(super) struct Parameter<'a> {
    location: &'a str,
    pub(super) name: &'a str,
    pub(super) part: Part<'a>,
}

/// Schemas by media type.
pub(super) type Content<'a> = BTreeMap<String, Part<'a>>;

/// Responses by status.
pub(super) type Responses<'a> = BTreeMap<&'a str, Part<'a>>;

/// What tells a parameter from the others: where it is, and its name there.
type ParameterKey<'a> = (&'a str, String);

/// Lists the operations of a document.
pub(super) fn operations<'a>(document: &'a Value) -> Vec<Operation<'a>> {
    let of_path = |(path, item): (&'a str, Part<'a>)| {
        let methods = METHODS.into_iter().filter_map(move |method| Some((method, item.get(method)?)));
        methods.filter(|(_, part)| part.value.is_object()).map(move |(method, part)| Operation { method, path, part })
    };
    Part::new(document, "").fields_of("paths").flat_map(of_path).collect()
}

impl<'a> Operation<'a> {
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// The name without the names of the path's parameters.
    pub(super) fn template(&self) -> String {
        let parts = segments(self.path).map(|(text, parameter)| text.to_owned() + parameter.map_or("", |_| "{}"));
        format!("{} {}", self.method, parts.collect::<String>())
    }

    pub(super) fn id(&self) -> Option<&'a str> {
        self.part.text("operationId")
    }

    /// Its parameters, known by name; those of the path by position, and headers in small letters.
    pub(super) fn parameters(&self) -> BTreeMap<ParameterKey<'a>, Parameter<'a>> {
        let names = segments(self.path).filter_map(|(_, parameter)| parameter);
        let positions: HashMap<&str, usize> = names.enumerate().map(|(position, name)| (name, position)).collect();
        let mut parameters = BTreeMap::new();
        for part in self.part.items_of("parameters") {
            let (Some(location), Some(name)) = (part.text("in"), part.text("name")) else { continue };
            let key = match (location, positions.get(name)) {
                ("path", Some(position)) => format!("{{{position}}}"),
                ("header", _) => name.to_lowercase(),
                _ => name.to_owned(),
            };
            parameters.entry((location, key)).or_insert(Parameter { location, name, part });
        }
        parameters
    }

    pub(super) fn responses(&self) -> Responses<'a> {
        self.part.fields_of("responses").collect()
    }
}

impl<'a> Parameter<'a> {
    pub(super) fn is_in_path(&self) -> bool {
        self.location == "path"
    }

    pub(super) fn is_required(&self) -> bool {
        self.is_in_path() || self.part.says("required")
    }

    pub(super) fn title(&self) -> String {
        format!("{} parameter {}", self.location, self.name)
    }

    pub(super) fn schema(&self) -> Part<'a> {
        let of_content = || content(&self.part).into_values().next();
        self.part.get("schema").or_else(of_content).unwrap_or_else(|| self.part.at("schema"))
    }

    /// How the value is written (OpenAPI 3.0.3, "Style Values"). One without parts is written the same, exploded or not.
    pub(super) fn style(&self, has_parts: bool) -> String {
        let usual = if matches!(self.location, "query" | "cookie") { "form" } else { "simple" };
        let style = self.part.text("style").unwrap_or(usual);
        let explode = self.part.value.get("explode").and_then(Value::as_bool).unwrap_or(style == "form");
        if has_parts && explode { format!("{style}, exploded") } else { style.to_owned() }
    }
}

/// Reads the schemas of a body. A media type is known by its name alone, without parameters such as `charset`.
pub(super) fn content<'a>(body: &Part<'a>) -> Content<'a> {
    let mut content = Content::new();
    for (name, media) in body.fields_of("content") {
        let name = name.split(';').next().unwrap_or_default().trim().to_lowercase();
        content.entry(name).or_insert_with(|| media.at("schema"));
    }
    content
}

/// Returns the response that a document has for a status: its own, or that of a range.
pub(super) fn counterpart<'r, 'a>(responses: &'r Responses<'a>, status: &str) -> Option<(&'a str, &'r Part<'a>)> {
    let range = status.chars().next().map(|class| format!("{class}XX")).unwrap_or_default();
    let known = responses.get_key_value(status).or_else(|| responses.get_key_value(range.as_str()));
    known.map(|(status, response)| (*status, response))
}

/// Splits a path into texts, each with the name of the parameter that follows it.
fn segments(path: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    path.split_inclusive('}').map(|part| {
        let inside = part.strip_suffix('}').and_then(|part| part.rsplit_once('{'));
        inside.map_or((part, None), |(text, name)| (text, Some(name)))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_template_has_no_names() {
        let document = json!({});
        for (path, expected) in [
            ("/a/{id}/b/{c}.pdf", "get /a/{}/b/{}.pdf"),
            ("/a", "get /a"),
            ("", "get "),
            ("/{{x}}/{", "get /{{}}/{"),
            ("}/{é}", "get }/{}"),
        ] {
            let operation = Operation { method: "get", path, part: Part::new(&document, "") };
            assert_eq!(operation.template(), expected);
        }
    }
}
