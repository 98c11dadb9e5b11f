//! Generates a client of each document in `fixtures/`, and of each in the folders that `MENAGE_B2B_DOCUMENTS` lists.

#[path = "../../src/document"]
#[allow(dead_code, unreachable_pub, reason = "the library uses the rest")]
mod document {
    #[path = "../runtime/change.rs"]
    pub(crate) mod change;
    #[path = "pipeline.rs"]
    pub(crate) mod pipeline;
    #[path = "report.rs"]
    pub(crate) mod report;
}
#[path = "../../build/culprits.rs"]
mod culprits;
#[path = "../../build/docs.rs"]
mod docs;
#[path = "../../build/generator.rs"]
mod generator;
#[path = "../../build/names.rs"]
mod names;
#[path = "../../build/operations.rs"]
mod operations;
#[path = "../../build/rewrite.rs"]
mod rewrite;
#[path = "../../build/types.rs"]
mod types;

use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// Further folders of documents, separated as in `PATH`.
const VARIABLE: &str = "MENAGE_B2B_DOCUMENTS";

fn main() -> Result<(), Box<dyn Error>> {
    for path in ["build.rs", "fixtures", "../../build", "../../src/document", "../../src/runtime/change.rs"] {
        println!("cargo::rerun-if-changed={path}");
    }
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut modules = String::new();
    let mut outcomes = String::new();
    let folders = env::var_os(VARIABLE).unwrap_or_default();
    let folders: Vec<PathBuf> = std::iter::once("fixtures".into()).chain(env::split_paths(&folders)).collect();
    for (number, path) in
        folders.iter().filter(|folder| !folder.as_os_str().is_empty()).flat_map(|folder| documents(folder)).enumerate()
    {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let outcome = match generator::generate(&path) {
            Ok(generated) => {
                for path in &generated.files {
                    println!("cargo::rerun-if-changed={}", path.display());
                }
                let file = format!("{number}.rs");
                fs::write(out.join(&file), &generated.code)?;
                let module = if number < documents(Path::new("fixtures")).len() {
                    name.replace('-', "_")
                } else {
                    format!("document{number}")
                };
                writeln!(modules, "pub mod r#{module} {{ include!(concat!(env!(\"OUT_DIR\"), \"/{file}\")); }}")?;
                let worst = generated.changes.iter().map(|change| change.effect).max();
                let worst = worst.filter(|effect| *effect != document::change::Effect::Adapted);
                worst.map_or("as is".to_owned(), |effect| effect.to_string())
            }
            Err(refusal) => format!("refused: {refusal}"),
        };
        writeln!(outcomes, "    ({name:?}, {outcome:?}),")?;
    }
    fs::write(out.join("modules.rs"), modules)?;
    fs::write(out.join("outcomes.rs"), format!("pub const OUTCOMES: &[(&str, &str)] = &[\n{outcomes}];\n"))?;
    Ok(())
}

fn documents(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let is_document = |path: &PathBuf| path.extension().is_some_and(|end| end == "json" || end == "yaml");
    let mut documents: Vec<_> = entries.filter(is_document).collect();
    documents.sort();
    documents
}
