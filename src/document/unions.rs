//! Unions: `oneOf` and `anyOf` become one value of several types, and simpler things where they are simpler.

use serde_json::{Map, Value, json};

use super::all_of::union_key;
use super::hoist::NAME;
use super::inheritance::{TAG, TAGS};
use super::references::name_of;
use super::report::{Refusal, Report, join, short};
use super::schemas;

/// Brings every union into the form that `build/` makes a type of: `oneOf`, with the values that tell variants apart.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    let components = document.pointer("/components/schemas").cloned().unwrap_or_default();
    schemas::each(document, &mut |pointer, schema| {
        if let Some(fields) = schema.as_object_mut()
            && let Some(key) = union_key(fields)
        {
            settle(&components, pointer, fields, key, report);
        }
    });
    Ok(())
}

fn settle(components: &Value, pointer: &str, fields: &mut Map<String, Value>, key: &str, report: &mut Report) {
    let listed = fields.remove(key).and_then(|list| list.as_array().cloned()).unwrap_or_default();
    let told = short(&Value::Array(listed.clone()));
    for leftover in ["oneOf", "anyOf", "type", "format"] {
        fields.remove(leftover);
    }
    let (variants, is_nullable) = distinct(listed, pointer);
    if is_nullable {
        fields.insert("nullable".to_owned(), true.into());
    }
    let resolved: Vec<&Value> = variants.iter().map(|variant| resolve(components, variant)).collect();
    if variants.is_empty() || resolved.iter().any(|variant| is_any(variant)) {
        fields.remove(TAG);
        report.degraded(pointer, format!("{key} {told}"), "any JSON: one of the variants is");
        return;
    }
    if let [variant] = variants.as_slice()
        && !fields.contains_key(TAG)
    {
        let variant = variant.as_object().cloned().unwrap_or_default();
        fields.extend(variant.into_iter().filter(|(name, _)| name != TAGS && name != NAME));
        return;
    }
    if let Some(simple) = simple(&resolved) {
        report.adapted(pointer, format!("{key} {told}"), short(&Value::Object(simple.clone())));
        fields.extend(simple);
        return;
    }
    let constants = if fields.contains_key(TAG) { None } else { constants(components, &resolved) };
    if key == "anyOf"
        && !fields.contains_key(TAG)
        && constants.is_none()
        && let Some(whole) = sum(&resolved)
    {
        // Several may hold at once: a type with the fields of all loses none.
        report.adapted(pointer, format!("anyOf {told}"), "one object with the fields of all variants");
        fields.extend(whole);
        return;
    }
    let variants = tell_apart(components, fields, variants.clone(), constants);
    if !fields.contains_key(TAG) {
        report.adapted(
            pointer,
            format!("{key} {told}"),
            "a union: of its variants, the one that loses least of a value",
        );
    }
    fields.insert("oneOf".to_owned(), variants.into());
}

/// Gives variants the values by which they are known, as far as there are any.
fn tell_apart(
    components: &Value,
    fields: &mut Map<String, Value>,
    mut variants: Vec<Value>,
    constants: Option<(String, Vec<Value>)>,
) -> Vec<Value> {
    if let Some(property) = fields.get(TAG).and_then(Value::as_str) {
        add_pinned_tags(components, property, &mut variants);
    }
    if let Some((property, tags)) = constants {
        for (variant, tags) in variants.iter_mut().zip(tags) {
            variant[TAGS] = tags;
        }
        fields.insert(TAG.to_owned(), property.into());
    }
    variants
}

/// The variants, each once and none the union itself, and whether one of them may be null.
fn distinct(listed: Vec<Value>, pointer: &str) -> (Vec<Value>, bool) {
    let mut variants: Vec<Value> = Vec::new();
    let mut is_nullable = false;
    for mut variant in listed {
        is_nullable |= variant.as_object_mut().and_then(|fields| fields.remove("nullable")) == Some(Value::Bool(true));
        let is_itself = name_of(&variant).is_some_and(|name| join("/components/schemas", &name) == pointer);
        if !is_itself && !variants.contains(&variant) {
            variants.push(variant);
        }
    }
    (variants, is_nullable)
}

/// Follows references from component to component.
pub(super) fn resolve<'a>(components: &'a Value, schema: &'a Value) -> &'a Value {
    let mut found = schema;
    for _ in 0..16 {
        match name_of(found).and_then(|name| components.get(name)) {
            Some(next) => found = next,
            None => break,
        }
    }
    found
}

fn is_any(schema: &Value) -> bool {
    const SAYS_TYPE: [&str; 4] = ["type", "$ref", "oneOf", "anyOf"];
    !schema.as_object().is_some_and(|fields| SAYS_TYPE.iter().any(|name| fields.contains_key(*name)))
}

