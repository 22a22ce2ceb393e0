//! What stands at the end of a sentence and can go.

use super::cuts::{Edit, MIN_LEFT, SPEECH, cut, is_whole};
use super::words::{Word, attribute, deny, have_verb};

/// What opens a clause at the end of a sentence that can go, behind a comma.
#[rustfmt::skip]
const TRAILS: [&str; 22] = [
    "including", "which", "while", "as", "after", "following", "amid", "where", "when", "with", "who", "whose",
    "because", "led", "backed", "joined", "compared", "based", "along", "particularly", "especially", "followed",
];

/// What happens there judges what was told: ", in a move that …".
#[rustfmt::skip]
const MOVES: [&str; 14] = [
    "move", "sign", "bid", "decision", "blow", "effort", "attempt", "setback", "victory", "reversal", "departure", "step",
    "case", "development",
];

/// What a conjunct must not stand under, since a part of it would say something else.
#[rustfmt::skip]
const NOT_SEPARABLE: [&str; 17] = [
    "if", "unless", "whether", "without", "refused", "declined", "failed", "only", "both", "either", "neither", "between",
    "until", "than", "before", "avoid", "prevent",
];

/// What looks like a participle and opens a condition or an attribution, or is no participle.
const NO_PARTICIPLES: [&str; 7] = [
    "according",
    "pending",
    "barring",
    "excluding",
    "assuming",
    "providing",
    "during",
];

/// What opens a clause at the end of a sentence that can go without a comma before it.
const TAILS: [&str; 6] = ["after", "amid", "while", "following", "because", "during"];

/// So many words behind "statement" the clause begins.
const MOST_SETTING: usize = 8;

/// The longest name of a speaker, words.
const MOST_NAME: usize = 6;

/// The longest explanation without a verb at the end, words.
const MOST_EXPLANATION: usize = 24;

/// Of these, the ones that open a clause rather than a noun phrase.
const CLAUSAL: [&str; 3] = ["after", "while", "because"];

/// Words before a tail that belong to it, or make it something else: "days after", "not because".
#[rustfmt::skip]
const NO_TAIL_AFTER: [&str; 33] = [
    "day", "days", "week", "weeks", "month", "months", "year", "years", "hour", "hours", "minutes", "shortly", "soon", "just",
    "right", "immediately", "even", "long", "only", "not", "look", "looking", "named", "or", "and", "but", "come", "comes",
    "came", "is", "was", "are", "were",
];

/// "The first vote after the reform" is not the first vote.
const RANKS: [&str; 6] = ["first", "last", "only", "latest", "second", "third"];

/// ", which …", ", calling …" and ", and the mayor …" at the end.
pub(super) fn trail(words: &[Word]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for index in MIN_LEFT..words.len() {
        let Some(before) = index.checked_sub(1).and_then(|before| words.get(before)) else {
            continue;
        };
        let (left, gone) = (
            words.get(..index).unwrap_or_default(),
            words.get(index..).unwrap_or_default(),
        );
        let Some(first) = gone.first().filter(|_| gone.len() > 1) else {
            continue;
        };
        // A clause goes, an item of a list does not.
        let is_only = words.iter().filter(|word| word.text.ends_with(';')).count() == 1;
        if before.text.ends_with(';') && is_only && is_whole(left) && have_verb(gone) && !attribute(gone) {
            edits.push(cut(index..words.len(), true));
        }
        if !before.has_comma() || !is_whole(left) {
            continue;
        }
        let is_clause = first.is(&["and"])
            && gone
                .get(1)
                .is_some_and(|second| second.opens_subject() || second.is_pronoun())
            && have_verb(gone)
            && left.iter().filter(|word| word.has_comma()).count() == 1;
        let is_move = first.is(&["in"])
            && gone.get(1).is_some_and(|article| article.is(&["a", "an", "the"]))
            && gone.iter().skip(2).take(3).any(|word| word.is(&MOVES));
        // Who was there "as well as" others was not there alone.
        let adds = first.is(&["as"]) && gone.get(1).is_some_and(|second| second.is(&["well"]));
        let opens = first.is(&TRAILS) && !adds
            || is_participle(first)
            || is_clause
            || is_move
            || explains(left, gone);
        let resumes = gone
            .windows(2)
            .any(|pair| matches!(pair, [comma, next] if comma.has_comma() && resumes_clause(next)))
            // "…, which never came: \"We will see.\"" tells what the main clause announces.
            || gone.iter().any(|word| word.text.ends_with(':'));
        let attributes = gone.get(1).is_some_and(|second| second.is(&["said", "says"]))
            || gone
                .iter()
                .rev()
                .take(3)
                .any(|word| word.is(&["said", "says", "according"]))
            || gone
                .iter()
                .any(|word| word.is(&["according", "if", "unless", "but", "allegedly"]));
        // "the second state, behind Alder, with a levy" is not the second state.
        let ranks =
            first.is(&["with", "where", "who", "whose", "which"]) && left.iter().any(|word| word.is(&RANKS));
        // "A is ahead, while B is behind": half of a comparison misleads. "…, while speaking in Alder" is a setting.
        let contrasts = first.is(&["while"]) && !gone.get(1).is_some_and(is_participle);
        // "not A, but B", and "did not, as planned, …": a denial wants its whole sentence.
        if opens && !resumes && !attributes && !ranks && !contrasts && !deny(left) {
            edits.push(cut(index..words.len(), true));
        }
    }
    edits
}

