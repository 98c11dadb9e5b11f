//! What changed between two OpenAPI documents, and what of it breaks a program.
//!
//! Both documents are in the form that the passes give them: OpenAPI 3.0, references in schemas only.

#[path = "diff/api.rs"]
mod api;
#[path = "diff/findings.rs"]
mod findings;
#[path = "diff/limits.rs"]
mod limits;
#[path = "diff/operation.rs"]
mod operation;
#[path = "diff/operations.rs"]
mod operations;
#[path = "diff/pairs.rs"]
mod pairs;
#[path = "diff/part.rs"]
mod part;
#[path = "diff/schemas.rs"]
mod schemas;
#[path = "diff/shape.rs"]
mod shape;
#[path = "diff/shapes.rs"]
mod shapes;
#[path = "diff/side.rs"]
mod side;
#[path = "diff/variants.rs"]
mod variants;

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use self::findings::MOST_OPERATIONS;
use self::schemas::Comparison;
use super::report::{join, short};

/// Compares two documents that the passes have been over.
pub(crate) fn diff(old: &Value, new: &Value) -> Diff {
    /// Enough for tens of megabytes, and seconds where `allOf` makes a small document a large one.
    const ALLOWANCE: usize = 1_000_000;
    diff_within(ALLOWANCE, old, new)
}

fn diff_within(allowance: usize, old: &Value, new: &Value) -> Diff {
    let mut comparison = Comparison::new(old, new, allowance);
    api::compare(&mut comparison, old, new);
    operations::compare(&mut comparison, old, new);
    Diff::of(comparison.finish())
}

/// What changed between two OpenAPI documents.
///
/// A difference is breaking where a program that was built on the old document may fail against an API that follows the new
/// one, or may no longer compile with a client that is generated of the new one. The program is taken to make its values by
/// the generated builders, so that a new optional field does not concern it.
///
/// Texts, examples, tags, the order of things and the names of security schemes are not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    breaking: bool,
    differences: Vec<Difference>,
}

impl Diff {
    /// Puts the breaking differences first, each part in the order of places.
    fn of(mut differences: Vec<Difference>) -> Self {
        differences.sort_by_key(|difference| !difference.breaking);
        Self { breaking: differences.iter().any(Difference::is_breaking), differences }
    }

    /// Returns the differences, the breaking ones first.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// Returns whether any difference is breaking.
    #[must_use]
    pub fn is_breaking(&self) -> bool {
        self.breaking
    }

    /// Returns whether the documents say the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty()
    }
}

/// One line a difference, then a line that counts them.
impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "{difference}")?;
        }
        let breaking = self.differences.iter().filter(|difference| difference.breaking).count();
        match self.differences.len() {
            0 => write!(f, "no difference"),
            1 => write!(f, "1 difference, {breaking} breaking"),
            count => write!(f, "{count} differences, {breaking} breaking"),
        }
    }
}

/// One thing that changed between two OpenAPI documents.
///
/// What changed in a schema that several operations share is one difference, at the schema's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    place: String,
    pointer: String,
    kind: DifferenceKind,
    before: Option<String>,
    after: Option<String>,
    breaking: bool,
    operations: Vec<String>,
}

impl Difference {
    /// Returns the place as a person names it, such as `GET /menages/{id} response 200 .adresse` or
    /// `#/components/schemas/Menage .adresse`.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Returns the place as a JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) into the new document, or
    /// into the old one where something was removed. It points into the form that the passes give a document.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Returns what kind of change it is.
    #[must_use]
    pub fn kind(&self) -> DifferenceKind {
        self.kind
    }

    /// Returns what the old document says, shortened, where it says anything.
    #[must_use]
    pub fn before(&self) -> Option<&str> {
        self.before.as_deref()
    }

    /// Returns what the new document says, shortened, where it says anything.
    #[must_use]
    pub fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Returns whether it can break a program; see [`Diff`] for what that means.
    #[must_use]
    pub fn is_breaking(&self) -> bool {
        self.breaking
    }

    /// Returns the operations that it concerns, such as `GET /menages/{id}`; of very many, the first hundred found.
    ///
    /// There is none where the whole document is concerned.
    #[must_use]
    pub fn operations(&self) -> &[String] {
        &self.operations
    }

    /// Names a few of the operations that meet a shared schema. The other places name theirs.
    fn users(&self) -> String {
        const NAMED: usize = 3;
        if !self.place.starts_with('#') || self.operations.is_empty() {
            return String::new();
        }
        let named = self.operations.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        match self.operations.len().saturating_sub(NAMED) {
            0 => format!(" ({named})"),
            more if self.operations.len() == MOST_OPERATIONS => format!(" ({named} and at least {more} more)"),
            more => format!(" ({named} and {more} more)"),
        }
    }
}

/// `! place: kind: before -> after`, with `+`, `-` or `~` for a `!` where nothing breaks.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.breaking { '!' } else { self.kind.mark() };
        let texts = match (&self.before, &self.after) {
            (Some(before), Some(after)) => format!(": {before} -> {after}"),
            (Some(text), None) | (None, Some(text)) => format!(": {text}"),
            (None, None) => String::new(),
        };
        let line = format!("{mark} {}: {}{texts}{}", self.place, self.kind, self.users());
        // Names come from documents: a line break or an escape sequence in one must not look like output of ours.
        line.chars().try_for_each(|character| match character {
            '\u{2028}' | '\u{2029}' => write!(f, "{}", character.escape_default()),
            _ if character.is_control() => write!(f, "{}", character.escape_default()),
            _ => write!(f, "{character}"),
        })
    }
}

/// Declares the kinds, each with its mark and its name in `Display`.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $mark:literal $name:literal,)*) => {
        /// Kinds of change between two documents.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum DifferenceKind {
            $($(#[$doc])* $kind,)*
        }

        impl DifferenceKind {
            fn mark(self) -> char {
                match self {
                    $(Self::$kind => $mark,)*
                }
            }
        }

        impl fmt::Display for DifferenceKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$kind => $name,)*
                })
            }
        }
    };
}

