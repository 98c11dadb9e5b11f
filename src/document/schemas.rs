//! Walks over the places of a document that hold schemas, and over those that hold operations.
//!
//! Data is never taken for a schema: examples, defaults, enumerated values and extensions are passed over.

use serde_json::{Map, Value};

use super::report::join;

/// The methods of a path item that OpenAPI 3.0 knows.
pub(crate) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// The root key under which the reader keeps the files that a document refers to.
pub(super) const FILES: &str = "x-menage-files";

/// Calls `visit` with a pointer and the value that stands there.
pub(super) type Visit<'v> = dyn FnMut(&str, &mut Value) + 'v;

/// Visits each schema of a document before those inside it, which are looked for in what the visit leaves.
///
/// In 3.1 a schema may be a boolean, and in a careless document anything: `visit` is given what stands there. Callbacks are passed
/// over: no client answers them.
pub(super) fn each(document: &mut Value, visit: &mut Visit<'_>) {
    roots(document, &mut |pointer, schema| within(pointer, schema, visit));
}

/// Visits the schemas that stand in no other schema.
pub(super) fn roots(document: &mut Value, visit: &mut Visit<'_>) {
    Walk { carrier: &mut |_, _| (), schema: visit }.document(document);
}

/// Visits what carries schemas: parameters, headers, request bodies, responses and media types.
///
/// Media types are told apart by where they stand: under `content`, or in `components.mediaTypes` (3.2).
pub(super) fn carriers(document: &mut Value, visit: &mut Visit<'_>) {
    Walk { carrier: visit, schema: &mut |_, _| () }.document(document);
}

/// Visits a schema, then those inside it.
pub(super) fn within(pointer: &str, schema: &mut Value, visit: &mut Visit<'_>) {
    visit(pointer, schema);
    children(schema, pointer, &mut |pointer, child| within(pointer, child, visit));
}

/// Visits the schemas that stand directly in a schema.
pub(super) fn children(schema: &mut Value, pointer: &str, visit: &mut Visit<'_>) {
    for (keyword, value) in schema.as_object_mut().into_iter().flatten() {
        let pointer = || join(pointer, keyword);
        match keyword.as_str() {
            "properties" | "patternProperties" | "dependentSchemas" | "$defs" | "definitions" if value.is_object() => {
                members(value, &pointer(), visit);
            }
            "allOf" | "anyOf" | "oneOf" | "prefixItems" if value.is_array() => members(value, &pointer(), visit),
            "items" if value.is_array() => members(value, &pointer(), visit),
            "items" | "not" | "if" | "then" | "else" | "contains" | "propertyNames" => visit(&pointer(), value),
            "additionalProperties" | "unevaluatedProperties" | "unevaluatedItems" if value.is_object() => {
                visit(&pointer(), value);
            }
            _ => {}
        }
    }
}

/// Visits the operations of `paths` that 3.0 knows, each with its pointer, its path and its method.
pub(super) fn operations(document: &mut Value, visit: &mut dyn FnMut(&str, &str, &str, &mut Value)) {
    let paths = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in paths.into_iter().flatten() {
        let pointer = join("/paths", path);
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            if METHODS.contains(&method.as_str()) && operation.is_object() {
                visit(&join(&pointer, method), path, method, operation);
            }
        }
    }
}

/// Takes a field out of an object whose other fields keep their order, which is that of the document.
pub(super) fn take(fields: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let value = fields.get_mut(name).map(Value::take)?;
    fields.retain(|other, _| other != name);
    Some(value)
}

/// Visits what stands in an object or a list.
fn members(value: &mut Value, pointer: &str, visit: &mut Visit<'_>) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| visit(&join(pointer, name), value)),
        Value::Array(items) => {
            items.iter_mut().enumerate().for_each(|(at, item)| visit(&join(pointer, &at.to_string()), item));
        }
        _ => {}
    }
}

/// A walk over the parts of a document that lead to schemas.
struct Walk<'v> {
    carrier: &'v mut Visit<'v>,
    schema: &'v mut Visit<'v>,
}