/// One type for variants of the same kind: texts, of which some may be listed, or numbers.
fn simple(variants: &[&Value]) -> Option<Map<String, Value>> {
    let are = |kinds: &[&str]| {
        variants.iter().all(|variant| kinds.iter().any(|kind| variant.get("type").is_some_and(|is| is == kind)))
    };
    let mut whole = Map::new();
    if are(&["string"]) {
        let values = variants.iter().filter_map(|variant| variant.get("enum")?.as_array()).flatten();
        let mut values: Vec<Value> = values.cloned().collect();
        values.dedup();
        whole.insert("type".to_owned(), "string".into());
        if !values.is_empty() {
            whole.insert("enum".to_owned(), values.into());
        }
        return Some(whole);
    }
    if are(&["integer"]) {
        let is_wide = variants.iter().any(|variant| variant.get("format").is_some_and(|format| format == "uint64"));
        whole.insert("type".to_owned(), "integer".into());
        whole.insert("format".to_owned(), if is_wide { "uint64".into() } else { "int64".into() });
        return Some(whole);
    }
    are(&["integer", "number"]).then(|| {
        whole.insert("type".to_owned(), "number".into());
        whole
    })
}

/// One object with the fields of all, if all are objects whose common fields agree. Required is what all require.
fn sum(variants: &[&Value]) -> Option<Map<String, Value>> {
    let mut properties = Map::new();
    let mut required: Option<Vec<Value>> = None;
    let mut additional = None;
    for variant in variants {
        for (name, schema) in variant.get("properties")?.as_object()? {
            match properties.get(name) {
                Some(known) if known != schema => return None,
                Some(_) => {}
                None => drop(properties.insert(name.clone(), schema.clone())),
            }
        }
        let own = variant.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        required = Some(match required {
            None => own,
            Some(common) => common.into_iter().filter(|name| own.contains(name)).collect(),
        });
        additional = additional.or_else(|| variant.get("additionalProperties").cloned());
    }
    let mut whole = Map::new();
    whole.insert("type".to_owned(), "object".into());
    whole.insert("properties".to_owned(), Value::Object(properties));
    whole.insert("required".to_owned(), required.unwrap_or_default().into());
    whole.extend(additional.map(|schema| ("additionalProperties".to_owned(), schema)));
    Some(whole)
}

