//! Schemas made of parts: `allOf` becomes the one schema that has them all.

use serde_json::{Map, Value};

use super::hoist::NAME;
use super::inheritance::{TAG, TAGS};
use super::pointer::unescaped;
use super::references::name_of;
use super::report::{Refusal, Report, join, short};
use super::schemas;

/// Puts the parts of every `allOf` together. What stands beside `oneOf` or `anyOf` goes into each variant.
///
/// A schema that refers to one other and adds nothing stays a reference; `nullable` and `description` stand beside it then.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    let components = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let mut steps = STEPS;
    schemas::each(document, &mut |pointer, schema| {
        if let Some(fields) = schema.as_object_mut()
            && (fields.contains_key("allOf") || is_mixed_union(fields))
        {
            if pointer.matches('/').count() > DEPTH {
                report.degraded(pointer, "parts that hold each other without end", "any JSON");
                return fields.clear();
            }
            let whole = std::mem::take(fields);
            let open = component_at(pointer).into_iter().collect();
            let mut merger = Merger { components: &components, pointer, report, open, steps: &mut steps };
            *schema = Value::Object(merger.whole(whole));
        }
    });
    Ok(())
}

/// Tells whether a union has fields that all its variants share.
fn is_mixed_union(fields: &Map<String, Value>) -> bool {
    union_key(fields).is_some() && (fields.contains_key("properties") || fields.contains_key("type"))
}

pub(super) fn union_key(fields: &Map<String, Value>) -> Option<&'static str> {
    ["oneOf", "anyOf"].into_iter().find(|key| fields.contains_key(*key))
}

/// Parts that are put together in one document at most: one that has more was made to have more.
const STEPS: usize = 200_000;
/// Tokens of a pointer at most, for the same reason: what has a name stands in no other schema by now.
const DEPTH: usize = 100;
/// Parts within parts at most.
const CHAIN: usize = 100;

struct Merger<'a> {
    components: &'a Value,
    pointer: &'a str,
    report: &'a mut Report,
    /// The components that are being put together, so that a circle ends.
    open: Vec<String>,
    steps: &'a mut usize,
}

