//! Enumerations: only those of text become types, and `null` among the values makes the schema nullable.

use serde_json::{Map, Value};

use super::report::{Refusal, Report, short};
use super::schemas;

/// Brings every `enum` into the form that `build/` makes an open type of: texts, each once.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    schemas::each(document, &mut |pointer, schema| {
        if let Some(fields) = schema.as_object_mut()
            && let Some(values) = fields.remove("enum")
        {
            settle(pointer, fields, values, report);
        }
    });
    Ok(())
}

fn settle(pointer: &str, fields: &mut Map<String, Value>, values: Value, report: &mut Report) {
    let told = short(&values);
    let mut values = values.as_array().cloned().unwrap_or_default();
    if values.contains(&Value::Null) {
        fields.insert("nullable".to_owned(), true.into());
        values.retain(|value| !value.is_null());
    }
    if fields.get("type").is_some_and(|kind| kind == "string") {
        values.iter_mut().for_each(write_out);
    }
    if values.is_empty() {
        return;
    }
    let kind = ["string", "integer", "number", "boolean"]
        .into_iter()
        .find(|kind| values.iter().all(|value| is_of(value, kind)));
    let declared = fields.get("type").and_then(Value::as_str);
    match (declared, kind) {
        (None | Some("string"), Some("string")) if fields.get("format").is_none() => {
            let mut texts: Vec<Value> = Vec::new();
            for value in values {
                if !texts.contains(&value) {
                    texts.push(value);
                }
            }
            fields.insert("type".to_owned(), "string".into());
            fields.insert("enum".to_owned(), texts.into());
        }
        (None, Some(kind)) => {
            report.degraded(pointer, format!("one of {told}"), format!("any {kind}"));
            fields.insert("type".to_owned(), kind.into());
        }
        (declared, _) => {
            report.degraded(pointer, format!("one of {told}"), format!("any {}", declared.unwrap_or("JSON")))
        }
    }
}

/// A number or a boolean under `type: string` is text that was written without quotes.
fn write_out(value: &mut Value) {
    if value.is_number() || value.is_boolean() {
        *value = Value::String(value.to_string());
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => value.is_boolean(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_stay_and_all_else_becomes_its_type() {
        for (schema, expected, told) in [
            (json!({"type": "string", "enum": ["A", "B", "A"]}), json!({"type": "string", "enum": ["A", "B"]}), 0),
            (json!({"enum": ["A", null]}), json!({"type": "string", "enum": ["A"], "nullable": true}), 0),
            (
                json!({"type": "string", "enum": ["A", 1, true]}),
                json!({"type": "string", "enum": ["A", "1", "true"]}),
                0,
            ),
            (json!({"type": "string", "enum": []}), json!({"type": "string"}), 0),
            (json!({"enum": [null]}), json!({"nullable": true}), 0),
            (json!({"type": "integer", "enum": [1, 2]}), json!({"type": "integer"}), 1),
            (json!({"enum": [1, 2.5]}), json!({"type": "number"}), 1),
            (json!({"enum": [true]}), json!({"type": "boolean"}), 1),
            (json!({"enum": ["A", 1]}), json!({}), 1),
            (
                json!({"type": "string", "format": "date", "enum": ["2024-01-01"]}),
                json!({"type": "string", "format": "date"}),
                1,
            ),
        ] {
            let mut document = json!({"components": {"schemas": {"A": schema}}});
            let mut report = Report::default();
            apply(&mut document, &mut report).unwrap();
            assert_eq!((&document["components"]["schemas"]["A"], report.changes().len()), (&expected, told));
        }
    }
}
