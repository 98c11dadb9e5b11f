//! Components that are another component under a second name.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::references::{components, name_of, reference_to};
use super::report::{Refusal, Report, join};
use super::schemas;

/// Where the second names of components are kept, for `build/` to declare.
pub(crate) const ALIASES: &str = "x-menage-aliases";

/// Lets references lead to what an alias stands for, and moves `nullable` from components to the references to them.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    let mut aliases = BTreeMap::new();
    let mut nullable = Vec::new();
    let named = components(document)?;
    for (name, schema) in named.iter_mut() {
        let Some(fields) = schema.as_object_mut() else { continue };
        if fields.remove("nullable") == Some(Value::Bool(true)) {
            nullable.push(name.clone());
        }
        if let Some(target) = name_of(schema) {
            aliases.insert(name.clone(), target);
        }
    }
    let mut declared = Map::new();
    for name in aliases.keys() {
        match end_of(&aliases, name) {
            Some(target) => drop(declared.insert(name.clone(), target.into())),
            None => {
                report.degraded(
                    &join("/components/schemas", name),
                    "a reference that leads back to itself",
                    "any JSON",
                );
                named.insert(name.clone(), Value::Object(Map::new()));
            }
        }
    }
    named.retain(|name, _| !declared.contains_key(name));
    schemas::each(document, &mut |_, schema| {
        let Some(name) = name_of(schema) else { return };
        let target = declared.get(&name).and_then(Value::as_str).unwrap_or(&name);
        if let Some(reference) = reference_to(target).as_object_mut().and_then(|fields| fields.remove("$ref")) {
            schema["$ref"] = reference;
        }
        if chain(&aliases, &name).any(|name| nullable.iter().any(|other| other == name)) {
            schema["nullable"] = true.into();
        }
    });
    document[ALIASES] = Value::Object(declared);
    put_bytes_in_place(document);
    Ok(())
}

/// A body or an answer that is a named schema of bytes is bytes: what stands at its media type is looked at, not what has its name.
fn put_bytes_in_place(document: &mut Value) {
    let components = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let is_binary = |schema: &Value| schema.get("format").is_some_and(|format| format == "binary");
    schemas::roots(document, &mut |pointer, schema| {
        let target = name_of(schema).and_then(|name| components.get(&name)).filter(|target| is_binary(target));
        if let Some(target) = target
            && pointer.starts_with("/paths/")
        {
            *schema = target.clone();
        }
    });
}

/// Finds what an alias stands for in the end, unless it leads in a circle.
fn end_of(aliases: &BTreeMap<String, String>, name: &str) -> Option<String> {
    chain(aliases, name).last().filter(|end| !aliases.contains_key(*end)).map(str::to_owned)
}

/// A name, what it stands for, and so on; in a circle, each name about once.
fn chain<'a>(aliases: &'a BTreeMap<String, String>, name: &'a str) -> impl Iterator<Item = &'a str> {
    std::iter::successors(Some(name), |name| aliases.get(*name).map(String::as_str)).take(aliases.len() + 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_lead_past_aliases_and_circles_become_any_json() {
        let mut document = json!({"components": {"schemas": {
            "A": reference_to("B"),
            "B": reference_to("C"),
            "C": {"type": "object", "nullable": true},
            "X": reference_to("Y"),
            "Y": reference_to("X"),
            "U": {"type": "object", "properties": {"a": reference_to("A"), "x": reference_to("X"), "u": reference_to("U")}},
        }}});
        let mut report = Report::default();
        apply(&mut document, &mut report).unwrap();
        assert_eq!(
            document["components"]["schemas"],
            json!({
                "C": {"type": "object"},
                "U": {"type": "object", "properties": {
                    "a": {"$ref": "#/components/schemas/C", "nullable": true},
                    "x": reference_to("X"),
                    "u": reference_to("U"),
                }},
                "X": {}, "Y": {},
            })
        );
        assert_eq!(document[ALIASES], json!({"A": "C", "B": "C"}));
        assert_eq!(report.changes().len(), 2);
    }
}
