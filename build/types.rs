//! Types that typify does not make as they are needed: enumerations that keep unknown values, and unions that know their variants.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::Value;

use crate::document::pipeline::{EMPTY, STATUS, TAG, TAGS, TEXT};
use crate::names::{Case, ident};
use crate::operations::pattern;

/// Writes the type of a component, if it is one of ours.
pub(crate) fn of_component(name: &str, schema: &Value) -> Option<TokenStream> {
    let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let name = format_ident!("{name}");
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return Some(enumeration(&name, description, values));
    }
    let variants = schema.get("oneOf").and_then(Value::as_array)?;
    if variants.iter().any(|variant| variant.get(STATUS).is_some()) {
        return Some(by_status(&name, variants));
    }
    let property = schema.get(TAG).and_then(Value::as_str);
    Some(union(&name, description, property, variants))
}

/// Writes a second name for a type.
pub(crate) fn alias(name: &str, target: &str) -> TokenStream {
    let (name, target) = (format_ident!("{name}"), format_ident!("{target}"));
    quote! {
        /// A second name of the same type.
        pub type #name = #target;
    }
}

/// An enumeration whose unknown values are kept: the server may be newer than the document.
fn enumeration(name: &syn::Ident, description: &str, values: &[Value]) -> TokenStream {
    let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
    let variants = variant_names(&values);
    let docs = values.iter().map(|value| format!("`{value}`"));
    let conversions = text_conversions(name);
    quote! {
        #[doc = #description]
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum #name {
            #(#[doc = #docs] #variants,)*
            /// A value that the document does not list.
            Unknown(::std::string::String),
        }
        impl #name {
            /// Returns the value as it is sent.
            pub fn as_str(&self) -> &str {
                match self {
                    #(Self::#variants => #values,)*
                    Self::Unknown(value) => value,
                }
            }
        }
        impl ::std::convert::From<::std::string::String> for #name {
            fn from(value: ::std::string::String) -> Self {
                match value.as_str() {
                    #(#values => Self::#variants,)*
                    _ => Self::Unknown(value),
                }
            }
        }
        #conversions
    }
}

/// What follows from `From<String>` and `as_str`.
fn text_conversions(name: &syn::Ident) -> TokenStream {
    quote! {
        impl ::std::convert::From<&str> for #name {
            fn from(value: &str) -> Self {
                value.to_owned().into()
            }
        }
        impl ::std::str::FromStr for #name {
            type Err = ::std::convert::Infallible;
            // `Self::Err` could be a value.
            fn from_str(value: &str) -> ::std::result::Result<Self, ::std::convert::Infallible> {
                ::std::result::Result::Ok(value.into())
            }
        }
        impl ::std::fmt::Display for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl ::serde::Serialize for #name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                <::std::string::String as ::serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }
    }
}

/// Names for the variants of an enumeration: derived from the values, each once, none `Unknown`.
fn variant_names(values: &[&str]) -> Vec<syn::Ident> {
    let mut taken = vec!["Unknown".to_owned()];
    let name = |value: &str, taken: &mut Vec<String>| {
        let has_letters = value.chars().any(unicode_ident::is_xid_continue);
        let base = if value.is_empty() {
            "Empty".to_owned()
        } else if has_letters {
            ident(value, Case::Pascal)
        } else {
            "Value".to_owned()
        };
        let numbered = (2..).map(|number| format!("{base}{number}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or_default();
        taken.push(name.clone());
        name
    };
    values.iter().map(|value| format_ident!("{}", name(value, &mut taken))).collect()
}

/// A union. With a tag, the tag decides; without, the variant that loses least of the value, the first of several.
fn union(name: &syn::Ident, description: &str, property: Option<&str>, variants: &[Value]) -> TokenStream {
    let types: Vec<TokenStream> = variants.iter().map(rust_type).collect();
    let names = union_names(variants);
    let tags: Vec<Vec<&str>> = variants.iter().map(tags_of).collect();
    let decode = decode(&names, property, &tags);
    let encode = names.iter().zip(&tags).map(|(name, tags)| match (property, tags.first()) {
        (Some(property), Some(tag)) => {
            quote!(Self::#name(inner) => menage_b2b::runtime::tagged(inner, #property, #tag, serializer))
        }
        _ => quote!(Self::#name(inner) => ::serde::Serialize::serialize(inner, serializer)),
    });
    let conversions = conversions(name, &names, &types);
    quote! {
        #[doc = #description]
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum #name {
            #(#[allow(missing_docs)] #names(::std::boxed::Box<#types>),)*
            /// A value that is none of the document's variants.
            Unknown(::serde_json::Value),
        }
        impl ::serde::Serialize for #name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                match self {
                    #(#encode,)*
                    Self::Unknown(value) => ::serde::Serialize::serialize(value, serializer),
                }
            }
        }
        impl<'de> ::serde::Deserialize<'de> for #name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                let value = <::serde_json::Value as ::serde::Deserialize>::deserialize(deserializer)?;
                #decode
            }
        }
        #conversions
    }
}

