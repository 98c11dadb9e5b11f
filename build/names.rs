//! Names: every type, field, operation and argument gets a Rust name of its own before the generator derives one.
//!
//! progenitor and typify derive names too, by the rules of [`ident`]. A name that these rules leave as it is, and that nothing
//! else has, comes out as it went in; what it was called before is kept beside it.

use std::collections::BTreeSet;

use heck::{ToPascalCase, ToSnakeCase};
use serde_json::{Map, Value};
use unicode_ident::{is_xid_continue, is_xid_start};

use crate::document::pipeline::{ALIASES, METHODS, unescaped};
use crate::document::report::{Report, join};

/// The name that a field or an argument has on the wire.
pub(crate) const WIRE: &str = "x-menage-wire";
/// The `operationId` as the document writes it.
pub(crate) const ID: &str = "x-menage-id";

/// How Rust writes the names of types, and those of fields and functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Pascal,
    Snake,
}

/// Names that the code around a type uses without a path, and those of types that stand for a format: typify would take a
/// component of the same name for it.
const TYPES: [&str; 20] = [
    "Box", "Date", "DateTime", "Default", "Err", "FilePart", "From", "Into", "None", "Ok", "Option", "Result", "Self_",
    "Some", "String", "ToString", "TryFrom", "TryInto", "Uuid", "Vec",
];
/// Methods of the client, ours and the generated one's, and those that are likely to come.
const METHODS_OF_CLIENT: [&str; 20] = [
    "api_version",
    "authenticator",
    "base_url",
    "baseurl",
    "borrow",
    "builder",
    "builder_from_env",
    "client",
    "clone",
    "diagnose",
    "exec",
    "execute",
    "from_env",
    "inner",
    "into",
    "new",
    "new_with_client",
    "post",
    "pre",
    "with_headers",
];
/// Types that the generated builders use without a path.
const BUILDERS: [&str; 13] = [
    "ByteStream",
    "Client",
    "Error",
    "From",
    "Into",
    "Option",
    "Ok",
    "Result",
    "ResponseValue",
    "Self",
    "String",
    "TryFrom",
    "Vec",
];
/// Methods of a generated builder, and the locals of its `send`.
const ARGUMENTS: [&str; 9] = ["body", "body_map", "client", "clone", "new", "self_", "send", "stream", "value"];

/// Renames what needs it.
pub(crate) fn apply(document: &mut Value, report: &mut Report) {
    types(document, report);
    fields(document, report);
    operations(document, report);
}

/// Derives a name as progenitor and typify do.
pub(crate) fn ident(text: &str, case: Case) -> String {
    let cased = |text: &str| match case {
        Case::Pascal => text.to_pascal_case(),
        Case::Snake => text.to_snake_case(),
    };
    let plain = text.replace('\'', "").replace(|letter| !is_xid_continue(letter), "-");
    let name = cased(&plain);
    let name = match name.chars().next() {
        None => cased("x"),
        Some(first) if is_xid_start(first) => name,
        Some(_) => format!("{}{name}", cased("x")),
    };
    // A keyword since edition 2024, which syn still takes for a name.
    let is_free = name != "gen" && syn::parse_str::<syn::Ident>(&name).is_ok();
    if is_free { name } else { format!("{name}_") }
}

/// Gives each name once.
struct Names {
    case: Case,
    taken: BTreeSet<String>,
}

impl Names {
    fn new(case: Case, reserved: &[&str]) -> Self {
        Self { case, taken: reserved.iter().map(|name| (*name).to_owned()).collect() }
    }

    fn give(&mut self, text: &str, suffix: &str) -> String {
        self.give_if(text, suffix, |_| true)
    }

    /// Derives a name that deriving again does not change; if it is taken or does not fit, with the suffix or a number.
    fn give_if(&mut self, text: &str, suffix: &str, fits: impl Fn(&str) -> bool) -> String {
        let numbered = (2..).map(|number| format!("{text}_{number}"));
        let candidates = [text.to_owned(), format!("{text}_{suffix}")].into_iter().chain(numbered);
        let mut names = candidates.map(|text| self.stable(&text));
        let name = names.find(|name| !self.taken.contains(name) && fits(name)).unwrap_or_default();
        self.taken.insert(name.clone());
        name
    }

    fn stable(&self, text: &str) -> String {
        const ROUNDS: usize = 4;
        (0..ROUNDS).fold(ident(text, self.case), |name, _| ident(name.trim_end_matches('_'), self.case))
    }
}

