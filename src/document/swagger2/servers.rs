//! `host`, `basePath` and `schemes` become `servers`.

use serde_json::{Value, json};

use super::context::{Context, Place};

/// Writes the server that the document names; where it names none, the servers that it may list as OpenAPI 3 does.
pub(super) fn servers(context: &mut Context<'_>) -> Option<Value> {
    let host = text(context, "host").map(|host| host.trim_end_matches('/')).unwrap_or_default();
    let base = base(text(context, "basePath").unwrap_or_default());
    let url = match host.split_once("://") {
        _ if base.contains("://") => base,
        None if host.is_empty() => base,
        None => format!("{}://{host}{base}", scheme(context)),
        Some(_) => format!("{host}{base}"),
    };
    match url.as_str() {
        "" => context.document.get("servers").cloned(),
        url => Some(json!([{ "url": url }])),
    }
}

fn text<'a>(context: &mut Context<'a>, name: &str) -> Option<&'a str> {
    let value = context.document.get(name).filter(|value| !value.is_null())?;
    if !value.is_string() {
        let before = super::short(value);
        context.report.degraded(&Place::new("").at(name).pointer(), before, "nothing: it is no text");
    }
    value.as_str().map(str::trim)
}

/// Writes a base path with a slash before it and none after it, or an address as it is.
fn base(path: &str) -> String {
    let path = path.trim_end_matches('/');
    match path.trim_start_matches('/') {
        "" => String::new(),
        address if address.contains("://") => address.to_owned(),
        path => format!("/{path}"),
    }
}

/// Chooses https wherever it is not excluded: each request carries a token.
fn scheme(context: &mut Context<'_>) -> &'static str {
    let schemes = context.document.get("schemes");
    let has = |name: &str| match schemes {
        Some(Value::Array(schemes)) => {
            schemes.iter().filter_map(Value::as_str).any(|scheme| scheme.eq_ignore_ascii_case(name))
        }
        Some(Value::String(scheme)) => scheme.eq_ignore_ascii_case(name),
        _ => false,
    };
    if !has("https") && has("http") {
        return "http";
    }
    if !has("https") {
        context.report.adapted("/schemes", schemes.map_or_else(|| "none".to_owned(), super::short), "https");
    }
    "https"
}

#[cfg(test)]
mod tests {
    use super::super::tests::converted;
    use super::*;

    fn servers_of(document: &Value) -> Value {
        let mut document = document.clone();
        document["swagger"] = "2.0".into();
        converted(document).0["servers"].take()
    }

    #[test]
    fn host_path_and_scheme_make_one_address() {
        for (document, url) in [
            (json!({"host": "a.test", "basePath": "/v1", "schemes": ["http", "https"]}), "https://a.test/v1"),
            (json!({"host": "a.test:8443", "basePath": "v1/", "schemes": ["HTTPS"]}), "https://a.test:8443/v1"),
            (json!({"host": "a.test", "basePath": "/", "schemes": ["http"]}), "http://a.test"),
            (json!({"host": "a.test/", "schemes": "http"}), "http://a.test"),
            (json!({"host": "a.test", "schemes": ["wss"]}), "https://a.test"),
            (json!({"host": "a.test"}), "https://a.test"),
            (json!({"host": "http://a.test/", "basePath": "/v1", "schemes": ["https"]}), "http://a.test/v1"),
            (json!({"host": "a.test", "basePath": "https://b.test/v1/"}), "https://b.test/v1"),
            (json!({"basePath": "/v1/"}), "/v1"),
            (json!({"host": "", "basePath": "v1", "schemes": ["https"]}), "/v1"),
            (json!({"host": 3, "basePath": "v1"}), "/v1"),
        ] {
            assert_eq!(servers_of(&document), json!([{ "url": url }]), "{document}");
        }
    }

    #[test]
    fn without_host_and_path_there_is_none() {
        for document in
            [json!({}), json!({"basePath": "/", "schemes": ["https"]}), json!({"host": null, "basePath": ""})]
        {
            assert_eq!(servers_of(&document), Value::Null, "{document}");
        }
        assert_eq!(servers_of(&json!({"servers": [{"url": "/x"}]})), json!([{"url": "/x"}]));
    }

    #[test]
    fn a_scheme_that_is_assumed_is_reported() {
        let (_, changes) = converted(json!({"swagger": "2.0", "host": "a.test"}));
        assert_eq!(changes, ["adapted : Swagger 2.0 -> OpenAPI 3.0.3", "adapted /schemes: none -> https"]);
    }
}
