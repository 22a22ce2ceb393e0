//! Shortenings: what a sentence says when a phrase or two are left out wherever what stays does not need them.
//!
//! Where `cuts.rs` knows what may go, this knows only what may not, so that more of these wordings are wrong. They are for a
//! model that was taught to write bullets, and of what it chooses only that counts of which it is sure.

use std::ops::Range;

use super::apply::{apply, finish};
use super::cuts::{self, Edit, MOST_PHRASE, is_dash};
use super::words::{self, Word};
use super::{MIN_KEPT, MIN_WORDS, conditions, is_balanced, told};
use crate::summarize::candidates::MIN_CHANGED;
use crate::summarize::verify::meaning::is_hedge;
use crate::text::facts;
use crate::text::similarity::{self, aligned_words, changed_share, longest_shared_run};

/// No more phrases are considered: any two of them may go together.
const MOST_PHRASES: usize = 24;

/// The model chooses among so many.
const MOST_SHORTENINGS: usize = 48;

/// The shortenings of a sentence (one line, straight quotation marks) that are sound; those that tell most come first.
pub fn shortenings(sentence: &str, max_copied_words: usize) -> Vec<String> {
    let source = words::split(sentence);
    let mut phrases = phrases(sentence, &source);
    phrases.extend(
        cuts::edits(&source)
            .into_iter()
            .filter(|edit| edit.instead.is_none()),
    );
    let alone = phrases.iter().map(|phrase| vec![phrase]);
    let together = phrases.iter().enumerate().flat_map(|(at, one)| {
        let others = phrases.iter().skip(at + 1);
        let apart = |other: &&Edit| one.range.end < other.range.start || other.range.end < one.range.start;
        others.filter(apart).map(move |other| vec![one, other])
    });
    let mut found: Vec<String> = alone
        .chain(together)
        .filter_map(|edits| Some(finish(&apply(&source, &edits)?)))
        .filter(|text| is_sound(text, sentence, max_copied_words))
        .collect();
    found.sort_by(|a, b| told(b).total_cmp(&told(a)).then_with(|| a.cmp(b)));
    found.dedup();
    found.truncate(MOST_SHORTENINGS);
    found
}

/// The phrases that may go, those between two marks first, then the longest: from where a phrase may begin to where one may
/// end, and never a part of a name, number, day or quotation.
fn phrases(sentence: &str, source: &[Word]) -> Vec<Edit> {
    let bounds = bounds(sentence);
    let mut phrases = Vec::new();
    for (at, start) in bounds.iter().enumerate() {
        for end in bounds
            .iter()
            .skip(at + 1)
            .take_while(|end| **end <= start + MOST_PHRASE)
        {
            let gap = *start..*end;
            let is_all = gap.len() >= source.len();
            if is_all || !begins(source, &gap) || !ends(source, *end) || !is_whole(source, gap.clone()) {
                continue;
            }
            let is_opened = start
                .checked_sub(1)
                .and_then(|before| source.get(before))
                .is_some_and(Word::has_comma);
            let is_closed = source.get(end - 1).is_some_and(Word::has_comma);
            phrases.push(Edit {
                takes_comma: is_opened && (is_closed || *end == source.len()),
                instead: None,
                range: gap,
            });
        }
    }
    phrases.sort_by_key(|phrase| (!phrase.takes_comma, std::cmp::Reverse(phrase.range.len())));
    phrases.truncate(MOST_PHRASES);
    phrases
}

/// The words before which the sentence may be cut, and its end.
fn bounds(sentence: &str) -> Vec<usize> {
    let whole: Vec<Range<usize>> = facts::names(sentence)
        .into_iter()
        .map(|name| name.span)
        .chain(facts::numbers(sentence).into_iter().map(|number| number.span))
        .chain(facts::quotes(sentence).into_iter().map(|quote| quote.span))
        .chain(facts::relative_days(sentence).into_iter().map(|day| day.span))
        .collect();
    let mut bounds = Vec::new();
    let mut start = 0;
    let mut words = 0;
    for (at, word) in sentence.split_whitespace().enumerate() {
        let own = start..start + word.len();
        if !whole
            .iter()
            .any(|span| span.start < own.start && own.start < span.end)
        {
            bounds.push(at);
        }
        start = own.end + 1;
        words = at + 1;
    }
    bounds.push(words);
    bounds
}

/// What opens a clause or a phrase, besides prepositions.
#[rustfmt::skip]
const OPENERS_OF_PHRASES: [&str; 22] = [
    "and", "or", "but", "who", "which", "whose", "where", "when", "while", "as", "because", "although", "though", "that",
    "according", "including", "along", "despite", "following", "without", "like", "amid",
];

