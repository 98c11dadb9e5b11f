//! What makes an OpenAPI document fit for the generator: small pure steps over the document's tree, in this order.
//!
//! `build.rs` includes this file by path, and the library for its tests and for `diff`. The paths below are written out because
//! a file that is included by path looks for its modules beside itself.

#[path = "aliases.rs"]
mod aliases;
#[path = "all_of.rs"]
mod all_of;
#[path = "bodies.rs"]
mod bodies;
#[path = "core.rs"]
mod core;
#[path = "enums.rs"]
mod enums;
#[path = "facts.rs"]
mod facts;
#[path = "files.rs"]
mod files;
#[path = "hoist.rs"]
mod hoist;
#[path = "inheritance.rs"]
mod inheritance;
#[path = "keywords.rs"]
mod keywords;
#[path = "media_types.rs"]
mod media_types;
#[path = "oas31.rs"]
mod oas31;
#[path = "parameters.rs"]
mod parameters;
#[path = "pointer.rs"]
mod pointer;
#[path = "properties.rs"]
mod properties;
#[path = "read.rs"]
mod read;
#[path = "references.rs"]
mod references;
#[path = "responses.rs"]
mod responses;
#[path = "schemas.rs"]
mod schemas;
#[path = "skeleton.rs"]
mod skeleton;
#[path = "swagger2.rs"]
mod swagger2;
#[path = "unions.rs"]
mod unions;
#[path = "version.rs"]
mod version;

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::report::{self, Refusal, Report};

pub(crate) use self::aliases::ALIASES;
pub(crate) use self::bodies::{BODY, FILE};
pub(crate) use self::facts::Facts;
pub(crate) use self::inheritance::{TAG, TAGS};
pub(crate) use self::parameters::{STYLE, names_in};
pub(crate) use self::pointer::unescaped;
pub(crate) use self::responses::{ANSWER, EMPTY, STATUS, TEXT};
pub(crate) use self::schemas::METHODS;

/// A step: changes the tree, tells the report, or refuses the document.
type Pass = fn(&mut Value, &mut Report) -> Result<(), Refusal>;

/// The steps after which a document is OpenAPI 3.0 whose references lead to named schemas only.
const TO_OPENAPI_30: [(&str, Pass); 3] =
    [("swagger2", swagger2::apply), ("oas31", oas31::apply), ("references", references::apply)];

/// The steps after which it is of the form that `core` describes.
const TO_CORE: [(&str, Pass); 15] = [
    ("skeleton", skeleton::apply),
    ("keywords", keywords::apply),
    ("inheritance", inheritance::apply),
    ("enums", enums::apply),
    ("hoist", hoist::apply),
    ("all_of", all_of::apply),
    ("hoist", hoist::apply),
    ("unions", unions::apply),
    ("aliases", aliases::apply),
    ("parameters", parameters::apply),
    ("bodies", bodies::apply),
    ("responses", responses::apply),
    ("hoist", hoist::apply),
    ("properties", properties::apply),
    ("core", core::apply),
];

/// A document in the form that the generator reads, and what is known of it besides.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) document: Value,
    pub(crate) facts: Facts,
    /// The document's file and those that it refers to.
    pub(crate) files: Vec<PathBuf>,
}

/// Reads a document and makes it fit for the generator.
pub(crate) fn prepare(path: &Path, report: &mut Report) -> Result<Prepared, Refusal> {
    report.begin("files");
    let files::Loaded { document, files } = files::load(path, report)?;
    prepare_tree(document, files, report)
}

/// The same for a document that is no file.
pub(crate) fn prepare_bytes(bytes: &[u8], report: &mut Report) -> Result<Prepared, Refusal> {
    report.begin("files");
    prepare_tree(files::parse_bytes(bytes, report)?, Vec::new(), report)
}

fn prepare_tree(mut document: Value, files: Vec<PathBuf>, report: &mut Report) -> Result<Prepared, Refusal> {
    let facts = normalise(&mut document, report)?;
    run(&TO_CORE, &mut document, report)?;
    Ok(Prepared { document, facts, files })
}

/// Reads a document and makes OpenAPI 3.0 of it, in the names of the document.
pub(super) fn openapi_30_at(path: &Path, report: &mut Report) -> Result<Value, Refusal> {
    let mut document = files::load(path, report)?.document;
    normalise(&mut document, report)?;
    Ok(document)
}

/// The same for a document that is no file.
pub(super) fn openapi_30_of(bytes: &[u8], report: &mut Report) -> Result<Value, Refusal> {
    let mut document = files::parse_bytes(bytes, report)?;
    normalise(&mut document, report)?;
    Ok(document)
}

/// Makes OpenAPI 3.0 of a document of any version, and gathers what is said of servers and scopes.
fn normalise(document: &mut Value, report: &mut Report) -> Result<Facts, Refusal> {
    version::of(document)?;
    run(&TO_OPENAPI_30, document, report)?;
    Ok(Facts::of(document))
}

fn run(passes: &[(&'static str, Pass)], document: &mut Value, report: &mut Report) -> Result<(), Refusal> {
    for (name, pass) in passes {
        report.begin(name);
        pass(document, report)?;
    }
    Ok(())
}
