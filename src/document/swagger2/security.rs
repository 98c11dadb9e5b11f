//! `securityDefinitions` become security schemes.

use serde_json::{Map, Value, json};

use super::context::{Context, Place};
use super::short;

/// The fields of an OAuth2 definition that OpenAPI 3 has in its flow.
const OF_FLOW: [&str; 4] = ["flow", "authorizationUrl", "tokenUrl", "scopes"];

pub(super) fn schemes(context: &mut Context<'_>) -> Map<String, Value> {
    let root = Place::new("");
    let place = root.at("securityDefinitions");
    let definitions = context.object(context.document.get("securityDefinitions"), &place);
    let definitions = definitions.into_iter().flatten();
    definitions
        .filter_map(|(name, definition)| Some((name.clone(), scheme(context, definition, &place.at(name))?)))
        .collect()
}

fn scheme(context: &mut Context<'_>, definition: &Value, place: &Place<'_>) -> Option<Value> {
    let fields = context.object(Some(definition), place)?;
    match definition.get("type").and_then(Value::as_str) {
        Some("basic") => {
            let mut scheme = fields.clone();
            scheme.extend([("type".to_owned(), "http".into()), ("scheme".to_owned(), "basic".into())]);
            Some(Value::Object(scheme))
        }
        Some("oauth2") => oauth2(context, fields, place),
        // The last two are of OpenAPI 3, and some write them into Swagger 2.0.
        Some("apiKey" | "http" | "openIdConnect") => Some(definition.clone()),
        _ => {
            context.report.degraded(&place.pointer(), short(definition), "nothing: no such security is known");
            None
        }
    }
}

fn oauth2(context: &mut Context<'_>, fields: &Map<String, Value>, place: &Place<'_>) -> Option<Value> {
    let name = match fields.get("flow").and_then(Value::as_str) {
        Some("implicit") => "implicit",
        Some("password") => "password",
        Some("application" | "clientCredentials") => "clientCredentials",
        Some("accessCode" | "authorizationCode") => "authorizationCode",
        _ => {
            let flow = fields.get("flow").map_or_else(|| "no flow".to_owned(), short);
            context.report.degraded(&place.at("flow").pointer(), flow, "nothing: no such flow of OAuth2 is known");
            return None;
        }
    };
    let is_of_flow = |field: &&String| OF_FLOW.contains(&field.as_str());
    let mut scheme: Map<_, _> = fields
        .iter()
        .filter(|(field, _)| !is_of_flow(field))
        .map(|(field, value)| (field.clone(), value.clone()))
        .collect();
    let addresses = ["authorizationUrl", "tokenUrl"].into_iter();
    let mut flow: Map<_, _> =
        addresses.filter_map(|field| Some((field.to_owned(), fields.get(field)?.clone()))).collect();
    flow.insert("scopes".to_owned(), scopes(fields.get("scopes")));
    scheme.insert("flows".to_owned(), json!({ name: flow }));
    Some(Value::Object(scheme))
}

/// Keeps scopes as they are described; a list of names, which some write, is given no descriptions.
fn scopes(scopes: Option<&Value>) -> Value {
    match scopes {
        Some(Value::Object(_)) => scopes.cloned().unwrap_or_default(),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            Value::Object(names.map(|name| (name.to_owned(), "".into())).collect())
        }
        _ => json!({}),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::converted;
    use super::*;

    #[test]
    fn each_kind_has_its_counterpart() {
        let (document, changes) = converted(json!({"swagger": "2.0", "securityDefinitions": {
            "B": {"type": "basic", "description": "b", "x-a": 1},
            "API_Key.API Key": {"type": "apiKey", "name": "KeyId", "in": "header"},
            "OAuth (External)": {
                "type": "oauth2", "description": "o", "flow": "accessCode",
                "authorizationUrl": "https://a.test/authorize", "tokenUrl": "https://a.test/token",
                "scopes": {"a b": "c"},
            },
            "I": {"type": "oauth2", "flow": "implicit", "authorizationUrl": "https://a.test/authorize"},
            "P": {"type": "oauth2", "flow": "password", "tokenUrl": "https://a.test/token", "scopes": ["a", 2]},
            "C": {"type": "oauth2", "flow": "application", "tokenUrl": "https://a.test/token", "scopes": null},
        }}));
        assert_eq!(
            document["components"]["securitySchemes"],
            json!({
                "B": {"type": "http", "description": "b", "x-a": 1, "scheme": "basic"},
                "API_Key.API Key": {"type": "apiKey", "name": "KeyId", "in": "header"},
                "OAuth (External)": {"type": "oauth2", "description": "o", "flows": {"authorizationCode": {
                    "authorizationUrl": "https://a.test/authorize", "tokenUrl": "https://a.test/token",
                    "scopes": {"a b": "c"},
                }}},
                "I": {"type": "oauth2", "flows": {"implicit": {
                    "authorizationUrl": "https://a.test/authorize", "scopes": {},
                }}},
                "P": {"type": "oauth2", "flows": {"password": {
                    "tokenUrl": "https://a.test/token", "scopes": {"a": ""},
                }}},
                "C": {"type": "oauth2", "flows": {"clientCredentials": {
                    "tokenUrl": "https://a.test/token", "scopes": {},
                }}},
            })
        );
        assert_eq!(changes.len(), 1, "{changes:?}");
    }

    #[test]
    fn what_is_unknown_is_dropped_and_reported() {
        let (document, changes) = converted(json!({"swagger": "2.0", "securityDefinitions": {
            "a": {"type": "magic"}, "b": 1, "c": {"type": "oauth2", "flow": "device"}, "d": {"type": "oauth2"},
        }}));
        assert_eq!(document, json!({"openapi": "3.0.3"}));
        assert_eq!(
            changes[1..],
            [
                r#"degraded /securityDefinitions/a: {"type":"magic"} -> nothing: no such security is known"#,
                "degraded /securityDefinitions/b: 1 -> nothing: it is no object",
                r#"degraded /securityDefinitions/c/flow: "device" -> nothing: no such flow of OAuth2 is known"#,
                "degraded /securityDefinitions/d/flow: no flow -> nothing: no such flow of OAuth2 is known",
            ]
        );
    }
}