fn begins(source: &[Word], gap: &Range<usize>) -> bool {
    let Some(word) = source.get(gap.start) else {
        return false;
    };
    let before = gap.start.checked_sub(1).and_then(|before| source.get(before));
    let is_participle = word.lower.len() > 5 && word.lower.ends_with("ing") && !word.has_capital();
    // Alone: "nearly 300 homes" is more than an adverb.
    let is_adverb =
        gap.len() == 1 && word.lower.len() > 4 && word.lower.ends_with("ly") && !word.has_capital();
    before.is_none_or(|before| before.has_comma() || is_dash(before))
        || word.is(&PREPOSITIONS)
        || word.is(&OPENERS_OF_PHRASES)
        || is_participle
        || is_adverb
}

fn ends(source: &[Word], at: usize) -> bool {
    let Some(next) = source.get(at) else { return true };
    let last = at.checked_sub(1).and_then(|last| source.get(last));
    last.is_some_and(|last| last.has_comma() || is_dash(last))
        || next.is(&PREPOSITIONS)
        || next.is(&OPENERS_OF_PHRASES)
        || next.is_finite_verb()
}

/// Words behind which something must stand.
#[rustfmt::skip]
const OPEN: [&str; 60] = [
    "a", "an", "the", "of", "for", "by", "with", "to", "from", "in", "on", "at", "into", "over", "under", "about", "against",
    "between", "among", "and", "or", "but", "nor", "than", "as", "that", "which", "who", "whose", "whom", "if", "because",
    "his", "her", "its", "their", "our", "my", "your", "is", "are", "was", "were", "be", "been", "being", "will", "would", "can",
    "could", "may", "might", "must", "should", "has", "have", "had", "do", "does", "did",
];

/// What joins two of a kind, or compares them.
const JOINTS: [&str; 6] = ["and", "or", "but", "nor", "than", "versus"];

/// What opens a phrase that the word before it needs.
const COMPLEMENTS: [&str; 8] = ["of", "to", "that", "whether", "how", "than", "not", "what"];

/// What may open a phrase.
#[rustfmt::skip]
const PREPOSITIONS: [&str; 24] = [
    "in", "on", "at", "by", "for", "from", "with", "under", "during", "of", "to", "into", "over", "after", "before", "against",
    "about", "between", "among", "amid", "since", "until", "through", "near",
];

/// What opens an explanation of what stands before its comma.
const EXPLANATIONS: [&str; 8] = ["a", "an", "the", "which", "who", "whose", "one", "something"];

/// What may go at the very beginning though it joins.
const OPENERS: [&str; 3] = ["and", "but", "or"];

/// Whether a text that leaves out some of a sentence's words is a wording of its own, copies no more than it may, and keeps
/// nothing that needs what is left out.
fn is_sound(text: &str, sentence: &str, max_copied_words: usize) -> bool {
    let (kept, source) = (words::split(text), words::split(sentence));
    let changed = changed_share(text, sentence);
    let run = || longest_shared_run(&similarity::words(text), &similarity::words(sentence));
    changed >= MIN_CHANGED
        && 1.0 - changed >= MIN_KEPT
        && kept.len() >= MIN_WORDS
        && run() <= max_copied_words
        && is_balanced(&kept, &source)
        && conditions(&kept) == conditions(&source)
        && gaps(&kept, &source).into_iter().all(|gap| is_whole(&source, gap))
}

/// What is left out, as ranges of the source's words.
fn gaps(kept: &[Word], source: &[Word]) -> Vec<Range<usize>> {
    let [kept, lower] =
        [kept, source].map(|words| words.iter().map(|word| word.lower.as_str()).collect::<Vec<_>>());
    let mut gaps = Vec::new();
    let mut from = 0;
    for (_, at) in aligned_words(&kept, &lower) {
        gaps.push(from..at);
        from = at + 1;
    }
    gaps.push(from..source.len());
    gaps.retain(|gap| {
        source
            .get(gap.clone())
            .is_some_and(|words| words.iter().any(|word| !word.lower.is_empty()))
    });
    gaps
}

