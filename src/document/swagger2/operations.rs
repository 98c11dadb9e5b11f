//! Paths and operations, where parameters part into parameters, bodies and forms.

use std::collections::HashSet;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::super::report::Refusal;
use super::bodies::{self, Body, Field};
use super::context::{Context, Place};
use super::parameters::{self, Parameter};
use super::shared::{Shared, media_types};
use super::{references, responses, short};

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The fields of an operation that are written anew. Which scheme an operation takes, the servers decide.
const REPLACED: [&str; 5] = ["consumes", "produces", "schemes", "parameters", "responses"];

pub(super) fn paths(context: &mut Context<'_>, shared: &Shared) -> Result<Option<Value>, Refusal> {
    let root = Place::new("");
    let place = root.at("paths");
    let Some(items) = context.object(context.document.get("paths"), &place) else { return Ok(None) };
    let mut paths = Map::new();
    for (path, item) in items {
        let place = place.at(path);
        let item = match item {
            _ if path.starts_with("x-") => item.clone(),
            Value::Object(fields) => path_item(context, shared, fields, &place)?,
            _ => {
                context.report.left_out(&place.pointer(), short(item), "nothing: it is no object");
                continue;
            }
        };
        paths.insert(path.clone(), item);
    }
    Ok(Some(Value::Object(paths)))
}

fn path_item(
    context: &mut Context<'_>,
    shared: &Shared,
    fields: &Map<String, Value>,
    place: &Place<'_>,
) -> Result<Value, Refusal> {
    let mut inputs = Inputs::read(context, shared, fields.get("parameters"), &place.at("parameters"))?;
    let mut item = Map::new();
    if !inputs.parameters.is_empty() {
        item.insert("parameters".to_owned(), Value::Array(std::mem::take(&mut inputs.parameters)));
    }
    for (name, field) in fields.iter().filter(|(name, _)| *name != "parameters") {
        let place = place.at(name);
        let field = match field {
            Value::Object(fields) if is_method(name) => operation(context, shared, &inputs, fields, &place)?,
            _ if is_method(name) => {
                context.report.left_out(&place.pointer(), short(field), "nothing: it is no object");
                continue;
            }
            _ => field.clone(),
        };
        item.insert(name.clone(), field);
    }
    Ok(Value::Object(item))
}

fn is_method(name: &str) -> bool {
    METHODS.contains(&name)
}

fn operation(
    context: &mut Context<'_>,
    shared: &Shared,
    inherited: &Inputs,
    fields: &Map<String, Value>,
    place: &Place<'_>,
) -> Result<Value, Refusal> {
    let kept = fields.iter().filter(|(name, _)| !REPLACED.contains(&name.as_str()));
    let mut operation: Map<_, _> = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut inputs = Inputs::read(context, shared, fields.get("parameters"), &place.at("parameters"))?;
    inputs.inherit(inherited);
    if fields.contains_key("parameters") {
        operation.insert("parameters".to_owned(), Value::Array(std::mem::take(&mut inputs.parameters)));
    }
    let own = media_types(fields.get("consumes"));
    let consumes = own.as_deref().unwrap_or(&shared.consumes);
    if let Some(body) = inputs.body(context, shared, consumes, place)? {
        operation.insert("requestBody".to_owned(), body);
    }
    let own = media_types(fields.get("produces"));
    let produces = own.as_deref().unwrap_or(&shared.produces);
    let responses = responses::all(context, shared, fields.get("responses"), produces, &place.at("responses"))?;
    operation.insert("responses".to_owned(), responses);
    Ok(Value::Object(operation))
}

/// What a list of parameters says of the request.
#[derive(Default)]
struct Inputs {
    parameters: Vec<Value>,
    body: Option<Rc<Body>>,
    form: Vec<Rc<Field>>,
}

