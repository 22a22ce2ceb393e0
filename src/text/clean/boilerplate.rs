//! What is furniture and not story: decided for a paragraph, or a sentence of one, from its words and form alone.

use super::super::{cut, is_closing, is_stop};
use super::dateline;
use super::phrases;

/// Phrases that also occur in real sentences tell something only in a short paragraph.
const SHORT_WORDS: usize = 40;

/// A caption is not longer than this.
const CAPTION_WORDS: usize = 90;

/// A heading that is a question ("What happens next?") has at most so many words.
const HEADING_WORDS: usize = 8;

/// From so many words on, the stop of "the U.S." or "5 p.m." ends a sentence too.
const SENTENCE_WORDS: usize = 6;

/// Agencies and broadcasters that stand after the slash of a photo credit.
const AGENCIES: [&str; 9] = [
    "AFP",
    "AP",
    "Bloomberg",
    "CNN",
    "EPA",
    "Getty",
    "NPR",
    "Reuters",
    "UPI",
];

/// Whether a paragraph or sentence is a caption, a credit, an appeal, a link, a heading, a byline, a post copied from
/// a social network, or anything else that the page says and not the story.
pub(in crate::text) fn is_boilerplate(text: &str) -> bool {
    let text = text.trim();
    // "(AP)" in a dateline is no photo credit.
    let plain = straightened(cut(text, dateline::length(text)..text.len()));
    let lower = plain.to_lowercase();
    let words = plain.split_whitespace().count();
    words == 0
        || is_furniture_phrase(&lower, words)
        || is_credit(&plain, &lower, words)
        || is_heading(&plain, words)
        || is_link(&plain, &lower)
        || is_post(&plain)
        || is_transcript(&plain)
}

fn is_furniture_phrase(lower: &str, words: usize) -> bool {
    let bare = lower.trim_matches(|c: char| !c.is_alphanumeric() && c != '©');
    // "“Welcome to Delta City,” the mayor said."
    let quoted = lower.starts_with('"');
    phrases::whole().any(|phrase| bare == phrase)
        || (!quoted && phrases::starts().any(|start| starts_with_phrase(bare, start)))
        || phrases::anywhere().any(|phrase| lower.contains(phrase))
        || (words <= SHORT_WORDS && phrases::short().any(|phrase| lower.contains(phrase)))
        || (words <= SHORT_WORDS && bare.starts_with("follow ") && bare.contains(" on "))
}

/// A prefix that ends where a word ends.
fn starts_with_phrase(text: &str, phrase: &str) -> bool {
    text.strip_prefix(phrase).is_some_and(|rest| {
        phrase.ends_with(|c: char| !c.is_alphanumeric()) || !rest.starts_with(char::is_alphanumeric)
    })
}

/// Photo credits and the captions they stand in; "By Ann Example, Newswire".
fn is_credit(plain: &str, lower: &str, words: usize) -> bool {
    let agency = plain.contains("REUTERS/") || plain.contains("Reuters photo") || ends_with_agency(plain);
    if words <= CAPTION_WORDS && (agency || phrases::credits().any(|credit| lower.contains(credit))) {
        return true;
    }
    let by = plain.strip_prefix("By ").or_else(|| plain.strip_prefix("BY "));
    let names = |text: &str| {
        text.split([' ', ',', '/', '|'])
            .filter(|word| !word.is_empty())
            .all(|word| {
                word.starts_with(|c: char| c.is_uppercase() || !c.is_alphabetic())
                    || matches!(word, "and" | "for" | "in" | "of" | "de" | "van")
            })
    };
    words <= 14 && by.is_some_and(names)
}

/// "Ann Example/AP": the photographer's name and the agency's.
fn ends_with_agency(plain: &str) -> bool {
    plain
        .rsplit_once('/')
        .is_some_and(|(_, agency)| AGENCIES.contains(&agency.trim_end_matches([')', '.'])))
}

/// Text without a single stop, in capitals, or a short question.
fn is_heading(plain: &str, words: usize) -> bool {
    let ends = plain.trim_end_matches(is_closing);
    if ends.ends_with('?') && words <= HEADING_WORDS && !plain.contains('"') {
        return true;
    }
    let (upper, lower) = plain.chars().fold((0_usize, 0_usize), |(upper, lower), c| {
        (
            upper + usize::from(c.is_uppercase()),
            lower + usize::from(c.is_lowercase()),
        )
    });
    if upper + lower > 8 && upper > 3 * lower {
        return true;
    }
    let stopped = words >= SENTENCE_WORDS && ends.ends_with(is_stop);
    !stopped && !has_stop(plain)
}

/// Whether a stop ends a word somewhere: "3.5", "J. Example" and "the U.S. plan" have none, "It did. Then" has.
fn has_stop(plain: &str) -> bool {
    // The letters since the last blank or stop: a single one is an initial.
    let mut letters = 0;
    let mut chars = plain.chars().peekable();
    let mut at_start = true;
    while let Some(c) = chars.next() {
        if is_stop(c) {
            let ends = chars
                .peek()
                .is_none_or(|next| next.is_whitespace() || is_closing(*next));
            let initial = letters == 1 || (at_start && letters < 3);
            // Scripts without blanks end a sentence with a wide stop, whatever follows.
            if (ends && !initial) || !c.is_ascii() {
                return true;
            }
            letters = 0;
        } else if c.is_whitespace() {
            letters = 0;
            at_start = false;
        } else if c.is_ascii_digit() && !at_start {
            letters += 2;
        } else {
            letters += 1;
        }
    }
    false
}

