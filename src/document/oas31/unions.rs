//! `oneOf` and `anyOf` with a branch for `null`, with a branch that nothing passes, or of constants.

use serde_json::{Map, Value, json};

use super::super::report::Report;
use super::{is_annotation, types};

/// Writes the unions of a schema as 3.0 has them.
pub(super) fn adapt(pointer: &str, fields: &mut Map<String, Value>, report: &mut Report) {
    // A branch that is left alone may bring a union of its own.
    while ["oneOf", "anyOf"].into_iter().any(|union| reduce(pointer, fields, union, report)) {}
}

/// Takes the branches for `null` out of a union. Returns whether the schema took over the branch that was left.
fn reduce(pointer: &str, fields: &mut Map<String, Value>, union: &str, report: &mut Report) -> bool {
    let Some(branches) = fields.get_mut(union).and_then(Value::as_array_mut) else { return false };
    let before = branches.len();
    let is_null = |branch: &Value| branch.as_object().is_some_and(types::is_null);
    let has_null = branches.iter().any(is_null);
    branches.retain(|branch| !is_null(branch) && *branch != Value::Bool(false));
    let after = branches.len();
    if has_null {
        match after {
            0 => report.degraded(pointer, "null and nothing else", "any JSON"),
            _ => report.adapted(pointer, format!("{union} with null"), "nullable"),
        }
        fields.insert("nullable".to_owned(), json!(true));
    }
    if constants(pointer, fields, union, report) || before == after {
        return false;
    }
    match after {
        0 => drop(fields.remove(union)),
        1 => {
            let branch = fields.remove(union).and_then(|branches| branches.get(0).cloned());
            fields.remove("discriminator");
            take_over(fields, branch.unwrap_or_default());
            return true;
        }
        _ => {}
    }
    false
}

/// Turns a union of constants, each with its own description, into an enumeration.
fn constants(pointer: &str, fields: &mut Map<String, Value>, union: &str, report: &mut Report) -> bool {
    let Some(branches) = fields.get(union).and_then(Value::as_array) else { return false };
    let Some(values) = branches.iter().map(constant).collect::<Option<Vec<Value>>>() else { return false };
    let Some(typed) = values.first().map(types::of) else { return false };
    let is_typed = fields.get("type").is_none_or(|stated| *stated == json!(typed) || *stated == json!([typed, "null"]));
    if !is_typed || fields.contains_key("enum") || values.iter().any(|value| types::of(value) != typed) {
        return false;
    }
    report.adapted(pointer, format!("{union} of constants"), "enum");
    fields.remove(union);
    fields.entry("type").or_insert_with(|| json!(typed));
    fields.insert("enum".to_owned(), Value::Array(values));
    true
}

/// Returns the text or number that is all that a schema lets pass.
fn constant(schema: &Value) -> Option<Value> {
    let fields = schema.as_object()?;
    let value = fields.get("const").filter(|value| value.is_string() || value.is_number())?;
    let says_no_more = fields.iter().all(|(keyword, stated)| {
        keyword == "const" || is_annotation(keyword) || keyword == "type" && *stated == json!(types::of(value))
    });
    says_no_more.then(|| value.clone())
}

/// Puts the one branch of a union in the place of the union.
fn take_over(fields: &mut Map<String, Value>, branch: Value) {
    let Value::Object(branch) = branch else { return };
    let is_at_odds = |(keyword, value): (&String, &Value)| {
        !is_annotation(keyword) && fields.get(keyword).is_some_and(|other| other != value)
    };
    if branch.iter().any(is_at_odds) {
        match fields.get_mut("allOf") {
            Some(Value::Array(all)) => all.push(Value::Object(branch)),
            _ => drop(fields.insert("allOf".to_owned(), json!([branch]))),
        }
        return;
    }
    for (keyword, value) in branch {
        let is_nullable = keyword == "nullable" && value == Value::Bool(true);
        let place = fields.entry(keyword).or_insert_with(|| value);
        if is_nullable {
            *place = json!(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{plain, schema};

    #[test]
    fn a_branch_for_null_makes_the_union_nullable() {
        let changes = vec!["adapted: oneOf with null -> nullable".to_owned()];
        let union = json!({"oneOf": [{"type": "string"}, {"type": "null"}, {"$ref": "#/components/schemas/B"}]});
        let nullable = json!({"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/B"}], "nullable": true});
        assert_eq!(schema(union), (nullable, changes));
    }

    #[test]
    fn one_branch_is_left_in_the_place_of_the_union() {
        for nothing in
            [json!({"type": "null"}), json!({"type": ["null"]}), json!({"const": null}), json!({"enum": [null]})]
        {
            assert_eq!(
                plain(json!({"anyOf": [{"type": "array", "items": {}}, nothing], "title": "a", "default": null})),
                json!({"title": "a", "default": null, "nullable": true, "type": "array", "items": {}})
            );
        }
    }

    #[test]
    fn one_reference_is_left_in_an_all_of() {
        let union = json!({"anyOf": [{"$ref": "#/components/schemas/B"}, {"type": "null"}], "description": "a"});
        let (after, changes) = schema(union);
        let all = json!({"description": "a", "nullable": true, "allOf": [{"$ref": "#/components/schemas/B"}]});
        assert_eq!(after, all);
        assert_eq!(changes, ["adapted: anyOf with null -> nullable"]);
    }

    #[test]
    fn what_stands_nearer_is_meant() {
        assert_eq!(
            plain(json!({"title": "a", "oneOf": [{"title": "b", "type": "string"}, {"type": "null"}]})),
            json!({"title": "a", "nullable": true, "type": "string"})
        );
        assert_eq!(
            plain(
                json!({"required": ["a"], "oneOf": [{"required": ["b"]}, {"type": "null"}], "allOf": [{"minProperties": 1}]})
            ),
            json!({"required": ["a"], "nullable": true, "allOf": [{"minProperties": 1}, {"required": ["b"]}]})
        );
    }

    #[test]
    fn a_union_in_a_union_is_looked_into() {
        let inner = json!({"anyOf": [{"type": "string"}, {"type": "null"}]});
        assert_eq!(plain(json!({"oneOf": [inner, {"type": "null"}]})), json!({"nullable": true, "type": "string"}));
    }

    #[test]
    fn a_branch_that_nothing_passes_goes() {
        assert_eq!(plain(json!({"oneOf": [false, {"type": "string"}]})), json!({"type": "string"}));
    }

    #[test]
    fn null_in_every_branch_is_any_json() {
        let changes = vec!["degraded: null and nothing else -> any JSON".to_owned()];
        assert_eq!(schema(json!({"oneOf": [{"type": "null"}]})), (json!({"nullable": true}), changes));
    }

    #[test]
    fn constants_become_an_enumeration() {
        let union = json!([{"const": "a", "title": "A"}, {"const": "b", "type": "string"}, {"type": "null"}]);
        assert_eq!(
            plain(json!({"oneOf": union, "description": "c"})),
            json!({"description": "c", "nullable": true, "type": "string", "enum": ["a", "b"]})
        );
        let union = json!([{"const": 1, "title": "one"}, {"const": 2, "description": "two"}]);
        assert_eq!(
            plain(json!({"oneOf": union, "type": "integer", "format": "int32"})),
            json!({"type": "integer", "format": "int32", "enum": [1, 2]})
        );
    }

    #[test]
    fn constants_of_several_types_stay_a_union() {
        assert_eq!(
            plain(json!({"oneOf": [{"const": "a"}, {"const": 1}]})),
            json!({"oneOf": [{"type": "string", "enum": ["a"]}, {"type": "integer", "enum": [1]}]})
        );
    }
}