kinds! {
    /// The version of the API (`info.version`) is another. Never breaking.
    VersionChanged '~' "version changed",
    /// The addresses of the API are others. Never breaking.
    ServerChanged '~' "server changed",
    /// An operation is asked for one more scope. Never breaking by itself: whether it was granted is for the portal to say.
    ScopeAdded '+' "scope added",
    /// An operation is asked for one scope less. Never breaking.
    ScopeRemoved '-' "scope removed",
    /// There is an operation more. Never breaking.
    OperationAdded '+' "operation added",
    /// An operation is gone. Always breaking.
    OperationRemoved '-' "operation removed",
    /// The `operationId` is another, and with it the client's method. Always breaking.
    OperationRenamed '~' "operation renamed",
    /// An operation is now marked `deprecated`. Never breaking.
    OperationDeprecated '~' "operation deprecated",
    /// There is a parameter more. Breaking where it is required.
    ParameterAdded '+' "parameter added",
    /// A parameter is gone. Always breaking.
    ParameterRemoved '-' "parameter removed",
    /// A parameter of the path has another name. Always breaking.
    ParameterRenamed '~' "parameter renamed",
    /// A parameter is written to the request in another way. Always breaking.
    StyleChanged '~' "style changed",
    /// There is a body where there was none. Breaking, except for an optional one of a request.
    BodyAdded '+' "body added",
    /// A body is gone. Always breaking.
    BodyRemoved '-' "body removed",
    /// An operation has an answer more. Breaking for a status of success, which a client of the old document takes for an error.
    ResponseAdded '+' "response added",
    /// An operation has an answer less. Breaking for a status of success.
    ResponseRemoved '-' "response removed",
    /// A body comes in one media type more. Never breaking.
    MediaTypeAdded '+' "media type added",
    /// A body comes in one media type less. Always breaking.
    MediaTypeRemoved '-' "media type removed",
    /// An object has a field more. Breaking for a required one of a request.
    FieldAdded '+' "field added",
    /// An object has a field less. Always breaking.
    FieldRemoved '-' "field removed",
    /// An object does or does not take fields of any name (`additionalProperties`). Breaking where it no longer does.
    ExtraFieldsChanged '~' "additional fields changed",
    /// The type is another. Always breaking.
    TypeChanged '~' "type changed",
    /// The type has another name, or has one where it had none, or has none where it had one. Always breaking.
    TypeRenamed '~' "type renamed",
    /// The `format` is another. Breaking where it makes another type in Rust.
    FormatChanged '~' "format changed",
    /// It may be left out, or no longer. Breaking where a request must now have it, or where the field turns into an `Option`
    /// or from one.
    RequirednessChanged '~' "requiredness changed",
    /// It may be null, or no longer. Breaking where a request may no longer have null, or where the type turns into an
    /// `Option` or from one.
    NullabilityChanged '~' "nullability changed",
    /// There is an enum value more. Never breaking: unknown values are kept.
    EnumValueAdded '+' "enum value added",
    /// There is an enum value less. Always breaking.
    EnumValueRemoved '-' "enum value removed",
    /// There is one alternative more (`oneOf`, `anyOf`). Breaking in an answer.
    VariantAdded '+' "variant added",
    /// There is one alternative less. Always breaking.
    VariantRemoved '-' "variant removed",
    /// Alternatives are told apart by other means. Always breaking.
    DiscriminatorChanged '~' "discriminator changed",
    /// A limit to length, size or form is another. Breaking where it narrows what a request may say.
    LimitChanged '~' "limit changed",
    /// The documents are too large to be compared to the end. Breaking, since nobody knows.
    NotCompared '~' "not compared",
}