impl Merger<'_> {
    /// Makes one schema of a schema and its parts.
    fn whole(&mut self, mut own: Map<String, Value>) -> Map<String, Value> {
        let parts = match own.remove("allOf") {
            Some(Value::Array(parts)) => parts,
            _ => Vec::new(),
        };
        let union = union_key(&own).and_then(|key| Some((key, own.remove(key)?)));
        let notes = notes_of(&own);
        if let ([part], None, true) = (parts.as_slice(), &union, is_note(&own))
            && name_of(part).is_some()
        {
            let mut reference = part.as_object().cloned().unwrap_or_default();
            reference.extend(notes);
            return reference;
        }
        let mut whole = Map::new();
        let mut unions = Vec::new();
        for part in parts {
            let part = self.part(part);
            self.add(&mut whole, &mut unions, part);
        }
        own.retain(|name, _| !NOTES.contains(&name.as_str()));
        self.add(&mut whole, &mut unions, own);
        if let Some((key, Value::Array(variants))) = union {
            unions.push((key.to_owned(), variants));
        }
        self.distribute(&mut whole, unions);
        whole.extend(notes);
        whole
    }

    /// A part with what it refers to in its place, itself put together.
    fn part(&mut self, part: Value) -> Map<String, Value> {
        let Some(name) = name_of(&part) else {
            let fields = part.as_object().cloned().unwrap_or_default();
            return self.whole_part(fields);
        };
        let fields = self.components.get(&name).and_then(Value::as_object).cloned().unwrap_or_default();
        let size = fields.get("properties").and_then(Value::as_object).map_or(1, |properties| 1 + properties.len());
        *self.steps = self.steps.saturating_sub(size);
        if self.open.contains(&name) || self.open.len() > CHAIN || *self.steps == 0 {
            self.report.degraded(self.pointer, format!("a part of itself, by {name}"), "the other parts");
            return Map::new();
        }
        let fields = self.without_own_union(fields);
        self.open.push(name);
        let whole = self.whole_part(fields);
        self.open.pop();
        whole
    }

    /// A parent that is the union of its heirs gives them its fields, not the choice among themselves.
    fn without_own_union(&self, mut fields: Map<String, Value>) -> Map<String, Value> {
        let key = union_key(&fields).filter(|key| {
            let variants = fields.get(*key).and_then(Value::as_array).into_iter().flatten();
            variants.filter_map(name_of).any(|name| self.open.contains(&name))
        });
        if let Some(key) = key {
            fields.remove(key);
            fields.remove(TAG);
        }
        fields
    }

    fn whole_part(&mut self, fields: Map<String, Value>) -> Map<String, Value> {
        let mut whole = if fields.contains_key("allOf") { self.whole(fields) } else { fields };
        if whole.contains_key("$ref") {
            whole = self.part(Value::Object(whole));
        }
        whole.remove("description");
        whole.remove("readOnly");
        whole
    }

    /// Adds a part to what there is. Unions among the parts are kept for later.
    fn add(
        &mut self,
        whole: &mut Map<String, Value>,
        unions: &mut Vec<(String, Vec<Value>)>,
        mut part: Map<String, Value>,
    ) {
        if let Some(key) = union_key(&part)
            && let Some(Value::Array(variants)) = part.remove(key)
        {
            unions.push((key.to_owned(), variants));
        }
        self.combine(whole, part);
    }

    fn combine(&mut self, whole: &mut Map<String, Value>, part: Map<String, Value>) {
        if let (Some(one), Some(other)) = (whole.get("type"), part.get("type"))
            && one != other
        {
            self.report.degraded(self.pointer, format!("parts of the types {one} and {other}"), "any JSON");
            whole.clear();
            return;
        }
        for (name, value) in part {
            match (name.as_str(), whole.get_mut(&name)) {
                (_, None) => drop(whole.insert(name, value)),
                ("properties", Some(Value::Object(there))) => self.combine_properties(there, value),
                ("required", Some(Value::Array(there))) => {
                    let more = value.as_array().cloned().unwrap_or_default();
                    there.extend(more.into_iter().filter(|name| !there.contains(name)).collect::<Vec<_>>());
                }
                ("enum", Some(Value::Array(there))) => {
                    there.retain(|one| value.as_array().is_some_and(|values| values.contains(one)));
                }
                ("nullable", Some(there)) => {
                    *there = Value::Bool(there == &Value::Bool(true) && value == Value::Bool(true))
                }
                ("format", Some(there)) if there == "int64" => *there = value,
                ("items" | "additionalProperties", Some(there)) if there.as_object().is_some_and(Map::is_empty) => {
                    *there = value
                }
                _ => {}
            }
        }
    }

    fn combine_properties(&mut self, there: &mut Map<String, Value>, more: Value) {
        let Value::Object(more) = more else { return };
        for (name, schema) in more {
            match there.get_mut(&name) {
                None => drop(there.insert(name, schema)),
                Some(known) if *known == schema || is_any(&schema) => {}
                Some(known) if is_any(known) => *known = schema,
                Some(known) => self.combine_property(&name, known, schema),
            }
        }
    }

    /// A property that two parts describe holds to both: each alone is true of it.
    fn combine_property(&mut self, name: &str, known: &mut Value, schema: Value) {
        let is_simple = |schema: &Value| {
            schema.get("type").is_some_and(|kind| kind != "object" && kind != "array")
                && schema.get("properties").is_none()
        };
        if is_simple(known) && is_simple(&schema) {
            if let (Value::Object(known), Value::Object(schema)) = (known, schema) {
                self.combine(known, schema);
            }
            return;
        }
        let pointer = join(&join(self.pointer, "properties"), name);
        let bare = |schema: &Value| {
            schema.get("type").is_some_and(|kind| kind == "object") && schema.get("properties").is_none()
        };
        let keeps_known = !is_simple(known) && (is_simple(&schema) || bare(&schema));
        if !keeps_known {
            self.report.degraded(&pointer, format!("two descriptions, one of them {}", short(known)), "the later one");
            *known = schema;
        }
    }

    /// Puts what all variants share into each of them.
    fn distribute(&mut self, whole: &mut Map<String, Value>, mut unions: Vec<(String, Vec<Value>)>) {
        // Variants that only say which fields must be there, or that say nothing, are constraints.
        unions.retain(|(_, variants)| variants.is_empty() || !variants.iter().all(is_constraint));
        let Some((key, variants)) = unions.pop() else { return };
        if !unions.is_empty() {
            self.report.degraded(self.pointer, format!("{} unions at once", unions.len() + 1), "the last of them");
        }
        let tag = whole.remove(TAG);
        let shared = std::mem::take(whole);
        let has_substance = shared.contains_key("properties");
        let variants =
            variants.into_iter().map(|variant| if has_substance { with_shared(&shared, variant) } else { variant });
        whole.insert(key, variants.collect());
        if let Some(tag) = tag {
            whole.insert(TAG.to_owned(), tag);
        }
        if shared.get("nullable") == Some(&Value::Bool(true)) {
            whole.insert("nullable".to_owned(), Value::Bool(true));
        }
    }
}

