//! What can be taken out of a news sentence, or be said with fewer words, without making it say something else.
//!
//! Rules over words and commas, in the manner of Knight and Marcu 2002 ("Summarization beyond sentence extraction") and
//! Clarke and Lapata 2008, but far more timid: conditions, concessions, denials, doubts and attributions are never taken
//! out, nothing is taken out of a quotation, and where commas may close two things at once nothing is done.

use std::ops::Range;

use super::words::{Word, attribute, deny, have_verb};
use super::{ends, leads};
use crate::summarize::equals::{BOUNDS, EQUALS};
use crate::text::facts::WEEKDAYS;

/// A change of a sentence: words that go, and what stands in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    /// The words that go.
    pub(super) range: Range<usize>,
    /// What stands there instead; nothing for a cut.
    pub(super) instead: Option<&'static str>,
    /// Whether the comma before the range goes too.
    pub(super) takes_comma: bool,
}

/// What is left of a sentence has at least so many words.
pub(super) const MIN_LEFT: usize = 7;
/// The longest phrase between two commas, or before the first, that is taken out.
pub(super) const MOST_PHRASE: usize = 16;

/// What opens a clause before the main one.
#[rustfmt::skip]
const SUBORDINATORS: [&str; 20] = [
    "as", "while", "when", "after", "although", "though", "because", "since", "before", "until", "amid", "following", "despite",
    "even", "if", "unless", "once", "whether", "wherever", "whenever",
];

/// What opens a phrase before the main clause.
#[rustfmt::skip]
pub(super) const PREPOSITIONS: [&str; 12] = [
    "in", "on", "at", "by", "for", "from", "with", "under", "during", "besides", "of", "to",
];

/// What is said or written somewhere; "In a statement, …" is no condition.
#[rustfmt::skip]
pub(super) const SPEECH: [&str; 38] = [
    "statement", "interview", "tweet", "tweets", "speech", "letter", "conference", "briefing", "memo", "email", "post", "posts",
    "remarks", "filing", "video", "call", "testimony", "address", "message", "op-ed", "report", "announcement", "release",
    "appearance", "order", "ruling", "opinion", "lawsuit", "complaint", "documents", "hearing", "meeting", "rally", "event",
    "ceremony", "debate", "press", "book",
];

/// What opens a phrase between two commas that says more of the name before it.
#[rustfmt::skip]
pub(super) const APPOSITIONS: [&str; 26] = [
    "who", "whose", "which", "where", "the", "a", "an", "his", "her", "its", "their", "one", "now", "including", "along",
    "in", "at", "on", "during", "like", "among", "speaking", "amid", "after", "despite", "as",
];

/// What may open a subject.
#[rustfmt::skip]
const DETERMINERS: [&str; 12] = [
    "the", "a", "an", "his", "her", "their", "its", "some", "many", "most", "several", "two",
];

/// Adverbs whose going changes no fact. No degrees, no doubts, no "only".
#[rustfmt::skip]
const ADVERBS: [&str; 42] = [
    "also", "already", "quickly", "swiftly", "sharply", "strongly", "formally", "officially", "immediately", "publicly",
    "personally", "clearly", "certainly", "simply", "actually", "really", "very", "quite", "again", "indeed", "meanwhile",
    "however", "ultimately", "eventually", "finally", "suddenly", "dramatically", "particularly", "especially", "abruptly",
    "boldly", "bitterly", "angrily", "hastily", "instead", "then", "narrowly", "famously", "currently", "recently",
    "repeatedly", "notably",
];

/// Words that say how much of the next one.
#[rustfmt::skip]
const DEGREES: [&str; 14] = [
    "almost", "nearly", "so", "too", "more", "most", "less", "least", "as", "how", "rather", "somewhat", "even", "just",
];

