//! What generated code calls. It is public for the generated client only: nothing here is covered by semantic versioning.

mod answer;
mod call;
pub(crate) mod change;
mod date;
mod date_time;
mod file_part;
mod form;
mod multipart;
mod query;
mod text;
mod union;
mod url;

pub use crate::operation::{Operation, Parameter};
pub use crate::transport::Transport;

pub use self::answer::{
    ByStatus, To, no_variant, read_json, read_optional, read_status, read_string, read_text, text_of, undeclared,
};
pub use self::call::{Call, argument};
pub use self::change::{Change, Effect};
pub use self::date::{Date, InvalidDate};
pub use self::date_time::{DateTime, InvalidDateTime};
pub use self::file_part::FilePart;
pub use self::query::{Query, QueryStyle};
pub use self::union::{Guess, decode, tag, tagged};
pub use self::url::{PathStyle, Url};
