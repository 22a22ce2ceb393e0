//! Evidence for which an editor wrote the bullet, or refused to: JSON lines of `{id, evidence: [{text}], bullet, uses}`.

use std::path::Path;

use anyhow::ensure;
use serde::Deserialize;

use crate::eval::lines;
use crate::summarize::grounding::straight;
use crate::summarize::prompt::Line;

/// Sentences, and what an editor made of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name in the file.
    pub id: String,
    /// The sentences as the writer is given them, one or more.
    pub evidence: Vec<Line>,
    /// The editor's bullet, with straight quotation marks; `None` where there was nothing usable.
    pub bullet: Option<String>,
    /// Indices of the sentences that the bullet rests on; empty where that is not known.
    pub uses: Vec<usize>,
}

#[derive(Deserialize)]
struct Record {
    id: String,
    evidence: Vec<Sentence>,
    bullet: Option<String>,
    #[serde(default)]
    uses: Vec<usize>,
}

#[derive(Deserialize)]
struct Sentence {
    text: String,
    #[serde(default)]
    outlet: Option<String>,
    #[serde(default)]
    date: Option<String>,
}

/// The groups of a file, in its order.
///
/// # Errors
/// When the file cannot be read, or a line of it, which is named.
pub fn read(path: &Path) -> anyhow::Result<Vec<Group>> {
    let records: Vec<Record> = lines::read(path)?;
    let group = |record: Record| {
        let place = || format!("group `{}` of `{}`", record.id, path.display());
        ensure!(!record.evidence.is_empty(), "{}: no evidence", place());
        let known = |index: &usize| *index < record.evidence.len();
        ensure!(
            record.uses.iter().all(known),
            "{}: `uses` names no sentence",
            place()
        );
        let line = |sentence: Sentence| Line {
            text: straight(&sentence.text),
            outlet: sentence.outlet,
            date: sentence.date,
        };
        Ok(Group {
            evidence: record.evidence.into_iter().map(line).collect(),
            bullet: record.bullet.map(|bullet| straight(&bullet)),
            uses: record.uses,
            id: record.id,
        })
    };
    records.into_iter().map(group).collect()
}
