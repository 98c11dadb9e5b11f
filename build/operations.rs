//! The functions that send requests: what the document says of each operation, written as calls of `src/runtime/`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;
use syn::{Ident, Type};

use crate::document::pipeline::{ANSWER, BODY, METHODS, STYLE, names_in};
use crate::names::{Case, ID, WIRE, ident};

/// An operation as the generated code performs it.
pub(crate) struct Operation {
    /// Where it stands in the table of operations.
    row: usize,
    /// The name of its function, and by [`Case::Pascal`] that of its builder.
    pub(crate) function: String,
    pub(crate) id: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) is_deprecated: bool,
    pub(crate) body: Option<Body>,
    parameters: Vec<Parameter>,
    answer: Answer,
    /// What the documentation says of answers that are no success: the status, and the type of the body if there is one.
    pub(crate) errors: Vec<(String, Option<String>)>,
}

pub(crate) struct Body {
    kind: String,
    media_type: String,
    pub(crate) is_optional: bool,
    delimited: Vec<(String, String)>,
    types: Vec<(String, String)>,
}

struct Parameter {
    argument: String,
    wire: String,
    place: String,
    style: String,
    explode: bool,
    is_required: bool,
}

struct Answer {
    read: String,
    accept: String,
    statuses: Vec<String>,
}

