//! Changes to the code that progenitor generates, for which it has no setting.

use quote::ToTokens;
use serde_json::Value;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Block, ExprCall, ExprPath, Field, Fields, File, GenericArgument, Ident, ImplItem, ImplItemFn, Item,
    ItemImpl, ItemMod, ItemStruct, LitStr, Meta, Pat, PathArguments, ReturnType, Stmt, Type, parse_quote,
};

use crate::names::WIRE;
use crate::operations::Operation;

/// Makes generated code send requests as `src/runtime/` does, end in errors of ours, and print no argument.
pub(crate) fn rewrite(mut file: File, document: &Value, operations: &[Operation]) -> Result<File, String> {
    file.items.retain(is_kept);
    file.items.push(parse_quote!(
        pub use ::progenitor_client::{ByteStream, ResponseValue};
    ));
    let mut found = 0;
    for item in &mut file.items {
        match item {
            Item::Struct(item) if item.ident == "Client" => reduce_client(item),
            Item::Impl(block) if is_inherent_of(block, "Client") => describe_functions(block, operations),
            Item::Mod(ItemMod { ident, content: Some((_, items)), .. }) if ident == "types" => {
                mend_types(items, document)
            }
            Item::Mod(ItemMod { ident, content: Some((_, items)), .. }) if ident == "builder" => {
                found += mend_builders(items, operations)?;
            }
            _ => {}
        }
    }
    if found != operations.len() {
        return Err(format!("the generator made {found} of {} operations", operations.len()));
    }
    make_debug_opaque(&mut file.items);
    Texts.visit_file_mut(&mut file);
    file.items.push(parse_quote! {
        impl ::std::convert::From<menage_b2b::runtime::Transport> for Client {
            fn from(inner: menage_b2b::runtime::Transport) -> Self {
                Self { inner }
            }
        }
    });
    Ok(file)
}

/// Leaves out what goes with progenitor's own way of sending, and a prelude that would bring its client beside ours.
fn is_kept(item: &Item) -> bool {
    match item {
        Item::Mod(module) => module.ident != "prelude",
        Item::Use(import) => !import.to_token_stream().to_string().contains("progenitor_client"),
        Item::Impl(block) => block.trait_.is_none(),
        Item::Const(_) => false,
        _ => true,
    }
}

fn is_inherent_of(block: &ItemImpl, name: &str) -> bool {
    block.trait_.is_none() && matches!(&*block.self_ty, Type::Path(path) if path.path.is_ident(name))
}

/// The client is the rim: it knows the address and the HTTP client.
fn reduce_client(item: &mut ItemStruct) {
    if let Fields::Named(fields) = &mut item.fields {
        let inner = fields.named.iter().filter(|field| field.ident.as_ref().is_some_and(|name| name == "inner"));
        fields.named = inner.cloned().collect::<Vec<Field>>().into_iter().collect();
    }
}

