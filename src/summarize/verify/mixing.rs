//! P7: a wording follows one cited sentence. Words of several sentences can each be true and make a false statement when
//! they are put together; a small model does so often, and it puts the words of one sentence into another order, or what
//! stands on both sides of a verb together.

use super::support::content_words;
use super::{Candidate, reason_if};
use crate::domain::CheckReason;
use crate::summarize::{compression, equals};
use crate::text::facts;
use crate::text::similarity::{aligned_words, common_subsequence, is_function_word, words};

/// The least share of a wording's content words that stand in one cited sentence in the same order. A small
/// model's own words for the rest are wrong too often.
const MIN_FOLLOWED: f64 = 0.95;

/// The longest speaker at an end, words.
const MOST_SPEAKER_WORDS: usize = 10;

/// What opens a clause of its own, whose speaker says something else.
#[rustfmt::skip]
const CLAUSES: [&str; 9] = ["and", "but", "or", "while", "though", "although", "who", "which", "whereas"];

/// A statement behind a speaker has so many words.
const MIN_STATEMENT_WORDS: usize = 5;

/// `facts_mixed` when no one cited sentence has its names and most of its words in their order.
pub fn mixed(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let whole = content_words(candidate.text);
    let (statement, speaker) = parts_of(candidate.text);
    let (statement, speaker) = (content_words(statement), content_words(speaker));
    let is_in_order = |own: &[String], source: &[String]| {
        common_subsequence(own, source) as f64 >= MIN_FOLLOWED * own.len() as f64
    };
    let follows = |source: &str| {
        let (_, who) = parts_of(source);
        let (source, who) = (content_words(source), content_words(who));
        if speaker.is_empty() || who.is_empty() {
            return is_in_order(&whole, &source);
        }
        speaker.iter().all(|word| who.contains(word)) && is_in_order(&statement, &source)
    };
    let has_names = |sentence: &str| facts::unsupported_names(candidate.text, &[sentence]).is_empty();
    let is_told =
        |sentence: &&str| has_names(sentence) && (follows(sentence) || follows(&equals::plainer(sentence)));
    let is_mixed = !candidate.evidence.is_empty() && !candidate.evidence.iter().any(is_told);
    reason_if(is_mixed, CheckReason::FactsMixed)
}

/// Verbs that tell tense and voice: a wording has none that its source lacks.
#[rustfmt::skip]
const AUXILIARIES: [&str; 13] = [
    "is", "are", "was", "were", "be", "been", "being", "has", "have", "had", "will", "would", "having",
];

/// `facts_mixed` when it joins what stands before a verb with what stands behind it ("cut the term to served time and
/// ordered a pardon" is not "cut the term to a pardon"), but for a whole clause between two marks; or tells another
/// tense.
pub fn spliced(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let own = tokens(candidate.text);
    let closest = candidate
        .evidence
        .iter()
        .map(|sentence| tokens(sentence))
        .map(|sentence| (aligned(&own, &sentence), sentence))
        .max_by_key(|(pairs, _)| pairs.len());
    let Some((pairs, source)) = closest else {
        return Vec::new();
    };
    let joins = pairs.windows(2).any(|pair| {
        let [(own_before, before), (own_next, next)] = pair else {
            return false;
        };
        let put_in = own.get(own_before + 1..*own_next).unwrap_or_default();
        put_in.iter().all(|word| is_function_word(&word.lower)) && skips_a_verb(&source, *before, *next)
    });
    let is_known = |word: &Token<'_>| {
        !AUXILIARIES.contains(&word.lower.as_str()) || source.iter().any(|other| other.has(&word.lower))
    };
    let is_cut_wrongly = joins
        || drops_a_frame(candidate.text, &pairs, &source)
        || drops_a_quantity(&own, &pairs, &source)
        || ends_before_a_quotation(&pairs, &source);
    reason_if(
        is_cut_wrongly || !own.iter().all(is_known),
        CheckReason::FactsMixed,
    )
}

/// "Most voters" are not "the voters".
fn drops_a_quantity(own: &[Token<'_>], pairs: &[(usize, usize)], source: &[Token<'_>]) -> bool {
    let is_quantity = |token: &Token<'_>| QUANTITIES.contains(&token.lower.as_str());
    let is_kept = |quantity: &Token<'_>| {
        let plain = equals::plain(&quantity.lower);
        own.iter().any(|word| equals::plain(&word.lower) == plain)
    };
    pairs.iter().any(|(_, at)| {
        let before = at.checked_sub(1).and_then(|before| source.get(before));
        before.is_some_and(|before| is_quantity(before) && !is_kept(before))
    })
}

