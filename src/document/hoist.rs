//! Schemas without a name: each that becomes a Rust type of its own is made a component.
//!
//! Left in place, the generator would derive a name for it, and take it for another of the same name without a word.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::all_of::union_key;
use super::pointer::unescaped;
use super::references::{components, reference_to, unique};
use super::report::{Refusal, Report, join};
use super::schemas;

/// Proposes a name for a schema that has none.
pub(super) const NAME: &str = "x-menage-name";

/// Makes components of objects, enumerations, unions and sums of parts, wherever they stand.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    let operations = Operations::of(document);
    let mut hoister = Hoister { operations, taken: component_names(document), new: Vec::new(), report };
    schemas::each(document, &mut |pointer, schema| hoister.mend(pointer, schema));
    let mut named = Map::new();
    while let Some((name, mut schema)) = hoister.new.pop() {
        let pointer = join("/components/schemas", &name);
        schemas::within(&pointer, &mut schema, &mut |pointer, schema| hoister.mend(pointer, schema));
        named.insert(name, schema);
    }
    if !named.is_empty() {
        components(document)?.extend(named);
    }
    Ok(())
}

fn component_names(document: &Value) -> BTreeSet<String> {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object);
    schemas.into_iter().flatten().map(|(name, _)| name.clone()).collect()
}

struct Hoister<'a> {
    operations: Operations,
    taken: BTreeSet<String>,
    new: Vec<(String, Value)>,
    report: &'a mut Report,
}

impl Hoister<'_> {
    fn mend(&mut self, pointer: &str, schema: &mut Value) {
        if !needs_name(schema) || is_component(pointer) || is_part(pointer) {
            return;
        }
        let hint = schema.as_object_mut().and_then(|fields| fields.remove(NAME));
        let wanted = match (hint, is_variant(pointer)) {
            (Some(Value::String(hint)), true) => format!("{}_{hint}", self.operations.name_at(&parent_of(pointer, 2))),
            _ => self.operations.name_at(pointer),
        };
        let name = unique(&wanted, |name| self.taken.contains(name));
        self.report.adapted(pointer, "a schema without a name", format!("the component {name}"));
        self.report.moved(&join("/components/schemas", &name), pointer);
        let mut reference = reference_to(&name);
        for mark in ["nullable", "readOnly", super::inheritance::TAGS, super::responses::STATUS] {
            if let Some(found) = schema.as_object_mut().and_then(|fields| fields.remove(mark)) {
                reference[mark] = found;
            }
        }
        self.taken.insert(name.clone());
        self.new.push((name, std::mem::replace(schema, reference)));
    }
}

/// Tells whether a schema becomes a type that needs a name.
fn needs_name(schema: &Value) -> bool {
    schema.as_object().is_some_and(|fields| {
        fields.contains_key("properties")
            || fields.contains_key("enum")
            || fields.contains_key("allOf")
            || union_key(fields).is_some()
    })
}

fn is_component(pointer: &str) -> bool {
    pointer.strip_prefix("/components/schemas/").is_some_and(|rest| !rest.contains('/'))
}

fn is_part(pointer: &str) -> bool {
    is_item_of(pointer, &["/allOf"])
}

fn is_variant(pointer: &str) -> bool {
    is_item_of(pointer, &["/oneOf", "/anyOf"])
}

/// Tells whether a pointer leads to an item of such a list. A property may have the name of one: what is in it has no number.
fn is_item_of(pointer: &str, lists: &[&str]) -> bool {
    let item = pointer.rsplit_once('/').filter(|(_, index)| index.parse::<usize>().is_ok());
    item.is_some_and(|(list, _)| lists.iter().any(|end| list.ends_with(end)))
}

fn parent_of(pointer: &str, levels: usize) -> String {
    let mut tokens: Vec<_> = pointer.split('/').collect();
    tokens.truncate(tokens.len().saturating_sub(levels));
    tokens.join("/")
}

/// What the names of an operation's own types begin with.
pub(super) fn base_name(operation: &Value, path: &str, method: &str) -> String {
    let id = operation.get("operationId").and_then(Value::as_str).filter(|id| !id.is_empty());
    id.map_or_else(|| format!("{method}_{path}"), str::to_owned)
}

/// Where each operation stands, and what a name begins with there.
struct Operations(BTreeMap<String, (String, Vec<String>)>);

impl Operations {
    fn of(document: &mut Value) -> Self {
        let mut all = BTreeMap::new();
        schemas::operations(document, &mut |pointer, path, method, operation| {
            let name = base_name(operation, path, method);
            let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
            let names = parameters.map(|one| one.get("name").and_then(Value::as_str).unwrap_or_default().to_owned());
            all.insert(pointer.to_owned(), (name, names.collect()));
        });
        Self(all)
    }