/// "READ MORE: …", a bare address, "… Read more", "[See the list here.]", where to write to, a line of page code.
fn is_link(plain: &str, lower: &str) -> bool {
    let label = plain
        .split_once(':')
        .map(|(label, _)| label.trim().to_lowercase());
    label.is_some_and(|label| phrases::link_labels().any(|known| label == known))
        || lower.ends_with(" read more")
        || lower.starts_with("http")
        || lower.contains("=\"http")
        || (plain.starts_with('[') && plain.ends_with(']'))
        || (lower.contains("://") && plain.split_whitespace().count() <= 12)
        || plain.split_whitespace().take(SHORT_WORDS).any(is_mail_address)
}

/// "letters@example.org", also with marks around it.
fn is_mail_address(word: &str) -> bool {
    word.split_once('@').is_some_and(|(user, host)| {
        user.ends_with(char::is_alphanumeric)
            && host.starts_with(char::is_alphanumeric)
            && host
                .trim_end_matches(|c: char| !c.is_alphanumeric())
                .contains('.')
    })
}

/// A post: an account's name and a date at the end, or a picture's short address.
fn is_post(plain: &str) -> bool {
    if plain.contains("pic.twitter.com/") || plain.contains("https://t.co/") {
        return true;
    }
    let Some((_, end)) = plain.rsplit_once("(@") else {
        return plain.starts_with('@') || plain.starts_with("RT @");
    };
    let after = end.split_once(')').map_or("", |(_, after)| after);
    after.len() <= 30 && after.chars().any(|c| c.is_ascii_digit())
}

/// "EXAMPLE: I agree." — a speaker's turn, whose words stand in no quotation marks.
fn is_transcript(plain: &str) -> bool {
    let Some((speaker, rest)) = plain.split_once(": ") else {
        return false;
    };
    let letters = speaker.chars().filter(|c| c.is_alphabetic()).count();
    letters >= 3
        && speaker.len() <= 40
        && !rest.is_empty()
        && speaker.split_whitespace().count() <= 5
        && !speaker.chars().any(char::is_lowercase)
        && dateline::length(plain) == 0
}

/// Quotation marks and apostrophes in one form, so that phrases need only one.
fn straightened(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '’' | '‘' => '\'',
            '“' | '”' => '"',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_page_says_is_no_story() {
        for text in [
            "Advertisement",
            "Story continues below",
            "CLICK HERE TO GET THE EXAMPLE NEWS APP",
            "Sign up for our daily newsletter.",
            "Get the day’s news delivered to your inbox. Sign up here.",
            "This site uses cookies. By continuing you agree to our privacy policy.",
            "FILE - In this July 4, 2020 file photo, Ann Example speaks at the dam.",
            "Ann Example, left, speaks at the dam. (AP Photo/Bob Sample)",
            "By Ann Example and Bob Sample, Newswire",
            "Bob Sample contributed to this report.",
            "The Associated Press contributed to this report.",
            "Reporting by Ann Example; Editing by Bob Sample",
            "Updated at 7:55 p.m.",
            "READ MORE: Dam holds after flood.",
            "More: Dam holds after flood",
            "ENGINEERS SAY DAM MAY NOT HOLD AFTER FLOOD",
            "What happens next?",
            "A dam that nobody wanted",
            "EXAMPLE: I think the dam will hold.",
            "The dam holds! pic.twitter.com/abc — Ann (@ann) July 4, 2020",
            "The dam holds. — Ann Example (@ann) July 4, 2020",
            "Copyright 2025 The Delta News. All rights reserved.",
            "Follow Ann on Twitter.",
            "Correction: An earlier version of this article named the wrong dam.",
            "© 2025 Newswire",
            "Ann Example looks at the dam in Delta City, July 4, 2020. Bob Sample/AP",
            "[Is your town at risk? See the list of dams here.]",
            "Write to Ann Example about dams: letters@example.org.",
            "AP writers Ann Example and Bob Sample contributed.",
            "The text of the report is available here.",
            "Immigrants in the U.S.",
            "",
        ] {
            assert!(is_boilerplate(text), "{text}");
        }
    }

    #[test]
    fn what_the_story_says_is_kept() {
        for text in [
            "The dam held, said Ann Example.",
            "“What happens next?” she asked.",
            "Readers were told to sign the petition by Friday, officials said.",
            "By Friday the dam was dry.",
            "The advertisement cost $2 million, the company said.",
            "She follows the mayor on Twitter, and he blocked her after the dam broke, court papers said.",
            "The company said it would update its cookie policy after regulators in three countries complained about it.",
            "NATO and the EU said: The dam must hold.",
            "The dam is the largest in the U.S.",
            "“We will never know why it broke. Welcome to Delta City,” Ann Example said.",
            "“Welcome to Delta City,” Ann Example said.",
            "As a member of the council she voted to close the dam, as she says in the video.",
            "She wrote to @example.org and/or AP writers.",
            "[Laughter] The dam held.",
            "大坝在周五没有倒塌。",
            "La presa resistió el viernes, dijeron los ingenieros.",
        ] {
            assert!(!is_boilerplate(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in any::<String>()) {
            let _ = is_boilerplate(&text);
        }
    }
}