/// "She opened with her message, \"Bridges first,\"": the message is what is quoted.
fn ends_before_a_quotation(pairs: &[(usize, usize)], source: &[Token<'_>]) -> bool {
    let Some((_, last)) = pairs.last() else {
        return false;
    };
    let announces = source
        .get(*last)
        .is_some_and(|last| last.text.ends_with([',', ':']));
    let quotes = |next: &Token<'_>| next.text.starts_with(['"', '“']);
    announces && source.get(last + 1).is_some_and(quotes)
}

/// "She would note that the bridge was closed" is not "the bridge was closed".
fn drops_a_frame(text: &str, pairs: &[(usize, usize)], source: &[Token<'_>]) -> bool {
    let begins = pairs.first().map_or(0, |(_, first)| *first);
    let frame = source.get(..begins).unwrap_or_default();
    let ends_in_that = frame
        .get(begins.saturating_sub(MOST_BEHIND_THAT)..)
        .is_some_and(|end| end.iter().any(|word| word.lower == "that"));
    ends_in_that && !facts::has_attribution(text)
}

/// A word between blanks.
struct Token<'a> {
    text: &'a str,
    lower: String,
}

impl Token<'_> {
    /// Whether it is this word, or its contraction ("didn't", "he's").
    fn has(&self, word: &str) -> bool {
        self.lower == word
            || self
                .lower
                .strip_suffix("n't")
                .is_some_and(|bare| bare == word || bare == "wo" && word == "will")
            || self.lower.ends_with("'s") && matches!(word, "is" | "has")
            || self.lower.ends_with("'ve") && word == "have"
            || self.lower.ends_with("'re") && word == "are"
            || self.lower.ends_with("'ll") && word == "will"
            || self.lower.ends_with("'d") && matches!(word, "had" | "would")
    }

    fn ends_with_mark(&self) -> bool {
        self.text.ends_with([',', ';', ':', ')', '"', '”']) || self.is_dash()
    }

    fn is_dash(&self) -> bool {
        self.lower.is_empty()
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let token = |text| Token {
        text,
        lower: crate::summarize::grounding::straight(text)
            .trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase(),
    };
    text.split_whitespace().map(token).collect()
}

/// Whether the words between two places of a sentence have a verb and are no clause between two marks.
fn skips_a_verb(source: &[Token<'_>], before: usize, next: usize) -> bool {
    let gap = source.get(before + 1..next).unwrap_or_default();
    let has_verb = match gap {
        // A participle alone ("embattled") says more about a noun.
        [single] => AUXILIARIES.contains(&single.lower.as_str()),
        _ => gap
            .iter()
            .any(|word| compression::is_verb(word.text) || AUXILIARIES.contains(&word.lower.as_str())),
    };
    // "The bill notes, \"No rules exist.\"": what introduces a quotation is its verb.
    let introduces = gap.last().is_some_and(Token::ends_with_mark)
        && source
            .get(next)
            .is_some_and(|next| next.text.starts_with(['"', '“']))
        && !gap
            .first()
            .is_some_and(|first| first.text.starts_with(['"', '“']));
    let opens = source.get(before).is_some_and(Token::ends_with_mark)
        || gap
            .first()
            .is_some_and(|first| first.is_dash() || first.text.starts_with(['(', '"']));
    let closes = gap.last().is_some_and(Token::ends_with_mark);
    // What stands between two dashes introduces nothing.
    let is_aside = gap.first().is_some_and(Token::is_dash) && gap.last().is_some_and(Token::is_dash);
    introduces && !is_aside || has_verb && !(opens && closes)
}

fn aligned(own: &[Token<'_>], source: &[Token<'_>]) -> Vec<(usize, usize)> {
    let own: Vec<&str> = own.iter().map(|word| word.lower.as_str()).collect();
    let source: Vec<&str> = source.iter().map(|word| word.lower.as_str()).collect();
    aligned_words(&own, &source)
}

/// How many of a kind, and how much so: without it, all of them are meant, and wholly.
#[rustfmt::skip]
const QUANTITIES: [&str; 18] = [
    "most", "some", "many", "few", "several", "half", "almost", "nearly", "only", "part", "hardly", "barely", "largely",
    "mostly", "mainly", "partly", "effectively", "essentially",
];

/// So many words behind "that" the clause that it opens has begun.
const MOST_BEHIND_THAT: usize = 4;

/// The statement, and the speaker at one of its ends (", the council said.", "According to the council, "), who may stand
/// in another place of the source.
fn parts_of(text: &str) -> (&str, &str) {
    let is_speaker = |part: &str| {
        let words = words(part);
        let opens_clause = words
            .first()
            .is_some_and(|first| CLAUSES.contains(&first.as_str()));
        let denies = words.iter().any(|word| word == "denied" || word == "denies");
        facts::has_attribution(part) && words.len() <= MOST_SPEAKER_WORDS && !opens_clause && !denies
    };
    let at_end = [", ", ",\" ", ",” "]
        .iter()
        .filter_map(|mark| text.rfind(mark).map(|at| text.split_at(at + mark.len())))
        .max_by_key(|(statement, _)| statement.len());
    if let Some((statement, speaker)) = at_end.filter(|(_, speaker)| is_speaker(speaker)) {
        return (statement, speaker);
    }
    let at_front = if text.starts_with("According to ") {
        text.find(", ").map(|at| at + 2)
    } else {
        let verb = facts::attributions(text).into_iter().next();
        verb.filter(|verb| text.get(verb.end..).is_some_and(|behind| behind.starts_with(' ')))
            .map(|verb| verb.end + 1)
    };
    let front = at_front.and_then(|at| text.split_at_checked(at));
    match front {
        Some((speaker, statement))
            if is_speaker(speaker) && statement.split(' ').count() >= MIN_STATEMENT_WORDS =>
        {
            (statement, speaker)
        }
        _ => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_spliced(text: &str, evidence: &str) -> bool {
        !super::super::found_by(spliced, text, evidence).is_empty()
    }

    #[test]
    fn what_stands_on_both_sides_of_a_verb_is_not_joined() {
        for (text, evidence, is_refused) in [
            (
                "The mayor cut the levy to a full refund.",
                "The mayor cut the levy to its old height and ordered a full refund.",
                true,
            ),
            (
                "The debt passed a mark that experts warned could harm the town.",
                "The debt passed a mark that experts warned is proof of a course that could harm the town.",
                true,
            ),
            (
                "In the weeks that follow, people share their stories.",
                "In the weeks that follow, people will share their stories.",
                true,
            ),
            (
                "The bridge has been closing to the surprise of no one.",
                "The bridge is closing to the surprise of no one.",
                true,
            ),
            (
                "The mayor declared herself as a candidate for the council.",
                "The mayor declared herself ready to be a candidate for the council.",
                true,
            ),
            (
                "The old bridge was of no use.",
                "The mayor would note at one point that the old bridge was of no use.",
                true,
            ),
            (
                "Bill 238, passed in May, \"No rules exist for bridges.\"",
                "Bill 238, passed in May, by the council (of Alder) notes, \"No rules exist for bridges.\"",
                true,
            ),
            (
                "The voters of the town want the bridge.",
                "Most voters of the town want the bridge.",
                true,
            ),
            (
                "The mayor opened the campaign with her message.",
                "The mayor opened the campaign with her message, “Bridges first,” in the old hall.",
                true,
            ),
            (
                "The mayor has defended the levy.",
                "The mayor, who has made the levy a centerpiece of her plan, has defended the levy.",
                false,
            ),
            (
                "The mayor called the fall of the bridge \"a warning to the state.\"",
                "The mayor called the fall of the bridge — which broke in May — \"a warning to the state.\"",
                false,
            ),
            (
                "The mayor cut the levy to its old height.",
                "The mayor, who was elected in May, cut the levy to its old height and ordered a refund.",
                false,
            ),
            (
                "The embattled mayor said the levy was cut in the town.",
                "The embattled mayor said on Monday that the hated levy was cut in the town.",
                false,
            ),
            ("The levy did not fall.", "The levy didn't fall.", false),
            ("Almost 300 voters met.", "Nearly 300 voters met.", false),
        ] {
            assert_eq!(is_spliced(text, evidence), is_refused, "{text}");
        }
    }

    #[test]
    fn a_short_speaker_at_an_end_is_told_apart() {
        for (text, statement, speaker) in [
            (
                "The bridge is closed, the council said.",
                "The bridge is closed, ",
                "the council said.",
            ),
            (
                "It is \"closed,\" the council said.",
                "It is \"closed,\" ",
                "the council said.",
            ),
            (
                "According to the council, the bridge is closed to all.",
                "the bridge is closed to all.",
                "According to the council, ",
            ),
            (
                "The council said the bridge is now closed.",
                "the bridge is now closed.",
                "The council said ",
            ),
        ] {
            assert_eq!(parts_of(text), (statement, speaker));
        }
        for text in [
            "The bridge is closed, which drivers of all the many kinds of cars and trucks said was a pity.",
            "The bridge, built in May, is closed.",
        ] {
            assert_eq!(parts_of(text), (text, ""));
        }
    }

    #[test]
    fn a_speaker_may_move_and_phrases_may_be_plainer() {
        let is_mixed = |text, evidence| !super::super::found_by(mixed, text, evidence).is_empty();
        for (text, evidence, is_refused) in [
            (
                "According to the Daily Example, the council has closed the old bridge.",
                "The council has closed the old bridge, according to the Daily Example.",
                false,
            ),
            (
                "The mayor gave several speeches on the old bridge.",
                "The mayor gave a number of speeches on the old bridge.",
                false,
            ),
            (
                "Ben Kest said the old bridge is unsafe for cars.",
                "Ada Reyes said the old bridge is unsafe for cars, but Ben Kest denied it.",
                true,
            ),
            (
                "The old bridge is unsafe for cars, Ben Kest said.",
                "Ada Reyes said the old bridge is unsafe for cars, but Ben Kest denied it.",
                true,
            ),
            (
                "The old bridge is unsafe for cars, Ada Reyes warned.",
                "On Monday, Ada Reyes warned that the old bridge is unsafe for cars, but Ben Kest denied it.",
                false,
            ),
            (
                "According to the builder, the council has closed the old bridge.",
                "The council has closed the old bridge, according to the engineer.",
                true,
            ),
        ] {
            assert_eq!(is_mixed(text, evidence), is_refused, "{text}");
        }
    }
}
