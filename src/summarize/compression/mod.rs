//! Sentence compression: what a source sentence says, in fewer words or another order, for the model to choose from.
//!
//! Where the grounded writer may put licensed words together wrongly, a compression cannot: it keeps the sentence's own
//! words in its own grammar, without what is beside the point (`leads.rs` before the subject, `ends.rs` at the end, `cuts.rs`
//! between), perhaps with the speaker moved (`attribution.rs`). The model writes one of these wordings under the constraint
//! [`OneOf`]: it decides, word by word, which reads best beside the evidence. A model that was taught to write bullets may
//! also choose among [`shortenings`], for which there is no rule.

mod words;
mod cuts;
mod leads;
mod ends;
mod attribution;
mod apply;
mod one_of;
mod gaps;

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::MIN_CHANGED;
use crate::text::similarity::{self, changed_share, is_function_word, longest_shared_run};
use apply::{apply, finish};
use cuts::Edit;
pub use gaps::shortenings;
pub use one_of::OneOf;
use words::Word;

/// More changes of one sentence are not combined: each doubles the wordings.
const MOST_EDITS: usize = 9;

/// The model chooses among so many.
const MOST_WORDINGS: usize = 12;

/// Fewer words are no bullet.
const MIN_WORDS: usize = 7;

/// A wording that keeps less of the sentence has lost its point.
const MIN_KEPT: f64 = 0.3;

/// The compressions of a sentence (one line, straight quotation marks) that are changed enough to be a wording of their
/// own and share no longer run of words with it than may be copied. Those that tell most come first.
pub fn wordings(sentence: &str, max_copied_words: usize) -> Vec<String> {
    let source = words::split(sentence);
    let mut edits = cuts::edits(&source);
    edits.truncate(MOST_EDITS);
    let equals = [cuts::equals(&source), cuts::small_changes(&source)].concat();
    let own_words = similarity::words(sentence);
    let mut found: BTreeMap<String, f64> = BTreeMap::new();
    for chosen in 0u32..1 << edits.len() {
        let picked: Vec<&Edit> = (0u32..)
            .zip(&edits)
            .filter(|(bit, _)| chosen & (1 << bit) != 0)
            .map(|(_, edit)| edit)
            .collect();
        if overlap(&picked) {
            continue;
        }
        let plainer: Vec<&Edit> = equals
            .iter()
            .filter(|equal| !overlap(&[picked.as_slice(), &[*equal]].concat()))
            .chain(picked.iter().copied())
            .collect();
        let kept: BTreeSet<Vec<Word>> = [picked, plainer]
            .iter()
            .filter_map(|edits| apply(&source, edits))
            .collect();
        let variants = kept.into_iter().flat_map(|kept| {
            let moved = [
                attribution::moved_back(&kept),
                attribution::moved_front(&kept),
                attribution::source_back(&kept),
                attribution::source_front(&kept),
            ];
            moved.into_iter().flatten().chain([kept])
        });
        for variant in variants {
            if !is_balanced(&variant, &source) || conditions(&variant) != conditions(&source) {
                continue;
            }
            let text = finish(&variant);
            let changed = changed_share(&text, sentence);
            let run = longest_shared_run(&similarity::words(&text), &own_words);
            let is_long = text.split(' ').count() >= MIN_WORDS;
            if changed >= MIN_CHANGED && 1.0 - changed >= MIN_KEPT && run <= max_copied_words && is_long {
                found.insert(text.clone(), told(&text));
            }
        }
    }
    let mut wordings: Vec<(String, f64)> = found.into_iter().collect();
    wordings.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    wordings.truncate(MOST_WORDINGS);
    wordings.into_iter().map(|(text, _)| text).collect()
}

/// Whether dashes and brackets still have their partners, where they had.
fn is_balanced(words: &[Word], source: &[Word]) -> bool {
    let is_even = |words: &[Word]| words.iter().filter(|word| cuts::is_dash(word)).count() % 2 == 0;
    let count = |mark: char| -> usize { words.iter().map(|word| word.text.matches(mark).count()).sum() };
    (is_even(words) || !is_even(source)) && count('(') == count(')')
}

/// How many words make a condition: none of them may go. "…, while …" tells something else besides; "… while a case goes on"
/// tells how long.
fn conditions(words: &[Word]) -> usize {
    let alone = words
        .iter()
        .filter(|word| word.is(&["if", "unless", "whether", "until", "provided"]));
    let within = words.windows(2).filter(|pair| match pair {
        [before, word] => word.is(&["while", "pending"]) && !before.has_comma(),
        _ => false,
    });
    alone.count() + within.count()
}

/// How much a wording tells: its content words.
pub fn told(text: &str) -> f64 {
    let words = similarity::words(text);
    words.iter().filter(|word| !is_function_word(word)).count() as f64
}

fn overlap(edits: &[&Edit]) -> bool {
    edits.iter().enumerate().any(|(index, one)| {
        edits
            .iter()
            .skip(index + 1)
            .any(|other| one.range.start < other.range.end && other.range.start < one.range.end)
    })
}

/// Whether a word, as it stands in its sentence, is most likely a finite verb.
pub fn is_verb(word: &str) -> bool {
    Word::new(word, false).is_finite_verb()
}

/// Whether a text has what is most likely a finite verb.
pub fn has_verb(text: &str) -> bool {
    words::have_verb(&words::split(text)) || words::split(text).iter().any(Word::may_be_verb)
}

#[cfg(test)]
mod tests;
