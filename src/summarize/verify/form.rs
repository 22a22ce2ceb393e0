//! P17: one or two complete sentences of bounded length, in the story's language, without markup.

use super::{Candidate, reason_if};
use crate::domain::CheckReason;
use crate::summarize::compression::{has_verb, is_verb};
use crate::summarize::parse::ends_as_sentence;
use crate::summarize::passages::has_whole_quotations;
use crate::text::facts::has_attribution;
use crate::text::language::detect;
use crate::text::sentences;
use crate::text::similarity::{is_function_word, words};

const MIN_WORDS: usize = 5;

const MAX_SENTENCES: usize = 2;

/// The longest speaker before "told", words.
const MOST_SPEAKER: usize = 8;

/// Shorter texts, full of names, are told apart by nobody reliably.
const MIN_CHARS_TO_DETECT: usize = 80;

/// Enough words, and not too many characters or sentences.
pub fn length(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let text = candidate.text;
    let is_spaced = candidate.evidence.iter().any(|sentence| sentence.contains(' '));
    if text.trim().is_empty() || is_spaced && text.split_whitespace().count() < MIN_WORDS {
        return vec![CheckReason::TooShort];
    }
    let whole = 0..text.len();
    let language = candidate.rules.language.unwrap_or("en");
    let sentences = sentences::split(text, std::slice::from_ref(&whole), language).len();
    let is_long = text.chars().count() > candidate.rules.max_chars || sentences > MAX_SENTENCES;
    reason_if(is_long, CheckReason::TooLong)
}

/// Words that point to a sentence before, which a bullet does not have.
#[rustfmt::skip]
const POINTING_BACK: [&str; 28] = [
    "he", "she", "it", "they", "his", "her", "their", "its", "this", "that", "these", "those", "him", "them", "such", "but", "and",
    "so", "well", "however", "also", "instead", "another", "other", "others", "both",
    "here", "there's",
];

/// Pronouns for persons, which need a name before them.
const PERSONAL: [&str; 9] = ["he", "she", "him", "her", "his", "hers", "they", "them", "their"];

/// Words that point to a thing, which stands before them or nowhere.
const POINTERS: [&str; 6] = ["it", "this", "that", "these", "those", "such"];

/// Units of the time between two events.
const SPANS: [&str; 6] = ["minutes", "hours", "days", "weeks", "months", "moments"];

/// With these, a pointer means the article's own time.
#[rustfmt::skip]
const PERIODS: [&str; 14] = [
    "week", "month", "year", "morning", "afternoon", "evening", "day", "weekend", "spring", "summer", "fall", "autumn",
    "winter", "season",
];

/// Stands on its own: its first word does not point back, no pronoun comes before whom it stands for, and a quotation has
/// words around it.
pub fn stands_alone(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let first = words(candidate.text).into_iter().next().unwrap_or_default();
    let points_back = POINTING_BACK.contains(&first.as_str())
        || has_pronoun_without_noun(candidate.text)
        || opens_with_pointer(candidate.text)
        || points_at_something(candidate.text)
        || counts_from_elsewhere(candidate.text)
        || opens_without_noun(candidate.text)
        || supposes(candidate.text);
    reason_if(
        points_back || is_only_quotation(candidate.text),
        CheckReason::NotSelfContained,
    )
}

/// "The chances would be good": under what condition, stands nowhere. What a plan would do is plain.
fn supposes(text: &str) -> bool {
    let words = words(text);
    let Some(would) = words.iter().position(|word| word == "would") else {
        return false;
    };
    let (before, behind) = words.split_at(would);
    let is_one_of =
        |words: &[String], known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let verb = behind.iter().skip(1).find(|word| *word != "not");
    verb.is_some_and(|verb| ["be", "have", "want", "need"].contains(&verb.as_str()))
        && !is_one_of(before, &PLANS)
        && !is_one_of(
            before,
            &["that", "which", "who", "what", "how", "when", "where", "why"],
        )
        && !is_one_of(&words, &["if", "unless", "whether", "without", "otherwise"])
        && !has_attribution(text)
}