    /// Derives a name from where a schema stands.
    fn name_at(&self, pointer: &str) -> String {
        let (mut words, rest) = match pointer.strip_prefix("/components/schemas/") {
            Some(rest) => (Vec::new(), rest),
            None => self.words_of_operation(pointer),
        };
        const STRUCTURE: [&str; 8] =
            ["properties", "items", "additionalProperties", "allOf", "oneOf", "anyOf", "schema", "content"];
        let mut tokens = rest.split('/').peekable();
        while let Some(token) = tokens.next() {
            let is_list = matches!(token, "allOf" | "oneOf" | "anyOf");
            if !STRUCTURE.contains(&token) && !token.is_empty() {
                words.push(unescaped(token));
            } else if token == "properties"
                && let Some(name) = tokens.next()
            {
                words.push(unescaped(name));
            } else if is_list
                && let Some(index) = tokens.next()
                && token != "allOf"
            {
                words.push(index.parse::<usize>().map_or(index.to_owned(), |index| (index + 1).to_string()));
            }
        }
        words.join("_")
    }

    fn words_of_operation<'p>(&self, pointer: &'p str) -> (Vec<String>, &'p str) {
        // `/paths`, the path, the method, and what is in it.
        let end = pointer.match_indices('/').nth(3).map_or(pointer.len(), |(end, _)| end);
        let found = self.0.get(&pointer[..end]).map(|(name, parameters)| (name, parameters, &pointer[end..]));
        let Some((name, parameters, rest)) = found else { return (Vec::new(), pointer) };
        let mut tokens = rest.trim_start_matches('/').splitn(3, '/');
        let (kind, which, rest) =
            (tokens.next().unwrap_or_default(), tokens.next().unwrap_or_default(), tokens.next().unwrap_or_default());
        let parameter = which.parse::<usize>().ok().and_then(|index| parameters.get(index));
        let word = match (kind, parameter) {
            ("parameters", Some(parameter)) => parameter.clone(),
            ("requestBody", _) => "body".to_owned(),
            ("responses", _) if which.starts_with('2') || which == "default" => "response".to_owned(),
            ("responses", _) => format!("response_{which}"),
            _ => kind.to_owned(),
        };
        // What is left begins with the media type, which says nothing of the schema.
        (vec![name.clone(), word], rest.split_once("schema/").map_or("", |(_, rest)| rest))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_becomes_a_type_gets_a_name_from_where_it_stands() {
        let object = |name: &str| json!({"type": "object", "properties": {(name): {"type": "string"}}});
        let mut document = json!({
            "paths": {"/a": {"get": {
                "operationId": "list",
                "parameters": [{"name": "sort", "schema": {"type": "string", "enum": ["A"]}}],
                "requestBody": {"content": {"application/json": {"schema": object("b")}}},
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"type": "array", "items": object("r")}}}},
                    "404": {"content": {"application/json": {"schema": object("e")}}},
                },
            }}},
            "components": {"schemas": {
                "A": {"type": "object", "properties": {
                    "p": {"type": "object", "nullable": true, "properties": {"q": object("x")}},
                    "m": {"type": "object", "additionalProperties": object("y")},
                    "s": {"type": "string"},
                    "allOf": {"type": "array", "items": object("i")},
                }},
                "A_p": {"type": "string"},
                "U": {"oneOf": [{"type": "object", "properties": {}, "x-menage-name": "Petit"}, {"type": "string"}, object("z")]},
                "P": {"allOf": [object("in_a_part"), {"type": "object", "properties": {"deep": object("d")}}]},
            }},
        });
        let mut report = Report::default();
        apply(&mut document, &mut report).unwrap();
        let schemas = &document["components"]["schemas"];
        assert_eq!(document["paths"]["/a"]["get"]["parameters"][0]["schema"], reference_to("list_sort"));
        assert_eq!(schemas["list_body"], object("b"));
        assert_eq!(schemas["list_response"], object("r"));
        assert_eq!(schemas["list_response_404"], object("e"));
        assert_eq!(
            schemas["A"]["properties"],
            json!({
                "p": {"$ref": "#/components/schemas/A_p2", "nullable": true},
                "m": {"type": "object", "additionalProperties": reference_to("A_m")},
                "s": {"type": "string"},
                "allOf": {"type": "array", "items": reference_to("A_allOf")},
            })
        );
        assert_eq!(schemas["A_p2"], json!({"type": "object", "properties": {"q": reference_to("A_p2_q")}}));
        assert_eq!(schemas["U"]["oneOf"], json!([reference_to("U_Petit"), {"type": "string"}, reference_to("U_3")]));
        assert_eq!(
            schemas["P"]["allOf"],
            json!([object("in_a_part"), {"type": "object", "properties": {"deep": reference_to("P_deep")}}])
        );
        let once = document.clone();
        apply(&mut document, &mut report).unwrap();
        assert_eq!(document, once);
    }
}
