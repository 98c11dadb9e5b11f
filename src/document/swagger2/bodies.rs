//! Bodies and forms: parameters in Swagger, the body of the request in OpenAPI.

use serde_json::{Map, Value};

use super::super::report::Refusal;
use super::context::{Context, Place, object_of};
use super::parameters;
use super::short;

const MULTIPART: &str = "multipart/form-data";
const URLENCODED: &str = "application/x-www-form-urlencoded";

/// A parameter that is the whole body.
pub(super) struct Body {
    /// The name under which it is shared.
    pub(super) name: Option<String>,
    fields: Value,
    schema: Value,
}

impl Body {
    pub(super) fn read(context: &mut Context<'_>, fields: &Map<String, Value>, name: Option<&str>) -> Self {
        // A body has no name on the wire.
        let rest = Value::Object(parameters::rest(fields, &["in", "name", "allowEmptyValue"]));
        Self { name: name.map(str::to_owned), fields: rest, schema: parameters::bare_schema(context, fields) }
    }

    pub(super) fn write(
        &self,
        context: &mut Context<'_>,
        consumes: &[String],
        place: &Place<'_>,
    ) -> Result<Value, Refusal> {
        let mut content = Map::new();
        for media_type in consumes {
            let schema = context.copy(&self.schema, place)?;
            content.insert(media_type.clone(), object_of([("schema", schema)]));
        }
        if consumes.is_empty() {
            let schema = context.copy(&self.schema, place)?;
            content.insert("application/json".to_owned(), object_of([("schema", schema)]));
        }
        let mut body = context.copy(&self.fields, place)?;
        if let Some(body) = body.as_object_mut() {
            body.insert("content".to_owned(), Value::Object(content));
        }
        Ok(body)
    }
}

/// A parameter that is one field of a form.
pub(super) struct Field {
    pub(super) name: String,
    is_required: bool,
    is_file: bool,
    schema: Value,
    /// How the items of a list are joined, where they are.
    encoding: Option<Value>,
}

impl Field {
    pub(super) fn read(context: &mut Context<'_>, fields: &Map<String, Value>, place: &Place<'_>) -> Option<Self> {
        let Some(Value::String(name)) = fields.get("name") else {
            let name = fields.get("name").unwrap_or(&Value::Null);
            context.report.degraded(&place.pointer(), short(name), "nothing: a field of a form needs a name");
            return None;
        };
        let mut schema = parameters::typed_schema(context, fields, place);
        let is_list = schema.get("type").is_some_and(|kind| kind == "array");
        let encoding = is_list.then(|| parameters::style(context, fields, place));
        // Forms repeat the name for each item anyway.
        let encoding = encoding.filter(|style| style.get("explode") != Some(&Value::Bool(true)));
        let items = fields.get("items").filter(|_| is_list).and_then(|items| items.get("type"));
        let is_file = [fields.get("type"), items].into_iter().flatten().any(|kind| kind == "file");
        if let Some(schema) = schema.as_object_mut() {
            schema.extend(parameters::rest(fields, &["in", "name", "required", "allowEmptyValue"]));
        }
        Some(Self {
            name: name.clone(),
            is_required: fields.get("required") == Some(&Value::Bool(true)),
            is_file,
            schema,
            encoding: encoding.map(Value::Object),
        })
    }
}

/// Writes the body that a form's fields make.
pub(super) fn form<'f>(
    context: &mut Context<'_>,
    fields: impl Iterator<Item = &'f Field> + Clone,
    consumes: &[String],
    place: &Place<'_>,
) -> Result<Value, Refusal> {
    let has_file = fields.clone().any(|field| field.is_file);
    let mut content = Map::new();
    for media_type in media_types(consumes, has_file) {
        content.insert((*media_type).to_owned(), form_content(context, fields.clone(), place)?);
    }
    let mut body = Map::new();
    body.insert("content".to_owned(), Value::Object(content));
    if fields.clone().any(|field| field.is_required) {
        body.insert("required".to_owned(), true.into());
    }
    Ok(Value::Object(body))
}

/// Chooses how a form is sent. A file needs parts.
fn media_types(consumes: &[String], has_file: bool) -> &'static [&'static str] {
    let lists = |media_type: &str| consumes.iter().any(|one| essence(one).eq_ignore_ascii_case(media_type));
    match (has_file || lists(MULTIPART), !has_file && lists(URLENCODED)) {
        (true, true) => &[URLENCODED, MULTIPART],
        (true, false) => &[MULTIPART],
        (false, _) => &[URLENCODED],
    }
}

fn form_content<'f>(
    context: &mut Context<'_>,
    fields: impl Iterator<Item = &'f Field>,
    place: &Place<'_>,
) -> Result<Value, Refusal> {
    let (mut properties, mut required, mut encoding) = (Map::new(), Vec::new(), Map::new());
    for field in fields {
        properties.insert(field.name.clone(), context.copy(&field.schema, place)?);
        required.extend(field.is_required.then(|| Value::from(field.name.as_str())));
        encoding.extend(field.encoding.iter().map(|style| (field.name.clone(), style.clone())));
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), "object".into());
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    let schema = Value::Object(schema);
    Ok(match encoding.is_empty() {
        true => object_of([("schema", schema)]),
        false => object_of([("schema", schema), ("encoding", Value::Object(encoding))]),
    })
}

