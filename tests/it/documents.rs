//! What the library tells of documents: its own, and the difference of any two.

use std::error::Error as _;
use std::path::Path;

use menage_b2b::document::{self, DifferenceKind, diff, diff_files};

const BUNDLED: &[u8] = include_bytes!("../../openapi/sisiao-api-menage.json");

#[test]
fn the_bundled_document_loses_nothing_and_names_no_address() {
    assert_eq!((document::TITLE, document::VERSION), ("SISIAO - API MENAGE", "0.1.0"));
    assert_eq!((document::SERVERS, document::SCOPES), (&[][..], &["openid"][..]));
    let table: Vec<_> = document::OPERATIONS.iter().map(|one| (one.id, one.function, one.method, one.path)).collect();
    assert_eq!(table, [("healthcheck", "healthcheck", "GET", "/healthcheck")]);
    let losses: Vec<_> = document::CHANGES.iter().filter(|change| change.effect != document::Effect::Adapted).collect();
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn documents_of_any_version_and_form_are_compared() {
    let swagger = "swagger: '2.0'\ninfo: {title: T, version: '1'}\npaths: {/a: {get: {operationId: a, responses: {'200': {description: OK, schema: {type: string}}}}}}\n";
    let openapi = r#"{"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": {"operationId": "a",
        "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": {"type": ["string", "null"]}}}}}}}}}"#;
    let same = diff(swagger.as_bytes(), swagger.as_bytes()).unwrap();
    assert!(same.is_empty() && !same.is_breaking());
    let changed = diff(swagger.as_bytes(), openapi.as_bytes()).unwrap();
    let kinds: Vec<_> = changed.differences().iter().map(|one| (one.kind(), one.is_breaking())).collect();
    assert_eq!(kinds, [(DifferenceKind::NullabilityChanged, true)], "{changed}");
    assert!(diff(BUNDLED, BUNDLED).unwrap().is_empty());
}

#[test]
fn a_document_that_cannot_be_read_is_named_with_the_reason() {
    let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/sisiao-api-menage.json");
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let error = diff_files(&bundled, &readme).unwrap_err();
    assert_eq!(error.path(), readme);
    assert!(error.to_string().contains("README.md") && error.source().is_some(), "{error}");
    let refusal = diff(BUNDLED, b"{\"openapi\": \"3.0.3\", \"x\": [}").unwrap_err();
    assert!(refusal.pointer().contains("line 1"), "{refusal}");
}