/// What is said about a schema, not what a value looks like.
const NOTES: [&str; 4] = ["description", "nullable", "deprecated", "readOnly"];

fn notes_of(fields: &Map<String, Value>) -> Map<String, Value> {
    NOTES.iter().filter_map(|name| Some(((*name).to_owned(), fields.get(*name)?.clone()))).collect()
}

/// Tells whether nothing but notes stands beside the parts. `type: object` says no more than the part does.
fn is_note(fields: &Map<String, Value>) -> bool {
    fields.iter().all(|(name, value)| NOTES.contains(&name.as_str()) || (name == "type" && value == "object"))
}

fn is_any(schema: &Value) -> bool {
    schema.as_object().is_some_and(|fields| fields.keys().all(|name| NOTES.contains(&name.as_str())))
}

/// Tells whether a variant says nothing of the type of a value.
fn is_constraint(variant: &Value) -> bool {
    let is_note = |name: &str| name == "required" || name == NAME || NOTES.contains(&name);
    variant
        .as_object()
        .is_some_and(|fields| fields.iter().all(|(name, value)| is_note(name) || (name == "type" && value == "object")))
}

/// The name of the component that a pointer is of, or is in.
fn component_at(pointer: &str) -> Option<String> {
    let token = pointer.strip_prefix("/components/schemas/")?.split('/').next()?;
    Some(unescaped(token))
}

