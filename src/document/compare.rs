//! Compares two documents, whatever version of OpenAPI each is written in.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use super::diff::{self, Diff};
use super::pipeline;
use super::report::{Refusal, Report};

/// Tells what changed from one document to another, both given as text.
///
/// Each may be JSON or YAML, Swagger 2.0 or OpenAPI 3.0, 3.1 or 3.2. References to other files are refused: use [`diff_files`].
///
/// # Errors
///
/// Fails if one of them is no document that can be read; the [`Refusal`] says where and why.
pub fn diff(old: &[u8], new: &[u8]) -> Result<Diff, Refusal> {
    let read = |bytes| pipeline::openapi_30_of(bytes, &mut Report::default());
    Ok(diff::diff(&read(old)?, &read(new)?))
}

/// Tells what changed from one document to another, both given as files.
///
/// # Errors
///
/// Fails if one of them cannot be read; the error names it.
pub fn diff_files(old: &Path, new: &Path) -> Result<Diff, DiffError> {
    let read = |path: &Path| {
        let document = pipeline::openapi_30_at(path, &mut Report::default());
        document.map_err(|refusal| DiffError { path: path.to_owned(), refusal })
    };
    Ok(diff::diff(&read(old)?, &read(new)?))
}

/// Names the document that cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffError {
    path: PathBuf,
    refusal: Refusal,
}

impl DiffError {
    /// Returns the document's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for DiffError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be compared", self.path.display())
    }
}

impl Error for DiffError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.refusal)
    }
}
