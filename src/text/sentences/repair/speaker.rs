//! Whether the speaker of a quotation follows it: “Is it safe?” Ann Example asked.

use super::{after, before};
use crate::text::{is_closing, is_stop};

/// A speaker's name and title are not longer than this.
const MAX_SPEAKER_WORDS: usize = 6;

/// So many bytes are enough for the speaker and the verb.
const WINDOW_BYTES: usize = 120;

/// Verbs that name the speaker of a quotation before them. Own compilation.
#[rustfmt::skip]
const VERBS: [&str; 32] = [
    "added", "argued", "asked", "concluded", "continued", "declared", "demanded", "exclaimed",
    "explained", "insisted", "joked", "noted", "posted", "quipped", "read", "reads", "recalled",
    "replied", "responded", "said", "says", "shouted", "stated", "testified", "tells", "told", "tweeted",
    "warned", "wondered", "writes", "wrote", "yelled",
];

/// Words that can follow "she said" without making it the beginning of a statement ("She said that it held").
#[rustfmt::skip]
const CIRCUMSTANCES: [&str; 27] = [
    "about", "after", "again", "as", "at", "before", "during", "earlier", "early", "from", "in", "late",
    "later", "of", "on", "over", "through", "to", "upon", "via", "when", "while", "with", "reporters",
    "lawmakers", "supporters", "sarcastically",
];

/// Whether the text before this place ends with a quotation, and the text after it only says whose it is.
pub(super) fn follows(paragraph: &str, place: usize) -> bool {
    let head = before(paragraph, place, 16).trim_end();
    let words = head.trim_end_matches(|c| is_closing(c) || c == '“');
    if words.len() == head.len() || !words.ends_with(is_stop) {
        return false;
    }
    // After a full stop it is somebody's mistake for a comma, and only a few words are sure to name the speaker.
    let rest = after(paragraph, place, WINDOW_BYTES);
    only_names_speaker(rest) && (words.ends_with(['!', '?']) || is_short(rest))
}

/// A name and a verb of speaking, after which no statement of the speaker's begins.
fn only_names_speaker(rest: &str) -> bool {
    let mut words = rest.split_whitespace().take(MAX_SPEAKER_WORDS + 2).peekable();
    let mut name_words = 0;
    // "Example, the mayor, said": commas come in pairs.
    let mut commas = 0;
    while let Some(word) = words.next() {
        let bare = word.trim_end_matches([',', '.', ';', ':']);
        if name_words > 0 && VERBS.contains(&bare) {
            let ends = bare.len() < word.len();
            return commas % 2 == 0 && (ends || words.peek().is_none_or(|next| is_circumstance(bare, next)));
        }
        if !word.starts_with(|c: char| c.is_alphabetic() || c == '(') {
            return false;
        }
        name_words += 1;
        commas += usize::from(word.ends_with(','));
    }
    false
}

fn is_circumstance(verb: &str, next: &str) -> bool {
    let bare = next.trim_end_matches([',', '.', ';', ':']);
    CIRCUMSTANCES.contains(&bare)
        || bare.ends_with("day")
        || (bare.ends_with("ly") && bare.len() > 4)
        || (matches!(verb, "told" | "asked" | "tells") && next.starts_with(char::is_uppercase))
}

/// "Ann Example tweeted."
fn is_short(rest: &str) -> bool {
    let words: Vec<&str> = rest.split_whitespace().take(4).collect();
    words.len() <= 3
        || words
            .iter()
            .take(3)
            .any(|word| word.ends_with('.') && word.chars().nth(3).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speaker_at(text: &str) -> bool {
        follows(&text.replace('|', ""), text.find('|').unwrap())
    }

    #[test]
    fn a_name_and_a_verb_of_speaking_are_the_speaker() {
        for text in [
            "“Is it safe?” |Ann Example asked.",
            "“It is!” |Mayor Bob Sample of Delta City wrote on Monday.",
            "“It is!” |Mr. Sample told reporters on Monday.",
            "“It is!” |The president said.",
            "“It is.” |Sample tweeted.",
        ] {
            assert!(speaker_at(text), "{text}");
        }
    }

    #[test]
    fn a_statement_of_somebody_else_is_none() {
        for text in [
            "“Is it safe?” |The council said that it was.",
            "“Is it safe?” |The council said it was.",
            "“It is.” |The council said in June that it was not.",
            "“Is it safe?” |Nobody knew, Ann Example said.",
            "Is it safe? |Ann Example asked.",
            "“It is!” |“It was,” he said.",
        ] {
            assert!(!speaker_at(text), "{text}");
        }
    }
}