/// A variant that has the shared fields too. It keeps its tags, and the name of the component that it was made of.
fn with_shared(shared: &Map<String, Value>, mut variant: Value) -> Value {
    let mut whole = Map::new();
    if let Some(name) = name_of(&variant) {
        whole.insert(NAME.to_owned(), name.into());
    }
    for mark in [TAGS, NAME] {
        if let Some(found) = variant.as_object_mut().and_then(|fields| fields.remove(mark)) {
            whole.insert(mark.to_owned(), found);
        }
    }
    let mut shared = shared.clone();
    shared.remove("nullable");
    whole.insert("allOf".to_owned(), Value::Array(vec![Value::Object(shared), variant]));
    Value::Object(whole)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::references::reference_to;
    use super::*;

    fn merged(schema: Value, others: Value) -> (Value, usize) {
        let mut document = json!({"components": {"schemas": others}});
        document["components"]["schemas"]["Z"] = schema;
        let mut report = Report::default();
        apply(&mut document, &mut report).unwrap();
        (document["components"]["schemas"]["Z"].take(), report.changes().len())
    }

    fn a_and_b() -> Value {
        json!({
            "A": {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "description": "of A"},
            "B": {"allOf": [reference_to("A"), {"type": "object", "properties": {"b": {}}, "additionalProperties": {}}]},
        })
    }

    #[test]
    fn one_reference_stays_one() {
        let whole = json!({"allOf": [reference_to("A")], "nullable": true, "description": "d", "type": "object"});
        let expected = json!({"$ref": "#/components/schemas/A", "nullable": true, "description": "d"});
        assert_eq!(merged(whole, a_and_b()), (expected, 0));
    }

    #[test]
    fn parts_are_put_together_with_what_they_are_made_of() {
        let whole =
            json!({"allOf": [reference_to("B"), {"required": ["c"]}], "properties": {"c": {}}, "description": "d"});
        let expected = json!({
            "type": "object", "properties": {"a": {"type": "string"}, "b": {}, "c": {}}, "required": ["a", "c"],
            "additionalProperties": {}, "description": "d",
        });
        assert_eq!(merged(whole, a_and_b()), (expected, 0));
    }

    #[test]
    fn a_circle_of_parts_ends_and_is_named() {
        let others = json!({"A": {"allOf": [reference_to("Z"), {"type": "object", "properties": {"a": {}}}]}});
        let whole = json!({"allOf": [reference_to("A"), {"properties": {"z": {}}}]});
        let (schema, changes) = merged(whole, others);
        assert_eq!(schema, json!({"type": "object", "properties": {"a": {}, "z": {}}}));
        assert!(changes > 0);
    }

    #[test]
    fn parts_of_other_types_make_any_json() {
        let (schema, changes) = merged(json!({"allOf": [{"type": "string"}, {"type": "integer"}]}), json!({}));
        assert_eq!((schema, changes), (json!({}), 1));
    }

    #[test]
    fn a_property_that_two_parts_describe_keeps_what_says_more() {
        let part = |schema: Value| json!({"type": "object", "properties": {"p": schema}});
        for (one, other, expected, told) in [
            (
                json!({"type": "string"}),
                json!({"type": "string", "format": "date"}),
                json!({"type": "string", "format": "date"}),
                0,
            ),
            (
                json!({"type": "string"}),
                json!({"type": "string", "enum": ["A"]}),
                json!({"type": "string", "enum": ["A"]}),
                0,
            ),
            (json!({}), reference_to("A"), reference_to("A"), 0),
            (reference_to("A"), json!({}), reference_to("A"), 0),
            (reference_to("A"), json!({"type": "object"}), reference_to("A"), 0),
            (reference_to("A"), reference_to("B"), reference_to("B"), 1),
            (json!({"type": "string"}), json!({"type": "integer"}), json!({}), 1),
        ] {
            let (schema, changes) = merged(json!({"allOf": [part(one), part(other)]}), a_and_b());
            assert_eq!((&schema["properties"]["p"], changes), (&expected, told));
        }
    }

    #[test]
    fn a_union_of_constraints_is_no_union() {
        let whole =
            json!({"type": "object", "properties": {"a": {}}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]});
        assert_eq!(merged(whole, json!({})).0, json!({"type": "object", "properties": {"a": {}}}));
    }

    #[test]
    fn constraints_may_have_titles() {
        let whole =
            json!({"type": "object", "properties": {"a": {}}, "oneOf": [{"required": ["a"], "x-menage-name": "By a"}]});
        assert_eq!(merged(whole, json!({})).0, json!({"type": "object", "properties": {"a": {}}}));
    }

    #[test]
    fn an_heir_has_its_parents_fields_and_not_the_union_of_all_heirs() {
        let others = json!({"P": {
            "type": "object", "properties": {"p": {}}, "oneOf": [reference_to("Z"), reference_to("Y")],
        }});
        let heir = json!({"allOf": [reference_to("P"), {"type": "object", "properties": {"z": {}}}]});
        assert_eq!(merged(heir, others).0, json!({"type": "object", "properties": {"p": {}, "z": {}}}));
    }

    #[test]
    fn what_stands_beside_a_union_goes_into_each_variant() {
        let whole = json!({
            "type": "object", "properties": {"p": {"type": "string"}}, "nullable": true,
            "oneOf": [{"$ref": "#/components/schemas/A", "x-menage-tags": ["a"]}, {"type": "object", "properties": {"q": {}}}],
            "x-menage-tag": "t",
        });
        let (schema, _) = merged(whole, a_and_b());
        assert_eq!(
            schema,
            json!({
                "oneOf": [
                    {
                        "x-menage-name": "A", "x-menage-tags": ["a"], "type": "object",
                        "properties": {"p": {"type": "string"}, "a": {"type": "string"}}, "required": ["a"],
                    },
                    {"type": "object", "properties": {"p": {"type": "string"}, "q": {}}},
                ],
                "x-menage-tag": "t", "nullable": true,
            })
        );
    }

    #[test]
    fn a_union_among_the_parts_takes_the_others_in() {
        let others = json!({"U": {"oneOf": [{"type": "object", "properties": {"u": {}}}]}});
        let (schema, _) =
            merged(json!({"allOf": [reference_to("U"), {"type": "object", "properties": {"p": {}}}]}), others);
        assert_eq!(schema, json!({"oneOf": [{"type": "object", "properties": {"p": {}, "u": {}}}]}));
    }
}