/// Reads the operations of a prepared document, in its order.
pub(crate) fn all(document: &Value) -> Vec<Operation> {
    let items = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    let operations = items.flat_map(|(path, item)| {
        let fields = item.as_object().into_iter().flatten();
        fields.filter(|(method, _)| METHODS.contains(&method.as_str())).map(move |(method, one)| (path, method, one))
    });
    operations.enumerate().map(|(row, (path, method, one))| Operation::read(row, path, method, one)).collect()
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn is(value: &Value, name: &str) -> bool {
    value.get(name) == Some(&Value::Bool(true))
}

fn entries(value: Option<&Value>) -> Vec<(String, String)> {
    let fields = value.and_then(Value::as_object).into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

impl Operation {
    fn read(row: usize, path: &str, method: &str, operation: &Value) -> Self {
        let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let answer = operation.get(ANSWER).cloned().unwrap_or_default();
        let statuses = list(answer.get("statuses"));
        Self {
            row,
            function: text(operation, "operationId"),
            id: text(operation, ID),
            method: method.to_uppercase(),
            path: path.to_owned(),
            is_deprecated: is(operation, "deprecated"),
            body: operation.get(BODY).map(Body::read),
            parameters: list(operation.get("parameters")).iter().map(Parameter::read).collect(),
            errors: errors(operation),
            answer: Answer {
                read: text(&answer, "read"),
                accept: text(&answer, "accept"),
                statuses: statuses.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            },
        }
    }

    /// Writes what comes after the arguments have been checked: the request, and what is made of its answer.
    pub(crate) fn send(&self, client: &Ident, success: &Type) -> TokenStream {
        let (row, accept) = (self.row, &self.answer.accept);
        let url = self.url(client);
        let parts = self.parameters.iter().filter_map(Parameter::part);
        let body = self.body.iter().map(Body::part);
        let statuses = self.answer.statuses.iter().map(|status| pattern(status));
        let read = self.answer.reader(success);
        let accept = (!accept.is_empty()).then(|| quote!(.accept(#accept)));
        quote! {
            let operation = &super::OPERATIONS[#row];
            let to = menage_b2b::runtime::To::new(&#client.inner, operation);
            let answer = menage_b2b::runtime::Call::new(&#client.inner, operation, #url)?
                #accept #(#parts)* #(#body)*
                .send()
                .await?;
            match answer.status().as_u16() {
                #(#statuses)|* => #read,
                _ => Err(menage_b2b::runtime::undeclared(answer, to).await),
            }
        }
    }

    fn url(&self, client: &Ident) -> TokenStream {
        let mut parts = Vec::new();
        for (index, part) in self.path.split('{').enumerate() {
            let (place, rest) = if index == 0 {
                (None, part)
            } else {
                part.split_once('}').map_or((None, part), |(place, rest)| (Some(place), rest))
            };
            let parameter = self.parameters.iter().find(|one| one.place == "path" && Some(one.wire.as_str()) == place);
            parts.extend(parameter.map(Parameter::segment));
            if !rest.is_empty() {
                parts.push(quote!(.text(#rest)));
            }
        }
        parts.extend(self.parameters.iter().filter_map(Parameter::query));
        quote!(menage_b2b::runtime::Url::new(#client.inner.base()) #(#parts)*)
    }

    /// A path that the generator can read, and that no other operation has.
    pub(crate) fn stand_in(&self, index: usize) -> String {
        let arguments = names_in(&self.path).into_iter().filter_map(|place| {
            self.parameters.iter().find(|one| one.place == "path" && one.wire == place).map(|one| one.argument.clone())
        });
        arguments.fold(format!("/{index}"), |path, argument| format!("{path}/{{{argument}}}"))
    }

    /// The operation of which the partner's guide says what its failures mean. One that needs an argument is another.
    pub(crate) fn is_healthcheck(&self) -> bool {
        let needs_nothing = self.body.is_none() && !self.parameters.iter().any(|parameter| parameter.is_required);
        self.method == "GET" && self.path.ends_with("/healthcheck") && needs_nothing
    }

    pub(crate) fn builder(&self) -> String {
        ident(&self.function, Case::Pascal)
    }

    /// The row of the table of operations.
    pub(crate) fn row(&self) -> TokenStream {
        let Self { id, function, method, path, .. } = self;
        let parameters = self.parameters.iter().map(|one| {
            let Parameter { wire, place, is_required, .. } = one;
            quote!(menage_b2b::runtime::Parameter::known(#wire, #place, #is_required))
        });
        let successes = &self.answer.statuses;
        let failures = self.errors.iter().map(|(status, _)| status);
        quote! {
            menage_b2b::runtime::Operation::known(
                #id, #function, #method, #path, &[#(#parameters),*], &[#(#successes),*], &[#(#failures),*],
            )
        }
    }
}

/// `404` and the type of its body, for each answer that is no success.
fn errors(operation: &Value) -> Vec<(String, Option<String>)> {
    let answers = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let errors = answers.filter(|(status, _)| !status.starts_with('2'));
    errors
        .map(|(status, answer)| {
            let schema = answer.pointer("/content/application~1json/schema");
            let name = schema.and_then(|schema| schema.get("$ref")?.as_str()?.rsplit('/').next());
            (status.clone(), name.map(str::to_owned))
        })
        .collect()
}

impl Body {
    fn read(body: &Value) -> Self {
        Self {
            kind: text(body, "kind"),
            media_type: text(body, "type"),
            is_optional: is(body, "optional"),
            delimited: entries(body.get("delimited")),
            types: entries(body.get("types")),
        }
    }

    pub(crate) fn is_raw(&self) -> bool {
        self.kind == "bytes"
    }

    fn part(&self) -> TokenStream {
        let media_type = &self.media_type;
        let delimited = self.delimited.iter().map(|(name, delimiter)| quote!((#name, #delimiter)));
        let delimited = quote!(&[#(#delimited),*]);
        let types = self.types.iter().map(|(name, media_type)| quote!((#name, #media_type)));
        let body = if self.is_optional { quote!(body.as_ref()) } else { quote!(Some(&body)) };
        match self.kind.as_str() {
            "bytes" if self.is_optional => quote!(.optional_bytes(#media_type, body)),
            "bytes" => quote!(.bytes(#media_type, body)),
            "form" => quote!(.form(#delimited, #body)?),
            "multipart" => quote!(.multipart(&[#(#types),*], #delimited, #body)?),
            _ => quote!(.json(#media_type, #body)?),
        }
    }
}

impl Parameter {
    fn read(parameter: &Value) -> Self {
        Self {
            argument: text(parameter, "name"),
            wire: text(parameter, WIRE),
            place: text(parameter, "in"),
            style: text(parameter, STYLE),
            explode: is(parameter, "explode"),
            is_required: is(parameter, "required"),
        }
    }

    fn segment(&self) -> TokenStream {
        let (wire, explode, argument) = (&self.wire, self.explode, format_ident!("{}", self.argument));
        let style = format_ident!(
            "{}",
            match self.style.as_str() {
                "label" => "Label",
                "matrix" => "Matrix",
                _ => "Simple",
            }
        );
        quote!(.value(#wire, menage_b2b::runtime::PathStyle::#style, #explode, &#argument))
    }

    fn query(&self) -> Option<TokenStream> {
        let (wire, explode, argument) = (&self.wire, self.explode, format_ident!("{}", self.argument));
        let style = match self.style.as_str() {
            "spaceDelimited" => quote!(SpaceDelimited),
            "pipeDelimited" => quote!(PipeDelimited),
            "tabDelimited" => quote!(TabDelimited),
            "deepObject" => quote!(DeepObject),
            "json" => quote!(Json),
            _ => quote!(Form { explode: #explode }),
        };
        let query = quote!(menage_b2b::runtime::Query::new(#wire, menage_b2b::runtime::QueryStyle::#style, &#argument));
        (self.place == "query").then(|| quote!(.query(&#query)))
    }

    fn part(&self) -> Option<TokenStream> {
        let (wire, explode, argument) = (&self.wire, self.explode, format_ident!("{}", self.argument));
        match self.place.as_str() {
            "header" => Some(quote!(.header(#wire, #explode, &#argument)?)),
            "cookie" => Some(quote!(.cookie(#wire, &#argument)?)),
            _ => None,
        }
    }
}

impl Answer {
    fn reader(&self, success: &Type) -> TokenStream {
        match self.read.as_str() {
            "bytes" => quote!(Ok(ResponseValue::stream(answer))),
            "empty" => quote!(Ok(ResponseValue::empty(answer))),
            "string" | "text" | "optional" | "status" => {
                let read = format_ident!("read_{}", self.read);
                quote!(menage_b2b::runtime::#read::<#success>(answer, to).await)
            }
            _ => quote!(menage_b2b::runtime::read_json::<#success>(answer, to).await),
        }
    }
}

/// A status, or a range such as `2XX` or `20X`, as a pattern.
pub(crate) fn pattern(status: &str) -> TokenStream {
    let bound = |digit: char| status.replace('X', &digit.to_string()).parse::<u16>().unwrap_or_default();
    let (first, last) = (bound('0'), bound('9'));
    if first == last { quote!(#first) } else { quote!(#first..=#last) }
}