fn tags_of(variant: &Value) -> Vec<&str> {
    let tags = variant.get(TAGS).and_then(Value::as_array).into_iter().flatten();
    tags.filter_map(Value::as_str).collect()
}

/// Makes a variant of `value`.
fn decode(names: &[syn::Ident], property: Option<&str>, tags: &[Vec<&str>]) -> TokenStream {
    let all = guess(names.iter());
    let Some(property) = property else { return all };
    let mut seen: Vec<&str> = Vec::new();
    let mut arms = Vec::new();
    for (name, tags) in names.iter().zip(tags) {
        let new: Vec<&str> = tags.iter().copied().filter(|tag| !seen.contains(tag)).collect();
        seen.extend(&new);
        if !new.is_empty() {
            arms.push(quote! {
                ::std::option::Option::Some(#(#new)|*) => {
                    menage_b2b::runtime::decode(value).map(|inner| Self::#name(::std::boxed::Box::new(inner)))
                }
            });
        }
    }
    let rest = guess(names.iter().zip(tags).filter(|(_, tags)| tags.is_empty()).map(|(name, _)| name));
    quote! {
        match menage_b2b::runtime::tag(&value, #property).as_deref() {
            #(#arms)*
            ::std::option::Option::Some(_) => { #rest }
            ::std::option::Option::None => { #all }
        }
    }
}

/// Makes the variant of `value` that loses least of it.
fn guess<'n>(names: impl Iterator<Item = &'n syn::Ident>) -> TokenStream {
    let attempts: Vec<_> =
        names.map(|name| quote!(guess.attempt(|inner| Self::#name(::std::boxed::Box::new(inner)));)).collect();
    if attempts.is_empty() {
        return quote!(::std::result::Result::Ok(Self::Unknown(value)));
    }
    quote! {
        let mut guess = menage_b2b::runtime::Guess::new(&value);
        #(#attempts)*
        ::std::result::Result::Ok(guess.best().unwrap_or(Self::Unknown(value)))
    }
}

/// `From` for each variant whose type no other variant has.
fn conversions(name: &syn::Ident, names: &[syn::Ident], types: &[TokenStream]) -> TokenStream {
    let is_own = |one: &TokenStream| types.iter().filter(|other| other.to_string() == one.to_string()).count() == 1;
    let impls = names.iter().zip(types).filter(|(_, one)| is_own(one)).map(|(variant, one)| {
        quote! {
            impl ::std::convert::From<#one> for #name {
                fn from(value: #one) -> Self {
                    Self::#variant(::std::boxed::Box::new(value))
                }
            }
        }
    });
    quote!(#(#impls)*)
}

/// Names for the variants of a union: their types' names, each once.
fn union_names(variants: &[Value]) -> Vec<syn::Ident> {
    let names: Vec<String> = variants
        .iter()
        .map(|variant| {
            let reference =
                variant.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next());
            reference.map_or_else(|| plain_name(variant), str::to_owned)
        })
        .collect();
    variant_names(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn plain_name(schema: &Value) -> String {
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or("any");
    match (kind, schema.get("format").and_then(Value::as_str)) {
        ("string", Some(format)) => format.to_owned(),
        _ => kind.to_owned(),
    }
}

/// The answer of an operation whose successes differ: a variant for each status.
fn by_status(name: &syn::Ident, variants: &[Value]) -> TokenStream {
    let status = |variant: &Value| variant.get(STATUS).and_then(Value::as_str).unwrap_or_default().to_owned();
    let names: Vec<_> =
        variants.iter().map(|variant| format_ident!("Status{}", status(variant).to_lowercase())).collect();
    let patterns = variants.iter().map(|variant| pattern(&status(variant)));
    let has = |variant: &Value, mark: &str| variant.get(mark).is_some();
    let declared = names.iter().zip(variants).map(|(name, variant)| {
        let doc = format!("The answer {}.", status(variant));
        let one = optional_type(variant);
        if has(variant, EMPTY) {
            quote!(#[doc = #doc] #name)
        } else {
            quote!(#[doc = #doc] #name(::std::boxed::Box<#one>))
        }
    });
    let decoded = names.iter().zip(variants).map(|(name, variant)| match variant {
        _ if variant.get(TEXT).is_some_and(|how| how == "json") => {
            quote!(::std::result::Result::Ok(Self::#name(::std::boxed::Box::new(menage_b2b::runtime::text_of(true, body)))))
        }
        _ if has(variant, EMPTY) => quote!(::std::result::Result::Ok(Self::#name)),
        _ if has(variant, TEXT) => {
            quote!(::std::result::Result::Ok(Self::#name(::std::boxed::Box::new(menage_b2b::runtime::text_of(false, body)))))
        }
        _ => quote!(::serde_json::from_slice(body).map(|inner| Self::#name(::std::boxed::Box::new(inner)))),
    });
    quote! {
        /// What an operation answers, by status.
        #[derive(Clone, Debug, PartialEq)]
        pub enum #name {
            #(#declared,)*
        }
        impl menage_b2b::runtime::ByStatus for #name {
            fn decode(status: u16, body: &[u8]) -> ::std::result::Result<Self, ::serde_json::Error> {
                match status {
                    #(#patterns => #decoded,)*
                    _ => ::std::result::Result::Err(menage_b2b::runtime::no_variant()),
                }
            }
        }
    }
}

/// The type of a schema, as seen from the module of the types.
fn rust_type(schema: &Value) -> TokenStream {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next()) {
        let name = format_ident!("{name}");
        return quote!(#name);
    }
    let inner = |key: &str| schema.get(key).map_or_else(|| quote!(::serde_json::Value), optional_type);
    match (schema.get("type").and_then(Value::as_str), schema.get("format").and_then(Value::as_str)) {
        (Some("boolean"), _) => quote!(bool),
        (Some("integer"), format) => integer(format),
        (Some("number"), _) => quote!(f64),
        (Some("string"), Some("date")) => quote!(menage_b2b::Date),
        (Some("string"), Some("date-time")) => quote!(menage_b2b::DateTime),
        (Some("string"), Some("uuid")) => quote!(::uuid::Uuid),
        (Some("string"), _) => quote!(::std::string::String),
        (Some("array"), _) => {
            let item = inner("items");
            quote!(::std::vec::Vec<#item>)
        }
        (Some("object"), _) => {
            let value = inner("additionalProperties");
            quote!(::std::collections::HashMap<::std::string::String, #value>)
        }
        _ => quote!(::serde_json::Value),
    }
}

fn optional_type(schema: &Value) -> TokenStream {
    let inner = rust_type(schema);
    if schema.get("nullable") == Some(&Value::Bool(true)) { quote!(::std::option::Option<#inner>) } else { inner }
}

fn integer(format: Option<&str>) -> TokenStream {
    match format {
        Some("int8") => quote!(i8),
        Some("int16") => quote!(i16),
        Some("int32") => quote!(i32),
        Some("uint8") => quote!(u8),
        Some("uint16") => quote!(u16),
        Some("uint32") => quote!(u32),
        Some("uint64") => quote!(u64),
        _ => quote!(i64),
    }
}
