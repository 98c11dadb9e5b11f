//! Tuples: arrays whose places differ.

use serde_json::{Map, Value, json};

use super::super::report::Report;
use super::quote;

/// Writes a tuple as an array. 3.0 has one schema for all items.
pub(super) fn adapt(pointer: &str, fields: &mut Map<String, Value>, report: &mut Report) {
    for keyword in ["contains", "minContains", "maxContains"] {
        fields.remove(keyword);
    }
    let additional = fields.remove("additionalItems");
    let unevaluated = fields.remove("unevaluatedItems");
    let (keyword, places, rest) = match (fields.remove("prefixItems"), fields.get("items")) {
        (Some(Value::Array(places)), rest) => ("prefixItems", places, rest.cloned().or(unevaluated)),
        (_, Some(Value::Array(places))) => ("items", places.clone(), additional.or(unevaluated)),
        (_, None) if unevaluated.as_ref().is_some_and(Value::is_object) => {
            // Nothing else is said of the items.
            fields.extend(unevaluated.map(|item| ("items".to_owned(), item)));
            return;
        }
        _ => return,
    };
    let before = quote(keyword, &json!(places));
    let items = one_for_all(places, rest);
    let after = quote("items", &items);
    match items.as_object().is_some_and(Map::is_empty) {
        true => report.degraded(pointer, before, "array of any JSON"),
        false => report.adapted(pointer, before, after),
    }
    fields.insert("items".to_owned(), items);
    fields.entry("type").or_insert_with(|| json!("array"));
}

/// Returns the schema that all places share, or the one that lets everything pass.
fn one_for_all(places: Vec<Value>, rest: Option<Value>) -> Value {
    // `true` says as little as nothing: a tuple is meant to end where its places do.
    let rest = rest.filter(Value::is_object);
    let mut schemas = places.into_iter().chain(rest);
    let Some(first) = schemas.next() else { return json!({}) };
    if schemas.all(|schema| schema == first) { first } else { json!({}) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{plain, schema};

    #[test]
    fn a_tuple_of_one_type_is_an_array_of_it() {
        let number = json!({"type": "number"});
        let array = json!({"type": "array", "items": number});
        let changes = vec![
            "adapted: prefixItems: [{\"type\":\"number\"},{\"type\":\"number\"}] -> items: {\"type\":\"number\"}"
                .to_owned(),
        ];
        assert_eq!(schema(json!({"type": "array", "prefixItems": [number, number]})), (array.clone(), changes));
        assert_eq!(plain(json!({"prefixItems": [number], "items": number})), array);
        assert_eq!(plain(json!({"prefixItems": [number, number], "items": false})), array);
        assert_eq!(plain(json!({"items": [number], "additionalItems": false})), array);
    }

    #[test]
    fn a_tuple_of_several_types_is_an_array_of_any_json() {
        let (after, changes) =
            schema(json!({"type": "array", "prefixItems": [{"type": "number"}, {"type": "string"}], "minItems": 2}));
        assert_eq!(after, json!({"type": "array", "minItems": 2, "items": {}}));
        assert_eq!(
            changes,
            ["degraded: prefixItems: [{\"type\":\"number\"},{\"type\":\"string\"}] -> array of any JSON"]
        );
        let any = json!({"type": "array", "items": {}});
        assert_eq!(plain(json!({"prefixItems": [{"type": "number"}], "items": {"type": "string"}})), any);
        assert_eq!(plain(json!({"items": [{"type": "number"}, {"type": "string"}]})), any);
        assert_eq!(plain(json!({"items": []})), any);
    }

    #[test]
    fn what_is_said_of_all_other_items_is_said_of_all() {
        assert_eq!(
            plain(
                json!({"type": "array", "unevaluatedItems": {"type": ["string"]}, "contains": {"const": 1}, "minContains": 1})
            ),
            json!({"type": "array", "items": {"type": "string"}})
        );
        assert_eq!(plain(json!({"items": {}, "unevaluatedItems": {"type": "string"}})), json!({"items": {}}));
    }
}
