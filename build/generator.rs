//! Makes the client of a document: prepare, name, generate, rewrite.

use std::path::{Path, PathBuf};
use std::{panic, thread};

use openapiv3::OpenAPI;
use proc_macro2::TokenStream;
use progenitor::{GenerationSettings, Generator, InterfaceStyle};
use quote::{format_ident, quote};
use serde_json::{Map, Value, json};
use syn::File;

use crate::culprits::{Culprits, culprits};
use crate::document::change::{Change, Effect};
use crate::document::pipeline::{self, ALIASES, BODY, FILE, Facts, Prepared};
use crate::document::report::{Refusal, Report, join};
use crate::names::ident;
use crate::operations::Operation;
use crate::{docs, names, operations, rewrite, types};

/// progenitor recurses over schemas; the default stack is small for deep ones.
const STACK: usize = 256 * 1024 * 1024;

/// Generations that are spent at most on finding out over what the generator gives up.
const PROBES: usize = 1_000;

/// What is made of a document.
pub(crate) struct Generated {
    pub(crate) code: String,
    pub(crate) changes: Vec<Change>,
    pub(crate) files: Vec<PathBuf>,
}

/// Generates the client of the document in a file.
pub(crate) fn generate(path: &Path) -> Result<Generated, Refusal> {
    let path = path.to_owned();
    on_a_big_stack(move || generate_here(&path)).unwrap_or_else(|cause| Err(Refusal::new("", broken(&cause))))
}

fn broken(cause: &str) -> String {
    format!(
        "it holds something that this version cannot translate ({cause}): please report it, with the smallest document that shows it"
    )
}

fn generate_here(path: &Path) -> Result<Generated, Refusal> {
    let mut report = Report::default();
    let Prepared { mut document, facts, files } = pipeline::prepare(path, &mut report)?;
    report.begin("names");
    names::apply(&mut document, &mut report);
    docs::apply(&mut document);
    let file = generated(&mut document, &facts, &mut report)?;
    let all = operations::all(&document);
    let mut file = rewrite::rewrite(file, &document, &all).map_err(|cause| Refusal::new("", broken(&cause)))?;
    add_types(&mut file, &document);
    let constants = constants(&facts, &all, report.changes());
    file.items
        .extend(syn::parse2::<File>(constants).map_err(|cause| Refusal::new("", broken(&cause.to_string())))?.items);
    Ok(Generated { code: prettyplease::unparse(&file), changes: report.changes().to_vec(), files })
}

/// Generates, and where the generator gives up finds out over what: that is left out and named.
fn generated(document: &mut Value, facts: &Facts, report: &mut Report) -> Result<File, Refusal> {
    let first = match tokens(document, facts) {
        Ok(file) => return Ok(file),
        Err(cause) => cause,
    };
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object).map_or(0, Map::len);
    if schemas + operations::all(document).len() > PROBES {
        return Err(Refusal::new("", broken(&first)));
    }
    report.begin("generator");
    let Culprits { schemas, operations } = culprits(document, |part| tokens(part, facts).map(|_| ()));
    for (name, cause) in schemas {
        let what = "a schema that the generator cannot translate";
        report.degraded(&join("/components/schemas", &name), what, format!("any JSON ({cause})"));
        document["components"]["schemas"][&name] = json!({});
    }
    for (path, method, cause) in operations {
        let pointer = join(&join("/paths", &path), &method);
        report.left_out(
            &pointer,
            format!("{} {path}", method.to_uppercase()),
            format!("none: the generator gives up ({cause})"),
        );
        if let Some(item) = document["paths"][&path].as_object_mut() {
            item.remove(&method);
        }
    }
    tokens(document, facts).map_err(|_| Refusal::new("", broken(&first)))
}

/// Lets progenitor generate, and turns its panics into sentences.
fn tokens(document: &Value, facts: &Facts) -> Result<File, String> {
    let (document, own) = for_progenitor(document, facts);
    let spec: OpenAPI = serde_json::from_value(document).map_err(|error| error.to_string())?;
    let settings = settings(&own);
    let outcome = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        let mut generator = Generator::new(&settings);
        let tokens = generator.generate_tokens(&spec).map_err(|error| error.to_string())?;
        // Cargo.toml has the crates of every format but these.
        match generator.get_type_space().uses_regress() || generator.uses_futures() || generator.uses_websockets() {
            true => Err("it needs a crate that the SDK does not bring".to_owned()),
            false => Ok(tokens),
        }
    }));
    let tokens: TokenStream = outcome.unwrap_or_else(|cause| Err(sentence(&*cause)))?;
    syn::parse2(tokens).map_err(|error| error.to_string())
}

