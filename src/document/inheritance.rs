//! Schemas that others inherit from: where a discriminator tells the heirs apart, the parent's name comes to mean "any of them".

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::references::{name_of, reference_to, unique};
use super::report::{Refusal, Report, join};
use super::schemas;

/// Marks a union with the property that tells its variants apart.
pub(crate) const TAG: &str = "x-menage-tag";
/// Marks a variant with the values of that property by which it is known.
pub(crate) const TAGS: &str = "x-menage-tags";

/// Turns discriminators into unions whose variants carry their values.
///
/// A parent with properties of its own is split: its fields go to a component `…Base`, from which the heirs inherit, and its
/// name stands for the union of the heirs. Otherwise parent and heirs would refer to each other in a circle.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    let family = Family::of(document);
    let parents: Vec<_> = family.parents.keys().cloned().collect();
    let mut bases = BTreeMap::new();
    if let Some(components) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for name in &parents {
            if let Some(base) = split(components, &family, name, report) {
                bases.insert(name.clone(), base);
            }
        }
        inherit_from_bases(components, &bases);
        for name in &parents {
            let variants = family.variants(name, &bases);
            let property = family.parents.get(name).and_then(|parent| parent.property.clone());
            if let Some(parent) = components.get_mut(name).and_then(Value::as_object_mut) {
                parent.extend(property.map(|property| (TAG.to_owned(), property.into())));
                parent.insert("oneOf".to_owned(), variants.into());
            }
        }
    }
    schemas::each(document, &mut |pointer, schema| tag_variants(pointer, schema, report));
    Ok(())
}

/// A schema that is one of several, mostly with a discriminator that tells them apart.
struct Parent {
    property: Option<String>,
    /// Values of the property, and the component that each stands for.
    mapping: Vec<(String, String)>,
    /// The components that the parent lists itself.
    listed: Vec<String>,
}

/// Who inherits from whom.
struct Family {
    parents: BTreeMap<String, Parent>,
    heirs: BTreeMap<String, Vec<String>>,
}

impl Family {
    fn of(document: &Value) -> Self {
        let components = document.pointer("/components/schemas").and_then(Value::as_object);
        let mut heirs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, schema) in components.into_iter().flatten() {
            for parent in list(schema, "allOf").filter_map(name_of) {
                heirs.entry(parent).or_default().push(name.clone());
            }
        }
        let mut parents = BTreeMap::new();
        for (name, schema) in components.into_iter().flatten() {
            let listed: Vec<_> =
                ["oneOf", "anyOf"].iter().flat_map(|key| list(schema, key)).filter_map(name_of).collect();
            let own = heirs.get(name).map(Vec::as_slice).unwrap_or_default();
            let property = property_of(schema);
            let is_parent = match property {
                Some(_) => listed.iter().chain(own).any(|other| other != name),
                // Without a discriminator too, a parent that lists its heirs would be a part of itself.
                None => listed.iter().any(|other| own.contains(other)),
            };
            if is_parent {
                parents.insert(name.clone(), Parent { property, mapping: mapping_of(schema), listed });
            }
        }
        Self { parents, heirs }
    }

    /// The variants of a parent, each with the values by which it is known.
    fn variants(&self, parent: &str, bases: &BTreeMap<String, String>) -> Vec<Value> {
        let mut names = Vec::new();
        self.collect(parent, &mut names);
        let mut variants = Vec::new();
        for name in &names {
            let concrete = match (self.parents.contains_key(name), bases.get(name)) {
                (false, _) => name,
                (true, Some(base)) => base,
                (true, None) => continue,
            };
            let mut variant = reference_to(concrete);
            if self.parents.get(parent).is_some_and(|parent| parent.property.is_some()) {
                variant[TAGS] = self.tags(name, &names).into();
            }
            variants.push(variant);
        }
        variants
    }

    /// Gathers the parent itself and all who stand below it, each once.
    fn collect(&self, name: &str, names: &mut Vec<String>) {
        if names.iter().any(|seen| seen == name) {
            return;
        }
        names.push(name.to_owned());
        let listed = self.parents.get(name).map(|parent| &parent.listed).into_iter().flatten();
        for heir in listed.chain(self.heirs.get(name).into_iter().flatten()) {
            self.collect(heir, names);
        }
    }

    /// The values that a mapping gives to a component, or else its own name.
    fn tags(&self, name: &str, family: &[String]) -> Vec<Value> {
        let parents = family.iter().filter_map(|member| self.parents.get(member));
        let mut tags: Vec<Value> = Vec::new();
        for (value, _) in parents.flat_map(|parent| &parent.mapping).filter(|(_, target)| target == name) {
            if !tags.iter().any(|tag| tag == value) {
                tags.push(value.as_str().into());
            }
        }
        if tags.is_empty() {
            tags.push(name.into());
        }
        tags
    }
}