/// Adds the values that a variant itself lists for the property that tells variants apart. Where a variant is known by its
/// name only, for want of a mapping, they come first.
fn add_pinned_tags(components: &Value, property: &str, variants: &mut [Value]) {
    let pinned = |variant: &Value| -> Vec<Value> {
        let property = resolve(components, variant).get("properties").and_then(|properties| properties.get(property));
        let values = property.map(|schema| resolve(components, schema)).and_then(|schema| schema.get("enum"));
        values.and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let all: Vec<Vec<Value>> = variants.iter().map(pinned).collect();
    for (index, variant) in variants.iter_mut().enumerate() {
        let is_own =
            |value: &&Value| all.iter().enumerate().all(|(other, values)| other == index || !values.contains(value));
        let own: Vec<Value> = all[index].iter().filter(is_own).cloned().collect();
        let given = variant.get(TAGS).and_then(Value::as_array).cloned().unwrap_or_default();
        let name = name_of(variant).map(Value::from);
        let by_name = given.len() == 1 && given.first() == name.as_ref();
        let (first, last) = if by_name { (own, given) } else { (given, own) };
        let mut tags = first;
        tags.extend(last.into_iter().filter(|tag| !tags.contains(tag)).collect::<Vec<_>>());
        if !tags.is_empty() {
            variant[TAGS] = tags.into();
        }
    }
}

/// Finds a property that each variant lists values for, no two the same: it tells them apart as a discriminator would.
fn constants(components: &Value, variants: &[&Value]) -> Option<(String, Vec<Value>)> {
    let first = variants.first()?.get("properties")?.as_object()?;
    first.keys().find_map(|property| {
        let mut seen: Vec<&Value> = Vec::new();
        let mut tags = Vec::new();
        for variant in variants {
            let schema = resolve(components, variant.get("properties")?.get(property)?);
            let values = schema.get("enum")?.as_array()?;
            if values.iter().any(|value| seen.contains(&value)) {
                return None;
            }
            seen.extend(values);
            tags.push(json!(values));
        }
        Some((property.clone(), tags))
    })
}

#[cfg(test)]
mod tests {
    use super::super::references::reference_to;
    use super::*;

    fn settled(union: Value) -> (Value, usize) {
        let mut document = json!({"components": {"schemas": {
            "A": {"type": "object", "properties": {"a": {"type": "string"}, "k": reference_to("OnlyA")}, "required": ["a", "k"]},
            "B": {"type": "object", "properties": {"b": {"type": "string"}, "k": reference_to("OnlyB")}, "required": ["k"]},
            "C": {"type": "object", "properties": {"a": {"type": "string"}, "c": {}}, "required": ["a"]},
            "D": {"type": "object", "properties": {"a": {"type": "integer"}}},
            "OnlyA": {"type": "string", "enum": ["A"]},
            "OnlyB": {"type": "string", "enum": ["B"]},
            "U": union,
        }}});
        let mut report = Report::default();
        apply(&mut document, &mut report).unwrap();
        (document["components"]["schemas"]["U"].take(), report.changes().len())
    }

    #[test]
    fn variants_stay_each_once_and_without_the_union_itself() {
        let union = json!({"oneOf": [reference_to("A"), reference_to("D"), reference_to("A"), reference_to("U")], "nullable": true});
        assert_eq!(settled(union), (json!({"oneOf": [reference_to("A"), reference_to("D")], "nullable": true}), 1));
    }

    #[test]
    fn a_union_with_a_discriminator_keeps_it() {
        let union = json!({"oneOf": [{"$ref": "#/components/schemas/A", "x-menage-tags": ["x"]}], "x-menage-tag": "t"});
        assert_eq!(settled(union.clone()), (union, 0));
    }

    #[test]
    fn values_that_a_variant_lists_itself_are_tags_too() {
        let tagged = |name: &str| json!({"$ref": format!("#/components/schemas/{name}"), "x-menage-tags": [name]});
        let (union, _) = settled(json!({"oneOf": [tagged("A"), tagged("B")], "x-menage-tag": "k"}));
        assert_eq!(union["oneOf"][0]["x-menage-tags"], json!(["A"]));
        let (union, _) = settled(
            json!({"oneOf": [tagged("A"), {"$ref": "#/components/schemas/B", "x-menage-tags": ["x"]}], "x-menage-tag": "k"}),
        );
        assert_eq!(union["oneOf"][1]["x-menage-tags"], json!(["x", "B"]));
    }

    #[test]
    fn values_that_differ_tell_variants_apart() {
        let (union, _) = settled(json!({"anyOf": [reference_to("A"), reference_to("B")]}));
        assert_eq!(union["x-menage-tag"], "k");
        assert_eq!(union["oneOf"][1], json!({"$ref": "#/components/schemas/B", "x-menage-tags": ["B"]}));
    }

    #[test]
    fn one_variant_is_no_union() {
        assert_eq!(settled(json!({"oneOf": [reference_to("A")]})), (reference_to("A"), 0));
        let nullable = json!({"anyOf": [{"type": "string", "nullable": true}]});
        assert_eq!(settled(nullable), (json!({"type": "string", "nullable": true}), 0));
    }

    #[test]
    fn texts_and_numbers_are_one_type() {
        let texts =
            json!({"anyOf": [reference_to("OnlyA"), {"type": "string", "format": "uuid"}, reference_to("OnlyB")]});
        assert_eq!(settled(texts).0, json!({"type": "string", "enum": ["A", "B"]}));
        assert_eq!(settled(json!({"oneOf": [{"type": "integer"}, {"type": "number"}]})).0, json!({"type": "number"}));
        let integers =
            json!({"oneOf": [{"type": "integer", "format": "int32"}, {"type": "integer", "format": "int64"}]});
        assert_eq!(settled(integers).0, json!({"type": "integer", "format": "int64"}));
    }

    #[test]
    fn any_of_objects_is_the_object_with_all_fields() {
        let (union, _) = settled(json!({"anyOf": [reference_to("A"), reference_to("C")]}));
        assert_eq!(
            union,
            json!({
                "type": "object",
                "properties": {"a": {"type": "string"}, "k": reference_to("OnlyA"), "c": {}},
                "required": ["a"],
            })
        );
    }

    #[test]
    fn fields_that_contradict_each_other_keep_the_union() {
        let (union, _) = settled(json!({"anyOf": [reference_to("C"), reference_to("D")]}));
        assert_eq!(union, json!({"oneOf": [reference_to("C"), reference_to("D")]}));
    }

    #[test]
    fn a_variant_that_may_be_anything_makes_any_json() {
        assert_eq!(settled(json!({"oneOf": [reference_to("A"), {}]})), (json!({}), 1));
        assert_eq!(settled(json!({"oneOf": []})), (json!({}), 1));
        assert_eq!(settled(json!({"oneOf": "hostile"})), (json!({}), 1));
    }
}