/// Offices that stand before a name.
#[rustfmt::skip]
const OFFICES: [&str; 50] = [
    "President", "Senator", "Sen.", "Representative", "Rep.", "Governor", "Gov.", "Secretary", "Minister", "Chancellor", "Justice",
    "Judge", "Speaker", "Mayor", "Chairman", "Director", "General", "Gen.", "Pope", "King", "Leader", "Commissioner", "Dr.",
    "Lt.", "Sgt.", "Capt.", "Col.", "Officer", "Detective", "Sheriff", "Chief", "Ambassador", "Professor", "Congressman",
    "Congresswoman", "Chairwoman", "Spokesman", "Spokeswoman", "spokesman", "spokeswoman", "spokesperson", "nominee",
    "candidate", "adviser", "strategist", "attorney", "lawyer", "host", "chairman", "commissioner",
];

/// Phrases that say nothing, wherever they stand.
#[rustfmt::skip]
const FILLERS: [&str; 10] = [
    "a total of", "in total", "in fact", "of course", "once again", "yet again", "for his part", "for her part",
    "for their part", "in particular",
];

/// Words that judge (P10).
#[rustfmt::skip]
const JUDGEMENTS: [&str; 86] = [
    "stunning", "shocking", "dramatic", "historic", "sweeping", "extraordinary", "remarkable", "unprecedented", "controversial",
    "explosive", "fiery", "heated", "bitter", "scathing", "blistering", "stark", "striking", "sharp", "fierce", "massive",
    "huge", "sprawling", "brazen", "bombshell", "high-profile", "long-awaited", "highly-anticipated", "much-anticipated",
    "devastating", "horrific", "impromptu", "emotional", "rare", "surprise", "surprising", "ambitious", "landmark", "key",
    "embattled", "deadly", "iconic", "notorious", "infamous", "beleaguered", "tumultuous", "chaotic", "crucial", "pivotal",
    "astonishing", "staggering", "whopping", "daring", "horrifying", "gruesome", "grisly", "tragic", "vicious", "staunch",
    "long-standing", "wide-ranging", "far-reaching", "contentious", "hotly-contested", "bold", "prominent", "outspoken",
    "firebrand", "strongly-worded", "startling", "horrendous", "appalling", "outrageous", "ridiculous", "absurd", "shameful",
    "disgraceful", "bizarre", "brilliant", "heroic", "awful", "disastrous", "pathetic", "hideous", "vile", "jaw-dropping",
    "atrocious",
];

/// All changes that a sentence admits, each on its own.
pub(super) fn edits(words: &[Word]) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    edits.extend(leads::lead(words));
    edits.extend(asides(words));
    edits.extend(appositions(words));
    edits.extend(ends::trail(words));
    edits.extend(ends::conjunct(words));
    edits.extend(ends::tail(words));
    edits.extend(ends::occasion(words));
    edits.extend(ends::setting(words));
    edits.extend(ends::speaker_explained(words));
    edits.extend(given_names(words));
    edits.extend(single_words(words));
    edits.extend(fillers(words));
    edits.extend(times(words));
    edits.retain(|edit| spares_quotations(words, edit));
    edits
}

/// A quotation goes as a whole or not at all; and where one opens the sentence, what is quoted behind it goes on with it.
fn spares_quotations(words: &[Word], edit: &Edit) -> bool {
    let gone = words.get(edit.range.clone()).unwrap_or_default();
    let marks: usize = gone.iter().map(|word| word.text.matches('"').count()).sum();
    let cuts_into = gone.iter().any(|word| word.quoted) && (marks == 0 || marks % 2 == 1);
    let goes_on = words.first().is_some_and(|first| first.quoted) && gone.iter().any(|word| word.quoted);
    !cuts_into && !goes_on
}

pub(super) fn cut(range: Range<usize>, takes_comma: bool) -> Edit {
    Edit {
        range,
        instead: None,
        takes_comma,
    }
}

/// Whether the main clause of the beginning of a sentence has its verb: "As the mayor spoke, council members" has only
/// that of the clause before it.
pub(super) fn is_whole(left: &[Word]) -> bool {
    let is_subordinate = left
        .first()
        .is_some_and(|first| first.is(&SUBORDINATORS) || first.is(&PREPOSITIONS));
    if !is_subordinate {
        return have_verb(left);
    }
    // "If the panel, led by one of them, agrees": the main clause begins with a subject behind a comma.
    left.windows(2).enumerate().any(|(at, pair)| {
        matches!(pair, [comma, next] if comma.has_comma() && (next.opens_subject() || next.is_pronoun()))
            && have_verb(left.get(at + 1..).unwrap_or_default())
    })
}

