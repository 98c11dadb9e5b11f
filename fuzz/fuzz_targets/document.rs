//! Prepares any bytes as a document, as the build script does before it generates.
//!
//! ```sh
//! cargo +nightly fuzz run document -- -max_len=8192 -timeout=10
//! ```

#![no_main]

#[path = "../../src/document"]
#[allow(dead_code, unused_imports, unreachable_pub, reason = "the library and the build script use the rest")]
mod document {
    #[path = "../runtime/change.rs"]
    pub(crate) mod change;
    #[path = "pipeline.rs"]
    pub(crate) mod pipeline;
    #[path = "report.rs"]
    pub(crate) mod report;
}

use document::pipeline::prepare_bytes;
use document::report::Report;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut report = Report::default();
    if let Ok(prepared) = prepare_bytes(bytes, &mut report) {
        // The form that the generator relies on: every reference leads to a component.
        let schemas = prepared.document.pointer("/components/schemas").and_then(Value::as_object);
        let names: Vec<String> = schemas.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        for schema in schemas.into_iter().flatten().map(|(_, schema)| schema) {
            assert_leads_to(schema, &names);
        }
    }
});

fn assert_leads_to(value: &Value, names: &[String]) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                let token = reference.strip_prefix("#/components/schemas/").expect("a reference to a component");
                assert!(names.contains(&token.replace("~1", "/").replace("~0", "~")), "{reference}");
            }
            fields.values().for_each(|value| assert_leads_to(value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| assert_leads_to(item, names)),
        _ => {}
    }
}
