//! The OpenAPI document that the client was generated of: its operations, and what was changed in it on the way.
//!
//! By default it is the one that comes with the crate. The environment variable `MENAGE_B2B_OPENAPI`, at build time, names
//! another; the README says how.

#[cfg(feature = "diff")]
#[cfg_attr(docsrs, doc(cfg(feature = "diff")))]
mod compare;
#[cfg(any(test, feature = "diff"))]
mod diff;
#[cfg(any(test, feature = "diff"))]
#[allow(dead_code, unused_imports, reason = "the build script uses the rest")]
mod pipeline;
#[cfg(any(test, feature = "diff"))]
#[allow(dead_code, reason = "the build script uses the rest")]
mod report;

#[cfg(any(test, feature = "diff"))]
use crate::runtime::change;

#[cfg(feature = "diff")]
#[cfg_attr(docsrs, doc(cfg(feature = "diff")))]
pub use self::compare::{DiffError, diff, diff_files};
#[cfg(feature = "diff")]
#[cfg_attr(docsrs, doc(cfg(feature = "diff")))]
pub use self::diff::{Diff, Difference, DifferenceKind};
#[cfg(feature = "diff")]
#[cfg_attr(docsrs, doc(cfg(feature = "diff")))]
pub use self::report::Refusal;
pub use crate::generated::{CHANGES, OPERATIONS, SCOPES, SERVERS, TITLE, VERSION};
pub use crate::operation::{Operation, Parameter};
pub use crate::runtime::{Change, Effect};
