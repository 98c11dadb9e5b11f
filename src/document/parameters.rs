//! Parameters: where each goes, in which style, and of which type.

use serde_json::{Map, Value, json};

use super::report::{Refusal, Report, join, short};
use super::schemas;
use super::unions::resolve;

/// How a parameter is written: `simple`, `label`, `matrix`, `form`, `spaceDelimited`, `pipeDelimited`, `tabDelimited`,
/// `deepObject`, or `json` for one that is a document of its own.
pub(crate) const STYLE: &str = "x-menage-style";

/// What stands between the items of a list, where Swagger 2.0 says something that OpenAPI 3.0 cannot.
pub(super) const DELIMITER: &str = "x-menage-delimiter";

/// Leaves each operation with parameters that all have a name, a place, a style and a schema, and that fit its path.
pub(super) fn apply(document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    let components = document.pointer("/components/schemas").cloned().unwrap_or_default();
    schemas::operations(document, &mut |pointer, path, _, operation| {
        let mut listed = match operation.get_mut("parameters").map(Value::take) {
            Some(Value::Array(listed)) => listed,
            _ => Vec::new(),
        };
        take_body(operation, &mut listed, pointer, report);
        let mut parameters = Vec::new();
        for (index, parameter) in listed.into_iter().enumerate() {
            let pointer = format!("{pointer}/parameters/{index}");
            if let Some(parameter) = settled(parameter, &pointer, report) {
                expand(&components, parameter, &pointer, &mut parameters, report);
            }
        }
        fit_path(path, pointer, &mut parameters, report);
        operation["parameters"] = parameters.into();
    });
    Ok(())
}

/// A parameter `in: body`, as Swagger 2.0 had them, is a request body.
fn take_body(operation: &mut Value, listed: &mut Vec<Value>, pointer: &str, report: &mut Report) {
    let Some(index) = listed.iter().position(|one| one.get("in").is_some_and(|place| place == "body")) else { return };
    let body = listed.remove(index);
    if operation.get("requestBody").is_none() {
        report.adapted(&format!("{pointer}/parameters/{index}"), "a parameter in: body", "the request body");
        let schema = body.get("schema").cloned().unwrap_or_else(|| json!({}));
        let required = body.get("required").cloned().unwrap_or_default();
        operation["requestBody"] = json!({"content": {"application/json": {"schema": schema}}, "required": required});
    }
}

/// A parameter with all that is said of it in one form, or none if HTTP has no place for it.
fn settled(mut parameter: Value, pointer: &str, report: &mut Report) -> Option<Value> {
    let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let place = parameter.get("in").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    match place.as_str() {
        "path" | "query" | "cookie" => {}
        "header" => drop_reserved(&name, pointer, report)?,
        _ => {
            report.degraded(pointer, short(&parameter), "nothing: `in` names no place that a request has");
            return None;
        }
    }
    let fields = parameter.as_object_mut()?;
    if let Some(delimiter) = fields.get(DELIMITER).filter(|_| place != "query") {
        let delimiter = short(delimiter);
        report.degraded(
            pointer,
            format!("a list with {delimiter} between its items"),
            "a text, which the caller joins",
        );
        fields.insert("schema".to_owned(), json!({"type": "string"}));
    }
    let (mut schema, mut style) = schema_and_style(fields, &place);
    if style == "json" && place != "query" {
        report.degraded(pointer, "a parameter of JSON", "a text, into which the caller writes the JSON");
        (schema, style) = (json!({"type": "string"}), "simple");
    }
    let is_nullable = schema.as_object_mut().and_then(|schema| schema.remove("nullable")) == Some(Value::Bool(true));
    let required = fields.get("required") == Some(&Value::Bool(true)) && !is_nullable;
    let explode = fields.get("explode").and_then(Value::as_bool).unwrap_or(style == "form" || style == "deepObject");
    let mut settled = Map::new();
    for note in ["description", "deprecated"] {
        settled.extend(
            fields.remove(note).filter(|note| note.is_string() || note.is_boolean()).map(|it| (note.to_owned(), it)),
        );
    }
    settled.insert("name".to_owned(), name.into());
    settled.insert("required".to_owned(), (required || place == "path").into());
    settled.insert("in".to_owned(), place.into());
    settled.insert("schema".to_owned(), schema);
    settled.insert("explode".to_owned(), explode.into());
    settled.insert(STYLE.to_owned(), style.into());
    Some(Value::Object(settled))
}

/// Headers that are not a caller's to set: the SDK's own (OpenAPI says that they are ignored here), those of the connection,
/// and names that no header can have (RFC 9110, 5.1).
fn drop_reserved(name: &str, pointer: &str, report: &mut Report) -> Option<()> {
    const OWN: [&str; 3] = ["accept", "content-type", "authorization"];
    const CONNECTION: [&str; 6] = ["host", "content-length", "connection", "transfer-encoding", "upgrade", "te"];
    let lower = name.to_lowercase();
    let is_token =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    if OWN.contains(&lower.as_str()) {
        report.adapted(pointer, format!("a header parameter {name}"), "nothing: the SDK sets it");
    } else if CONNECTION.contains(&lower.as_str()) {
        report.degraded(pointer, format!("a header parameter {name}"), "nothing: it belongs to the connection");
    } else if !is_token {
        report.degraded(pointer, format!("a header parameter {name:?}"), "nothing: no header has such a name");
    } else {
        return Some(());
    }
    None
}

