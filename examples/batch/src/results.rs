//! What became of the items, as JSON lines: `{"id":"a","ok":{…}}` or `{"id":"b","failed":{"kind":"NotFound","status":404}}`.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use menage_b2b::Error;
use menage_b2b::types::Exemple;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

/// How each line begins.
const START: &[u8] = br#"{"id":"#;

/// What became of an item.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Ok(Exemple),
    Failed { kind: String, status: Option<u16> },
}

impl Outcome {
    /// What may be kept of a failure: the answer's body is not, nor does the message say more than the kind.
    pub(crate) fn of(error: &Error) -> Self {
        Self::Failed { kind: format!("{:?}", error.kind()), status: error.status().map(|status| status.as_u16()) }
    }
}

#[derive(Serialize)]
struct Line<'l> {
    id: &'l str,
    #[serde(flatten)]
    outcome: &'l Outcome,
}

#[derive(Deserialize)]
struct EarlierLine {
    id: String,
    failed: Option<IgnoredAny>,
}

/// The file of results, open at its end.
pub(crate) struct Results(File);

impl Results {
    /// Opens the file and tells of each item in it whether it failed. What a run that was killed has left of a line is removed.
    pub(crate) fn open(path: &Path) -> anyhow::Result<(Self, HashMap<String, bool>)> {
        let name = path.display();
        let text = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            text => text.with_context(|| format!("{name} cannot be read"))?,
        };
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (lines, torn) = text.split_at(whole);
        let mut earlier = HashMap::new();
        for (number, line) in (1..).zip(lines.split_inclusive(|byte| *byte == b'\n')) {
            // serde's own message would quote the line.
            let Ok(line) = serde_json::from_slice::<EarlierLine>(line) else {
                anyhow::bail!("line {number} of {name} is no result: is it another file?");
            };
            earlier.insert(line.id, line.failed.is_some());
        }
        anyhow::ensure!(torn.starts_with(START) || START.starts_with(torn), "{name} does not end as a file of results");
        let file = OpenOptions::new().create(true).append(true).open(path);
        let file = file.with_context(|| format!("{name} cannot be written"))?;
        file.set_len(whole as u64).with_context(|| format!("{name} cannot be written"))?;
        Ok((Self(file), earlier))
    }

    /// Adds a line: in one piece, so that a run that is killed loses one item at the most.
    pub(crate) fn write(&mut self, id: &str, outcome: &Outcome) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(&Line { id, outcome })?;
        line.push(b'\n');
        self.0.write_all(&line).context("a result cannot be written")
    }
}