/// "calling", and neither "according" nor "Beijing".
fn is_participle(word: &Word) -> bool {
    word.lower.len() > 5 && word.lower.ends_with("ing") && !word.has_capital() && !word.is(&NO_PARTICIPLES)
}

/// " after …", " because …" at the end, with no comma before.
pub(super) fn tail(words: &[Word]) -> Option<Edit> {
    let index = words.iter().rposition(|word| word.is(&TAILS) && !word.quoted)?;
    let before = words.get(index.checked_sub(1)?)?;
    let (left, gone) = words.split_at_checked(index)?;
    let safe = left.len() >= MIN_LEFT
        && gone.len() > 2
        && is_whole(left)
        && !deny(left)
        && !attribute(gone)
        && !before.is(&NO_TAIL_AFTER)
        // "largely because", "particularly after".
        && !before.lower.ends_with("ly")
        && !before.lower.ends_with("ing")
        && !before.has_comma()
        && !left
            .iter()
            .any(|word| word.is(&["whether", "if", "unless", "than", "until"]) || word.is(&RANKS))
        // "found deeds by the mayor during the vote that could harm the town": the clause is about what stays.
        && !gone.iter().any(|word| word.has_comma() || word.is(&["that", "which", "who", "whose"]))
        // "said that leaders during the crisis were failing": the verb of the sentence stands behind.
        && (words.get(index).is_some_and(|first| first.is(&CLAUSAL)) || !have_verb(gone) && !may_have_verb(gone));
    safe.then(|| cut(index..words.len(), true))
}

/// Whether a clause goes on with this word behind a comma: with a verb in any form ("insisted the envoy, who was there,
/// sign a pledge").
fn resumes_clause(word: &Word) -> bool {
    let is_participle = word.lower.ends_with("ing");
    word.is_finite_verb() || word.is(&["to"]) || !word.has_capital() && !word.is_function() && !is_participle
}

/// "during the crisis continues to rise": a word that may be a verb has an object or an infinitive behind it.
fn may_have_verb(words: &[Word]) -> bool {
    words.windows(2).any(|pair| {
        let [verb, next] = pair else { return false };
        verb.may_be_verb()
            && next.is(&[
                "to", "a", "an", "the", "its", "their", "his", "her", "not", "that",
            ])
    })
}

/// " in a statement on Monday", " during an interview with the paper" at the end: where it was said.
pub(super) fn occasion(words: &[Word]) -> Option<Edit> {
    let noun = words.iter().rposition(|word| word.is(&SPEECH))?;
    let index = words
        .iter()
        .take(noun)
        .rposition(|word| word.is(&["in", "at", "during"]))
        .filter(|index| noun - index <= 4)?;
    let (left, gone) = words.split_at_checked(index)?;
    let safe = left.len() >= MIN_LEFT
        && gone.len() <= 8
        && is_whole(left)
        && !deny(left)
        && !gone
            .iter()
            .any(|word| word.quoted || word.has_comma() || word.is_finite_verb() || word.is(&["that", "to"]));
    safe.then(|| cut(index..words.len(), true))
}