fn list<'a>(schema: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    schema.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn property_of(schema: &Value) -> Option<String> {
    Some(schema.get("discriminator")?.get("propertyName")?.as_str()?.to_owned())
}

/// Reads `mapping`, whose targets are references or bare names.
fn mapping_of(schema: &Value) -> Vec<(String, String)> {
    let mapping = schema.get("discriminator").and_then(|found| found.get("mapping")).and_then(Value::as_object);
    let entry = |(value, target): (&String, &Value)| {
        let target = target.as_str()?;
        let name = name_of(&json!({ "$ref": target })).or_else(|| {
            let file_name = target.rsplit('/').next()?;
            Some(file_name.split('.').next().filter(|_| target.contains('/')).unwrap_or(target).to_owned())
        });
        Some((value.clone(), name?))
    };
    mapping.into_iter().flatten().filter_map(entry).collect()
}

/// Moves the fields of a parent to a component of their own, if it has any or if somebody inherits them.
fn split(components: &mut Map<String, Value>, family: &Family, name: &str, report: &mut Report) -> Option<String> {
    let has_heirs = family.heirs.contains_key(name);
    let parent = components.get_mut(name)?.as_object_mut()?;
    let pointer = join("/components/schemas", name);
    let keep: Map<String, Value> = ["description", "nullable"]
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), parent.get(*key)?.clone())))
        .collect();
    let mut base = std::mem::replace(parent, keep);
    for key in ["oneOf", "anyOf", "discriminator", "nullable"] {
        base.remove(key);
    }
    let has_fields = base.contains_key("properties") || base.contains_key("allOf");
    if !has_fields && !has_heirs {
        report.adapted(&pointer, "a discriminator", "a union whose variants are told apart by it");
        return None;
    }
    let base_name = unique(&format!("{name}Base"), |name| components.contains_key(name));
    report.adapted(
        &pointer,
        "a parent with a discriminator",
        format!("the union of its heirs; its fields are {base_name}"),
    );
    if !has_fields {
        base.insert("type".to_owned(), "object".into());
        base.insert("additionalProperties".to_owned(), json!({}));
    }
    components.insert(base_name.clone(), Value::Object(base));
    Some(base_name)
}

fn inherit_from_bases(components: &mut Map<String, Value>, bases: &BTreeMap<String, String>) {
    for schema in components.values_mut() {
        for part in schema.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(base) = name_of(part).and_then(|name| bases.get(&name)) {
                *part = reference_to(base);
            }
        }
    }
}