fn schema_and_style(fields: &mut Map<String, Value>, place: &str) -> (Value, &'static str) {
    let default = if place == "query" || place == "cookie" { "form" } else { "simple" };
    let content = fields.remove("content").and_then(|content| content.as_object().cloned());
    if let Some((media_type, content)) = content.and_then(|content| content.into_iter().next()) {
        let schema = content.get("schema").cloned().unwrap_or_else(|| json!({}));
        return (schema, if media_type.to_lowercase().contains("json") { "json" } else { default });
    }
    let schema = fields.remove("schema").filter(Value::is_object).unwrap_or_else(|| json!({"type": "string"}));
    let is_tab = fields.get(DELIMITER).is_some_and(|delimiter| delimiter == "\t");
    let style = match (place, fields.get("style").and_then(Value::as_str)) {
        ("query", _) if is_tab => "tabDelimited",
        ("query", Some("spaceDelimited")) => "spaceDelimited",
        ("query", Some("pipeDelimited")) => "pipeDelimited",
        ("query", Some("deepObject")) => "deepObject",
        ("path", Some("label")) => "label",
        ("path", Some("matrix")) => "matrix",
        _ => default,
    };
    (schema, style)
}

/// An object in the query becomes one parameter for each of its properties, as it is sent.
fn expand(components: &Value, parameter: Value, pointer: &str, parameters: &mut Vec<Value>, report: &mut Report) {
    let is = |name: &str, value: &str| parameter.get(name).is_some_and(|found| found == value);
    let is_deep = is(STYLE, "deepObject");
    let is_spread = is(STYLE, "form") && parameter.get("explode") == Some(&Value::Bool(true));
    let schema = parameter.get("schema").map(|schema| resolve(components, schema));
    let properties = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
    let (Some(properties), true, true) = (properties, is("in", "query"), is_deep || is_spread) else {
        parameters.push(parameter);
        return;
    };
    let outer = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
    let all_required = parameter.get("required") == Some(&Value::Bool(true));
    let required = schema.and_then(|schema| schema.get("required")).and_then(Value::as_array);
    if schema.is_some_and(|schema| schema.get("additionalProperties").is_some()) {
        report.degraded(
            pointer,
            format!("further fields of the object {outer}"),
            "nothing: those that have names are sent",
        );
    }
    report.adapted(
        pointer,
        format!("an object {outer} in the query"),
        format!("a parameter for each of its {} properties", properties.len()),
    );
    for (name, schema) in properties {
        let is_required =
            all_required && required.is_some_and(|names| names.iter().any(|other| other == name.as_str()));
        let mut schema = schema.clone();
        if let Some(fields) = schema.as_object_mut() {
            fields.remove("nullable");
        }
        let description = schema.get("description").cloned();
        let mut one = json!({
            "name": if is_deep { format!("{outer}[{name}]") } else { name.clone() },
            "in": "query", "required": is_required, "schema": schema, "explode": true,
        });
        one[STYLE] = if is_deep { "deepObject".into() } else { "form".into() };
        if let Some(description) = description {
            one["description"] = description;
        }
        let is_same = |other: &Value| other.get("name") == one.get("name") && other.get("in") == one.get("in");
        if !parameters.iter().any(is_same) {
            parameters.push(one);
        }
    }
}

/// Gives each place of the path its parameter, and each path parameter its place.
fn fit_path(path: &str, pointer: &str, parameters: &mut Vec<Value>, report: &mut Report) {
    let query_places = path.split_once('?').map_or_else(Vec::new, |(_, query)| names_in(query));
    let places = names_in(path);
    let name_of = |parameter: &Value| parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_path = |parameter: &Value| parameter.get("in").is_some_and(|place| place == "path");
    parameters.retain_mut(|parameter| {
        let name = name_of(parameter);
        if !is_path(parameter) || places.contains(&name) {
            return true;
        }
        let place = places.iter().find(|place| place.to_lowercase() == name.to_lowercase());
        let outcome =
            place.map_or("nothing: the path has no place for it".to_owned(), |place| format!("the path's {{{place}}}"));
        report.adapted(&join(pointer, "parameters"), format!("a path parameter {name}"), outcome);
        if let Some(place) = place {
            parameter["name"] = place.as_str().into();
        }
        place.is_some()
    });
    for place in &places {
        if let Some(parameter) = parameters
            .iter_mut()
            .find(|parameter| name_of(parameter) == *place && parameter.get("in").is_some_and(|place| place == "query"))
            && query_places.contains(place)
        {
            report.adapted(
                pointer,
                format!("{{{place}}} in the query of the path"),
                "the query parameter of this name",
            );
            parameter["in"] = "path".into();
            parameter["required"] = true.into();
            parameter[STYLE] = "simple".into();
        }
        if !parameters.iter().any(|parameter| is_path(parameter) && name_of(parameter) == *place) {
            report.adapted(
                pointer,
                format!("{{{place}}} in the path, without a parameter"),
                "a parameter of type string",
            );
            let mut missing =
                json!({"name": place, "in": "path", "required": true, "schema": {"type": "string"}, "explode": false});
            missing[STYLE] = "simple".into();
            parameters.push(missing);
        }
    }
}