/// Whether what is left out is something whole: nothing that stays needs it, or is needed by it.
fn is_whole(source: &[Word], gap: Range<usize>) -> bool {
    let left_out = source.get(gap.clone()).unwrap_or_default();
    let (Some(first), Some(last)) = (left_out.first(), left_out.last()) else {
        return true;
    };
    // "likely" alone: what is left is surer.
    if left_out.len() == 1 && is_hedge(&first.lower) {
        return false;
    }
    let before = gap.start.checked_sub(1).and_then(|at| source.get(at));
    let next = source.get(gap.end);
    let is_closed = last.has_comma() || is_dash(last);
    let is_opened = before.is_none_or(|before| before.has_comma() || is_dash(before)) || is_dash(first);
    let Some(next) = next else {
        // At the end: what stays needs nothing more.
        let asks = before.is_some_and(|before| before.is(&OPEN) && !before.has_comma());
        return !asks && (is_opened || !first.is(&COMPLEMENTS));
    };
    if before.is_none() && left_out.len() == 1 && first.is(&OPENERS) {
        return true;
    }
    // "The wife of Senator Example": not without "The wife of".
    if last.is(&OPEN) || last.is(&PREPOSITIONS) {
        return false;
    }
    // "opened the gates to lower the lake, a work of days": what comes behind the comma says more of what is gone.
    if last.has_comma() && !is_opened && next.is(&EXPLANATIONS) {
        return false;
    }
    // "three in Alder and two in Ostrey" are not "three in Ostrey".
    let joins = left_out.iter().skip(1).any(|word| word.is(&JOINTS));
    if joins && !(is_opened && is_closed) {
        return false;
    }
    // "rose in May from 2 percent in April", "a report that it broke when the storm came": what belongs to a phrase that is
    // gone stays, but for a day.
    let is_day = source
        .get(gap.end + 1)
        .is_some_and(|word| facts::WEEKDAYS.contains(&word.lower.as_str()));
    let holds_fact = left_out
        .iter()
        .any(|word| word.has_capital() || word.text.contains(|c: char| c.is_ascii_digit()));
    let is_plain =
        left_out.len() == 1 || first.is(&PREPOSITIONS) && !holds_fact && !words::have_verb(left_out);
    let goes_on = next.is(&PREPOSITIONS) || next.is(&OPENERS_OF_PHRASES);
    let moves = goes_on && !is_plain && !is_closed && !is_day;
    !moves
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENTENCE: &str = "On Monday, Mayor Ann Example of Alder, who was elected in May, said that nearly 300 homes burned \
                            near the old bridge after the storm.";

    #[test]
    fn a_phrase_goes_that_nothing_needs() {
        let found = shortenings(
            "A shortage of sound timber is slowing the town's work on the old bridge as the number of floods rises.",
            14,
        );
        let short = "A shortage of sound timber is slowing the town's work on the old bridge.";
        assert!(found.contains(&short.to_owned()), "{found:#?}");
    }

    #[test]
    fn names_numbers_and_days_stay_whole() {
        let found = shortenings(SENTENCE, 14);
        assert!(found.len() > 5, "{found:#?}");
        for text in &found {
            for (part, whole) in [
                ("300", "nearly 300 homes"),
                ("Ann", "Ann Example"),
                ("Monday", "On Monday"),
            ] {
                assert_eq!(text.contains(part), text.contains(whole), "{text}");
            }
            assert!(is_sound(text, SENTENCE, 14), "{text}");
        }
    }

    #[test]
    fn what_stays_needs_nothing_of_what_goes() {
        for (text, sentence, is_whole) in [
            (
                "Senator Ann Example was arrested in Alder on Monday.",
                "The wife of Senator Ann Example was arrested in Alder on Monday.",
                false,
            ),
            (
                "The storm killed three people in Ostrey on Monday night.",
                "The storm killed three people in Alder and two in Ostrey on Monday night.",
                false,
            ),
            (
                "Prices in the province rose 3 percent in April.",
                "Prices in the province rose 3 percent in May from 2 percent in April.",
                false,
            ),
            (
                "The mayor speaks on the floor of the council of Alder to the old ministry in Ostrey.",
                "The mayor speaks on the floor of the council of Alder as members meet to send their files to the old ministry in Ostrey.",
                false,
            ),
            (
                "The mayor of Alder asked for a report when the great storm came.",
                "The mayor of Alder asked for a report that the bridge broke when the great storm came.",
                false,
            ),
            (
                "The towns of the province will hold votes set up the spring.",
                "The towns of the province will on some day hold votes that will set up the spring.",
                false,
            ),
            (
                "The old bridge near the town was hit by a drifting ferry.",
                "The old bridge near the big town was likely hit by a drifting ferry from Ostrey in May.",
                false,
            ),
            (
                "The council of Alder opened two gates on Monday, a work that takes four days.",
                "The council of Alder opened two gates on Monday to lower the whole lake by a metre, a work that takes four days.",
                false,
            ),
            (
                "The council of Alder told the owners of the ferry.",
                "The council of Alder told the owners of the ferry that they would lose it.",
                false,
            ),
            (
                "The council would close the bridge to all of the traffic.",
                "The council would close the bridge to all of the traffic if the storm came.",
                false,
            ),
            (
                "Mayor Ann Example said that the old bridge was closed on Monday.",
                "Mayor Ann Example, a former teacher, said at a news conference that the old bridge was closed on Monday.",
                true,
            ),
            (
                "The old bridge near the town was closed on Monday.",
                "But the old bridge near the town was closed for repairs on Monday.",
                true,
            ),
        ] {
            assert_eq!(is_sound(text, sentence, 14), is_whole, "{text}");
        }
    }
}