/// What tells by itself what it would do.
#[rustfmt::skip]
const PLANS: [&str; 24] = [
    "bill", "bills", "plan", "plans", "measure", "measures", "proposal", "proposals", "legislation", "law", "laws", "order",
    "deal", "amendment", "act", "package", "rule", "rules", "agreement", "resolution", "ban", "tax", "program", "policy",
];

/// "“We will see.”": nobody says who said it.
fn is_only_quotation(text: &str) -> bool {
    let marks: Vec<usize> = text.match_indices(['"', '“', '”']).map(|(at, _)| at).collect();
    let text = text.trim();
    matches!(marks.as_slice(), [_, _]) && text.starts_with(['"', '“']) && text.ends_with(['"', '”'])
}

/// "In 2016, she told the paper", "“We will see,” he said": before the pronoun stand nothing but function words, numbers
/// and what somebody is quoted with.
fn has_pronoun_without_noun(text: &str) -> bool {
    let words = words(&said_outside_quotations(text));
    let Some(pronoun) = words.iter().position(|word| PERSONAL.contains(&word.as_str())) else {
        return false;
    };
    let mut before = words.iter().take(pronoun);
    before.all(|word| is_function_word(word) || word.contains(|c: char| c.is_ascii_digit()))
}

fn said_outside_quotations(text: &str) -> String {
    let parts: Vec<&str> = text.split(['"', '“', '”']).step_by(2).collect();
    parts.join(" ")
}

/// "As the new mayor, he follows another": the phrase before the first comma names nobody.
fn opens_without_noun(text: &str) -> bool {
    let Some((lead, rest)) = text.split_once(", ") else {
        return false;
    };
    // "On August 18, 2017, those fears": the comma of a date.
    let rest = match rest.split_once(", ") {
        Some((year, behind)) if year.bytes().all(|byte| byte.is_ascii_digit()) => behind,
        _ => rest,
    };
    let next = words(rest).into_iter().next().unwrap_or_default();
    let lead_words = words(lead);
    let opens = lead_words.first().is_some_and(|first| {
        ["on", "in", "at", "by", "for", "with", "under", "as"].contains(&first.as_str())
    });
    let is_clause =
        lead_words.first().is_some_and(|first| first == "as") && lead_words.iter().any(|word| is_verb(word));
    opens && !is_clause && ["it", "he", "she", "they", "those", "these", "such"].contains(&next.as_str())
}

/// "Hours later", "Ten other people", "17 were burning": from what, and of what, stands nowhere.
fn counts_from_elsewhere(text: &str) -> bool {
    let words = words(text);
    let is = |at: usize, known: &[&str]| words.get(at).is_some_and(|word| known.contains(&word.as_str()));
    let others =
        (1..3).any(|at| is(at, &["other", "others"])) && !is(0, &["the", "among", "some", "many", "no"]);
    let later = (1..words.len()).find(|at| is(*at, &["later"]) && is(at - 1, &SPANS));
    let is_anchored = |later: usize| (0..later).any(|at| is(at, &["and", "but", "then", "after", "from"]));
    // "Pence said 17 were burning."
    let counts_nothing = words.windows(2).any(|pair| {
        let [count, verb] = pair else { return false };
        let is_count = count.len() < 4 && count.bytes().all(|byte| byte.is_ascii_digit());
        is_count && ["were", "was", "are", "have", "had"].contains(&verb.as_str())
    });
    others || counts_nothing || later.is_some_and(|later| !is_anchored(later))
}

