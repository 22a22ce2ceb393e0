//! A correction: what was said and no longer stands on its sources, since when, and how that ended. Which statements
//! lose their ground and what settles a correction is decided here; when to look is left to the store.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ArticleId, Bullet, StoryId, Summary};

/// Share of words that two statements have in common from which on one counts as another wording of the other.
const REWORDED: f64 = 0.5;

/// A statement that was withheld because it no longer stands. Public as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Correction {
    /// UUIDv7 of the moment of withholding.
    pub id: Uuid,
    /// The story.
    pub story_id: StoryId,
    /// The statement.
    pub bullet_id: Uuid,
    /// What it said.
    pub text: String,
    /// Why it no longer stands.
    pub reason: CorrectionReason,
    /// Where it was said first.
    pub said: Said,
    /// When it was withheld.
    pub withheld_at: Timestamp,
    /// How that ended.
    pub outcome: CorrectionOutcome,
}

/// Why a statement no longer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionReason {
    /// The articles that it rests on were withdrawn.
    SourceWithdrawn,
    /// Of the articles that it rests on, those that are still there no longer have the sentences.
    SourceChanged,
}

/// The version that said something first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its number.
    pub version: u32,
    /// When it was made.
    pub at: Timestamp,
    /// Its headline.
    pub headline: Option<String>,
    /// The label that it carries (P18).
    pub label: String,
    /// The model that wrote it.
    pub model: String,
    /// Name and version of the prompt.
    pub prompt: String,
}

/// Where a correction stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CorrectionStatus {
    /// The statement is withheld, and no version does without it yet.
    Open,
    /// A version does without it.
    Fixed,
    /// It stands again.
    Restored,
}

/// How a correction ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorrectionOutcome {
    /// The statement is withheld, and no version does without it yet.
    Open,
    /// A version does without it.
    Fixed {
        /// Which.
        version: u32,
        /// When it was stored.
        at: Timestamp,
        /// What it says instead, where it says something instead.
        replacement: Option<String>,
    },
    /// It stands again: what it rests on came back.
    Restored {
        /// The version that says it.
        version: u32,
        /// Since when.
        at: Timestamp,
    },
}

impl CorrectionOutcome {
    /// The word for it.
    pub fn status(&self) -> CorrectionStatus {
        match self {
            Self::Open => CorrectionStatus::Open,
            Self::Fixed { .. } => CorrectionStatus::Fixed,
            Self::Restored { .. } => CorrectionStatus::Restored,
        }
    }
}

impl Correction {
    /// How the correction ends with a version from which the statements with these ids are withheld.
    pub fn outcome_in(
        &self,
        version: &Summary,
        withheld: &HashSet<Uuid>,
        now: Timestamp,
    ) -> CorrectionOutcome {
        let (withheld, standing): (Vec<&Bullet>, Vec<&Bullet>) = version
            .statements()
            .partition(|statement| withheld.contains(&statement.id));
        if withheld.iter().any(|statement| statement.id == self.bullet_id) {
            return CorrectionOutcome::Open;
        }
        if standing.iter().any(|statement| statement.text == self.text) {
            return CorrectionOutcome::Restored {
                version: version.version,
                at: now,
            };
        }
        CorrectionOutcome::Fixed {
            version: version.version,
            at: now,
            replacement: self.replacement(&standing).map(|bullet| bullet.text.clone()),
        }
    }

    /// The same bullet with another text, else the statement that shares most of its words.
    fn replacement<'a>(&self, statements: &[&'a Bullet]) -> Option<&'a Bullet> {
        let mut all = statements.iter().copied();
        if let Some(same) = all.find(|statement| statement.id == self.bullet_id) {
            return Some(same);
        }
        let likeness = |statement: &Bullet| shared_words(&self.text, &statement.text);
        statements
            .iter()
            .copied()
            .filter(|statement| likeness(statement) >= REWORDED)
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
    }
}

/// The text of an article, made ready to look for sentences that were cited from it.
#[derive(Debug, Clone)]
pub struct ComparableText(String);

impl ComparableText {
    /// Letter case, spacing and the punctuation around words are left out: who sets another comma still says it.
    pub fn new(text: &str) -> Self {
        // A blank on both ends, so that a sentence is found between words only.
        Self(format!(" {} ", words(text).join(" ")))
    }

    fn has(&self, sentence: &str) -> bool {
        self.0.contains(&Self::new(sentence).0)
    }
}

/// Why a statement lost its ground, given the present texts of the articles that it cites; `None` while one of the
/// sentences that it cites stands in its article.
pub fn lost_ground(
    statement: &Bullet,
    texts: &HashMap<ArticleId, ComparableText>,
) -> Option<CorrectionReason> {
    let mut reason = CorrectionReason::SourceWithdrawn;
    for citation in &statement.citations {
        let Some(text) = texts.get(&citation.article_id) else {
            continue;
        };
        if text.has(&citation.quote) {
            return None;
        }
        reason = CorrectionReason::SourceChanged;
    }
    (!statement.citations.is_empty()).then_some(reason)
}

/// The share of the words of both texts that both have (Jaccard).
fn shared_words(a: &str, b: &str) -> f64 {
    let a: HashSet<String> = words(a).into_iter().collect();
    let b: HashSet<String> = words(b).into_iter().collect();
    let shared = a.intersection(&b).count();
    let all = a.union(&b).count();
    // Texts have few words: both counts are exact.
    if all == 0 { 0.0 } else { shared as f64 / all as f64 }
}

/// The words of a text in lower case, without the punctuation around them. What stands inside a word or a number, and
/// signs such as `-`, `$` and `%`, belong to it: they change what is said.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || "–—…".contains(c))
        .map(|word| {
            word.trim_matches(is_around_words)
                .to_lowercase()
                .replace('’', "'")
        })
        .filter(|word| word.contains(char::is_alphanumeric))
        .collect()
}

fn is_around_words(c: char) -> bool {
    ".,;:!?()[]'\"‘’‚“”„«»‹›".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_stands_while_its_words_do() {
        let text = "The council met.\n\n“Twelve people didn’t leave” – officials said on Monday. More rain is expected.";
        let text = ComparableText::new(text);
        assert!(text.has("\"Twelve people didn't leave,\" Officials said  on Monday."));
        assert!(!text.has("Fifteen people didn't leave, officials said on Monday."));
    }

    #[test]
    fn a_number_is_not_found_inside_another_one() {
        for (text, sentence) in [
            ("Now 112 people died.", "12 people died."),
            ("Now 5,112 people died.", "112 people died."),
            ("It had 3.5 people a room.", "It had 35 people a room."),
            ("It cost €5 million.", "It cost $5 million."),
            ("It grew by 50% in May.", "It grew by 50 in May."),
            ("It was -5 degrees.", "It was 5 degrees."),
        ] {
            assert!(
                !ComparableText::new(text).has(sentence),
                "{sentence} is in {text}"
            );
        }
    }

    #[test]
    fn a_statement_that_shares_few_words_is_no_other_wording() {
        let said = "Officials said 12 people died in the flood.";
        assert!(shared_words(said, "Officials said 15 people died in the flood.") >= REWORDED);
        assert!(shared_words(said, "Officials said the flood closed the bridge.") < REWORDED);
        assert!(shared_words("", "") < REWORDED);
    }
}
