//! The table of the operations that a document describes.

/// The end of the path by which the health check is known, of which the partner's guide says what its failures mean.
pub(crate) const HEALTHCHECK: &str = "/healthcheck";

/// An operation of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The `operationId` as the document writes it, or what stands for it where it has none.
    pub id: &'static str,
    /// The name of its function.
    pub function: &'static str,
    /// The method, in capitals.
    pub method: &'static str,
    /// The path, with its parameters between braces.
    pub path: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// The statuses that are a success: `200`, or a range such as `2XX`.
    pub successes: &'static [&'static str],
    /// The other statuses that the document declares for it.
    pub failures: &'static [&'static str],
}

/// A parameter of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// Its name as it is sent.
    pub name: &'static str,
    /// Where it is sent: `path`, `query`, `header` or `cookie`.
    pub place: &'static str,
    /// Whether every request has it.
    pub is_required: bool,
}

impl Operation {
    /// Makes one of constants. For generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn known(
        id: &'static str,
        function: &'static str,
        method: &'static str,
        path: &'static str,
        parameters: &'static [Parameter],
        successes: &'static [&'static str],
        failures: &'static [&'static str],
    ) -> Self {
        Self { id, function, method, path, parameters, successes, failures }
    }
}

impl Parameter {
    /// Makes one of constants. For generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn known(name: &'static str, place: &'static str, is_required: bool) -> Self {
        Self { name, place, is_required }
    }
}