/// "After that, the council", "On it went": what it points to stands nowhere. "This week" points to the date.
fn opens_with_pointer(text: &str) -> bool {
    let words = words(text);
    let mut opening = words.iter().take_while(|word| is_function_word(word)).count();
    opening = opening.min(3);
    words.iter().enumerate().take(opening).any(|(at, word)| {
        let next = words.get(at + 1).map(String::as_str).unwrap_or_default();
        POINTERS.contains(&word.as_str()) && !PERIODS.contains(&next.trim_end_matches("'s"))
    })
}

/// "The debut of this tonic": only the article shows which. "This week", "this country" and what is quoted are plain.
fn points_at_something(text: &str) -> bool {
    let words = words(&said_outside_quotations(text));
    let is_plain = |next: &str| {
        let next = next.trim_end_matches("'s");
        PERIODS.contains(&next) || PLAIN_BEHIND_THIS.contains(&next)
    };
    words.iter().enumerate().any(|(at, word)| {
        let next = words.get(at + 1).map(String::as_str).unwrap_or_default();
        ["this", "these"].contains(&word.as_str()) && !is_plain(next)
    })
}

/// What is known without a sentence before.
#[rustfmt::skip]
const PLAIN_BEHIND_THIS: [&str; 8] = [
    "country", "nation", "time", "century", "decade", "point", "past", "coming",
];

/// Has a finite verb: "In a highly produced 4." is no sentence.
pub fn verb(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let is_english = candidate.rules.language.is_none_or(|language| language == "en");
    reason_if(is_english && !has_verb(candidate.text), CheckReason::Unfinished)
}

/// Begins and ends as a sentence does; every quotation mark and bracket has its partner.
pub fn ending(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let text = candidate.text.trim();
    let is_whole =
        ends_as_sentence(text) && !text.starts_with(char::is_lowercase) && has_whole_quotations(text);
    reason_if(
        !is_whole || ends_inside_a_word(candidate) || tells_nothing(text),
        CheckReason::Unfinished,
    )
}

/// "according to example." of "example.org": what follows in the source is no blank.
fn ends_inside_a_word(candidate: &Candidate<'_>) -> bool {
    let last = candidate.text.trim_end().rsplit(' ').next().unwrap_or_default();
    let goes_on = |sentence: &&str| {
        let mut found = sentence.match_indices(last).map(|(at, _)| at + last.len());
        found.any(|end| {
            sentence
                .get(end..)
                .is_some_and(|rest| rest.starts_with(char::is_lowercase))
        })
    };
    last.len() > 2 && last.ends_with('.') && candidate.evidence.iter().any(goes_on)
}

/// "The mayor told the paper.": what she told is missing.
fn tells_nothing(text: &str) -> bool {
    let words = words(text);
    let Some(told) = words.iter().position(|word| word == "told") else {
        return false;
    };
    let before = words.get(..told).unwrap_or_default();
    let behind = words.get(told + 1..).unwrap_or_default();
    let speaker_only = before.len() <= MOST_SPEAKER && !before.iter().any(|word| is_verb(word));
    speaker_only
        && !behind
            .iter()
            .any(|word| is_verb(word) || ["that", "to", "about", "of", "how", "a"].contains(&word.as_str()))
}

/// Plain text on one line: no lists, headings, emphasis, links, tags or tables.
pub fn markup(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let text = candidate.text;
    let is_marked = text.chars().any(|c| c.is_control() || c == '\u{FFFD}')
        || [
            "**", "__", "](", "```", "</", "/>", "<br", "<p>", " | ", "&nbsp;", "&amp;", "{{", "}}",
        ]
        .iter()
        .any(|mark| text.contains(mark))
        || text.contains(['`', '#']) && !is_in_evidence(candidate, &['`', '#'])
        || text.starts_with(['-', '*', '•', '>', '#', '–', '—', '|']);
    reason_if(is_marked, CheckReason::Markup)
}