/// Tags the variants of a union that is written out where it is used, and drops discriminators that tell nothing apart.
fn tag_variants(pointer: &str, schema: &mut Value, report: &mut Report) {
    let mapping = mapping_of(schema);
    let property = property_of(schema);
    let Some(fields) = schema.as_object_mut() else { return };
    if fields.remove("discriminator").is_none() {
        return;
    }
    let Some(key) = ["oneOf", "anyOf"].into_iter().find(|key| fields.contains_key(*key)) else { return };
    let Some(property) = property else {
        report.degraded(
            pointer,
            "a discriminator without `propertyName`",
            "a union whose variants are told apart by their fields",
        );
        return;
    };
    for variant in fields.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(name) = name_of(variant) else { continue };
        let mut tags: Vec<Value> =
            mapping.iter().filter(|(_, target)| *target == name).map(|(value, _)| value.as_str().into()).collect();
        if tags.is_empty() {
            tags.push(name.into());
        }
        variant[TAGS] = tags.into();
    }
    fields.insert(TAG.to_owned(), property.into());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(components: Value) -> Value {
        let mut document = json!({"components": {"schemas": components}});
        apply(&mut document, &mut Report::default()).unwrap();
        document["components"]["schemas"].take()
    }

    fn variant(name: &str, tags: &[&str]) -> Value {
        json!({"$ref": format!("#/components/schemas/{name}"), "x-menage-tags": tags})
    }

    #[test]
    fn a_parent_that_lists_its_heirs_is_their_union_and_they_inherit_its_fields() {
        let schemas = applied(json!({
            "Animal": {
                "type": "object", "properties": {"kind": {"type": "string"}}, "description": "d",
                "discriminator": {"propertyName": "kind", "mapping": {"CHAT": "#/components/schemas/Chat", "C": "Chat"}},
                "oneOf": [reference_to("Chat"), reference_to("Chien")],
            },
            "Chat": {"allOf": [reference_to("Animal"), {"properties": {"griffes": {}}}]},
            "Chien": {"allOf": [reference_to("Animal")]},
        }));
        assert_eq!(
            schemas["Animal"],
            json!({
                "description": "d", "x-menage-tag": "kind",
                "oneOf": [variant("AnimalBase", &["Animal"]), variant("Chat", &["CHAT", "C"]), variant("Chien", &["Chien"])],
            })
        );
        assert_eq!(
            schemas["AnimalBase"],
            json!({"type": "object", "properties": {"kind": {"type": "string"}}, "description": "d"})
        );
        assert_eq!(schemas["Chat"]["allOf"][0], reference_to("AnimalBase"));
    }

    #[test]
    fn heirs_that_the_parent_does_not_list_are_found_over_three_levels() {
        let schemas = applied(json!({
            "A": {"properties": {"t": {}}, "discriminator": {"propertyName": "t"}},
            "B": {"allOf": [reference_to("A")], "discriminator": {"propertyName": "t"}},
            "C": {"allOf": [reference_to("B")]},
        }));
        assert_eq!(
            schemas["A"]["oneOf"],
            json!([variant("ABase", &["A"]), variant("BBase", &["B"]), variant("C", &["C"])])
        );
        assert_eq!(schemas["B"]["oneOf"], json!([variant("BBase", &["B"]), variant("C", &["C"])]));
        assert_eq!(schemas["BBase"]["allOf"], json!([reference_to("ABase")]));
        assert_eq!(schemas["C"]["allOf"], json!([reference_to("BBase")]));
    }

    #[test]
    fn a_parent_that_lists_its_heirs_without_a_discriminator_is_their_union_too() {
        let schemas = applied(json!({
            "P": {"type": "object", "properties": {"p": {}}, "oneOf": [reference_to("A")]},
            "A": {"allOf": [reference_to("P")]},
        }));
        assert_eq!(schemas["P"], json!({"oneOf": [reference_to("PBase"), reference_to("A")]}));
        assert_eq!(schemas["A"]["allOf"], json!([reference_to("PBase")]));
    }

    #[test]
    fn a_union_without_fields_of_its_own_needs_no_base() {
        let schemas = applied(json!({
            "U": {"oneOf": [reference_to("X")], "discriminator": {"propertyName": "t"}},
            "X": {"type": "object"},
        }));
        assert_eq!(schemas["U"], json!({"oneOf": [variant("X", &["X"])], "x-menage-tag": "t"}));
        assert_eq!(schemas.as_object().unwrap().len(), 2);
    }

    #[test]
    fn a_union_in_place_is_tagged_too() {
        let schemas = applied(json!({
            "A": {"properties": {"p": {
                "anyOf": [reference_to("X"), {"type": "string"}],
                "discriminator": {"propertyName": "t", "mapping": {"1": "./files/X.json"}},
            }}},
            "X": {"type": "object"},
        }));
        assert_eq!(
            schemas["A"]["properties"]["p"],
            json!({"anyOf": [variant("X", &["1"]), {"type": "string"}], "x-menage-tag": "t"})
        );
    }

    #[test]
    fn a_discriminator_that_tells_nothing_apart_is_dropped() {
        let schemas = applied(json!({
            "A": {"type": "object", "discriminator": {"propertyName": "t"}},
            "B": {"oneOf": [reference_to("A")], "discriminator": {}},
        }));
        assert_eq!(schemas, json!({"A": {"type": "object"}, "B": {"oneOf": [reference_to("A")]}}));
    }

    #[test]
    fn parents_in_a_circle_end() {
        let schemas = applied(json!({
            "A": {"allOf": [reference_to("B")], "discriminator": {"propertyName": "t"}},
            "B": {"allOf": [reference_to("A")], "discriminator": {"propertyName": "t"}},
        }));
        assert_eq!(schemas["ABase"]["allOf"], json!([reference_to("BBase")]));
        assert_eq!(schemas["A"]["oneOf"].as_array().unwrap().len(), 2);
    }
}