impl Walk<'_> {
    fn document(&mut self, document: &mut Value) {
        self.root(document, "");
        if let Some(files) = document.get_mut(FILES) {
            members(files, &join("", FILES), &mut |pointer, file| self.file(pointer, file));
        }
    }

    fn root(&mut self, document: &mut Value, pointer: &str) {
        for (name, part) in document.as_object_mut().into_iter().flatten() {
            let pointer = join(pointer, name);
            match name.as_str() {
                "components" => self.components(part, &pointer),
                "paths" => self.path_items(part, &pointer),
                "webhooks" => members(part, &pointer, &mut |pointer, item| self.path_item(pointer, item)),
                "definitions" | "$defs" => members(part, &pointer, self.schema),
                _ => {}
            }
        }
    }

    fn components(&mut self, components: &mut Value, pointer: &str) {
        for (name, part) in components.as_object_mut().into_iter().flatten() {
            let pointer = join(pointer, name);
            match name.as_str() {
                "schemas" => members(part, &pointer, self.schema),
                "parameters" | "headers" | "requestBodies" | "responses" | "mediaTypes" => {
                    self.carriers(part, &pointer)
                }
                "pathItems" => members(part, &pointer, &mut |pointer, item| self.path_item(pointer, item)),
                _ => {}
            }
        }
    }

    fn path_items(&mut self, paths: &mut Value, pointer: &str) {
        for (path, item) in paths.as_object_mut().into_iter().flatten().filter(|(path, _)| !is_extension(path)) {
            self.path_item(&join(pointer, path), item);
        }
    }

    fn path_item(&mut self, pointer: &str, item: &mut Value) {
        for (name, part) in item.as_object_mut().into_iter().flatten() {
            let pointer = join(pointer, name);
            match name.as_str() {
                "parameters" => self.carriers(part, &pointer),
                "additionalOperations" => {
                    members(part, &pointer, &mut |pointer, operation| self.operation(pointer, operation));
                }
                method if method == "query" || METHODS.contains(&method) => self.operation(&pointer, part),
                _ => {}
            }
        }
    }

    fn operation(&mut self, pointer: &str, operation: &mut Value) {
        for (name, part) in operation.as_object_mut().into_iter().flatten() {
            let pointer = join(pointer, name);
            match name.as_str() {
                "parameters" => self.carriers(part, &pointer),
                "requestBody" => self.carrier(&pointer, part),
                "responses" => {
                    for (status, response) in part.as_object_mut().into_iter().flatten() {
                        if !is_extension(status) {
                            self.carrier(&join(&pointer, status), response);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn carriers(&mut self, carriers: &mut Value, pointer: &str) {
        members(carriers, pointer, &mut |pointer, carrier| self.carrier(pointer, carrier));
    }

    fn carrier(&mut self, pointer: &str, carrier: &mut Value) {
        (self.carrier)(pointer, carrier);
        for (name, part) in carrier.as_object_mut().into_iter().flatten() {
            let pointer = join(pointer, name);
            match name.as_str() {
                "schema" | "itemSchema" => (self.schema)(&pointer, part),
                "content" | "headers" => self.carriers(part, &pointer),
                // An encoding carries headers.
                "encoding" if part.is_object() => self.carriers(part, &pointer),
                _ => {}
            }
        }
    }

    /// Walks over a file that the document refers to: a document, a schema, another part, or a collection of any.
    fn file(&mut self, pointer: &str, file: &mut Value) {
        let is_document = ["openapi", "swagger", "components", "paths"].iter().any(|key| file.get(key).is_some());
        if is_document {
            self.root(file, pointer);
        } else {
            self.fragment(pointer, file);
        }
    }

    fn fragment(&mut self, pointer: &str, part: &mut Value) {
        let has_object = |key: &&str| part.get(*key).is_some_and(Value::is_object);
        if is_schema(part) {
            (self.schema)(pointer, part);
        } else if ["schema", "content", "headers"].iter().any(has_object) {
            self.carrier(pointer, part);
        } else if METHODS.iter().any(has_object) {
            self.path_item(pointer, part);
        } else if let Some(fields) = part.as_object_mut() {
            for (name, part) in fields.iter_mut().filter(|(name, _)| !is_data(name)) {
                self.fragment(&join(pointer, name), part);
            }
        }
    }
}

/// Whether a part of a file is a schema. Elsewhere the place says so.
fn is_schema(part: &Value) -> bool {
    part.as_object().into_iter().flatten().any(|(keyword, value)| match keyword.as_str() {
        "type" => value.is_string() || value.is_array(),
        "$ref" => value.is_string(),
        "properties" | "items" => value.is_object(),
        "allOf" | "anyOf" | "oneOf" | "enum" => value.is_array(),
        _ => false,
    })
}

fn is_data(name: &str) -> bool {
    is_extension(name) || matches!(name, "example" | "examples" | "default" | "enum" | "const")
}

fn is_extension(name: &str) -> bool {
    name.starts_with("x-")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn visited(mut document: Value) -> Vec<String> {
        let mut pointers = Vec::new();
        each(&mut document, &mut |pointer, _| pointers.push(pointer.to_owned()));
        pointers
    }

    #[test]
    fn components_lead_to_schemas() {
        let document = json!({"components": {
            "schemas": {"A/b": {}, "B": true},
            "parameters": {"p": {"name": "p", "schema": {}}, "q": {"content": {"application/json": {"schema": {}}}}},
            "headers": {"h": {"schema": {}}},
            "requestBodies": {"b": {"content": {"multipart/form-data": {
                "schema": {}, "encoding": {"file": {"headers": {"X": {"schema": {}}}}},
            }}}},
            "responses": {"r": {"headers": {"h": {"schema": {}}}, "content": {"a": {"itemSchema": {}}}}},
            "pathItems": {"i": {"parameters": [{"schema": {}}]}},
            "mediaTypes": {"m": {"schema": {}}},
            "examples": {"e": {"schema": {}}},
            "callbacks": {"c": {"{url}": {"post": {"requestBody": {"content": {"a": {"schema": {}}}}}}}},
        }});
        assert_eq!(
            visited(document),
            [
                "/components/schemas/A~1b",
                "/components/schemas/B",
                "/components/parameters/p/schema",
                "/components/parameters/q/content/application~1json/schema",
                "/components/headers/h/schema",
                "/components/requestBodies/b/content/multipart~1form-data/schema",
                "/components/requestBodies/b/content/multipart~1form-data/encoding/file/headers/X/schema",
                "/components/responses/r/headers/h/schema",
                "/components/responses/r/content/a/itemSchema",
                "/components/pathItems/i/parameters/0/schema",
                "/components/mediaTypes/m/schema",
            ]
        );
    }

    #[test]
    fn path_items_lead_to_schemas() {
        let content = json!({"content": {"a": {"schema": {}}}});
        let document = json!({
            "paths": {
                "/a": {
                    "parameters": [{"schema": {}}],
                    "get": {"parameters": [{"schema": {}}], "requestBody": content, "responses": {"200": content, "x-a": content}},
                    "query": {"responses": {"200": content}},
                    "additionalOperations": {"COPY": {"requestBody": content}},
                    "summary": {"schema": {}},
                },
                "x-b": {"get": {"requestBody": content}},
            },
            "webhooks": {"w": {"post": {"requestBody": content}}},
        });
        assert_eq!(
            visited(document),
            [
                "/paths/~1a/parameters/0/schema",
                "/paths/~1a/get/parameters/0/schema",
                "/paths/~1a/get/requestBody/content/a/schema",
                "/paths/~1a/get/responses/200/content/a/schema",
                "/paths/~1a/query/responses/200/content/a/schema",
                "/paths/~1a/additionalOperations/COPY/requestBody/content/a/schema",
                "/webhooks/w/post/requestBody/content/a/schema",
            ]
        );
    }

    #[test]
    fn schemas_lead_to_schemas_and_data_does_not() {
        let data = json!({"type": "string", "properties": {"a": {}}});
        let schema = json!({
            "properties": {"default": {}}, "patternProperties": {"^x": {}}, "dependentSchemas": {"d": {}},
            "$defs": {"e": {}}, "definitions": {"f": {}}, "allOf": [{}], "anyOf": [{}], "oneOf": [{}, true], "prefixItems": [{}],
            "items": {"items": [{}]}, "not": {}, "if": {}, "then": {}, "else": {}, "contains": {}, "propertyNames": {},
            "additionalProperties": {}, "unevaluatedProperties": false, "unevaluatedItems": {},
            "example": data, "examples": [data], "default": data, "enum": [data], "const": data, "x-a": data,
        });
        let pointers = visited(json!({"components": {"schemas": {"A": schema}}}));
        let pointers: Vec<_> = pointers.iter().filter_map(|p| p.strip_prefix("/components/schemas/A/")).collect();
        let expected = "properties/default patternProperties/^x dependentSchemas/d $defs/e definitions/f allOf/0 anyOf/0 \
            oneOf/0 oneOf/1 prefixItems/0 items items/items/0 not if then else contains propertyNames additionalProperties \
            unevaluatedItems";
        assert_eq!(pointers, expected.split_whitespace().collect::<Vec<_>>());
    }

    #[test]
    fn children_are_those_that_the_visit_leaves() {
        let mut document = json!({"components": {"schemas": {"A": {"not": {}}}}});
        let mut pointers = Vec::new();
        each(&mut document, &mut |pointer, schema| {
            if schema.get("not").is_some() {
                *schema = json!({"items": {}});
            }
            pointers.push(pointer.to_owned());
        });
        assert_eq!(pointers, ["/components/schemas/A", "/components/schemas/A/items"]);
    }

    #[test]
    fn files_are_documents_schemas_parts_or_collections() {
        let document = json!({FILES: [
            {"components": {"schemas": {"A": {}}}, "info": {"type": "string"}, "definitions": {"D": {}}},
            {"type": "object", "properties": {"a": {}}},
            {"content": {"a": {"schema": {}}}},
            {"get": {"responses": {"200": {"content": {"a": {"schema": {}}}}}}},
            {"B": {"allOf": []}, "more": {"C": {"enum": []}}, "type": {"type": "string"}, "example": {"type": "string"}},
            "text",
        ]});
        assert_eq!(
            visited(document),
            [
                "/x-menage-files/0/components/schemas/A",
                "/x-menage-files/0/definitions/D",
                "/x-menage-files/1",
                "/x-menage-files/1/properties/a",
                "/x-menage-files/2/content/a/schema",
                "/x-menage-files/3/get/responses/200/content/a/schema",
                "/x-menage-files/4/B",
                "/x-menage-files/4/more/C",
                "/x-menage-files/4/type",
            ]
        );
    }

    #[test]
    fn carriers_are_visited_before_what_they_carry() {
        let response = json!({"headers": {"h": {}}, "content": {"a": {"$ref": "#/b"}}});
        let mut document = json!({"paths": {"/a": {"get": {"responses": {"200": response}}}}});
        let mut pointers = Vec::new();
        carriers(&mut document, &mut |pointer, _| pointers.push(pointer.to_owned()));
        let response = "/paths/~1a/get/responses/200";
        assert_eq!(pointers, [response, &format!("{response}/headers/h"), &format!("{response}/content/a")]);
    }

    #[test]
    fn operations_are_those_of_3_0() {
        let item = json!({"parameters": [], "get": {}, "query": {}, "patch": {}, "post": 1});
        let mut document = json!({"paths": {"/a": item, "/b": null}, "webhooks": {"w": {"get": {}}}});
        let mut found = Vec::new();
        operations(&mut document, &mut |pointer, path, method, _| found.push(format!("{method} {path} at {pointer}")));
        assert_eq!(found, ["get /a at /paths/~1a/get", "patch /a at /paths/~1a/patch"]);
    }

    #[test]
    fn values_of_the_wrong_type_are_passed_over() {
        for document in [
            json!(null),
            json!({"components": [], "paths": "a", "webhooks": 1, FILES: true}),
            json!({"components": {"schemas": 1, "parameters": null, "responses": {"a": [1]}}, "paths": {"/a": {"get": []}}}),
            json!({"paths": {"/a": {"parameters": 1, "get": {"parameters": {}, "requestBody": 2, "responses": []}}}}),
        ] {
            assert_eq!(visited(document), [""; 0]);
        }
        let schema = json!({"properties": [{}], "allOf": {"a": {}}, "additionalProperties": true, "items": 1});
        assert_eq!(
            visited(json!({"components": {"schemas": {"A": schema}}})),
            ["/components/schemas/A", "/components/schemas/A/items"]
        );
    }
}