/// A hash sign that the source has too is a hashtag, or a rank.
fn is_in_evidence(candidate: &Candidate<'_>, marks: &[char]) -> bool {
    marks
        .iter()
        .filter(|mark| candidate.text.contains(**mark))
        .all(|mark| candidate.evidence.iter().any(|sentence| sentence.contains(*mark)))
}

/// The story's language, as far as a text of this length shows it.
pub fn language(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let Some(language) = candidate.rules.language else {
        return Vec::new();
    };
    if candidate.text.chars().count() < MIN_CHARS_TO_DETECT {
        return Vec::new();
    }
    let is_other = detect(candidate.text).is_some_and(|detected| detected != language);
    // An article's own sentence that looks foreign is full of names; the model may copy those.
    let cites_the_like = candidate
        .evidence
        .iter()
        .any(|sentence| detect(sentence).is_some_and(|detected| detected != language));
    reason_if(is_other && !cites_the_like, CheckReason::WrongLanguage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pronoun_needs_somebody_before_it() {
        for (text, dangles) in [
            ("In 2016, she told the paper that the bridge is old.", true),
            ("“We will close the bridge,” he said in May.", true),
            ("“We,” Ann Example said, “are glad that he came.”", false),
            ("Ann Example said she is glad.", false),
            ("After 14 days, the mayor said he left.", false),
            ("The council closed the bridge.", false),
        ] {
            assert_eq!(has_pronoun_without_noun(text), dangles, "{text}");
        }
    }

    #[test]
    fn a_supposition_needs_its_condition() {
        for (text, dangles) in [
            ("The council's chances of winning the vote would be good.", true),
            ("You would not want to cite that report for it.", true),
            ("The chances would be good if the bridge were open.", false),
            ("The bill would be the first of its kind.", false),
            ("The mayor said the chances would be good.", false),
            ("The town has a bridge that would be closed in May.", false),
            ("The council would close the bridge.", false),
        ] {
            assert_eq!(supposes(text), dangles, "{text}");
        }
    }

    #[test]
    fn a_phrase_names_nobody() {
        for (text, dangles) in [
            ("As the new engineer, he follows Ann Example.", true),
            ("On the day of the vote, it was open.", true),
            ("In the hours before the vote, those fears grew.", true),
            (
                "In the hours before the vote on May 3, 2017, those fears grew.",
                true,
            ),
            ("As the mayor left the hall, she smiled.", false),
            ("In May, the mayor said it was open.", false),
        ] {
            assert_eq!(opens_without_noun(text), dangles, "{text}");
        }
    }

    #[test]
    fn what_was_told_is_told() {
        assert!(tells_nothing(
            "Town spokesman Andre Example told the Daily Example."
        ));
        assert!(!tells_nothing("The mayor told the council to close the bridge."));
        assert!(!tells_nothing("The mayor told the paper the bridge was closed."));
    }

    #[test]
    fn what_is_counted_from_elsewhere_dangles() {
        for (text, dangles) in [
            ("Ten other people were hurt, the mayor said.", true),
            ("The mayor said 17 were closed in the county.", true),
            ("The mayor said 17 bridges were closed in the county.", false),
            ("The engineers filed a report hours later.", true),
            ("The bridge broke on Monday and was closed two days later.", false),
            ("The mayor and other members of the council met.", false),
        ] {
            assert_eq!(counts_from_elsewhere(text), dangles, "{text}");
        }
    }

    #[test]
    fn a_pointer_needs_what_it_points_to() {
        for (text, dangles) in [
            ("After that, the council closed the bridge.", true),
            ("On it went for five minutes in the old hall.", true),
            ("By this week's end the bridge was closed.", false),
            ("The debut of this tonic comes in time.", true),
            ("The mayor said she is proud of this country.", false),
            ("The mayor said, \"this bridge is old.\"", false),
            ("In the hall that it rents, the council met.", false),
        ] {
            assert_eq!(
                opens_with_pointer(text) || points_at_something(text),
                dangles,
                "{text}"
            );
        }
    }
}