/// The names between braces in a path.
pub(crate) fn names_in(path: &str) -> Vec<String> {
    let mut places = Vec::new();
    for part in path.split('{').skip(1) {
        if let Some((name, _)) = part.split_once('}')
            && !places.iter().any(|place| place == name)
        {
            places.push(name.to_owned());
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(path: &str, parameters: Value) -> (Value, Vec<String>) {
        let mut document = json!({
            "paths": {(path): {"get": {"parameters": parameters}}},
            "components": {"schemas": {"Page": {
                "type": "object", "required": ["page"],
                "properties": {"page": {"type": "integer"}, "sort": {"type": "array", "items": {}, "nullable": true}},
            }}},
        });
        let mut report = Report::default();
        apply(&mut document, &mut report).unwrap();
        let changes = report.changes().iter().map(|change| format!("{}: {}", change.effect, change.before)).collect();
        (document["paths"][path]["get"].take(), changes)
    }

    /// Each parameter as place, name, style, explode, required.
    fn forms(operation: &Value) -> Vec<String> {
        let parameters = operation["parameters"].as_array().unwrap();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let form = |p: &Value| ["in", "name", STYLE, "explode", "required"].map(|key| text(&p[key])).join(" ");
        parameters.iter().map(form).collect()
    }

    #[test]
    fn each_parameter_has_the_style_that_the_specification_gives_it() {
        let string = json!({"type": "string"});
        let (operation, changes) = applied(
            "/a/{p}/{l}",
            json!([
                {"name": "p", "in": "path", "schema": string},
                {"name": "l", "in": "path", "schema": string, "style": "label"},
                {"name": "q", "in": "query", "schema": string, "required": true},
                {"name": "n", "in": "query", "schema": {"type": "string", "nullable": true}, "required": true},
                {"name": "s", "in": "query", "schema": {"type": "array", "items": {}}, "style": "spaceDelimited", "explode": false},
                {"name": "t", "in": "query", "schema": {"type": "array", "items": {}}, "x-menage-delimiter": "\t", "explode": false},
                {"name": "c", "in": "query", "content": {"application/json": {"schema": string}}},
                {"name": "h", "in": "header", "schema": string},
                {"name": "k", "in": "cookie"},
            ]),
        );
        assert_eq!(
            forms(&operation),
            [
                "path p simple false true",
                "path l label false true",
                "query q form true true",
                "query n form true false",
                "query s spaceDelimited false false",
                "query t tabDelimited false false",
                "query c json false false",
                "header h simple false false",
                "cookie k form true false",
            ]
        );
        assert_eq!(changes, [""; 0]);
    }

    #[test]
    fn an_object_in_the_query_is_a_parameter_for_each_property() {
        let page = json!({"$ref": "#/components/schemas/Page"});
        let (operation, _) = applied(
            "/a",
            json!([
                {"name": "pageable", "in": "query", "schema": page, "required": true},
                {"name": "filter", "in": "query", "schema": page, "style": "deepObject"},
                {"name": "flat", "in": "query", "schema": page, "explode": false},
            ]),
        );
        assert_eq!(
            forms(&operation),
            [
                "query page form true true",
                "query sort form true false",
                "query filter[page] deepObject true false",
                "query filter[sort] deepObject true false",
                "query flat form false false",
            ]
        );
        assert_eq!(operation["parameters"][1]["schema"], json!({"type": "array", "items": {}}));
    }

    #[test]
    fn path_and_parameters_are_brought_together() {
        let (operation, changes) =
            applied("/a/{idMenage}/{x}", json!([{"name": "IDMENAGE", "in": "path"}, {"name": "y", "in": "path"}]));
        assert_eq!(forms(&operation), ["path idMenage simple false true", "path x simple false true"]);
        assert_eq!(changes.len(), 3);
    }

    #[test]
    fn headers_that_are_not_a_callers_are_left_out() {
        let header = |name: &str| json!({"name": name, "in": "header", "required": true});
        let names = ["Authorization", "accept", "Host", "X Trace", "X-É", "X-Trace"].map(header);
        let (operation, changes) = applied("/a", json!(names));
        assert_eq!(forms(&operation), ["header X-Trace simple false true"]);
        assert_eq!(changes.len(), 5);
    }

    #[test]
    fn a_parameter_in_the_body_is_the_body() {
        let (operation, _) = applied(
            "/a",
            json!([{"name": "b", "in": "body", "required": true, "schema": {"type": "string"}}, {"in": "moon", "name": "m"}]),
        );
        assert_eq!(operation["parameters"], json!([]));
        assert_eq!(
            operation["requestBody"],
            json!({"content": {"application/json": {"schema": {"type": "string"}}}, "required": true})
        );
    }
}