/// Drops constructors, which would make an HTTP client without our limits, and mends what the functions say of themselves.
fn describe_functions(block: &mut ItemImpl, operations: &[Operation]) {
    block.items.retain(|item| matches!(item, ImplItem::Fn(function) if function.sig.receiver().is_some()));
    for item in &mut block.items {
        let ImplItem::Fn(function) = item else { continue };
        let Some((index, operation)) =
            operations.iter().enumerate().find(|(_, one)| function.sig.ident == one.function)
        else {
            continue;
        };
        let stand_in = format!("request to `{}`", operation.stand_in(index));
        for attribute in &mut function.attrs {
            change_doc(attribute, |text| text.replace(&stand_in, &format!("request to `{}`", operation.path)));
        }
        if let Some(errors) = errors_doc(operation) {
            function.attrs.push(parse_quote!(#[doc = #errors]));
        }
        if operation.is_deprecated {
            function.attrs.push(parse_quote!(#[deprecated = "the API's document says so"]));
        }
    }
}

/// Tells which answers that are no success the document declares.
fn errors_doc(operation: &Operation) -> Option<String> {
    let rows = operation.errors.iter().map(|(status, body)| match body {
        Some(body) => format!("- {status}: [`types::{body}`], by [`json`](menage_b2b::Error::json)"),
        None => format!("- {status}"),
    });
    let rows: Vec<_> = rows.collect();
    (!rows.is_empty()).then(|| {
        format!("\n\n# Errors\n\nThe document declares these answers beside its success:\n\n{}", rows.join("\n"))
    })
}

fn change_doc(attribute: &mut Attribute, change: impl Fn(&str) -> String) {
    if let Meta::NameValue(meta) = &mut attribute.meta
        && meta.path.is_ident("doc")
        && let syn::Expr::Lit(literal) = &mut meta.value
        && let syn::Lit::Str(text) = &mut literal.lit
    {
        *text = LitStr::new(&change(&text.value()), text.span());
    }
}

/// Lets the builders of types print no argument, and gives fields that were renamed their name on the wire.
fn mend_types(items: &mut [Item], document: &Value) {
    for item in items {
        if let Item::Mod(ItemMod { ident, content: Some((_, items)), .. }) = item
            && ident == "builder"
        {
            make_debug_opaque(items);
        }
        let Item::Struct(item) = item else { continue };
        let pointer = format!("/components/schemas/{}", item.ident);
        let wires = document.pointer(&pointer).and_then(|schema| schema.get(WIRE));
        for field in &mut item.fields {
            let name = field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
            if let Some(wire) = wires.and_then(|wires| wires.get(&name)).and_then(Value::as_str) {
                field.attrs.push(parse_quote!(#[serde(rename = #wire)]));
            }
        }
    }
}

/// Gives each builder its `send`, and returns how many there are.
fn mend_builders(items: &mut Vec<Item>, operations: &[Operation]) -> Result<usize, String> {
    items.retain(
        |item| !matches!(item, Item::Use(import) if import.to_token_stream().to_string().contains("encode_path")),
    );
    items.push(parse_quote!(
        use super::{ByteStream, ResponseValue};
    ));
    make_debug_opaque(items);
    let mut found = 0;
    for item in items {
        let Item::Impl(block) = item else { continue };
        let Type::Path(path) = &*block.self_ty else { continue };
        let name = path.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let Some(operation) = operations.iter().find(|one| one.builder() == name) else { continue };
        if block.trait_.is_some() {
            continue;
        }
        for item in &mut block.items {
            let ImplItem::Fn(function) = item else { continue };
            if function.sig.asyncness.is_some() {
                replace_send(function, operation)?;
                found += 1;
            } else if function.sig.ident == "new" && operation.body.as_ref().is_some_and(|body| body.is_optional) {
                OptionalBody { is_raw: operation.body.as_ref().is_some_and(|body| body.is_raw()) }
                    .visit_impl_item_fn_mut(function);
            }
        }
    }
    Ok(found)
}

/// Keeps what progenitor does with the arguments, and puts our request in the place of its own.
fn replace_send(function: &mut ImplItemFn, operation: &Operation) -> Result<(), String> {
    let unknown = || format!("the generator made a `send` of `{}` that is not known here", operation.id);
    let success = success_of(&function.sig.output).ok_or_else(unknown)?;
    let client = function.block.stmts.first().and_then(client_in).ok_or_else(unknown)?;
    let is_request = |statement: &Stmt| {
        statement.to_token_stream().to_string().starts_with("let url")
            || statement.to_token_stream().to_string().starts_with("let _url")
    };
    let end = function.block.stmts.iter().position(is_request).ok_or_else(unknown)?;
    function.block.stmts.truncate(end);
    Arguments.visit_block_mut(&mut function.block);
    let rest: Block = {
        let tokens = operation.send(&client, &success);
        parse_quote!({ #tokens })
    };
    function.block.stmts.extend(rest.stmts);
    function.sig.output = parse_quote!(-> ::std::result::Result<ResponseValue<#success>, menage_b2b::Error>);
    let doc = format!("Sends a `{}` request to `{}`.", operation.method, operation.path);
    function.attrs.retain(|attribute| !attribute.path().is_ident("doc"));
    function.attrs.push(parse_quote!(#[doc = #doc]));
    Ok(())
}

/// Finds the field that holds the client in `let Self { client, … } = self`: the first.
fn client_in(statement: &Stmt) -> Option<Ident> {
    let Stmt::Local(local) = statement else { return None };
    let Pat::Struct(pattern) = &local.pat else { return None };
    match &*pattern.fields.first()?.pat {
        Pat::Ident(pattern) => Some(pattern.ident.clone()),
        _ => None,
    }
}

/// Reads `-> Result<ResponseValue<success>, Error<…>>`.
fn success_of(output: &ReturnType) -> Option<Type> {
    let ReturnType::Type(_, outcome) = output else { return None };
    first_argument(&first_argument(outcome)?)
}

fn first_argument(one: &Type) -> Option<Type> {
    let Type::Path(path) = one else { return None };
    let PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(argument) => Some(argument.clone()),
        _ => None,
    }
}

/// Errors of arguments are ours from the start.
struct Arguments;

impl VisitMut for Arguments {
    fn visit_expr_path_mut(&mut self, path: &mut ExprPath) {
        if path.to_token_stream().to_string() == "Error :: InvalidRequest" {
            *path = parse_quote!(menage_b2b::runtime::argument);
        }
    }
}

/// A body that may be left away is nothing until it is set.
struct OptionalBody {
    is_raw: bool,
}

impl VisitMut for OptionalBody {
    fn visit_expr_call_mut(&mut self, call: &mut ExprCall) {
        if call.to_token_stream().to_string().contains("\"body was not initialized\"") {
            *call = if self.is_raw { parse_quote!(Ok(reqwest::Body::from(""))) } else { parse_quote!(Ok(None)) };
        }
        visit_mut::visit_expr_call_mut(self, call);
    }
}

/// Replaces the derived `Debug` of each struct, which shows arguments, bodies and the HTTP client's headers.
fn make_debug_opaque(items: &mut Vec<Item>) {
    let mut impls: Vec<Item> = Vec::new();
    for item in items.iter_mut() {
        let Item::Struct(item) = item else { continue };
        item.attrs.iter_mut().for_each(remove_debug);
        let (name, text) = (&item.ident, item.ident.to_string());
        let (generics, arguments, bounds) = item.generics.split_for_impl();
        impls.push(parse_quote! {
            impl #generics ::std::fmt::Debug for #name #arguments #bounds {
                fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.debug_struct(#text).finish_non_exhaustive()
                }
            }
        });
    }
    items.extend(impls);
}

/// Takes `Debug` out of a `derive`.
fn remove_debug(attribute: &mut Attribute) {
    let mut traits = Vec::new();
    if attribute.path().is_ident("derive") {
        let parsed = attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("Debug") {
                traits.push(meta.path);
            }
            Ok(())
        });
        if parsed.is_ok() {
            *attribute = parse_quote!(#[derive(#(#traits),*)]);
        }
    }
}

/// progenitor's examples of calls are no code that compiles: to rustdoc they become text.
struct Texts;

impl VisitMut for Texts {
    fn visit_lit_str_mut(&mut self, literal: &mut LitStr) {
        if literal.value().contains("```ignore") {
            *literal = LitStr::new(&literal.value().replace("```ignore", "```text"), literal.span());
        }
    }
}
