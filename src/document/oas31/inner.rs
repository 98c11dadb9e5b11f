//! Schemas inside others that are referred to: `$defs` (3.1), and places that the rewriting of a schema would move.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::super::report::{Report, join, short};
use super::super::schemas;
use super::pointers::{ancestors, each_reference, encoded, pointers_of};

/// Moves schemas that stand inside others, and are referred to, to `components.schemas`.
pub(super) fn apply(document: &mut Value, report: &mut Report) {
    let mut moves = HashMap::new();
    let mut names = Names::default();
    for pointer in inner_targets(document) {
        let Some(schema) = document.pointer_mut(&pointer).map(Value::take) else { continue };
        let name = names.give(document, name_of(&pointer), &schema);
        let target = join("/components/schemas", &name);
        let reference = format!("#{}", encoded(&target));
        report.adapted(&pointer, short(&schema), format!("{reference}, for what refers to it"));
        if let Some(place) = document.pointer_mut(&pointer) {
            *place = json!({"$ref": reference});
        }
        insert(document, name, schema);
        moves.insert(pointer, target);
    }
    if !moves.is_empty() {
        schemas::each(document, &mut |_, schema| follow(schema, &moves));
    }
}

/// Lists the schemas that are referred to where they will not stay, the innermost first.
fn inner_targets(document: &mut Value) -> Vec<String> {
    let mut wanted = BTreeSet::new();
    schemas::each(document, &mut |_, schema| {
        each_reference(schema, &mut |text| wanted.extend(pointers_of(text)));
    });
    let mut found = Vec::new();
    schemas::roots(document, &mut |root, schema| {
        schemas::within(root, schema, &mut |pointer, _| {
            if wanted.contains(pointer) && (pointer != root || is_passing(root)) {
                found.push(pointer.to_owned());
            }
        });
    });
    // A pointer to what stands inside is longer.
    found.sort_by_key(|pointer| Reverse(pointer.len()));
    found
}

/// Whether a part of a document will not be there after this pass.
fn is_passing(pointer: &str) -> bool {
    let parts = ["/webhooks/", "/$defs/", "/definitions/", "/components/pathItems/", "/components/mediaTypes/"];
    let steps = ["/query/", "/additionalOperations/", "/itemSchema"];
    parts.iter().any(|part| pointer.starts_with(part)) || steps.iter().any(|step| pointer.contains(step))
}

/// Names a schema for the place that it comes from: `Thing_state` for `Thing`'s property `state`.
fn name_of(pointer: &str) -> String {
    let tokens: Vec<&str> = pointer.split('/').collect();
    let name = match tokens[..] {
        [.., "$defs" | "definitions", name] => named(name),
        _ => {
            // Paths and media types make no names.
            let telling = |token: &&&str| !token.is_empty() && !token.contains("~1") && !is_structure(token);
            let tokens: Vec<String> = tokens.iter().filter(telling).map(|token| named(token)).collect();
            tokens.get(tokens.len().saturating_sub(3)..).unwrap_or_default().join("_")
        }
    };
    if name.is_empty() { "Schema".to_owned() } else { name }
}

/// The names that were given, so that each schema has one and no two share one.
#[derive(Default)]
struct Names {
    given: HashMap<(String, String), String>,
    numbers: HashMap<String, usize>,
}

impl Names {
    /// Numbers a name until it is free, unless the same schema has it already.
    fn give(&mut self, document: &Value, name: String, schema: &Value) -> String {
        let taken = document.pointer("/components/schemas").and_then(Value::as_object);
        if taken.and_then(|taken| taken.get(&name)) == Some(schema) {
            return name;
        }
        let Self { given, numbers } = self;
        let free = given.entry((name.clone(), schema.to_string())).or_insert_with(|| {
            let number = numbers.entry(name.clone()).or_insert(1);
            let mut free = if *number == 1 { name.clone() } else { format!("{name}{number}") };
            while taken.is_some_and(|taken| taken.contains_key(&free)) {
                *number += 1;
                free = format!("{name}{number}");
            }
            free
        });
        free.clone()
    }
}

