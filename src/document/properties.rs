//! Properties: which of them must be there, and which may be null.

use serde_json::{Map, Value};

use super::report::{Refusal, Report, join, short};
use super::schemas;

/// Requires what both sides have to send, and lets every list and map that is optional be null, which Java sends for "none".
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    schemas::each(document, &mut |pointer, schema| {
        let Some(fields) = schema.as_object_mut() else { return };
        let mut required = match fields.remove("required") {
            Some(Value::Array(names)) => names,
            _ => Vec::new(),
        };
        let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) else { return };
        required.retain(|name| {
            let property = name.as_str().and_then(|name| properties.get(name));
            let is_kept = property.is_some_and(|schema| !is_one_way(schema));
            if !is_kept {
                let why = property
                    .map_or("nothing: there is no such property", |_| "optional: it goes in one direction only");
                report.adapted(&join(pointer, "required"), short(name), why);
            }
            is_kept
        });
        for (_, schema) in
            properties.iter_mut().filter(|(name, _)| !required.iter().any(|other| other == name.as_str()))
        {
            if let Some(fields) = schema.as_object_mut()
                && is_collection(fields)
            {
                fields.insert("nullable".to_owned(), true.into());
            }
        }
        if !required.is_empty() {
            fields.insert("required".to_owned(), required.into());
        }
    });
    Ok(())
}

/// A property that is only read or only written is not there in the other direction.
fn is_one_way(schema: &Value) -> bool {
    schema.get("readOnly") == Some(&Value::Bool(true))
}

fn is_collection(fields: &Map<String, Value>) -> bool {
    fields.get("type").is_some_and(|kind| kind == "array" || kind == "object")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn required_is_what_is_there_in_both_directions_and_optional_collections_may_be_null() {
        let mut document = json!({"components": {"schemas": {"A": {
            "type": "object",
            "properties": {
                "id": {"type": "string", "readOnly": true},
                "name": {"type": "string"},
                "list": {"type": "array", "items": {}},
                "must": {"type": "array", "items": {}},
            },
            "required": ["id", "name", "must", "unknown"],
        }}}});
        apply(&mut document, &mut Report::default()).unwrap();
        let schema = &document["components"]["schemas"]["A"];
        assert_eq!(schema["required"], json!(["name", "must"]));
        assert_eq!(schema["properties"]["list"], json!({"type": "array", "items": {}, "nullable": true}));
        assert_eq!(schema["properties"]["must"], json!({"type": "array", "items": {}}));
        assert_eq!(schema["properties"]["name"], json!({"type": "string"}));
    }
}