fn sentence(cause: &(dyn std::any::Any + Send)) -> String {
    let text = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref().copied());
    let line = text.unwrap_or("no reason given").lines().next().unwrap_or_default();
    line.chars().take(120).collect()
}

/// Runs `work` where deep schemas have room and where a panic ends in a sentence.
fn on_a_big_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
    panic::set_hook(Box::new(|_| {}));
    let thread = thread::Builder::new().stack_size(STACK).spawn(work).map_err(|error| format!("no thread: {error}"))?;
    let outcome = thread.join();
    drop(panic::take_hook());
    outcome.map_err(|cause| sentence(&*cause))
}

/// The document as progenitor is to see it, and the types that it is not to make.
///
/// It makes the types and the builders of operations; how requests go out is not its matter, so every argument is one of the
/// query or the path, and every answer is one that it can read.
fn for_progenitor(document: &Value, facts: &Facts) -> (Value, Vec<String>) {
    let mut components =
        document.pointer("/components/schemas").and_then(Value::as_object).cloned().unwrap_or_default();
    let own = components.iter().filter(|(name, schema)| types::of_component(name, schema).is_some());
    let own: Vec<String> = own.map(|(name, _)| name.clone()).collect();
    for name in &own {
        components.insert(name.clone(), json!({"type": "object"}));
    }
    let mut paths = Map::new();
    for (index, operation) in operations::all(document).iter().enumerate() {
        let method = operation.method.to_lowercase();
        let source = &document["paths"][&operation.path][&method];
        let item = json!({(method_of(&method)): plain_operation(source, &mut components)});
        paths.insert(operation.stand_in(index), item);
    }
    components.values_mut().for_each(wrap_references);
    paths.values_mut().for_each(wrap_references);
    let title = docs::plain(&facts.title);
    let title = if title.is_empty() { "the API".to_owned() } else { title };
    let info = json!({"title": title, "version": docs::plain(&facts.version)});
    (json!({"openapi": "3.0.3", "info": info, "paths": paths, "components": {"schemas": components}}), own)
}

/// progenitor has methods of reqwest for these only; our `send` has them all.
fn method_of(method: &str) -> &str {
    if method == "options" || method == "trace" { "get" } else { method }
}

fn plain_operation(source: &Value, components: &mut Map<String, Value>) -> Value {
    let mut operation = json!({"operationId": source["operationId"]});
    for note in ["summary", "description"] {
        if let Some(text) = source.get(note) {
            operation[note] = text.clone();
        }
    }
    let parameters = source.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let function = source["operationId"].as_str().unwrap_or_default().to_owned();
    let parameters: Vec<Value> = parameters.map(|one| plain_parameter(one, &function, components)).collect();
    operation["parameters"] = parameters.into();
    if let Some(body) = source.get("requestBody") {
        let mut body = body.clone();
        let is_optional = source.get(BODY).is_some_and(|how| how["optional"] == true);
        if let Some(schema) = body.pointer_mut("/content/application~1json/schema")
            && is_optional
        {
            schema["nullable"] = true.into();
        }
        operation["requestBody"] = body;
    }
    let answers = source.get("responses").and_then(Value::as_object).into_iter().flatten();
    // One is enough: all successes have the same type, and our `send` knows the statuses.
    let success = answers.filter(|(status, _)| status.starts_with('2')).map(|(_, answer)| answer.clone()).next();
    operation["responses"] = json!({"200": success.unwrap_or_else(|| json!({"description": ""}))});
    operation
}

fn plain_parameter(source: &Value, function: &str, components: &mut Map<String, Value>) -> Value {
    let place = if source["in"] == "path" { "path" } else { "query" };
    let mut schema = source["schema"].clone();
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next());
    // The generator expects a type with a builder in a body only: elsewhere it gets a wrapper, which has none.
    let is_struct =
        target.and_then(|name| components.get(name)).is_some_and(|schema| schema.get("properties").is_some());
    if is_struct {
        let name = source["name"].as_str().unwrap_or_default();
        let mut wrapper = ident(&format!("{function}_{name}_argument"), names::Case::Pascal);
        while components.contains_key(&wrapper) {
            wrapper.push('2');
        }
        components.insert(wrapper.clone(), json!({"oneOf": [schema]}));
        schema = json!({"$ref": format!("#/components/schemas/{wrapper}")});
    }
    let mut parameter = json!({"name": source["name"], "in": place, "required": source["required"], "schema": schema});
    if let Some(description) = source.get("description") {
        parameter["description"] = description.clone();
    }
    parameter
}