/// "said in a statement on the bridge that …", "said at a meeting, …": where it was said, in the middle.
pub(super) fn setting(words: &[Word]) -> Option<Edit> {
    let noun = words.iter().position(|word| word.is(&SPEECH))?;
    let start = words
        .iter()
        .take(noun)
        .rposition(|word| word.is(&["in", "at", "during"]))
        .filter(|start| noun - start <= 4 && *start > 1)?;
    let that = words
        .iter()
        .skip(noun)
        .take(MOST_SETTING)
        .position(|word| word.is(&["that"]))
        .map(|at| noun + at)?;
    let gone = words.get(start..that)?;
    let said = words.get(start - 1)?;
    let safe = words.len() - that >= MIN_LEFT
        && (attribute(std::slice::from_ref(said))
            || words.get(start - 2).is_some_and(|word| word.is(&["told"])))
        && !gone.iter().any(|word| {
            word.quoted || word.has_comma() || word.is_finite_verb() || word.is(&["who", "which", "to"])
        });
    safe.then(|| cut(start..that, false))
}

/// "“It is old,” said Ann Example, the mayor of Alder.": more about who said it.
pub(super) fn speaker_explained(words: &[Word]) -> Option<Edit> {
    let verb = words.windows(2).position(
        |pair| matches!(pair, [quoted, verb] if quoted.text.ends_with(",\"") && verb.is(&["said", "says"])),
    )? + 1;
    let name = words.get(verb + 1..)?;
    let comma = name.iter().take(MOST_NAME).position(Word::has_comma)?;
    let (name, gone) = name.split_at_checked(comma + 1)?;
    let safe = gone.len() > 1
        && name.iter().any(Word::has_capital)
        && !gone.iter().any(|word| word.quoted)
        && !attribute(gone);
    safe.then(|| cut(words.len() - gone.len()..words.len(), true))
}

/// "…, the mayor of Alder." behind a name, and "…, the first step towards a new bridge." behind anything, at the end.
fn explains(left: &[Word], gone: &[Word]) -> bool {
    let opens = gone
        .first()
        .is_some_and(|first| first.is(&["the", "a", "an", "his", "her", "their", "its", "one"]));
    // "deny \"Dreamers,\" brought here as children, the chance": the comma in the quotation is one of two.
    let is_only_comma = !left.iter().any(|word| word.text.ends_with(",\""));
    opens
        && is_only_comma
        && gone.len() <= MOST_EXPLANATION
        && left.iter().filter(|word| word.has_comma()).count() == 1
        && !gone
            .iter()
            .any(|word| word.is(&["and", "or"]) || word.has_comma())
        && !have_verb(gone)
}

/// " and ordered an inquiry …" at the end: the second of two things that the subject did.
pub(super) fn conjunct(words: &[Word]) -> Option<Edit> {
    let index = words.windows(2).rposition(
        |pair| matches!(pair, [and, verb] if and.is(&["and"]) && !and.quoted && verb.is_finite_verb()),
    )?;
    let (left, gone) = words.split_at_checked(index)?;
    let before = left.last()?;
    let behind = gone.get(2..)?;
    // "reviewed and approved the plan" has one object, and "built by one and designed by another was" one verb behind.
    let is_shared = before.is_finite_verb() || before.lower.ends_with("ing") || before.has_comma();
    let goes_on = behind.first()?.is(&["by"]) || have_verb(behind);
    let safe = left.len() >= MIN_LEFT
        && behind.len() >= 2
        && !is_shared
        && !goes_on
        && is_whole(left)
        && !left
            .iter()
            .any(|word| word.has_comma() || word.is(&NOT_SEPARABLE))
        && !deny(left)
        // "and suggested that …" reports what goes; "and closed, she said" what stays too.
        && !attribute(behind);
    safe.then(|| cut(index..words.len(), true))
}
