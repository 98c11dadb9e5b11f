//! Changes to the code that progenitor generates, for which it has no setting.

use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{
    Attribute, Block, ExprPath, File, GenericArgument, ImplItem, ImplItemFn, Item, ItemImpl, ItemMod, LitInt, LitStr,
    PathArguments, ReturnType, Stmt, Type, parse_quote,
};

/// Makes generated code end in errors of ours, begin in constructors of ours, and print no argument.
pub(crate) fn rewrite(mut file: File) -> Result<File, String> {
    // A prelude would bring the generated client beside ours, under the same name.
    file.items.retain(|item| !matches!(item, Item::Mod(module) if module.ident == "prelude"));
    for item in &mut file.items {
        if let Item::Impl(block) = item
            && is_inherent_of(block, "Client")
        {
            // They make their own HTTP client, without our limits.
            block.items.retain(|item| !is_constructor(item));
        }
    }
    make_debug_opaque(&mut file.items);
    Examples.visit_file_mut(&mut file);
    let mut sends = Sends::default();
    for item in &mut file.items {
        match item {
            Item::Mod(ItemMod { ident, content: Some((_, items)), .. }) if ident == "builder" => {
                make_debug_opaque(items);
                for item in items {
                    sends.visit_item_mut(item);
                }
            }
            _ => {}
        }
    }
    match sends.unknown {
        None => Ok(file),
        Some(signature) => Err(format!("the generator made a function that this crate does not know: {signature}")),
    }
}

fn is_inherent_of(block: &ItemImpl, name: &str) -> bool {
    block.trait_.is_none() && matches!(&*block.self_ty, Type::Path(path) if path.path.is_ident(name))
}

fn is_constructor(item: &ImplItem) -> bool {
    matches!(item, ImplItem::Fn(function) if function.sig.receiver().is_none())
}

/// Replaces the derived `Debug` of each struct, which shows arguments, bodies and the HTTP client's headers.
fn make_debug_opaque(items: &mut Vec<Item>) {
    let mut impls = Vec::new();
    for item in items.iter_mut() {
        let Item::Struct(item) = item else { continue };
        if !item.attrs.iter_mut().any(remove_debug) {
            continue;
        }
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

/// Takes `Debug` out of a `derive`, and tells whether it was there.
fn remove_debug(attribute: &mut Attribute) -> bool {
    let mut traits = Vec::new();
    let mut found = false;
    if attribute.path().is_ident("derive") {
        let parsed = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("Debug") {
                found = true
            } else {
                traits.push(meta.path)
            }
            Ok(())
        });
        if parsed.is_ok() && found {
            *attribute = parse_quote!(#[derive(#(#traits),*)]);
        }
    }
    found
}

/// Gives each function that sends a request our error.
#[derive(Default)]
struct Sends {
    unknown: Option<String>,
}

impl VisitMut for Sends {
    fn visit_impl_item_fn_mut(&mut self, function: &mut ImplItemFn) {
        if function.sig.asyncness.is_some() {
            match success_of(&function.sig.output) {
                Some((outcome, success)) => {
                    drop_api_version(&mut function.block);
                    OwnReader.visit_block_mut(&mut function.block);
                    let body = &function.block;
                    // src/answer.rs
                    function.block = parse_quote!({
                        let outcome: #outcome = async move #body.await;
                        crate::answer::settle(outcome).await
                    });
                    function.sig.output = parse_quote!(-> ::std::result::Result<#success, crate::Error>);
                }
                None => self.unknown = Some(function.sig.to_token_stream().to_string()),
            }
        }
        visit_mut::visit_impl_item_fn_mut(self, function);
    }
}

/// Drops progenitor's own header `api-version`, which the API did not ask for, and the room that was made for it.
fn drop_api_version(body: &mut Block) {
    let text = |statement: &Stmt| statement.to_token_stream().to_string();
    body.stmts.retain(|statement| !text(statement).contains("super :: Client :: api_version ()"));
    for statement in &mut body.stmts {
        if text(statement).contains("HeaderMap :: with_capacity") {
            OneLess.visit_stmt_mut(statement);
        }
    }
}

/// Reads typed answers by `src/answer.rs`.
struct OwnReader;

impl VisitMut for OwnReader {
    fn visit_expr_path_mut(&mut self, path: &mut ExprPath) {
        if path.to_token_stream().to_string() == "ResponseValue :: from_response" {
            *path = parse_quote!(crate::answer::read);
        }
    }
}

struct OneLess;

impl VisitMut for OneLess {
    fn visit_lit_int_mut(&mut self, literal: &mut LitInt) {
        if let Ok(capacity @ 1..) = literal.base10_parse::<usize>() {
            *literal = LitInt::new(&format!("{}usize", capacity - 1), literal.span());
        }
    }
}

/// Reads `-> Result<success, Error<…>>`.
fn success_of(output: &ReturnType) -> Option<(Type, Type)> {
    let ReturnType::Type(_, outcome) = output else { return None };
    let Type::Path(path) = &**outcome else { return None };
    let result = path.path.segments.last().filter(|segment| segment.ident == "Result")?;
    let PathArguments::AngleBracketed(arguments) = &result.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(success) => Some(((**outcome).clone(), success.clone())),
        _ => None,
    }
}

/// progenitor's examples of calls are no code that compiles: to rustdoc they become text.
struct Examples;

impl VisitMut for Examples {
    fn visit_lit_str_mut(&mut self, literal: &mut LitStr) {
        if literal.value().contains("```ignore") {
            *literal = LitStr::new(&literal.value().replace("```ignore", "```text"), literal.span());
        }
    }
}
