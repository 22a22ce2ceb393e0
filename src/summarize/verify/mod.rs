//! The checks: each looks at one promise and says why a wording breaks it. All of them run, so that every reason is
//! known; one that panics makes the verdict `not_checked`, never `verified` (P21).
//!
//! The rules know English. Stories in other languages get extracts only, which are held to their form.

pub mod form;
pub mod leak;
pub mod facts;
pub mod speakers;
pub mod meaning;
pub mod roles;
pub mod support;
pub mod mixing;
pub mod neutral;
pub mod repeats;
pub mod copying;
pub mod entailment;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::domain::{Check, CheckReason, Verdict};

/// What is the same for every bullet of a story.
#[derive(Debug)]
pub struct Rules<'a> {
    /// The story's headline.
    pub headline: Option<&'a str>,
    /// The story's language, a primary tag.
    pub language: Option<&'a str>,
    /// The words of the prompt's instructions.
    pub instructions: &'a [String],
    /// Every run of words of every article that is too long to share.
    pub copies: &'a copying::CopyIndex,
    /// The longest bullet, in characters.
    pub max_chars: usize,
}

/// A wording to check. What our code adds to it is not part of `text`.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The wording.
    pub text: &'a str,
    /// The sentences that it cites.
    pub evidence: &'a [&'a str],
    /// The texts of the bullets that stand already.
    pub accepted: &'a [String],
    /// What holds for the whole story.
    pub rules: &'a Rules<'a>,
}

/// A wording with the sentences that it cites, as models judge it.
#[derive(Debug, Clone)]
pub struct Cited<'a> {
    /// The wording.
    pub text: &'a str,
    /// The sentences, in the order of the citations, with their days written out as in the wording.
    pub evidence: Vec<String>,
}

/// One check; the reasons for which it refuses a wording, or none.
pub type CheckFn = fn(&Candidate<'_>) -> Vec<CheckReason>;

/// What one check finds of a text beside one cited sentence.
#[cfg(test)]
fn found_by(check: CheckFn, text: &str, evidence: &str) -> Vec<CheckReason> {
    let copies = copying::CopyIndex::new(&[], 14);
    let rules = Rules {
        headline: None,
        language: Some("en"),
        instructions: &[],
        copies: &copies,
        max_chars: 320,
    };
    check(&Candidate {
        text,
        evidence: &[evidence],
        accepted: &[],
        rules: &rules,
    })
}

/// The checks of a wording that the model wrote.
pub const ABSTRACTIVE: &[CheckFn] = &[
    leak::abstains,
    leak::leaks,
    form::length,
    form::ending,
    form::stands_alone,
    form::verb,
    form::markup,
    form::language,
    facts::citation,
    facts::numbers,
    facts::names,
    facts::quotes,
    speakers::speakers,
    meaning::attribution,
    meaning::polarity,
    meaning::realised,
    roles::roles,
    support::support,
    mixing::mixed,
    mixing::spliced,
    neutral::wording,
    repeats::bullets,
    repeats::itself,
    repeats::headline,
    copying::copied_run,
];

/// The checks of a sentence that stands as its outlet wrote it: that it is its own evidence needs no check.
pub const EXTRACTIVE: &[CheckFn] = &[
    leak::leaks,
    form::length,
    form::ending,
    form::markup,
    form::language,
    facts::citation,
    repeats::bullets,
    repeats::headline,
];

/// Runs the checks. The verdict is `failed` as soon as one refuses, `not_checked` when none refuses but one broke.
pub fn run(candidate: &Candidate<'_>, checks: &[CheckFn]) -> Check {
    let mut reasons = BTreeSet::new();
    let mut broke = false;
    for check in checks {
        match catch_unwind(AssertUnwindSafe(|| check(candidate))) {
            Ok(found) => reasons.extend(found),
            Err(_) => broke = true,
        }
    }
    let verdict = match (reasons.is_empty(), broke) {
        (true, false) => Verdict::Verified,
        (true, true) => Verdict::NotChecked,
        (false, _) => Verdict::Failed,
    };
    if broke {
        tracing::error!("a check of a wording panicked; the wording counts as not checked");
        reasons.insert(CheckReason::CheckError);
    }
    Check {
        verdict,
        score: None,
        reasons: reasons.into_iter().collect(),
        refused: Vec::new(),
    }
}

/// The one reason of a check that found something wrong.
fn reason_if(wrong: bool, reason: CheckReason) -> Vec<CheckReason> {
    if wrong { vec![reason] } else { Vec::new() }
}