/// Keeps of a token what a component's name may have.
fn named(token: &str) -> String {
    let token = token.replace("~1", "_").replace("~0", "_");
    token.chars().map(|c| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect()
}

fn is_structure(token: &str) -> bool {
    let words = [
        "components",
        "schemas",
        "paths",
        "properties",
        "patternProperties",
        "additionalProperties",
        "items",
        "prefixItems",
        "allOf",
        "anyOf",
        "oneOf",
        "content",
        "schema",
        "responses",
        "parameters",
        "requestBody",
        "requestBodies",
        schemas::FILES,
    ];
    words.contains(&token) || token.bytes().all(|byte| byte.is_ascii_digit())
}

fn insert(document: &mut Value, name: String, schema: Value) {
    let mut place = document;
    for part in ["components", "schemas"] {
        let Some(fields) = place.as_object_mut() else { return };
        place = fields.entry(part).or_insert_with(|| json!({}));
        if !place.is_object() {
            *place = json!({});
        }
    }
    if let Some(schemas) = place.as_object_mut() {
        schemas.insert(name, schema);
    }
}

/// Points the references of a schema to where their targets went.
fn follow(schema: &mut Value, moves: &HashMap<String, String>) {
    each_reference(schema, &mut |text| {
        let moved = pointers_of(text).find_map(|pointer| {
            let moved =
                ancestors(&pointer).filter_map(|ancestor| moves.get(ancestor).zip(pointer.strip_prefix(ancestor)));
            moved.last().map(|(target, rest)| format!("#{}{}", encoded(target), encoded(rest)))
        });
        if let Some(moved) = moved {
            *text = moved;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::document;
    use super::*;

    fn schemas(before: Value) -> Value {
        let (mut after, _) = document(json!({"components": {"schemas": before}}));
        after["components"]["schemas"].take()
    }

    #[test]
    fn definitions_become_components() {
        for keyword in ["$defs", "definitions"] {
            let (after, changes) = document(json!({"components": {"schemas": {
                "A": {
                    "properties": {"a": {"$ref": format!("#/components/schemas/A/{keyword}/D")}, "b": {"$ref": format!("#/{keyword}/E")}},
                    keyword: {
                        "D": {"type": "object", "properties": {"e": {"$ref": format!("#/{keyword}/E")}}},
                        "E": {"const": 1},
                        "Unused": {},
                    },
                },
            }}}));
            let d = json!({"$ref": "#/components/schemas/D"});
            let e = json!({"$ref": "#/components/schemas/E"});
            assert_eq!(
                after["components"]["schemas"],
                json!({
                    "A": {"properties": {"a": d, "b": e}},
                    "D": {"type": "object", "properties": {"e": e}},
                    "E": {"type": "integer", "enum": [1]},
                })
            );
            let place = format!("adapted /components/schemas/A/{keyword}");
            assert_eq!(
                changes,
                [format!("{place}/D"), format!("{place}/E"), "adapted /components/schemas/E".to_owned()]
            );
        }
    }

    #[test]
    fn definitions_of_the_document_become_components() {
        let (after, _) = document(json!({
            "$defs": {"D": {"type": "string"}}, "definitions": {"E": {"$ref": "#/$defs/D"}},
            "components": {"schemas": {"A": {"items": {"$ref": "#/definitions/E"}}}},
        }));
        assert_eq!(
            after,
            json!({"openapi": "3.0.3", "paths": {}, "components": {"schemas": {
                "A": {"items": {"$ref": "#/components/schemas/E"}},
                "D": {"type": "string"},
                "E": {"$ref": "#/components/schemas/D"},
            }}})
        );
    }

    #[test]
    fn definitions_of_one_name_are_one_component_only_if_they_are_the_same() {
        let with = |definition: Value| json!({"items": {"$ref": "#/$defs/D"}, "$defs": {"D": definition}});
        let text = json!({"type": "string"});
        let after = schemas(
            json!({"A": with(text.clone()), "B": with(json!({})), "C": with(text.clone()), "D2": {"title": "a"}}),
        );
        assert_eq!(
            after,
            json!({
                "A": {"items": {"$ref": "#/components/schemas/D"}},
                "B": {"items": {"$ref": "#/components/schemas/D3"}},
                "C": {"items": {"$ref": "#/components/schemas/D"}},
                "D2": {"title": "a"}, "D": text, "D3": {},
            })
        );
    }

    #[test]
    fn a_place_that_will_move_keeps_what_refers_to_it() {
        let after = schemas(json!({
            "A": {"properties": {"state": {"anyOf": [{"type": "object", "properties": {"b": {"const": "c"}}}, {"type": "null"}]}}},
            "B": {"properties": {
                "whole": {"$ref": "#/components/schemas/A/properties/state/anyOf/0"},
                "part": {"$ref": "#/components/schemas/A/properties/state/anyOf/0/properties/b"},
            }},
        }));
        assert_eq!(
            after["A"]["properties"]["state"],
            json!({"nullable": true, "allOf": [{"$ref": "#/components/schemas/A_state"}]})
        );
        assert_eq!(
            after["A_state"],
            json!({"type": "object", "properties": {"b": {"$ref": "#/components/schemas/A_state_b"}}})
        );
        assert_eq!(after["A_state_b"], json!({"type": "string", "enum": ["c"]}));
        assert_eq!(after["B"]["properties"]["whole"], json!({"$ref": "#/components/schemas/A_state"}));
        assert_eq!(after["B"]["properties"]["part"], json!({"$ref": "#/components/schemas/A_state_b"}));
    }

    #[test]
    fn schemas_of_parts_that_go_become_components() {
        let (after, _) = document(json!({
            "webhooks": {"w": {"post": {"requestBody": {"content": {"application/json": {"schema": {"type": "string"}}}}}}},
            "components": {"schemas": {
                "A": {"items": {"$ref": "#/webhooks/w/post/requestBody/content/application~1json/schema"}},
                "B": {"items": {"$ref": "#/paths/~1a/parameters/0/schema"}},
            }},
            "paths": {"/a": {"parameters": [{"schema": {}}]}},
        }));
        let schemas = &after["components"]["schemas"];
        assert_eq!(schemas["A"], json!({"items": {"$ref": "#/components/schemas/webhooks_w_post"}}));
        assert_eq!(schemas["webhooks_w_post"], json!({"type": "string"}));
        assert_eq!(schemas["B"], json!({"items": {"$ref": "#/paths/~1a/parameters/0/schema"}}));
    }

    #[test]
    fn what_leads_into_a_moved_schema_follows_it() {
        let after = schemas(json!({
            "A": {"$defs": {"D": {"properties": {"a": {}}, "required": ["a"]}}, "not": {"$ref": "#/components/schemas/A/$defs/D/required"}},
            "B": {"$ref": "#/components/schemas/A/%24defs/D"},
        }));
        assert_eq!(after["A"], json!({"not": {"$ref": "#/components/schemas/D/required"}}));
        assert_eq!(after["B"], json!({"$ref": "#/components/schemas/D"}));
    }

    #[test]
    fn names_are_made_of_what_names_may_have() {
        for (pointer, name) in [
            ("/components/schemas/A/$defs/Page[a]", "Page_a_"),
            ("/components/schemas/Ménage/properties/a/items", "Ménage_a"),
            ("/paths/~1a~1b/get/responses/200/content/application~1json/schema/properties/c", "get_c"),
            ("/x-menage-files/0/properties/1", "Schema"),
        ] {
            assert_eq!(name_of(pointer), name);
        }
    }
}