fn word(words: &[Word], index: usize) -> Option<&Word> {
    words.get(index)
}

/// Whether a word is a dash between blanks.
pub(super) fn is_dash(word: &Word) -> bool {
    matches!(word.text.as_str(), "—" | "–" | "--" | "-")
}

/// How the party of a politician opens in brackets.
const PARTIES: [&str; 3] = ["(R-", "(D-", "(I-"];

/// What stands in brackets or between two dashes.
fn asides(words: &[Word]) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut brackets: Vec<Range<usize>> = Vec::new();
    let mut open = None;
    for (index, word) in words.iter().enumerate() {
        if word.text.starts_with('(') {
            open = Some(index);
        }
        if let Some(from) = open
            && word
                .text
                .trim_end_matches(|c: char| !c.is_alphanumeric() && c != ')')
                .ends_with(')')
        {
            brackets.push(from..index + 1);
            open = None;
        }
    }
    // What explains one of two words ("blue" and "yellow" (…)) goes for both or for none.
    let is_party = |range: &Range<usize>| {
        word(words, range.start)
            .is_some_and(|first| PARTIES.iter().any(|party| first.text.starts_with(party)))
    };
    let explanations = brackets.iter().filter(|range| !is_party(range)).count();
    brackets.retain(|range| is_party(range) || explanations == 1);
    edits.extend(brackets.into_iter().map(|range| cut(range, false)));
    let dashes: Vec<usize> = words
        .iter()
        .enumerate()
        .filter_map(|(index, word)| is_dash(word).then_some(index))
        .collect();
    match dashes.as_slice() {
        [from, to] if !attribute(words.get(*from..*to).unwrap_or_default()) => {
            // "It closed – in May – the mayor said": without the dashes a comma would be missing.
            let clause_follows = words.get(to + 1).is_some_and(Word::opens_subject);
            if !clause_follows {
                edits.push(cut(*from..to + 1, false));
            }
        }
        [from] if *from >= MIN_LEFT => {
            let (left, gone) = words.split_at(*from);
            // "… what she said — that she acted on orders": what is said stands there.
            let tells = gone
                .get(1)
                .is_some_and(|first| first.is(&["that", "to", "but", "though"]));
            // "the deal - good or bad -that binds": the second one is glued to its word.
            let closes = gone
                .iter()
                .skip(1)
                .any(|word| word.text.starts_with(['-', '–', '—']));
            if is_whole(left) && !attribute(gone) && !tells && !closes {
                edits.push(cut(*from..words.len(), true));
            }
        }
        // Of three or more nobody knows which belong together.
        _ => {}
    }
    edits
}

/// ", the former mayor," and ", who won in May,": more about the subject, where its verb follows right behind.
fn appositions(words: &[Word]) -> Vec<Edit> {
    let mut edits = Vec::new();
    // "In addition, the yards of poor, crowded houses": before the first comma must stand a subject.
    let opens_phrase = words
        .first()
        .is_some_and(|first| first.is_function() && !first.is(&DETERMINERS));
    if opens_phrase {
        return edits;
    }
    let commas: Vec<usize> = (0..words.len())
        .filter(|index| word(words, *index).is_some_and(Word::has_comma))
        .collect();
    for pair in commas.windows(2) {
        let [before, last] = pair else { continue };
        let range = before + 1..last + 1;
        let phrase = words.get(range.clone()).unwrap_or_default();
        let (Some(first), Some(next)) = (phrase.first(), word(words, last + 1)) else {
            continue;
        };
        if phrase.len() > MOST_PHRASE {
            continue;
        }
        let is_party = phrase.len() <= 2
            && ["R-", "D-", "I-"]
                .iter()
                .any(|party| first.text.starts_with(party));
        let says_more =
            first.is(&APPOSITIONS) && phrase.len() > 1 && next.is_finite_verb() && !attribute(phrase);
        // Commas before it may be those of a list, unless a lead ends there.
        let is_first = commas.iter().filter(|comma| *comma < before).count() == 0;
        // "The council opens Alder Bridge, the oldest one, closed in May": its verb stood before.
        let left = words.get(..=*before).unwrap_or_default();
        let has_verb = left
            .windows(2)
            .any(|pair| matches!(pair, [verb, next] if verb.may_be_verb() && next.has_capital()));
        if is_party || says_more && is_first && !has_verb {
            edits.push(cut(range, true));
        }
    }
    edits
}

