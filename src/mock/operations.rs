//! The operations of a document, as a server sees them.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::Value;
use wiremock::Request;

use crate::operation::Operation;

/// A call, as it is recognised.
pub(super) struct Recognised {
    pub(super) operation: &'static Operation,
    /// The path arguments by name, decoded.
    arguments: BTreeMap<&'static str, String>,
}

/// What a call has to be like for an answer to be its own.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Path(String, String),
    Query(String, String),
    Header(String, String),
    Body(Value),
}

/// Finds the operation of a request, whose path is what follows the base URL. Of several that fit, the one with the least arguments is
/// meant: `/menages/moi` before `/menages/{id}`.
pub(super) fn recognise(operations: &[&'static Operation], method: &str, path: &str) -> Option<Recognised> {
    let fitting = operations.iter().filter(|operation| operation.method == method).filter_map(|operation| {
        let template = operation.path.split('?').next().unwrap_or_default();
        Some(Recognised { operation, arguments: arguments(template, path)? })
    });
    fitting.min_by_key(|recognised| recognised.arguments.len())
}

/// Reads the arguments that stand in a path where its template has names; `None` if the path is of another template.
fn arguments(template: &'static str, path: &str) -> Option<BTreeMap<&'static str, String>> {
    let (mut template, mut path) = (template, path);
    let mut arguments = BTreeMap::new();
    while let Some((before, rest)) = template.split_once('{') {
        let (name, after) = rest.split_once('}')?;
        path = path.strip_prefix(before)?;
        // An argument ends where the text after it begins, and with its segment at the latest.
        let next = after.split('{').next().unwrap_or_default();
        let segment = path.split('/').next().unwrap_or_default();
        let text = next.split('/').next().unwrap_or_default();
        let end = if text.is_empty() { segment.len() } else { segment.find(text)? };
        let (argument, tail) = path.split_at_checked(end)?;
        if argument.is_empty() {
            return None;
        }
        arguments.insert(name, percent_decode_str(argument).decode_utf8_lossy().into_owned());
        (template, path) = (after, tail);
    }
    (template == path).then_some(arguments)
}

impl Condition {
    pub(super) fn holds(&self, call: &Recognised, request: &Request) -> bool {
        match self {
            Self::Path(name, value) => call.arguments.get(name.as_str()) == Some(value),
            Self::Query(name, value) => {
                request.url.query_pairs().any(|(other, found)| other == name.as_str() && found == value.as_str())
            }
            Self::Header(name, value) => {
                request.headers.get_all(name).iter().any(|found| found.as_bytes() == value.as_bytes())
            }
            Self::Body(value) => serde_json::from_slice::<Value>(&request.body).is_ok_and(|body| body == *value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(template: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
        arguments(template, path).map(|arguments| arguments.into_iter().collect())
    }

    #[test]
    fn arguments_are_read_by_name_and_decoded() {
        for (template, path, wanted) in [
            ("/menages", "/menages", Some(vec![])),
            ("/menages/{id}", "/menages/7", Some(vec![("id", "7")])),
            ("/menages/{id}", "/menages/a%2Fb%20c", Some(vec![("id", "a/b c")])),
            ("/a/{x}/b/{y}", "/a/1/b/2", Some(vec![("x", "1"), ("y", "2")])),
            ("/{x}-{y}.json", "/1-2.json", Some(vec![("x", "1"), ("y", "2")])),
            ("/{x}{y}", "/12", None),
            ("/menages/{id}", "/menages/", None),
            ("/menages/{id}", "/menages/7/x", None),
            ("/menages/{id}/x", "/menages/7", None),
            ("/menages", "/menages/7", None),
            ("/a/{x}.json", "/a/7.xml", None),
            ("/{x", "/7", None),
            ("", "", Some(vec![])),
        ] {
            let wanted = wanted.map(|pairs| pairs.into_iter().map(|(name, value)| (name, value.to_owned())).collect());
            assert_eq!(read(template, path), wanted, "{template} {path}");
        }
    }

    #[test]
    fn the_operation_with_the_least_arguments_is_meant() {
        const OPERATIONS: &[Operation] = &[
            Operation::known("one", "one", "GET", "/menages/{id}", &[], &[], &[]),
            Operation::known("me", "me", "GET", "/menages/moi?fields=all", &[], &[], &[]),
            Operation::known("put", "put", "PUT", "/menages/{id}", &[], &[], &[]),
        ];
        let operations: Vec<_> = OPERATIONS.iter().collect();
        let id = |method, path| recognise(&operations, method, path).map(|call| call.operation.id);
        assert_eq!(id("GET", "/menages/moi"), Some("me"));
        assert_eq!(id("GET", "/menages/toi"), Some("one"));
        assert_eq!(id("PUT", "/menages/moi"), Some("put"));
        assert_eq!(id("POST", "/menages/moi"), None);
    }
}