/// Renames the components, and with them every reference.
fn types(document: &mut Value, report: &mut Report) {
    let mut names = Names::new(Case::Pascal, &TYPES);
    let mut renamed = Map::new();
    let mut moved = Vec::new();
    let mut give = |name: &str| {
        let new = names.give(name, "type");
        moved.push((join("/components/schemas", &new), join("/components/schemas", name)));
        if ident(name, Case::Pascal) != new {
            report.adapted(&join("/components/schemas", name), format!("the name {name}"), format!("the type {new}"));
        }
        renamed.insert(name.to_owned(), new.clone().into());
        new
    };
    if let Some(components) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        *components = std::mem::take(components).into_iter().map(|(name, schema)| (give(&name), schema)).collect();
    }
    if let Some(aliases) = document.get_mut(ALIASES).and_then(Value::as_object_mut) {
        *aliases = std::mem::take(aliases).into_iter().map(|(name, target)| (give(&name), target)).collect();
        for target in aliases.values_mut() {
            if let Some(new) = target.as_str().and_then(|name| renamed.get(name)) {
                *target = new.clone();
            }
        }
    }
    lead_to(document, &renamed);
    report.moved_together(moved);
}

/// Writes the new names into references. After `core`, `$ref` with a text is one wherever it stands, except as a property.
fn lead_to(value: &mut Value, renamed: &Map<String, Value>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                let name = value.as_str().and_then(|text| text.strip_prefix("#/components/schemas/"));
                let name = name.filter(|_| key == "$ref").map(unescaped);
                match name.and_then(|name| renamed.get(&name)).and_then(Value::as_str) {
                    Some(new) => *value = format!("#/components/schemas/{new}").into(),
                    None => lead_to(value, renamed),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| lead_to(item, renamed)),
        _ => {}
    }
}

/// Renames properties whose names would make the same field twice.
fn fields(document: &mut Value, report: &mut Report) {
    let components = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (name, schema) in components.into_iter().flatten() {
        let pointer = join(&join("/components/schemas", name), "properties");
        // The field in which typify keeps what it does not know.
        let reserved: &[&str] = if schema.get("additionalProperties").is_some() { &["extra"] } else { &[] };
        let mut names = Names::new(Case::Snake, reserved);
        let mut wires = Map::new();
        if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
            let renamed = std::mem::take(properties).into_iter().map(|(wire, schema)| {
                let field = names.give(&wire, "field");
                if field == ident(&wire, Case::Snake) {
                    return (wire, schema);
                }
                report.adapted(&join(&pointer, &wire), format!("the property {wire}"), format!("the field {field}"));
                wires.insert(field.clone(), wire.into());
                (field, schema)
            });
            *properties = renamed.collect();
        }
        if wires.is_empty() {
            continue;
        }
        for required in schema.get_mut("required").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some((field, _)) = wires.iter().find(|(_, wire)| *wire == required) {
                *required = field.as_str().into();
            }
        }
        schema[WIRE] = Value::Object(wires);
    }
}

/// Renames operations and their arguments.
fn operations(document: &mut Value, report: &mut Report) {
    let mut functions = Names::new(Case::Snake, &METHODS_OF_CLIENT);
    // Functions `foo_1` and `foo1` would have builders of the same name.
    let mut builders: BTreeSet<String> = BUILDERS.iter().map(|name| (*name).to_owned()).collect();
    let items = document.get_mut("paths").and_then(Value::as_object_mut);
    for (path, item) in items.into_iter().flatten() {
        for (method, operation) in
            item.as_object_mut().into_iter().flatten().filter(|(method, _)| METHODS.contains(&method.as_str()))
        {
            let pointer = join(&join("/paths", path), method);
            let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
            let function = functions.give_if(&id, "call", |name| !builders.contains(&ident(name, Case::Pascal)));
            builders.insert(ident(&function, Case::Pascal));
            if ident(&id, Case::Snake) != function {
                report.adapted(&pointer, format!("the operationId {id}"), format!("the function {function}"));
            }
            operation[ID] = id.into();
            operation["operationId"] = function.into();
            arguments(operation, &pointer, report);
        }
    }
}

fn arguments(operation: &mut Value, pointer: &str, report: &mut Report) {
    let mut names = Names::new(Case::Snake, &ARGUMENTS);
    let parameters = operation.get_mut("parameters").and_then(Value::as_array_mut);
    for (index, parameter) in parameters.into_iter().flatten().enumerate() {
        let wire = parameter.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let place = parameter.get("in").and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = names.give(&wire, &place);
        if ident(&wire, Case::Snake) != name {
            report.adapted(
                &format!("{pointer}/parameters/{index}"),
                format!("the parameter {wire}"),
                format!("the argument {name}"),
            );
        }
        parameter[WIRE] = wire.into();
        parameter["name"] = name.into();
    }
}