impl Inputs {
    fn read(
        context: &mut Context<'_>,
        shared: &Shared,
        list: Option<&Value>,
        place: &Place<'_>,
    ) -> Result<Self, Refusal> {
        let mut inputs = Self::default();
        for (index, source) in context.list(list, place).iter().enumerate() {
            let index = index.to_string();
            let place = place.at(&index);
            match parameter(context, shared, source, &place)? {
                Some(Parameter::Plain(parameter)) => inputs.parameters.push(context.copy(&parameter, &place)?),
                Some(Parameter::Body(body)) if inputs.body.is_none() => inputs.body = Some(body),
                Some(Parameter::Body(_)) => {
                    context.report.degraded(&place.pointer(), short(source), "nothing: there is another body");
                }
                Some(Parameter::Field(field)) => inputs.form.push(field),
                None => {}
            }
        }
        if inputs.body.is_some() && !inputs.form.is_empty() {
            context.report.degraded(&place.pointer(), "a body and fields of a form", "the body");
            inputs.form.clear();
        }
        Ok(inputs)
    }

    /// Takes the body and the fields of the path's item. Its other parameters stay there.
    fn inherit(&mut self, item: &Self) {
        if self.body.is_some() {
            return;
        }
        if self.form.is_empty() {
            self.body.clone_from(&item.body);
        }
        let own: HashSet<_> = self.form.iter().map(|field| field.name.clone()).collect();
        self.form.extend(item.form.iter().filter(|field| !own.contains(&field.name)).cloned());
    }

    fn body(
        &self,
        context: &mut Context<'_>,
        shared: &Shared,
        consumes: &[String],
        place: &Place<'_>,
    ) -> Result<Option<Value>, Refusal> {
        let Some(body) = &self.body else {
            let fields = self.form.iter().map(Rc::as_ref);
            let form = (!self.form.is_empty()).then(|| bodies::form(context, fields, consumes, place));
            return form.transpose();
        };
        match &body.name {
            // The shared one is written with the media types of the root.
            Some(name) if consumes == shared.consumes => {
                Ok(Some(json!({"$ref": references::component("requestBodies", name)})))
            }
            _ => body.write(context, consumes, place).map(Some),
        }
    }
}