/// A reference that may be null stands in an `allOf` of its own: OpenAPI 3.0 looks at nothing beside `$ref`.
fn wrap_references(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let is_reference = fields.get("$ref").is_some_and(Value::is_string);
            if is_reference && fields.get("nullable") == Some(&Value::Bool(true)) {
                let reference = fields.remove("$ref").unwrap_or_default();
                *value = json!({"allOf": [{"$ref": reference}], "nullable": true});
            } else {
                fields.values_mut().for_each(wrap_references);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(wrap_references),
        _ => {}
    }
}

fn settings(own: &[String]) -> GenerationSettings {
    let mut settings = GenerationSettings::default();
    settings
        .with_interface(InterfaceStyle::Builder)
        .with_inner_type(quote!(menage_b2b::runtime::Transport))
        .with_derive("PartialEq");
    for name in own {
        settings.with_replacement(name, format!("types::{name}"), std::iter::empty());
    }
    for (format, target) in
        [("date", "menage_b2b::Date"), ("date-time", "menage_b2b::DateTime"), (FILE, "menage_b2b::FilePart")]
    {
        if let Ok(schema) = serde_json::from_value(json!({"type": "string", "format": format})) {
            settings.with_conversion(schema, target, std::iter::empty());
        }
    }
    settings
}

/// Adds our types to those of typify, where all see each other.
fn add_types(file: &mut File, document: &Value) {
    let components = document.pointer("/components/schemas").and_then(Value::as_object);
    let mut tokens: TokenStream =
        components.into_iter().flatten().filter_map(|(name, schema)| types::of_component(name, schema)).collect();
    let aliases = document.get(ALIASES).and_then(Value::as_object).into_iter().flatten();
    tokens.extend(aliases.filter_map(|(name, target)| Some(types::alias(name, target.as_str()?))));
    let Ok(ours) = syn::parse2::<File>(tokens) else { return };
    let is_types = |item: &&mut syn::Item| matches!(item, syn::Item::Mod(module) if module.ident == "types");
    if let Some(syn::Item::Mod(module)) = file.items.iter_mut().find(is_types)
        && let Some((_, items)) = &mut module.content
    {
        items.extend(ours.items);
        items.push(syn::parse_quote!(
            use super::types;
        ));
        let is_builder = |item: &&mut syn::Item| matches!(item, syn::Item::Mod(module) if module.ident == "builder");
        if let Some(syn::Item::Mod(builder)) = items.iter_mut().find(is_builder)
            && let Some((_, items)) = &mut builder.content
        {
            items.push(syn::parse_quote!(
                use super::super::types;
            ));
        }
    }
}

/// What the library tells of the document.
fn constants(facts: &Facts, operations: &[Operation], changes: &[Change]) -> TokenStream {
    let Facts { title, version, servers, scopes } = facts;
    let rows = operations.iter().map(Operation::row);
    let health = operations.iter().find(|operation| operation.is_healthcheck()).map(|operation| {
        let function = format_ident!("{}", operation.function);
        let send = quote!(client.#function().send().await);
        (quote!(client), quote!(Some(#send.map(|answer| (answer.status(), answer.headers().clone())))))
    });
    let (client, health) = health.unwrap_or_else(|| (quote!(_), quote!(None)));
    let changes = changes.iter().map(|change| {
        let Change { pass, pointer, effect, before, after } = change;
        let effect = format_ident!("{}", match effect {
            Effect::Adapted => "Adapted",
            Effect::Degraded => "Degraded",
            Effect::LeftOut => "LeftOut",
        });
        quote!(menage_b2b::runtime::Change::known(#pass, #pointer, menage_b2b::runtime::Effect::#effect, #before, #after))
    });
    quote! {
        /// The title of the document.
        pub const TITLE: &str = #title;
        /// The version of the API that the document describes.
        pub const VERSION: &str = #version;
        /// The server addresses that the document lists.
        pub const SERVERS: &[&str] = &[#(#servers),*];
        /// The scopes that the document names.
        pub const SCOPES: &[&str] = &[#(#scopes),*];
        /// The operations of the document, in its order.
        pub const OPERATIONS: &[menage_b2b::runtime::Operation] = &[#(#rows),*];
        /// Asks the health check, if the document has one, and returns its status and its headers.
        #[doc(hidden)]
        pub async fn ask_health(
            #client: &Client,
        ) -> Option<Result<(menage_b2b::reqwest::StatusCode, menage_b2b::reqwest::header::HeaderMap), menage_b2b::Error>> {
            #health
        }
        /// What was changed in the document before the client was generated.
        pub const CHANGES: &[menage_b2b::runtime::Change] = &[#(#changes),*];
    }
}