/// A media type without its parameters.
pub(super) fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::converted;
    use super::*;

    /// Converts a document of one operation, and returns its parameters and its body.
    fn operation(mut document: Value) -> (Value, Value) {
        document["swagger"] = "2.0".into();
        let (mut document, changes) = converted(document);
        assert_eq!(changes.len(), 1, "{changes:?}");
        let operation = &mut document["paths"]["/a"]["post"];
        (operation["parameters"].take(), operation["requestBody"].take())
    }

    fn of(consumes: Value, parameters: Value) -> Value {
        json!({"paths": {"/a": {"post": {"consumes": consumes, "parameters": parameters}}}})
    }

    #[test]
    fn a_body_has_the_schema_for_each_media_type() {
        let body =
            json!({"in": "body", "name": "b", "description": "d", "x-a": 1, "schema": {"$ref": "#/definitions/B"}});
        let schema = json!({"schema": {"$ref": "#/components/schemas/B"}});
        let mut document = of(json!(["application/json", "text/xml"]), json!([body]));
        assert_eq!(
            operation(document.clone()),
            (
                json!([]),
                json!({"description": "d", "x-a": 1, "content": {"application/json": schema, "text/xml": schema}})
            )
        );
        document["consumes"] = json!(["text/plain"]);
        for (consumes, expected) in [
            (json!("text/csv"), "text/csv"),
            (Value::Null, "text/plain"),
            (json!({}), "text/plain"),
            // An empty list takes back what the root says (Swagger 2.0, Operation Object).
            (json!([]), "application/json"),
        ] {
            document["paths"]["/a"]["post"]["consumes"] = consumes;
            assert_eq!(operation(document.clone()).1["content"], json!({expected: schema}));
        }
    }

    #[test]
    fn a_shared_body_is_referred_to_where_it_is_sent_alike() {
        let mut document = json!({
            "consumes": ["text/plain"],
            "parameters": {"a/B": {"in": "body", "name": "b", "required": true, "schema": {"type": "string"}}},
            "paths": {"/a": {"post": {"parameters": [{"$ref": "#/parameters/a~1B"}]}}},
        });
        assert_eq!(operation(document.clone()).1, json!({"$ref": "#/components/requestBodies/a~1B"}));
        document["paths"]["/a"]["post"]["consumes"] = json!(["text/csv"]);
        let body =
            |media_type: &str| json!({"required": true, "content": {media_type: {"schema": {"type": "string"}}}});
        assert_eq!(operation(document.clone()).1, body("text/csv"));
        document["swagger"] = json!(2.0);
        assert_eq!(converted(document).0["components"], json!({"requestBodies": {"a/B": body("text/plain")}}));
    }

    #[test]
    fn fields_make_a_form() {
        let (parameters, body) = operation(of(
            Value::Null,
            json!([
                {"in": "formData", "name": "a", "type": "string", "required": true, "description": "d", "x-a": 1},
                {"in": "query", "name": "q", "type": "string"},
                {
                    "in": "formData", "name": "b", "type": "array", "items": {"type": "string"},
                    "collectionFormat": "multi",
                },
                {"in": "formData", "name": "c", "type": "array", "items": {"type": "string"}},
            ]),
        ));
        assert_eq!(parameters, json!([{"in": "query", "name": "q", "schema": {"type": "string"}}]));
        assert_eq!(
            body,
            json!({"required": true, "content": {"application/x-www-form-urlencoded": {
                "schema": {"type": "object", "required": ["a"], "properties": {
                    "a": {"type": "string", "description": "d", "x-a": 1},
                    "b": {"type": "array", "items": {"type": "string"}},
                    "c": {"type": "array", "items": {"type": "string"}},
                }},
                "encoding": {"c": {"style": "form", "explode": false}},
            }}})
        );
    }

    #[test]
    fn a_form_is_sent_as_the_document_says_and_a_file_in_parts() {
        let text = json!({"type": "string"});
        let file = json!({"type": "file"});
        let files = json!({"type": "array", "items": {"type": "file"}, "collectionFormat": "multi"});
        let binary = json!({"type": "string", "format": "binary"});
        let several = json!({"type": "array", "items": binary});
        for (consumes, field, schema, expected) in [
            (json!([]), &text, &text, &[URLENCODED] as &[&str]),
            (json!(["application/json"]), &text, &text, &[URLENCODED]),
            (json!(["Multipart/Form-Data; boundary=x"]), &text, &text, &[MULTIPART]),
            (json!([MULTIPART, URLENCODED]), &text, &text, &[URLENCODED, MULTIPART]),
            (json!([MULTIPART, URLENCODED]), &file, &binary, &[MULTIPART]),
            (json!([URLENCODED]), &file, &binary, &[MULTIPART]),
            (json!([]), &files, &several, &[MULTIPART]),
        ] {
            let mut field = field.clone();
            field["in"] = "formData".into();
            field["name"] = "f".into();
            let (_, body) = operation(of(consumes, json!([field])));
            let content = body["content"].as_object().unwrap();
            assert_eq!(content.keys().collect::<Vec<_>>(), expected);
            for media in content.values() {
                assert_eq!(*media, json!({"schema": {"type": "object", "properties": {"f": schema}}}));
            }
        }
    }
}
