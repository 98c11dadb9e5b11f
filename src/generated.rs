//! The client that `build.rs` makes of the OpenAPI document.

#![allow(
    dead_code,
    deprecated,
    missing_docs,
    non_camel_case_types,
    unreachable_patterns,
    unnameable_types,
    unreachable_pub,
    unused_imports,
    unused_mut,
    unused_qualifications,
    clippy::all,
    clippy::doc_markdown,
    clippy::missing_errors_doc,
    clippy::must_use_candidate,
    clippy::unwrap_used,
    clippy::use_self,
    rustdoc::bare_urls,
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_html_tags,
    reason = "generated"
)]

include!(concat!(env!("OUT_DIR"), "/generated.rs"));