/// Shortens a text to what fits a line beside others.
fn shorten(text: &str) -> String {
    const ROOM: usize = 80;
    match text.char_indices().nth(ROOM) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Writes a value as a person reads it: a text without quotes.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => shorten(text),
        value => short(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BUNDLED: &str = include_str!("../../openapi/sisiao-api-menage.json");

    /// A document with one operation, which takes and gives what it is told.
    fn operation(operation: &Value) -> Value {
        json!({"paths": {"/a": {"post": operation}}})
    }

    fn content(schema: &Value) -> Value {
        json!({"content": {"application/json": {"schema": schema}}})
    }

    fn request(schema: &Value) -> Value {
        operation(&json!({"requestBody": content(schema)}))
    }

    fn answer(schema: &Value) -> Value {
        operation(&json!({"responses": {"200": content(schema)}}))
    }

    /// An operation with an answer of the schema `X`, among others.
    fn shared(schemas: &Value) -> Value {
        let mut document = answer(&json!({"$ref": "#/components/schemas/X"}));
        document["components"] = json!({"schemas": schemas});
        document
    }

    fn reference(name: &str) -> Value {
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    fn lines(old: &Value, new: &Value) -> Vec<String> {
        diff(old, new).differences().iter().map(ToString::to_string).collect()
    }

    /// The differences of a schema in a request and in an answer, without the place where the schema is.
    fn both_ways(old: &Value, new: &Value) -> [String; 2] {
        [(request(old), request(new), "POST /a body"), (answer(old), answer(new), "POST /a response 200")]
            .map(|(old, new, place)| lines(&old, &new).join("; ").replace(&format!(" {place}"), ""))
    }

    /// Compares a schema with one where only the part behind a pointer is another, or is gone.
    #[track_caller]
    fn check(old: &Value, new: &Value, in_request: &str, in_answer: &str) {
        let [found_in_request, found_in_answer] = both_ways(old, new);
        assert_eq!(found_in_request, in_request, "in a request: {old} -> {new}");
        assert_eq!(found_in_answer, in_answer, "in an answer: {old} -> {new}");
    }

    fn object(required: &[&str], properties: &Value) -> Value {
        json!({"type": "object", "required": required, "properties": properties})
    }

    #[test]
    fn the_same_document_has_no_difference() {
        let bundled: Value = serde_json::from_str(BUNDLED).unwrap();
        let diff = diff(&bundled, &bundled);
        assert_eq!(diff, Diff::default());
        assert!(diff.is_empty() && !diff.is_breaking());
        assert_eq!(diff.to_string(), "no difference");
    }

    #[test]
    fn a_field_may_come_and_go() {
        let (none, some) = (object(&[], &json!({"a": {}})), object(&[], &json!({"a": {}, "b": {"type": "string"}})));
        check(&none, &some, "+ .b: field added: string, optional", "+ .b: field added: string, optional");
        check(&some, &none, "! .b: field removed: string", "! .b: field removed: string");
        let must = object(&["b"], &json!({"a": {}, "b": {"type": "string"}}));
        check(&none, &must, "! .b: field added: string, required", "+ .b: field added: string, required");
    }

    #[test]
    fn what_turns_into_an_option_or_from_one_breaks() {
        let field = |required: &[&str], nullable: bool| object(required, &json!({"a": {"nullable": nullable}}));
        let (may, must) = ("optional", "required");
        for (old, new, expected) in [
            (field(&[], false), field(&["a"], false), format!("! .a: requiredness changed: {may} -> {must}")),
            (field(&["a"], false), field(&[], false), format!("! .a: requiredness changed: {must} -> {may}")),
            (field(&["a"], true), field(&[], true), format!("~ .a: requiredness changed: {must} -> {may}")),
            (field(&[], false), field(&[], true), "~ .a: nullability changed: not nullable -> nullable".to_owned()),
            (
                field(&["a"], false),
                field(&["a"], true),
                "! .a: nullability changed: not nullable -> nullable".to_owned(),
            ),
            (
                field(&["a"], true),
                field(&["a"], false),
                "! .a: nullability changed: nullable -> not nullable".to_owned(),
            ),
        ] {
            check(&old, &new, &expected, &expected);
        }
    }

    #[test]
    fn a_request_that_may_say_less_breaks_even_if_the_type_stays() {
        let field = |required: &[&str], nullable: bool| object(required, &json!({"a": {"nullable": nullable}}));
        check(
            &field(&[], true),
            &field(&["a"], true),
            "! .a: requiredness changed: optional -> required",
            "~ .a: requiredness changed: optional -> required",
        );
        check(
            &field(&[], true),
            &field(&[], false),
            "! .a: nullability changed: nullable -> not nullable",
            "~ .a: nullability changed: nullable -> not nullable",
        );
    }

    #[test]
    fn a_changed_type_is_named_and_breaks_both_ways() {
        let date = json!({"type": "string", "format": "date"});
        for (old, new, types) in [
            (json!({"type": "string"}), json!({"type": "integer"}), "string -> integer"),
            (json!({}), json!({"type": "boolean"}), "any -> boolean"),
            (json!({"type": "string"}), json!({"type": "string", "enum": ["a"]}), "string -> string enum"),
            (json!({"enum": [1]}), json!({"enum": ["a"]}), "any enum -> string enum"),
            (date.clone(), json!({"type": "array", "items": date}), "string (date) -> array of string (date)"),
            (json!({"items": {}}), json!({"properties": {"a": {}}}), "array of any -> object"),
            (json!({"oneOf": [{"type": "string"}, {"type": "number"}]}), json!({}), "one of string, number -> any"),
            (
                json!({"type": ["string", "null"], "nullable": true}),
                json!({"type": ["number", "null"]}),
                "string -> number",
            ),
            (json!({"type": ["string", "number"]}), json!({"type": "file"}), "any -> file"),
        ] {
            let expected = format!("!: type changed: {types}");
            check(&old, &new, &expected, &expected);
        }
    }

    #[test]
    fn a_map_that_becomes_an_object_is_another_type() {
        let (map, some) = (json!({"type": "object"}), object(&["a"], &json!({"a": {"type": "string"}})));
        check(
            &map,
            &some,
            "!: type changed: map of any -> object; ! .a: field added: string, required",
            "!: type changed: map of any -> object; + .a: field added: string, required",
        );
    }

    #[test]
    fn a_format_breaks_where_it_is_a_type_in_rust() {
        let format = |kind: &str, format: &str| json!({"type": kind, "format": format});
        for (kind, old, new, mark) in [
            ("string", "date", "date-time", '!'),
            ("string", "email", "uri", '~'),
            ("string", "email", "uuid", '!'),
            ("integer", "int32", "int64", '!'),
            ("number", "float", "double", '!'),
            ("number", "double", "decimal", '~'),
            ("integer", "date", "uuid", '~'),
        ] {
            let expected = format!("{mark}: format changed: {old} -> {new}");
            check(&format(kind, old), &format(kind, new), &expected, &expected);
        }
        check(
            &json!({"type": "integer"}),
            &format("integer", "int64"),
            "~: format changed: none -> int64",
            "~: format changed: none -> int64",
        );
    }

    #[test]
    fn enum_values_break_where_they_go() {
        let values = |values: &Value| json!({"type": "string", "enum": values});
        check(
            &values(&json!(["a", "b", null])),
            &values(&json!(["c", "a", null])),
            "!: enum value removed: b; +: enum value added: c",
            "!: enum value removed: b; +: enum value added: c",
        );
        check(&values(&json!(["a", "b"])), &values(&json!(["b", "a", "a"])), "", "");
        let numbers = |values: &Value| json!({"type": "integer", "enum": values});
        check(&numbers(&json!([1])), &numbers(&json!([1, "1"])), "+: enum value added: 1", "+: enum value added: 1");
    }

    #[test]
    fn additional_fields_break_where_they_go() {
        let with =
            |additional: &Value| json!({"type": "object", "properties": {"a": {}}, "additionalProperties": additional});
        let typed = with(&json!({"type": "string"}));
        let gone = "!: additional fields changed: string -> none";
        check(&typed, &with(&json!(false)), gone, gone);
        let come = "~: additional fields changed: none -> any";
        check(&with(&json!(false)), &with(&json!(true)), come, come);
        let other = "! .*: type changed: string -> any";
        check(&typed, &with(&json!({})), other, other);
        let map = |values: &Value| json!({"type": "object", "additionalProperties": values});
        check(&map(&json!(true)), &json!({"type": "object"}), "", "");
        check(
            &map(&object(&[], &json!({"b": {}, "c": {}}))),
            &map(&object(&[], &json!({"b": {}}))),
            "! .*.c: field removed: any",
            "! .*.c: field removed: any",
        );
    }

    #[test]
    fn limits_break_where_a_request_may_say_less() {
        let length = |length: u8| json!({"type": "string", "maxLength": length});
        let text = "limit changed: maxLength";
        check(&length(9), &length(8), &format!("!: {text} 9 -> maxLength 8"), &format!("~: {text} 9 -> maxLength 8"));
        check(&length(8), &length(9), &format!("~: {text} 8 -> maxLength 9"), &format!("~: {text} 8 -> maxLength 9"));
        check(
            &json!({"type": "string"}),
            &length(8),
            &format!("!: {text} none -> maxLength 8"),
            &format!("~: {text} none -> maxLength 8"),
        );
    }

    #[test]
    fn items_are_compared_as_deep_as_they_are() {
        let deep = |kind: &str| {
            object(
                &[],
                &json!({"a": {"type": "array", "items": {"type": "array", "items": object(&[], &json!({"b": {"type": kind}}))}}}),
            )
        };
        let expected = "! .a[][].b: type changed: string -> integer";
        check(&deep("string"), &deep("integer"), expected, expected);
    }

    #[test]
    fn variants_are_known_by_name_and_fields_whatever_their_order() {
        let (a, b) = (object(&[], &json!({"a": {}})), object(&[], &json!({"b": {"type": "string"}})));
        let changed = object(&[], &json!({"b": {"type": "number"}}));
        let text = json!({"type": "string"});
        check(&json!({"oneOf": [a, b]}), &json!({"anyOf": [b, a]}), "", "");
        check(
            &json!({"oneOf": [a, b]}),
            &json!({"oneOf": [text, changed, a]}),
            "! <2>.b: type changed: string -> number; +: variant added: string",
            "!: variant added: string; ! <2>.b: type changed: string -> number",
        );
        check(
            &json!({"oneOf": [a, b, text]}),
            &json!({"oneOf": [a, b]}),
            "!: variant removed: string",
            "!: variant removed: string",
        );
    }

    #[test]
    fn fields_beside_variants_are_compared() {
        let union = |kind: &str| {
            let variants = [json!({"properties": {"a": {}}}), json!({"properties": {"b": {}}})];
            json!({"type": "object", "properties": {"n": {"type": kind}}, "oneOf": variants})
        };
        let expected = "! .n: type changed: string -> number";
        check(&union("string"), &union("number"), expected, expected);
    }

    #[test]
    fn a_composition_of_one_is_what_it_composes() {
        let text = json!({"type": "string"});
        for keyword in ["allOf", "oneOf", "anyOf"] {
            check(&text, &json!({keyword: [text]}), "", "");
            check(
                &json!({keyword: [text]}),
                &json!({keyword: [{keyword: [text], "nullable": true}]}),
                "!: nullability changed: not nullable -> nullable",
                "!: nullability changed: not nullable -> nullable",
            );
        }
        let composed = json!({"allOf": [object(&["a"], &json!({"a": text})), object(&[], &json!({"b": text}))]});
        check(&composed, &object(&["a"], &json!({"a": text, "b": text})), "", "");
    }

    #[test]
    fn texts_and_order_are_not_compared() {
        let old = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a", "b"]});
        let new = json!({
            "required": ["b", "a", "a"], "description": "d", "title": "t", "example": 1, "x-a": 2, "deprecated": true,
            "properties": {"b": {"description": "d"}, "a": {"type": "string", "title": "t", "default": "d"}}, "type": "object"
        });
        check(&old, &new, "", "");
    }

    #[test]
    fn a_shared_schema_is_reported_once_with_its_operations() {
        let document = |kind: &str| {
            let menage = reference("Menage");
            let operation = json!({"requestBody": content(&menage), "responses": {"200": content(&menage)}});
            json!({
                "paths": {"/a": {"get": operation, "put": operation}, "/b": {"get": operation}, "/c": {"get": operation},
                    "/d": {"get": {"responses": {"200": content(&json!({"type": "string"}))}}}},
                "components": {"schemas": {
                    "Menage": object(&[], &json!({"adresse": {"type": "array", "items": reference("Adresse")}})),
                    "Adresse": object(&[], &json!({"codePostal": {"type": kind}, "menage": menage})),
                }},
            })
        };
        let diff = diff(&document("string"), &document("integer"));
        let [difference] = diff.differences() else { panic!("{diff}") };
        assert_eq!(difference.operations(), ["GET /a", "GET /b", "GET /c", "PUT /a"]);
        assert_eq!(difference.pointer(), "/components/schemas/Adresse/properties/codePostal");
        assert_eq!(
            diff.to_string(),
            "! #/components/schemas/Adresse .codePostal: type changed: string -> integer (GET /a, GET /b, GET /c and 1 more)\n\
             1 difference, 1 breaking"
        );
    }

    #[test]
    fn of_very_many_operations_some_are_named() {
        let document = |kind: &str| {
            let answer = json!({"responses": {"200": content(&reference("X"))}});
            let paths: serde_json::Map<_, _> =
                (100..250).map(|index| (format!("/{index}"), json!({"get": answer}))).collect();
            json!({"paths": paths, "components": {"schemas": {"X": reference("Y"), "Y": {"type": kind}}}})
        };
        let diff = diff(&document("string"), &document("number"));
        let [difference] = diff.differences() else { panic!("{diff}") };
        assert_eq!(difference.operations().len(), MOST_OPERATIONS);
        assert!(difference.to_string().ends_with(" and at least 97 more)"), "{difference}");
    }

    #[test]
    fn what_breaks_either_way_breaks() {
        let document = |required: &[&str]| {
            let both = json!({"requestBody": content(&reference("X")), "responses": {"200": content(&reference("X"))}});
            let mut document = operation(&both);
            document["components"]["schemas"]["X"] = object(required, &json!({"a": {"nullable": true}}));
            document
        };
        assert_eq!(
            lines(&document(&[]), &document(&["a"])),
            ["! #/components/schemas/X .a: requiredness changed: optional -> required (POST /a)"]
        );
    }

    #[test]
    fn what_breaks_only_answers_breaks_a_schema_of_both() {
        let document = |variants: &[Value]| {
            let both = json!({"requestBody": content(&reference("X")), "responses": {"200": content(&reference("X"))}});
            let mut document = operation(&both);
            document["components"]["schemas"]["X"] = json!({"oneOf": variants});
            document
        };
        let (text, number, flag) = (json!({"type": "string"}), json!({"type": "number"}), json!({"type": "boolean"}));
        assert_eq!(
            lines(&document(&[text.clone(), number.clone()]), &document(&[text, number, flag])),
            ["! #/components/schemas/X: variant added: boolean (POST /a)"]
        );
    }

    #[test]
    fn an_inherited_field_is_reported_where_it_is_declared() {
        let document = |base: &Value, required: &[&str]| {
            let own = json!({"type": "object", "required": required, "properties": {"b": {}}});
            shared(&json!({"X": {"allOf": [reference("Base"), own]}, "Base": base}))
        };
        let old = document(&object(&[], &json!({"a": {"type": "string"}})), &[]);
        assert_eq!(
            lines(&old, &document(&object(&[], &json!({"a": {"type": "number"}})), &[])),
            ["! #/components/schemas/Base .a: type changed: string -> number (POST /a)"]
        );
        assert_eq!(
            lines(&old, &document(&object(&[], &json!({"a": {"type": "string"}})), &["a"])),
            ["! #/components/schemas/X .a: requiredness changed: optional -> required (POST /a)"]
        );
    }

    #[test]
    fn a_schema_under_a_new_name_is_renamed_once() {
        let menage = |kind: &str| object(&[], &json!({"n": {"type": kind}}));
        let pair = |name: &str| object(&[], &json!({"a": reference(name), "b": reference(name)}));
        let old = shared(&json!({"X": pair("Old"), "Old": menage("string")}));
        let renamed = "! #/components/schemas/New: type renamed: Old -> New (POST /a)";
        assert_eq!(lines(&old, &shared(&json!({"X": pair("New"), "New": menage("string")}))), [renamed]);
        assert_eq!(
            lines(&old, &shared(&json!({"X": pair("New"), "New": menage("number")}))),
            [renamed, "! #/components/schemas/New .n: type changed: string -> number (POST /a)"]
        );
        assert_eq!(
            lines(&old, &shared(&json!({"X": pair("New"), "New": menage("string"), "Old": menage("string")}))),
            [
                "! #/components/schemas/X .a: type changed: Old -> New (POST /a)",
                "! #/components/schemas/X .b: type changed: Old -> New (POST /a)",
            ]
        );
    }

    #[test]
    fn renamed_variants_are_known_by_their_fields() {
        let union = |variants: [(&str, &str); 2]| {
            let mut schemas = json!({"X": {"oneOf": variants.map(|(name, _)| reference(name))}});
            for (name, field) in variants {
                schemas[name] = object(&[], &json!({field: {}}));
            }
            shared(&schemas)
        };
        assert_eq!(
            lines(&union([("A", "a"), ("B", "b")]), &union([("D", "b"), ("C", "a")])),
            [
                "! #/components/schemas/C: type renamed: A -> C (POST /a)",
                "! #/components/schemas/D: type renamed: B -> D (POST /a)",
            ]
        );
    }

    #[test]
    fn a_name_may_hold_what_pointers_escape() {
        let document = |kind: &str| {
            let mut document = answer(&reference("a~1b~0«c»"));
            document["components"]["schemas"]["a/b~«c»"] = json!({"type": kind});
            document
        };
        let diff = diff(&document("string"), &document("number"));
        let [difference] = diff.differences() else { panic!("{diff}") };
        assert_eq!(difference.place(), "#/components/schemas/a/b~«c»");
        assert_eq!(document("number").pointer(difference.pointer()), Some(&json!({"type": "number"})));
    }

    #[test]
    fn a_schema_that_gets_a_name_is_another_type_in_rust() {
        let inline = object(&[], &json!({"n": {"type": "string"}, "m": {}}));
        let named = object(&[], &json!({"n": {"type": "string"}}));
        assert_eq!(
            lines(
                &shared(&json!({"X": {"properties": {"a": inline}}})),
                &shared(&json!({"X": {"properties": {"a": reference("A")}}, "A": named}))
            ),
            [
                "! #/components/schemas/X .a: type renamed: object -> A (POST /a)",
                "! #/components/schemas/X .a.m: field removed: any (POST /a)",
            ]
        );
    }

    #[test]
    fn a_discriminator_is_compared_by_field_and_by_value() {
        let union = |property: &str, mapping: &Value, second: &str| {
            let discriminator = json!({"propertyName": property, "mapping": mapping});
            let variants = [reference("A"), reference(second)];
            shared(&json!({
                "X": {"oneOf": variants, "discriminator": discriminator}, "A": object(&[], &json!({"a": {}})),
                second: object(&[], &json!({"b": {}})),
            }))
        };
        let old = union("type", &json!({"a": "#/components/schemas/A"}), "B");
        let place = "! #/components/schemas/X: discriminator changed:";
        assert_eq!(lines(&old, &union("kind", &json!({"a": "A"}), "B")), [format!("{place} type -> kind (POST /a)")]);
        assert_eq!(
            lines(&old, &union("type", &json!({"z": "A"}), "B")),
            [format!("{place} A is a -> A is z (POST /a)")]
        );
        assert_eq!(
            lines(&old, &union("type", &json!({"a": "A"}), "C")),
            [
                "! #/components/schemas/C: type renamed: B -> C (POST /a)".to_owned(),
                format!("{place} B is B -> C is C (POST /a)"),
            ]
        );
    }

    #[test]
    fn heirs_of_a_schema_with_a_discriminator_are_its_variants() {
        let family = |heirs: &[(&str, &str)]| {
            let mut schemas = json!({"X": {
                "type": "object", "properties": {"type": {"type": "string"}}, "discriminator": {"propertyName": "type"},
            }});
            for (name, kind) in heirs {
                schemas[*name] = json!({"allOf": [reference("X"), object(&[], &json!({"a": {"type": kind}}))]});
            }
            shared(&schemas)
        };
        assert_eq!(
            lines(&family(&[("A", "string"), ("B", "string")]), &family(&[("A", "number"), ("C", "boolean")])),
            [
                "! #/components/schemas/A .a: type changed: string -> number (POST /a)",
                "! #/components/schemas/C: type renamed: B -> C (POST /a)",
                "! #/components/schemas/C .a: type changed: string -> boolean (POST /a)",
                "! #/components/schemas/X: discriminator changed: B is B -> C is C (POST /a)",
            ]
        );
        assert_eq!(
            lines(&family(&[("A", "string")]), &family(&[("A", "string"), ("C", "boolean")])),
            ["! #/components/schemas/X: variant added: C (POST /a)"]
        );
    }

    #[test]
    fn a_parent_that_lists_its_heirs_has_an_end() {
        let family = |kind: &str, property: &str| {
            shared(&json!({
                "X": {"type": "object", "oneOf": [reference("A"), reference("B")], "discriminator": {"propertyName": property},
                    "properties": {"n": {"type": kind}}},
                "A": {"allOf": [reference("X"), object(&[], &json!({"a": {"type": kind}}))]},
                "B": {"allOf": [reference("X"), object(&[], &json!({"b": {}}))]},
            }))
        };
        assert_eq!(
            lines(&family("string", "t"), &family("number", "t")),
            [
                "! #/components/schemas/A .a: type changed: string -> number (POST /a)",
                "! #/components/schemas/X .n: type changed: string -> number (POST /a)",
            ]
        );
        assert_eq!(
            lines(&family("string", "t"), &family("string", "u")),
            ["! #/components/schemas/X: discriminator changed: t -> u (POST /a)"]
        );
    }

    #[test]
    fn circles_end() {
        for circle in [
            json!({"X": {"properties": {"a": reference("X"), "b": reference("Y")}}, "Y": {"items": reference("X")}}),
            json!({"X": reference("Y"), "Y": reference("X")}),
            json!({"X": reference("X")}),
            json!({"X": {"allOf": [reference("X")]}}),
            json!({"X": {"allOf": [reference("Y"), {}]}, "Y": {"allOf": [reference("X"), {"properties": {"a": {}}}]}}),
            json!({"X": {"oneOf": [reference("X"), {"oneOf": [reference("X"), reference("Y")]}]}}),
            json!({"X": {"properties": {"a": {"allOf": [reference("X"), {"properties": {"b": {}}}]}}}}),
            json!({"X": {"type": "array", "items": {"allOf": [reference("X"), {"type": "array"}]}}}),
            json!({"X": {"additionalProperties": {"allOf": [reference("X"), {}]}}}),
        ] {
            let old = shared(&circle);
            assert_eq!(lines(&old, &old), [""; 0], "{circle}");
            let other = shared(&json!({"X": {"type": "string"}}));
            assert_eq!(lines(&old, &other).len(), 1, "{circle}");
            assert!(diff(&other, &old).is_breaking(), "{circle}");
        }
    }

    #[test]
    fn a_chain_of_any_length_ends() {
        const LENGTH: usize = 5_000;
        let chain = |keyword: &str, end: &str| {
            let mut schemas = serde_json::Map::new();
            for index in 0..LENGTH {
                let next = reference(&format!("C{}", index.saturating_add(1)));
                let link = if keyword == "allOf" { json!({"allOf": [next, {}]}) } else { json!({keyword: next}) };
                schemas.insert(format!("C{index}"), link);
            }
            schemas.insert("X".to_owned(), reference("C0"));
            schemas.insert(format!("C{LENGTH}"), object(&[], &json!({"a": {"type": end}})));
            shared(&Value::Object(schemas))
        };
        for keyword in ["allOf", "items", "additionalProperties"] {
            assert_eq!(
                lines(&chain(keyword, "string"), &chain(keyword, "number")),
                [format!("! #/components/schemas/C{LENGTH} .a: type changed: string -> number (POST /a)")]
            );
        }
    }

    #[test]
    fn a_comparison_that_is_too_long_is_given_up_and_says_so() {
        let family = |kind: &str| {
            let field = json!({"type": kind});
            let base = object(&[], &json!({"a": field, "b": field, "c": field, "d": field}));
            let heir = json!({"allOf": [reference("Base"), {}]});
            shared(&json!({"X": {"properties": {"a": heir, "b": heir, "c": heir}}, "Base": base}))
        };
        let diff = diff_within(20, &family("string"), &family("string"));
        let [difference] = diff.differences() else { panic!("{diff}") };
        assert_eq!(difference.kind(), DifferenceKind::NotCompared);
        assert!(diff.is_breaking());
        assert_eq!(diff_within(100, &family("string"), &family("string")), Diff::default());
    }

    #[test]
    fn what_was_read_in_part_is_not_compared() {
        let whole = object(&["a"], &json!({"a": {}, "b": {}, "c": {}, "d": {}}));
        let base = object(&["a"], &json!({"a": {}, "b": {}}));
        let rest = object(&[], &json!({"c": {}, "d": {}}));
        let old = shared(&json!({"X": {"properties": {"x": whole}}}));
        let new = shared(&json!({"X": {"properties": {"x": {"allOf": [reference("Base"), rest]}}}, "Base": base}));
        assert_eq!(lines(&old, &new), [""; 0]);
        for allowance in 1..20 {
            let diff = diff_within(allowance, &old, &new);
            assert!(diff.differences().iter().all(|found| found.kind() == DifferenceKind::NotCompared), "{diff}");
        }
    }

    #[test]
    fn operations_are_known_by_method_and_path() {
        let old = json!({"paths": {"/a": {"get": {"operationId": "a"}}, "/b": {"get": {"operationId": "b"}}}});
        let new = json!({"paths": {"/a": {"get": {"operationId": "c"}, "post": {}, "parameters": []}}});
        assert_eq!(
            lines(&old, &new),
            ["! GET /a: operation renamed: a -> c", "! GET /b: operation removed: b", "+ POST /a: operation added",]
        );
    }

    #[test]
    fn a_parameter_of_the_path_is_known_by_its_position() {
        let document = |path: &str, name: &str, kind: &str| {
            let id = json!({"in": "path", "name": name, "required": true, "schema": {"type": kind}});
            json!({"paths": {path: {"get": {"parameters": [id]}}, "/a/{y}/b": {"get": {}}}})
        };
        assert_eq!(
            lines(&document("/a/{id}", "id", "string"), &document("/a/{menage}", "menage", "integer")),
            [
                "! GET /a/{menage} path parameter menage: parameter renamed: id -> menage",
                "! GET /a/{menage} path parameter menage: type changed: string -> integer",
            ]
        );
    }

    #[test]
    fn parameters_are_compared_as_requests_are() {
        let one = |parameter: &Value| operation(&json!({"parameters": [{"in": "cookie", "name": "z"}, parameter]}));
        let none =
            operation(&json!({"parameters": [{"in": "cookie", "name": "z"}, 5, {"in": "query"}, {"name": "n"}]}));
        let list = json!({"type": "array", "items": {"type": "string"}});
        let parameter = |required: bool, schema: &Value| json!({"in": "query", "name": "q", "required": required, "schema": schema});
        let exploded = |explode: bool, schema: &Value| {
            one(&json!({"in": "query", "name": "q", "explode": explode, "schema": schema}))
        };
        let text = json!({"type": "string"});
        let nullable = json!({"type": "string", "nullable": true});
        let may = one(&parameter(false, &text));
        let must = one(&parameter(true, &text));
        let header = |name: &str| one(&json!({"in": "header", "name": name, "schema": text}));
        for (old, new, expected) in [
            (&none, &may, "+ POST /a query parameter q: parameter added: string, optional"),
            (&none, &must, "! POST /a query parameter q: parameter added: string, required"),
            (&may, &none, "! POST /a query parameter q: parameter removed: string"),
            (&may, &must, "! POST /a query parameter q: requiredness changed: optional -> required"),
            (&must, &may, "~ POST /a query parameter q: requiredness changed: required -> optional"),
            (
                &must,
                &one(&parameter(true, &list)),
                "! POST /a query parameter q: type changed: string -> array of string",
            ),
            (
                &may,
                &one(&parameter(false, &nullable)),
                "~ POST /a query parameter q: nullability changed: not nullable -> nullable",
            ),
            (
                &one(&parameter(false, &nullable)),
                &may,
                "! POST /a query parameter q: nullability changed: nullable -> not nullable",
            ),
            (
                &exploded(true, &list),
                &exploded(false, &list),
                "! POST /a query parameter q: style changed: form, exploded -> form",
            ),
            (&exploded(true, &text), &exploded(false, &text), ""),
            (&header("X-A"), &header("x-a"), ""),
            (&may, &one(&json!({"in": "query", "name": "q", "content": {"text/plain": {"schema": text}}})), ""),
        ] {
            assert_eq!(lines(old, new).join("; "), expected);
        }
    }

    #[test]
    fn bodies_of_requests_come_and_go() {
        let none = operation(&json!({}));
        let body = |required: bool, types: &[&str]| {
            let content: serde_json::Map<_, _> = types.iter().map(|name| ((*name).to_owned(), json!({}))).collect();
            operation(&json!({"requestBody": {"required": required, "content": content}}))
        };
        let (json, plain) = ("application/json", "text/plain");
        for (old, new, expected) in [
            (&none, &body(false, &[json]), "+ POST /a body: body added: application/json"),
            (&none, &body(true, &[json]), "! POST /a body: body added: application/json"),
            (&body(true, &[json]), &none, "! POST /a body: body removed: application/json"),
            (&body(false, &[json]), &body(true, &[json]), "! POST /a body: requiredness changed: optional -> required"),
            (&body(true, &[json]), &body(false, &[json]), "~ POST /a body: requiredness changed: required -> optional"),
            (&body(false, &[json]), &body(false, &[json, plain]), "+ POST /a body: media type added: text/plain"),
            (&body(false, &[json, plain]), &body(false, &[json]), "! POST /a body: media type removed: text/plain"),
            (&body(false, &[json]), &body(false, &["Application/JSON; charset=utf-8"]), ""),
        ] {
            assert_eq!(lines(old, new).join("; "), expected);
        }
    }

    #[test]
    fn answers_come_and_go() {
        let text = content(&json!({"type": "string"}));
        let number = content(&json!({"type": "number"}));
        let one = |responses: &Value| operation(&json!({"responses": responses}));
        for (old, new, expected) in [
            (json!({"200": text}), json!({"200": text, "404": {}}), "+ POST /a response 404: response added"),
            (json!({"200": text, "404": text}), json!({"200": text}), "- POST /a response 404: response removed"),
            (json!({"200": text}), json!({"200": text, "202": {}}), "! POST /a response 202: response added"),
            (json!({"200": text, "202": {}}), json!({"200": text}), "! POST /a response 202: response removed"),
            (json!({"200": {}}), json!({"200": text}), "! POST /a response 200: body added: application/json"),
            (json!({"200": text}), json!({"200": {}}), "! POST /a response 200: body removed: application/json"),
            (json!({"404": {}}), json!({"404": text}), "+ POST /a response 404: body added: application/json"),
            (
                json!({"200": text}),
                json!({"2XX": number}),
                "! POST /a response 200: type changed: string -> number; + POST /a response 2XX: response added; \
                 - POST /a response 200: response removed",
            ),
        ] {
            let mut found = lines(&one(&old), &one(&new));
            found.sort();
            assert_eq!(found.join("; "), expected);
        }
    }

    #[test]
    fn several_media_types_are_named() {
        let body = |kind: &str| {
            let schema = json!({"schema": {"type": kind}});
            operation(&json!({"requestBody": {"content": {"application/xml": schema, "application/json": {}}}}))
        };
        assert_eq!(
            lines(&body("string"), &body("number")),
            ["! POST /a body application/xml: type changed: string -> number"]
        );
    }

    #[test]
    fn what_concerns_the_whole_document_never_breaks() {
        let document = |version: &Value, server: &str, scope: &str, own: &Value| {
            let security = json!([{"oauth": [scope, "openid"]}, {"other": 5}]);
            let own = json!({"get": {"security": own, "deprecated": scope == "b"}});
            json!({"info": {"version": version}, "servers": [{"url": server}, {}], "security": security,
                "paths": {"/a": own, "/b": {"get": {}}}})
        };
        let old = document(&json!("1"), "/v1", "a", &json!([{"oauth": ["openid"]}]));
        let new = document(&json!(2), "/v2", "b", &json!([{"oauth": ["x"]}, {"oauth": ["openid"]}]));
        assert_eq!(
            lines(&old, &new),
            [
                "~ GET /a: operation deprecated",
                "+ GET /a: scope added: x",
                "~ info.version: version changed: 1 -> 2",
                "+ security: scope added: b",
                "- security: scope removed: a",
                "~ servers: server changed: /v1 -> /v2",
            ]
        );
        assert!(!diff(&old, &new).is_breaking());
        assert_eq!(lines(&json!({}), &json!({"servers": [{"url": "/"}]})), ["~ servers: server changed: none -> /"]);
    }

    #[test]
    fn breaking_differences_come_first_and_all_are_counted() {
        let old = json!({"paths": {"/b": {"get": {}}, "/c": {"get": {}}}});
        let new = json!({"paths": {"/a": {"get": {}}, "/c": {"get": {"operationId": "c"}}}});
        assert_eq!(
            diff(&old, &new).to_string(),
            "! GET /b: operation removed\n! GET /c: operation renamed: none -> c\n+ GET /a: operation added\n\
             3 differences, 2 breaking"
        );
    }

    #[test]
    fn the_order_of_a_document_does_not_show() {
        let forwards = json!({"paths": {
            "/a": {"get": {"responses": {"200": {}, "201": {}}}, "put": {}},
            "/b": {"get": {"parameters": [{"in": "query", "name": "x"}, {"in": "query", "name": "y"}]}},
        }});
        let backwards = json!({"paths": {
            "/b": {"get": {"parameters": [{"name": "y", "in": "query"}, {"name": "x", "in": "query"}]}},
            "/a": {"put": {}, "get": {"responses": {"201": {}, "200": {}}}},
        }});
        assert_eq!(lines(&forwards, &backwards), [""; 0]);
        assert_eq!(lines(&json!({}), &forwards), lines(&json!({}), &backwards));
        assert_eq!(lines(&forwards, &json!({})), lines(&backwards, &json!({})));
    }

    #[test]
    fn a_pointer_leads_into_the_new_document_or_to_what_is_gone() {
        let old = answer(&object(&[], &json!({"a/b": {"type": "string", "enum": ["x"]}, "c~": {}})));
        let new = answer(&object(&[], &json!({"a/b": {"type": "string", "enum": ["y"]}, "d": {}})));
        let pointers: Vec<_> = diff(&old, &new).differences().iter().map(|found| found.pointer().to_owned()).collect();
        const SCHEMA: &str = "/paths/~1a/post/responses/200/content/application~1json/schema/properties";
        assert_eq!(pointers, ["/a~1b/enum", "/c~0", "/a~1b/enum", "/d"].map(|end| format!("{SCHEMA}{end}")));
        assert_eq!(old.pointer(&pointers[1]), Some(&json!({})));
        assert_eq!(new.pointer(&pointers[3]), Some(&json!({})));
    }

    #[test]
    fn wrong_types_everywhere_are_passed_over() {
        let odd =
            [json!(null), json!(true), json!(5), json!("x"), json!([]), json!([5, {}, []]), json!({}), json!({"a": 5})];
        let places = [
            "/info",
            "/info/version",
            "/servers",
            "/security",
            "/paths",
            "/paths/~1a",
            "/paths/~1a/post",
            "/paths/~1a/post/parameters",
            "/paths/~1a/post/parameters/0",
            "/paths/~1a/post/parameters/0/schema",
            "/paths/~1a/post/requestBody",
            "/paths/~1a/post/requestBody/content",
            "/paths/~1a/post/responses",
            "/paths/~1a/post/requestBody/content/application~1json",
            "/paths/~1a/post/responses/200",
            "/components",
            "/components/schemas",
            "/components/schemas/X",
            "/components/schemas/X/type",
            "/components/schemas/X/allOf",
            "/components/schemas/X/oneOf",
            "/components/schemas/X/required",
            "/components/schemas/X/properties",
            "/components/schemas/X/properties/a",
            "/components/schemas/X/properties/a/$ref",
            "/components/schemas/X/properties/a/enum",
            "/components/schemas/X/properties/a/items",
            "/components/schemas/X/properties/a/maxLength",
            "/components/schemas/X/properties/a/nullable",
            "/components/schemas/X/discriminator",
            "/components/schemas/X/discriminator/mapping",
            "/components/schemas/X/additionalProperties",
        ];
        let field = json!({"type": "string", "$ref": 1, "enum": [], "items": {}, "maxLength": 1, "nullable": 1});
        let schema = json!({
            "type": "object", "allOf": [{}], "oneOf": [{}], "required": ["a"], "properties": {"a": field},
            "discriminator": {"propertyName": "a", "mapping": {"a": "X"}}, "additionalProperties": {},
        });
        let operation = json!({
            "parameters": [{"in": "query", "name": "q", "schema": {}}], "requestBody": content(&reference("X")),
            "responses": {"200": content(&reference("X"))},
        });
        let whole = json!({
            "info": {"version": "1"}, "servers": [], "security": [], "paths": {"/a": {"post": operation}},
            "components": {"schemas": {"X": schema}},
        });
        for place in places {
            for odd in &odd {
                let mut document = whole.clone();
                *document.pointer_mut(place).unwrap() = odd.clone();
                assert_eq!(lines(&document, &document), [""; 0], "{place}: {odd}");
                let there = diff(&whole, &document);
                let back = diff(&document, &whole);
                assert_eq!(there.is_empty(), back.is_empty(), "{place}: {odd}: {there} {back}");
            }
        }
        for odd in &odd {
            assert_eq!(lines(odd, odd), [""; 0]);
            assert!(!diff(odd, &whole).is_breaking(), "nothing was there to break");
        }
    }

    #[test]
    fn names_of_a_document_stay_on_their_line() {
        let old = json!({"paths": {"/a\n::error::\u{1b}[2J\u{2028}é": {"get": {}}}});
        assert_eq!(
            diff(&old, &json!({})).to_string(),
            "! GET /a\\n::error::\\u{1b}[2J\\u{2028}é: operation removed\n1 difference, 1 breaking"
        );
    }

    #[test]
    fn it_is_written_as_json() {
        let old = answer(&object(&[], &json!({"a": {"type": "string"}, "b": {}})));
        let new = answer(&object(&[], &json!({"b": {}})));
        assert_eq!(
            serde_json::to_value(diff(&old, &new)).unwrap(),
            json!({"breaking": true, "differences": [{
                "place": "POST /a response 200 .a",
                "pointer": "/paths/~1a/post/responses/200/content/application~1json/schema/properties/a",
                "kind": "field_removed", "before": "string", "after": null, "breaking": true, "operations": ["POST /a"],
            }]})
        );
    }
}
