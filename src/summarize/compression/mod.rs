//! Sentence compression: what a source sentence says, in fewer words or another order, for the model to choose from.
//!
//! Where the grounded writer may put licensed words together wrongly, a compression cannot: it keeps the sentence's own
//! words in its own grammar, without what is beside the point (`leads.rs` before the subject, `ends.rs` at the end, `cuts.rs`
//! between), perhaps with the speaker moved (`attribution.rs`). The model writes one of these wordings under the constraint
//! [`OneOf`]: it decides, word by word, which reads best beside the evidence.

mod words;
mod cuts;
mod leads;
mod ends;
mod attribution;
mod apply;
mod one_of;

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::MIN_CHANGED;
use crate::text::similarity::{self, changed_share, is_function_word, longest_shared_run};
use apply::{apply, finish};
use cuts::Edit;
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
    let equals = cuts::equals(&source);
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

/// How many words make a condition: none of them may go.
fn conditions(words: &[Word]) -> usize {
    let is_condition = |word: &&Word| word.is(&["if", "unless", "whether", "until", "provided"]);
    words.iter().filter(is_condition).count()
}

/// How much a wording tells: its content words.
fn told(text: &str) -> f64 {
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
mod tests {
    use super::*;

    /// What is made of a sentence when a run of so many words may be copied.
    fn made(sentence: &str) -> Vec<String> {
        wordings(sentence, 20)
    }

    #[track_caller]
    fn makes(sentence: &str, wording: &str) {
        let all = made(sentence);
        assert!(all.contains(&wording.to_owned()), "{all:#?}");
    }

    #[test]
    fn what_is_beside_the_point_goes() {
        makes(
            "The council, which met for six hours on Monday, voted to close the old bridge to all cars.",
            "The council voted to close the old bridge to all cars.",
        );
        makes(
            "After a long debate, the council voted to close the old bridge to cars, calling it a risk to its users.",
            "The council voted to close the old bridge to cars.",
        );
        makes(
            "Ann Example (D-Alder) narrowly won the race for mayor of the small town on the river, and her rival congratulated her.",
            "Ann Example won the race for mayor of the small town on the river.",
        );
    }

    #[test]
    fn what_is_left_is_a_whole_sentence() {
        for (sentence, wrong) in [
            (
                "As the mayor repeated her support for the embattled chief engineer, senior council members, including its \
                 speaker Ann Example, also pushed back against recent calls for his departure.",
                "members.",
            ),
            (
                "\"At the end of the day,\" a tired senior council official said, wrapping up three days of talks with the \
                 state over the repair of the old bridge, \"the things that most mattered, I believe we got.\"",
                "said.",
            ),
            (
                "The council and the mayor spoke several times in the past few weeks – as the city mulled the future of \
                 its old bridge – a source close to the council told the paper.",
                "weeks a source",
            ),
            (
                "The mayor then repeated what she said under oath in the old town hall in August — that she acted on the \
                 orders of the council.",
                "August.",
            ),
        ] {
            for wording in made(sentence) {
                assert!(!wording.contains(wrong), "{wording}");
            }
        }
    }

    #[test]
    fn plainer_words_and_shorter_names_stand_for_others() {
        makes(
            "After a long debate, President Ann Example slammed the council on Monday for its plan to close the old bridge.",
            "President Example criticized the council for its plan to close the old bridge.",
        );
        makes(
            "The council, which met for six hours, spent approximately $12 million on the repair of the old bridge.",
            "The council spent about $12 million on the repair of the old bridge.",
        );
    }

    #[test]
    fn speakers_move() {
        makes(
            "The city council said on Monday that the old bridge was unsafe for all cars.",
            "The old bridge was unsafe for all cars, the city council said on Monday.",
        );
        makes(
            "The old bridge has been unsafe for cars since May, state engineers said.",
            "State engineers said the old bridge has been unsafe for cars since May.",
        );
    }

    #[test]
    fn sources_move() {
        makes(
            "According to the city council, the old bridge was closed to all cars in May.",
            "The old bridge was closed to all cars in May, according to the city council.",
        );
        makes(
            "The old bridge was closed to all cars in May, according to records of the U.S.",
            "According to records of the U.S., the old bridge was closed to all cars in May.",
        );
        makes(
            "The city council announced on Monday that the old bridge would be closed to all cars.",
            "The old bridge would be closed to all cars, the city council announced on Monday.",
        );
    }

    #[test]
    fn the_second_of_two_deeds_goes() {
        makes(
            "The city council voted to close the old bridge to all cars and ordered an inquiry into its state.",
            "The city council voted to close the old bridge to all cars.",
        );
        for (sentence, wrong) in [
            // One object for both.
            (
                "The committee of the small city council reviewed and approved the plan for a new bridge over the river.",
                "reviewed.",
            ),
            // The verb of the sentence stands behind.
            (
                "The bridge over the river built by the state in May and designed by a local firm was closed to all cars.",
                "in May.",
            ),
            (
                "The city council failed to close the old bridge to all cars and ordered no inquiry into its state.",
                "to all cars.",
            ),
        ] {
            for wording in made(sentence) {
                assert!(!wording.ends_with(wrong), "{wording}");
            }
        }
    }

    #[test]
    fn half_an_aside_stays() {
        for (sentence, wrong) in [
            (
                "On Monday, the mayor called the fall of the old bridge — which broke in two after a barge hit one of its \
                 pillars — a warning to the state.",
                "barge.",
            ),
            (
                "The council has filed a case against the builder of the bridge -- but the court of the state threw it out.",
                "bridge.",
            ),
            (
                "With a stroke of the pen the mayor has put at risk the one deal - good or bad -that keeps the bridge open.",
                "deal.",
            ),
            (
                "As the mayor announced that she would at last close the old bridge — the pride of the town — Alder's old \
                 engineers wept.",
                "bridge Alder's",
            ),
            (
                "The council is eager for pupils to head back over the bridge to allow parents, struggling with the way round, \
                 to return to work.",
                "parents.",
            ),
            (
                "The mayor told the council of the state of the old bridge, which was never repaired: \"We will see.\"",
                "bridge.",
            ),
            (
                "The old town opens Alder Bridge, its oldest and longest bridge of stone, closed in part to keep cars away.",
                "Bridge closed",
            ),
            (
                "The mayor named council member Ann Example of Alder; Rep. Ben Example of Elm Town; and Clara Example of Oak Town.",
                "Alder.",
            ),
            (
                "The release of the plan is seen through another lens -- as an attempt by the mayor -- whose own case goes \
                 on -- to help the council in May.",
                "lens whose",
            ),
            (
                "In addition, the streets offered to the council consist of poor, crowded houses behind a wall of concrete.",
                "addition crowded",
            ),
        ] {
            for wording in made(sentence) {
                assert!(!wording.contains(wrong), "{wording}");
            }
        }
    }

    #[test]
    fn a_word_that_wants_its_reason_keeps_it() {
        for wording in made(
            "The levies of the small town on the river are rising largely because the old bridge must be rebuilt.",
        ) {
            assert!(!wording.ends_with("largely."), "{wording}");
        }
    }

    #[test]
    fn who_came_with_others_did_not_come_alone() {
        for wording in made(
            "In the old town hall, the mayor was joined by the four engineers of the state, as well as two of the builders.",
        ) {
            assert!(wording.contains("builders"), "{wording}");
        }
    }

    #[test]
    fn a_time_goes_with_its_preposition() {
        for (sentence, wrong) in [
            (
                "On Sunday morning, the council once again voted in the old town hall to close the old bridge to all cars.",
                "On,",
            ),
            (
                "The council, which met for hours, sent the case of the old bridge to a court, setting up talks to begin on Monday.",
                "begin.",
            ),
        ] {
            for wording in made(sentence) {
                assert!(!wording.contains(wrong), "{wording}");
            }
        }
    }

    #[test]
    fn what_explains_a_name_at_the_end_goes() {
        makes(
            "The council gave the keys of the old bridge to Ann Example, the chief engineer of the state for ten years.",
            "The council gave the keys of the old bridge to Ann Example.",
        );
    }

    #[test]
    fn conditions_denials_and_attributions_stay() {
        for (sentence, needed) in [
            (
                "If the repairs are late, the council will close the old bridge to all cars this week, which would hurt trade.",
                "If",
            ),
            (
                "The council did not close the old bridge to cars and trucks because of the cracks that were found.",
                "because",
            ),
            (
                "The mayor closed the old bridge to all cars this week, according to two people who saw the letter.",
                "according to",
            ),
            (
                "According to the mayor, the council took money from the builder, which has built three bridges there.",
                "ccording to",
            ),
            (
                "But if the council finds the money for the repair, the old bridge will stay open to all cars and trucks.",
                "f the council",
            ),
            (
                "If the council, led by Mayor Ann Example (D., Alder), passes the plan, as expected, the state must agree to it.",
                "the state must",
            ),
            (
                "The council will close the old bridge to all cars in May, unless the state pays for its repair.",
                "unless",
            ),
        ] {
            for wording in made(sentence) {
                assert!(wording.contains(needed), "{wording}");
            }
        }
    }

    #[test]
    fn what_is_left_is_changed_enough_and_copies_no_long_run() {
        let sentence = "The council, which met for six hours on Monday, voted to close the old bridge to all cars, \
                        calling it a risk to everybody who uses it.";
        let all = wordings(sentence, 8);
        for wording in &all {
            let run = longest_shared_run(&similarity::words(wording), &similarity::words(sentence));
            assert!(
                run <= 8 && changed_share(wording, sentence) >= MIN_CHANGED,
                "{wording}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_survived(line in "[A-Za-z ,.;()\"'—0-9]{0,120}") {
            for wording in wordings(&line, 14) {
                proptest::prop_assert!(wording.ends_with(['.', '!', '?', '"']));
            }
        }
    }
}
