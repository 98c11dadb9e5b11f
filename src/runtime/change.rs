//! What was changed in a document on its way to the generator.

use std::borrow::Cow;
use std::fmt;

/// One change that was made to the OpenAPI document before the client was generated of it.
///
/// What no client is made of (examples, external documentation, extensions of others) is not told when it is left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// The step that made it, named for the construct that it mends.
    pub pass: Cow<'static, str>,
    /// Where it was made: a JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)) into the document.
    pub pointer: Cow<'static, str>,
    /// What it means for the client.
    pub effect: Effect,
    /// What stood there, shortened.
    pub before: Cow<'static, str>,
    /// What was made of it.
    pub after: Cow<'static, str>,
}

/// What a change of the document means for the client that is generated of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Effect {
    /// It is written otherwise and means the same.
    Adapted,
    /// The client knows less than the document says: a type is wider, or a way of asking is missing.
    Degraded,
    /// The client cannot do it: an operation is missing.
    LeftOut,
}

impl Change {
    /// Makes a change of constants, as the generated code does.
    #[doc(hidden)]
    #[must_use]
    pub const fn known(
        pass: &'static str,
        pointer: &'static str,
        effect: Effect,
        before: &'static str,
        after: &'static str,
    ) -> Self {
        Self {
            pass: Cow::Borrowed(pass),
            pointer: Cow::Borrowed(pointer),
            effect,
            before: Cow::Borrowed(before),
            after: Cow::Borrowed(after),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pass, pointer, effect, before, after } = self;
        // A pointer of nothing is to the whole document (RFC 6901, 5).
        let place = if pointer.is_empty() { "the root" } else { pointer };
        write!(f, "{effect} by {pass} at {place}: {before} -> {after}")
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Adapted => "adapted",
            Self::Degraded => "degraded",
            Self::LeftOut => "left out",
        })
    }
}
