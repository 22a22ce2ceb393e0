//! Claims with a label: JSON lines of `{document, claim, label}`, and minimal edits of bullets, JSON lines of
//! `{evidence: [{text}], bullet, uses}`.

use std::path::Path;

use anyhow::ensure;
use serde::Deserialize;

use super::edits;
use crate::eval::lines;
use crate::summarize::scoring::Claim;
use crate::text::sentences;
use crate::text::similarity::words;

/// A claim that is, or is not, supported.
#[derive(Debug, Clone)]
pub struct Example {
    /// The set: the file's name without its ending, or the bullets.
    pub set: String,
    /// What the claim is to be proven by, as words: one document is in one fold, in whatever set it stands.
    pub document: String,
    /// The claim.
    pub claim: Claim,
    /// Whether it is supported.
    pub is_supported: bool,
}

#[derive(Deserialize)]
struct ClaimLine {
    document: String,
    claim: String,
    label: u8,
}

#[derive(Deserialize)]
struct BulletLine {
    evidence: Vec<EvidenceLine>,
    bullet: Option<String>,
    #[serde(default)]
    uses: Vec<usize>,
}

#[derive(Deserialize)]
struct EvidenceLine {
    text: String,
}

/// The claims of a file, in its order.
///
/// # Errors
/// When the file cannot be read, or a line of it, which is named.
pub fn read_claims(path: &Path) -> anyhow::Result<Vec<Example>> {
    let set = name_of(path);
    let lines: Vec<ClaimLine> = lines::read(path)?;
    let examples = lines.into_iter().enumerate().map(|(at, line)| {
        let place = || format!("claim {} of `{}`", at + 1, path.display());
        ensure!(line.label <= 1, "{}: the label is neither 0 nor 1", place());
        Ok(Example {
            set: set.clone(),
            document: words(&line.document).join(" "),
            claim: Claim::new(&line.claim, &sentences_of(&line.document)),
            is_supported: line.label == 1,
        })
    });
    examples.collect()
}

/// The first `most` bullets of a file, each with its minimal edits, which their evidence does not support.
///
/// # Errors
/// As [`read_claims`].
pub fn read_bullets(path: &Path, most: usize) -> anyhow::Result<Vec<Example>> {
    let set = name_of(path);
    let lines: Vec<BulletLine> = lines::read(path)?;
    let written = lines.into_iter().filter(|line| line.bullet.is_some());
    let mut examples = Vec::new();
    for line in written.take(most) {
        let Some(bullet) = line.bullet else { continue };
        let used = |index: &usize| line.uses.is_empty() || line.uses.contains(index);
        let evidence: Vec<&str> = line
            .evidence
            .iter()
            .enumerate()
            .filter(|(index, _)| used(index))
            .map(|(_, evidence)| evidence.text.as_str())
            .collect();
        let edited = edits::minimal(&bullet, &evidence).into_iter();
        let texts = std::iter::once((bullet, true)).chain(edited.map(|edit| (edit.text, false)));
        examples.extend(texts.map(|(text, is_supported)| Example {
            set: set.clone(),
            document: words(&evidence.join(" ")).join(" "),
            claim: Claim::new(&text, &evidence),
            is_supported,
        }));
    }
    Ok(examples)
}

fn name_of(path: &Path) -> String {
    let name = path
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    name.strip_prefix("faithfulness_")
        .map(ToOwned::to_owned)
        .unwrap_or(name)
}

/// The sentences of a document whose paragraphs are its lines.
fn sentences_of(document: &str) -> Vec<&str> {
    let mut paragraphs = Vec::new();
    let mut start = 0;
    for line in document.split_inclusive('\n') {
        paragraphs.push(start..start + line.len());
        start += line.len();
    }
    let spans = sentences::split(document, &paragraphs, "en").into_iter();
    spans.filter_map(|sentence| document.get(sentence.span)).collect()
}
