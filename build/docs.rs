//! Descriptions: what a document says of its parts, as text that neither the compiler nor rustdoc takes for code.

use serde_json::Value;

/// Mends every description and summary of a prepared document.
pub(crate) fn apply(document: &mut Value) {
    match document {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                match value {
                    // What the steps keep beside a part is no text for people.
                    _ if name.starts_with("x-menage-") => {}
                    // A property of this name is an object.
                    Value::String(text) if name == "description" || name == "summary" => *text = plain(text),
                    value => apply(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(apply),
        _ => {}
    }
}

/// Drops what would end a comment early, turn the reading direction or become a test: fences, indents and control characters.
pub(crate) fn plain(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines = lines.lines().map(|line| {
        let line: String = line
            .trim()
            .replace('\t', " ")
            .chars()
            .filter(|letter| !letter.is_control() && !turns_direction(*letter))
            .collect();
        line.replace("```", "'''").replace("~~~", "'''")
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// The characters that the compiler refuses in literals and comments.
fn turns_direction(letter: char) -> bool {
    matches!(letter, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