fn single_words(words: &[Word]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (index, one) in words.iter().enumerate().skip(1) {
        // "was not a key witness" denies more without the word.
        let denied = words.get(index.saturating_sub(4)..index).is_some_and(deny);
        // "almost certainly" is not "almost", and "until recently" not "until".
        let before = word(words, index - 1);
        let is_graded = before.is_some_and(|before| before.is(&DEGREES) || before.is(&["until", "since"]));
        let next = word(words, index + 1);
        let is_adverb =
            one.is(&ADVERBS) && !one.quoted && next.is_some_and(|next| !next.is(&["as", "than", "the"]));
        let is_judgement = one.is(&JUDGEMENTS)
            && !one.quoted
            && !one.has_comma()
            && !one.has_capital()
            && next.is_some_and(|next| !next.is_function() && !next.text.starts_with('"'));
        if !denied && !is_graded && (is_adverb || is_judgement) {
            // "had, indeed, gone": both commas are the adverb's.
            let is_enclosed = one.has_comma() && word(words, index - 1).is_some_and(Word::has_comma);
            edits.push(cut(index..index + 1, is_enclosed));
        }
    }
    edits
}

fn fillers(words: &[Word]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for filler in FILLERS {
        let length = filler.split(' ').count();
        for (start, window) in words.windows(length).enumerate().skip(1) {
            let lower = window.iter().map(|word| word.lower.as_str());
            if lower.eq(filler.split(' ')) && !window.iter().any(|word| word.quoted) {
                edits.push(cut(start..start + length, false));
            }
        }
    }
    edits
}

/// "President Ann Example" → "President Example": with the office before it, the name is the same without what stands
/// between.
fn given_names(words: &[Word]) -> Vec<Edit> {
    let is_plain_name = |word: &Word| {
        word.has_capital() && !word.quoted && word.text.chars().all(|c| c.is_alphabetic() || c == '-')
    };
    let mut edits = Vec::new();
    for (index, window) in words.windows(3).enumerate() {
        let [office, given, family] = window else { continue };
        let family_is_name = family.has_capital()
            && !family.quoted
            && family.lower.chars().count() > 2
            && family
                .lower
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, '-' | '\''));
        // "Mark Example, the son of Ann Example": which of them, only the given name tells.
        let has_namesake = words.iter().filter(|word| word.lower == family.lower).count() > 1;
        let goes_on = word(words, index + 3)
            .is_some_and(|next| next.has_capital() && family.text.ends_with(char::is_alphanumeric));
        if OFFICES.contains(&office.text.as_str()) && is_plain_name(given)
            // "Chief Justice Roberts" has two offices.
            && !OFFICES.contains(&given.text.as_str())
            && family_is_name && !goes_on && !has_namesake
        {
            edits.push(cut(index + 1..index + 2, false));
        }
    }
    edits
}

/// Wordings and plainer ones that say the same, all of a sentence as one list of changes.
pub(super) fn equals(words: &[Word]) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for (wording, plain) in EQUALS {
        let length = wording.split(' ').count();
        for (start, window) in words.windows(length).enumerate() {
            let is_it = window
                .iter()
                .map(|word| word.lower.as_str())
                .eq(wording.split(' '))
                && window.iter().all(|word| !word.quoted)
                && window
                    .iter()
                    .take(length - 1)
                    .all(|word| word.text.ends_with(char::is_alphanumeric));
            let before_number = word(words, start + length)
                .is_some_and(|next| next.text.contains(|c: char| c.is_ascii_digit()));
            let is_name = window.iter().any(Word::has_capital);
            let is_taken = edits
                .iter()
                .any(|edit| edit.range.start < start + length && start < edit.range.end);
            if is_it && !is_name && !is_taken && (!BOUNDS.contains(wording) || before_number) {
                edits.push(Edit {
                    range: start..start + length,
                    instead: Some(plain),
                    takes_comma: false,
                });
            }
        }
    }
    edits
}