fn parameter(
    context: &mut Context<'_>,
    shared: &Shared,
    source: &Value,
    place: &Place<'_>,
) -> Result<Option<Parameter>, Refusal> {
    let reference = source.get("$ref").and_then(Value::as_str);
    let name = reference.and_then(|reference| references::name_in(context, "parameters", reference));
    match name.and_then(|name| Some((shared.parameter(&name)?, name))) {
        Some((Parameter::Plain(_), name)) => {
            Ok(Some(Parameter::Plain(json!({"$ref": references::component("parameters", &name)}))))
        }
        Some((parameter, _)) => Ok(Some(parameter.clone())),
        None => parameters::resolve(context, source, None, place),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::converted;
    use super::*;

    fn paths_of(mut document: Value) -> (Value, Vec<String>) {
        document["swagger"] = "2.0".into();
        let (mut document, changes) = converted(document);
        (document["paths"].take(), changes[1..].to_vec())
    }

    #[test]
    fn what_openapi_writes_alike_stays() {
        let operation = json!({
            "tags": ["t"], "summary": "s", "description": "d", "externalDocs": {"url": "u"}, "operationId": "GET /a",
            "deprecated": true, "security": [{"API Key": []}], "x-a": {"$ref": "#/definitions/A"}, "parameters": [],
            "responses": {},
        });
        let item = json!({"get": operation, "x-b": 1, "$ref": "#/paths/~1c"});
        let mut source = item.clone();
        source["get"]["schemes"] = json!(["http"]);
        source["get"]["consumes"] = json!(["text/plain"]);
        assert_eq!(paths_of(json!({"paths": {"/a": source, "x-c": 2}})), (json!({"/a": item, "x-c": 2}), vec![]));
    }

    #[test]
    fn a_body_of_the_path_goes_to_each_operation_that_has_none() {
        let body = |name: &str| json!({"in": "body", "name": "b", "schema": {"title": name}});
        let (query, written) = (
            json!({"in": "query", "name": "q", "type": "string"}),
            |name: &str| json!({"content": {"application/json": {"schema": {"title": name}}}}),
        );
        let (paths, changes) = paths_of(json!({"paths": {"/a": {
            "parameters": [body("path"), query],
            "put": {"responses": {}},
            "post": {"parameters": [body("own")], "responses": {}},
            "patch": {"parameters": [{"in": "formData", "name": "f", "type": "string"}], "responses": {}},
        }}}));
        let item = &paths["/a"];
        assert_eq!(item["parameters"], json!([{"in": "query", "name": "q", "schema": {"type": "string"}}]));
        assert_eq!(item["put"], json!({"requestBody": written("path"), "responses": {}}));
        assert_eq!(item["post"], json!({"parameters": [], "requestBody": written("own"), "responses": {}}));
        assert!(item["patch"]["requestBody"]["content"]["application/x-www-form-urlencoded"].is_object());
        assert_eq!(changes, [""; 0]);
    }

    #[test]
    fn fields_of_the_path_join_those_of_the_operation() {
        let field = |name: &str, kind: &str| json!({"in": "formData", "name": name, "type": kind});
        let (paths, _) = paths_of(json!({
            "parameters": {"C": field("c", "string")},
            "paths": {"/a": {
                "parameters": [field("a", "string"), {"$ref": "#/parameters/C"}],
                "post": {"parameters": [field("a", "integer"), field("b", "string")]},
            }},
        }));
        let properties = json!({"a": {"type": "integer"}, "b": {"type": "string"}, "c": {"type": "string"}});
        let body = &paths["/a"]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"];
        assert_eq!(body["schema"], json!({"type": "object", "properties": properties}));
        assert_eq!(paths["/a"].get("parameters"), None);
    }

    #[test]
    fn shared_parameters_are_referred_to_and_others_are_written_out() {
        let (paths, _) = paths_of(json!({
            "parameters": {"a b": {"in": "query", "name": "q", "type": "string"}},
            "x-parts": {"h": {"in": "header", "name": "h", "type": "string"}},
            "paths": {"/a": {"get": {"parameters": [
                {"$ref": "#/parameters/a%20b"}, {"$ref": "#/x-parts/h"}, {"$ref": "#/parameters/missing"},
                {"$ref": "a.json#/b"},
            ]}}},
        }));
        assert_eq!(
            paths["/a"]["get"]["parameters"],
            json!([
                {"$ref": "#/components/parameters/a b"},
                {"in": "header", "name": "h", "schema": {"type": "string"}},
                {"$ref": "#/components/parameters/missing"},
                {"$ref": "a.json#/b"},
            ])
        );
    }

    #[test]
    fn what_is_dropped_is_reported() {
        let (body, field) = (json!({"in": "body"}), json!({"in": "formData", "name": "f", "type": "string"}));
        let (paths, changes) = paths_of(json!({"paths": {
            "/a": 1,
            "/b": {"get": "x", "parameters": "y", "put": {"parameters": {}, "responses": []}},
            "/c": {"post": {"parameters": [
                body, body, field, {"in": "formData", "type": "string"}, null, 2,
            ]}},
        }}));
        assert_eq!(
            paths,
            json!({
                "/b": {"put": {"parameters": [], "responses": {}}},
                "/c": {"post": {
                    "parameters": [], "requestBody": {"content": {"application/json": {"schema": {}}}}, "responses": {},
                }},
            })
        );
        assert_eq!(
            changes,
            [
                "left out /paths/~1a: 1 -> nothing: it is no object",
                "degraded /paths/~1b/parameters: \"y\" -> nothing: it is no list",
                "left out /paths/~1b/get: \"x\" -> nothing: it is no object",
                "degraded /paths/~1b/put/parameters: {} -> nothing: it is no list",
                "degraded /paths/~1b/put/responses: [] -> nothing: it is no object",
                "degraded /paths/~1c/post/parameters/1: {\"in\":\"body\"} -> nothing: there is another body",
                "degraded /paths/~1c/post/parameters/3: null -> nothing: a field of a form needs a name",
                "degraded /paths/~1c/post/parameters/5: 2 -> nothing: it is no object",
                "degraded /paths/~1c/post/parameters: a body and fields of a form -> the body",
            ]
        );
    }
}
