//! The generator as a function: what it refuses, how it says so, and what it never does.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs};

use menage_b2b_documents::{Generated, generate};
use serde_json::{Value, json};

use crate::culprits::{Culprits, culprits};

/// A folder of one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("menage-b2b-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn generated(document: &Value) -> Generated {
    let folder = Folder::new();
    generate(&folder.write("document.json", document.to_string())).unwrap_or_else(|refusal| panic!("{refusal}"))
}

fn refused(text: impl AsRef<[u8]>) -> String {
    let folder = Folder::new();
    match generate(&folder.write("document.json", text)) {
        Ok(_) => panic!("accepted"),
        Err(refusal) => refusal,
    }
}

/// A document with one operation that answers this schema.
fn answering(schema: &Value, components: &Value) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "paths": {"/a": {"get": {"operationId": "getA", "responses": {"200": {
            "description": "OK", "content": {"application/json": {"schema": schema}},
        }}}}},
        "components": {"schemas": components},
    })
}

#[test]
fn what_is_no_document_is_refused_with_the_reason() {
    let deep = "[".repeat(10_000) + &"]".repeat(10_000);
    let deep_schema = format!("{{\"openapi\":\"3.0.3\",\"x\":{}1{}}}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    let large = vec![b' '; 50 * 1024 * 1024];
    for (text, reason) in [
        (&b""[..], "empty"),
        (b"{\"openapi\": \"3.0.3\", \"paths\": ", "line 1"),
        (b"<!DOCTYPE html><html>log in</html>", "HTML"),
        (b"[1, 2]", "object"),
        (b"{\"openapi\": \"4.0.0\"}", "4.0.0"),
        (b"{\"swagger\": \"1.2\"}", "1.2"),
        (b"{\"asyncapi\": \"2.0.0\"}", "AsyncAPI"),
        (b"{\"paths\": {}}", "openapi"),
        (b"\xff\xfe{\0}\0", "UTF-16"),
        (deep.as_bytes(), "nested"),
        (deep_schema.as_bytes(), "nested"),
        (&large, "16"),
    ] {
        let refusal = refused(text);
        assert!(refusal.contains(reason), "{reason}: {refusal}");
        assert!(refusal.len() < 500, "{refusal}");
    }
}

#[test]
fn nothing_outside_the_documents_folder_is_read_or_fetched() {
    let folder = Folder::new();
    let secret = folder.write("secret.json", r#"{"X": {"type": "string"}}"#);
    fs::create_dir_all(folder.0.join("in")).unwrap();
    for reference in [
        "../secret.json#/X",
        "https://127.0.0.1:9/x.json",
        "//host/x",
        secret.to_str().unwrap(),
        "file:///etc/hostname",
    ] {
        let document = answering(&json!({ "$ref": reference }), &json!({}));
        let path = folder.0.join("in/document.json");
        fs::write(&path, document.to_string()).unwrap();
        let Err(refusal) = generate(&path) else { panic!("{reference} accepted") };
        assert!(refusal.contains("/paths/~1a/get/responses/200"), "{refusal}");
    }
}

#[test]
fn a_document_may_be_in_several_files_of_one_folder() {
    let folder = Folder::new();
    let common =
        folder.write("common.yaml", "X:\n  type: object\n  properties:\n    y: {$ref: '#/Y'}\nY: {type: integer}\n");
    let document = answering(&json!({"$ref": "common.yaml#/X"}), &json!({}));
    let generated =
        generate(&folder.write("document.json", document.to_string())).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert!(generated.code.contains("pub y:"), "{}", generated.code);
    assert!(generated.files.iter().any(|file| file.ends_with(common.file_name().unwrap())));
}

#[test]
fn circles_and_growth_without_end_become_clients() {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let mut doubling = json!({"S0": {"type": "object", "properties": {"a": {"type": "string"}}}});
    for level in 1..60 {
        let below = reference(&format!("S{}", level - 1));
        let own = json!({"type": "object", "properties": {(format!("p{level}")): {}}});
        doubling[format!("S{level}")] = json!({"allOf": [below, below, {"allOf": [below, own]}]});
    }
    for components in [
        json!({"A": reference("A")}),
        json!({"A": reference("B"), "B": reference("A")}),
        json!({"A": {"allOf": [reference("B")]}, "B": {"allOf": [reference("A")]}}),
        json!({"A": {"allOf": [reference("A"), {"properties": {"x": reference("A")}}]}}),
        json!({"A": {"oneOf": [reference("A"), reference("B")]}, "B": {"anyOf": [reference("A")]}}),
        json!({"A": {"type": "array", "items": reference("A")}}),
        json!({"A": {"type": "object", "additionalProperties": reference("A")}}),
        json!({"A": {"properties": {"p": {"allOf": [reference("A"), {"properties": {"q": {"type": "string"}}}]}}}}),
        json!({"A": {"properties": {"s": {}}, "oneOf": [reference("A"), {"properties": {"t": {}}}]}}),
        doubling,
    ] {
        let target = if components.get("A").is_some() { "A" } else { "S59" };
        let generated = generated(&answering(&reference(target), &components));
        assert!(generated.code.contains("get_a"), "{components}");
    }
}

#[test]
fn hostile_types_everywhere_become_a_client_or_a_refusal() {
    let whole = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/piste_export.json")).unwrap();
    let whole: Value = serde_json::from_str(&whole).unwrap();
    let mut pointers = Vec::new();
    gather(&whole, "", &mut pointers);
    // A prime step, so that every part of the document is met.
    for (index, pointer) in pointers.iter().enumerate().step_by(7) {
        let mut document = whole.clone();
        *document.pointer_mut(pointer).unwrap() =
            [json!(null), json!(3), json!("x"), json!([]), json!({}), json!(true)][index % 6].clone();
        let folder = Folder::new();
        if let Err(refusal) = generate(&folder.write("document.json", document.to_string())) {
            assert!(!refusal.contains("report it"), "{pointer}: {refusal}");
        }
    }
}

fn gather(value: &Value, pointer: &str, pointers: &mut Vec<String>) {
    let token = |name: &str| name.replace('~', "~0").replace('/', "~1");
    pointers.push(pointer.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| gather(value, &format!("{pointer}/{}", token(name)), pointers))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| gather(item, &format!("{pointer}/{index}"), pointers))
        }
        _ => {}
    }
}