/// "Mr. Example" is "Example", "said that it closed" is "said it closed", and the other way round.
pub(super) fn small_changes(words: &[Word]) -> Vec<Edit> {
    let mut edits = Vec::new();
    for (at, pair) in words.windows(2).enumerate() {
        let [one, next] = pair else { continue };
        if one.quoted || next.quoted {
            continue;
        }
        if HONORIFICS.contains(&one.text.as_str()) && next.has_capital() {
            edits.push(cut(at..at + 1, false));
        }
        let Some((_, with_that)) = THAT.iter().find(|(verb, _)| one.text == *verb) else {
            continue;
        };
        // "…, said the mayor" turns the clause round.
        let is_plain =
            at > 0 && word(words, at - 1).is_some_and(|before| !before.has_comma() && !before.quoted);
        let behind = words.get(at + 1..at + 1 + MOST_CLAUSE_HEAD).unwrap_or_default();
        let opens = next.is(&[
            "it", "he", "she", "they", "there", "the", "a", "an", "his", "her", "their", "its",
        ]);
        if is_plain && opens && have_verb(behind) {
            edits.push(Edit {
                range: at..at + 1,
                instead: Some(with_that),
                takes_comma: false,
            });
        }
    }
    edits
}

const HONORIFICS: [&str; 6] = ["Mr.", "Mrs.", "Ms.", "Mr", "Mrs", "Ms"];

/// Verbs of saying, and the same before a clause.
#[rustfmt::skip]
const THAT: [(&str, &str); 9] = [
    ("said", "said that"), ("says", "says that"), ("believes", "believes that"), ("warned", "warned that"),
    ("argued", "argued that"), ("added", "added that"), ("claimed", "claimed that"), ("insisted", "insisted that"),
    ("thinks", "thinks that"),
];

/// So many words behind the verb the verb of its clause must have come.
const MOST_CLAUSE_HEAD: usize = 9;

/// What wants the time behind it.
#[rustfmt::skip]
const BINDING: [&str; 65] = [
    "since", "until", "by", "before", "after", "from", "through", "between", "next", "last", "this", "past", "coming", "of",
    "and", "to", "for", "the", "on", "in", "at", "late", "early", "into", "about", "with", "over", "against", "than", "as", "or",
    "but", "a", "an", "each", "every", "one", "his", "her", "their", "its",
    "begin", "start", "begins", "starts", "open", "opens", "end", "ends", "expire", "expires", "effect", "due", "scheduled",
    "set", "held", "place", "earlier", "later",
    "beginning", "starting", "ending", "effective", "noon", "midnight",
];

/// "on Monday", "late Monday night", "this week": true without them, and absolute dates are better than none, so that
/// these go last.
fn times(words: &[Word]) -> Vec<Edit> {
    let mut edits = Vec::new();
    let mut index = 1;
    while index < words.len() {
        let Some(end) = time_at(words, index) else {
            index += 1;
            continue;
        };
        let before = words.get(index - 1);
        let bound = before.is_some_and(|word| word.is(&BINDING));
        if !bound {
            edits.push(cut(index..end, false));
        }
        index = end;
    }
    edits
}

/// One past the last word of the time that begins here.
pub(super) fn time_at(words: &[Word], start: usize) -> Option<usize> {
    let mut index = start;
    if word(words, index)?.is(&["on"]) {
        index += 1;
    }
    if word(words, index)?.is(&["late", "early"]) {
        index += 1;
    }
    let one = word(words, index)?;
    if one.is(&WEEKDAYS) && !one.lower.ends_with("'s") && !one.text.contains('\'') {
        let next = word(words, index + 1);
        let part = next.is_some_and(|next| next.is(&["morning", "afternoon", "evening", "night"]));
        return Some(if part && !one.has_comma() {
            index + 2
        } else {
            index + 1
        });
    }
    let begins = index == start;
    let skip = usize::from(one.is(&["earlier"]));
    let is_period = begins
        && word(words, index + skip)?.is(&["this", "last"])
        && word(words, index + skip + 1)?.is(&["week", "month"]);
    is_period.then_some(index + skip + 2)
}
