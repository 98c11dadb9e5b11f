//! What the root says for all operations: media types, and the parameters and responses that they refer to.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::{Map, Value};

use super::super::report::Refusal;
use super::context::{Context, Place};
use super::parameters::{self, Parameter};
use super::responses::Response;

pub(super) struct Shared {
    pub(super) consumes: Vec<String>,
    pub(super) produces: Vec<String>,
    parameters: BTreeMap<String, Parameter>,
    responses: BTreeMap<String, Rc<Response>>,
}

impl Shared {
    pub(super) fn of(context: &mut Context<'_>) -> Result<Self, Refusal> {
        let document = context.document;
        let (mut parameters, mut responses) = (BTreeMap::new(), BTreeMap::new());
        let root = Place::new("");
        let place = root.at("parameters");
        for (name, source) in context.object(document.get("parameters"), &place).into_iter().flatten() {
            if let Some(parameter) = parameters::resolve(context, source, Some(name), &place.at(name))? {
                parameters.insert(name.clone(), parameter);
            }
        }
        let place = root.at("responses");
        for (name, source) in context.object(document.get("responses"), &place).into_iter().flatten() {
            let response = Response::resolve(context, source, &place.at(name))?;
            responses.insert(name.clone(), Rc::new(response));
        }
        let media_types = |name| media_types(document.get(name)).unwrap_or_default();
        Ok(Self { consumes: media_types("consumes"), produces: media_types("produces"), parameters, responses })
    }

    pub(super) fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.get(name)
    }

    pub(super) fn response(&self, name: &str) -> Option<&Rc<Response>> {
        self.responses.get(name)
    }

    /// Writes the shared parameters. Fields of a form are no parts of their own: they are written where they are used.
    pub(super) fn parameters(&self) -> Map<String, Value> {
        let parameters = self.parameters.iter().filter_map(|(name, parameter)| match parameter {
            Parameter::Plain(parameter) => Some((name.clone(), parameter.clone())),
            Parameter::Body(_) | Parameter::Field(_) => None,
        });
        parameters.collect()
    }

    pub(super) fn bodies(&self, context: &mut Context<'_>) -> Result<Map<String, Value>, Refusal> {
        let mut bodies = Map::new();
        for (name, parameter) in &self.parameters {
            if let Parameter::Body(body) = parameter {
                let (root, above) = (Place::new(""), "parameters");
                bodies.insert(name.clone(), body.write(context, &self.consumes, &root.at(above).at(name))?);
            }
        }
        Ok(bodies)
    }

    pub(super) fn responses(&self, context: &mut Context<'_>) -> Result<Map<String, Value>, Refusal> {
        let mut responses = Map::new();
        for (name, response) in &self.responses {
            let (root, above) = (Place::new(""), "responses");
            responses.insert(name.clone(), response.write(context, &self.produces, &root.at(above).at(name))?);
        }
        Ok(responses)
    }
}

/// Reads a list of media types, or a single one. Anything else says nothing.
pub(super) fn media_types(value: Option<&Value>) -> Option<Vec<String>> {
    let names = match value? {
        Value::Array(names) => names.as_slice(),
        name @ Value::String(_) => std::slice::from_ref(name),
        _ => return None,
    };
    let names = names.iter().filter_map(Value::as_str).map(str::trim).filter(|name| !name.is_empty());
    Some(names.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::converted;

    #[test]
    fn shared_parts_become_components() {
        let (document, changes) = converted(json!({
            "swagger": "2.0",
            "parameters": {
                "Q": {"name": "q", "in": "query", "type": "string"},
                "Again": {"$ref": "#/parameters/Q"},
                "Loop": {"$ref": "#/parameters/Loop"},
                "F": {"name": "f", "in": "formData", "type": "string"},
                "B": {"name": "b", "in": "body", "schema": {"type": "string"}},
            },
            "responses": {
                "R": {"description": "r", "schema": {"type": "string"}},
                "Again": {"$ref": "#/responses/R"},
            },
        }));
        let (q, r) = (
            json!({"name": "q", "in": "query", "schema": {"type": "string"}}),
            json!({"description": "r", "content": {"application/json": {"schema": {"type": "string"}}}}),
        );
        assert_eq!(
            document["components"],
            json!({
                "parameters": {"Q": q, "Again": q, "Loop": {"$ref": "#/components/parameters/Loop"}},
                "requestBodies": {"B": {"content": {"application/json": {"schema": {"type": "string"}}}}},
                "responses": {"R": r, "Again": r},
            })
        );
        assert_eq!(changes.len(), 1);
    }
}