#[test]
fn the_same_document_makes_the_same_code_and_marks_what_is_deprecated() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/answers.yaml");
    let code = || generate(&path).unwrap_or_else(|refusal| panic!("{refusal}")).code;
    let first = code();
    assert_eq!(first, code());
    let old = first.find("pub fn get_old(").unwrap();
    assert!(first[..old].trim_end().ends_with("#[deprecated = \"the API's document says so\"]"));
    assert_eq!(first.matches("#[deprecated").count(), 1);
}

#[test]
fn a_change_tells_step_place_before_and_after() {
    let generated = generated(&answering(&json!({"type": "LocalDate"}), &json!({})));
    assert_eq!(
        generated.changes,
        ["degraded by keywords at /paths/~1a/get/responses/200/content/application~1json/schema/type: \
             \"LocalDate\" -> any JSON: it is no type of OpenAPI"]
    );
}

#[test]
fn a_generator_that_gives_up_over_a_part_is_asked_which() {
    let schema = json!({"$ref": "#/components/schemas/Good"});
    let mut document = answering(&schema, &json!({"Good": {"type": "string"}, "Bad": {"x": "schema"}}));
    document["paths"]["/b"] = json!({"get": {"x": "operation"}, "put": {}});
    let works = |part: &Value| {
        let text = part.to_string();
        let bad = ["schema", "operation"].into_iter().find(|bad| text.contains(&format!("\"x\":\"{bad}\"")));
        bad.map_or(Ok(()), |bad| Err(format!("no {bad}")))
    };
    let found = culprits(&document, works);
    assert_eq!(found.schemas, [("Bad".to_owned(), "no schema".to_owned())]);
    assert_eq!(found.operations, [("/b".to_owned(), "get".to_owned(), "no operation".to_owned())]);
    assert_eq!(culprits(&answering(&schema, &json!({})), works), Culprits::default());
}
