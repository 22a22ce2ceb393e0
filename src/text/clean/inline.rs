//! Furniture within a sentence: it makes the sentence unreadable, but says nothing against its paragraph.

/// A surname stands again within so many words.
const NAME_WORDS: usize = 6;

/// Whether a card that pops up over a name was copied into the sentence: the name in full, headlines that are glued
/// to it, and "MORE" (`Mayor Ann Example Ann J. ExampleDam holds MORE said`). The cards' own stops
/// may have split the sentence, so that half a card counts.
pub(super) fn has_link_card(sentence: &str) -> bool {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    let glued = words.iter().enumerate().any(|(at, word)| {
        let name_before = words.iter().take(at).skip(at.saturating_sub(NAME_WORDS)).rev();
        // Between the two stand first names alone.
        name_before
            .take_while(|name| name.starts_with(|c: char| c.is_uppercase() || c == '('))
            .any(|name| is_glued(word, name))
    });
    let ends = words
        .windows(2)
        .any(|pair| matches!(pair, [more, next] if *more == "MORE" && next.starts_with('(')));
    glued || ends
}

/// `ExampleDam` after `Example`.
fn is_glued(word: &str, name: &str) -> bool {
    name.ends_with(char::is_lowercase)
        && word
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_uppercase() || c == '\''))
        && !word.ends_with("'s")
}

/// Whether a quote of the stock market was set into the sentence (`Example Co. EXM, +0.92% rose`).
pub(super) fn has_ticker(sentence: &str) -> bool {
    let words: Vec<&str> = sentence.split_whitespace().collect();
    words.windows(2).any(|pair| {
        let [symbol, change] = pair else { return false };
        let symbol = symbol.trim_end_matches(',');
        let is_symbol = (1..=6).contains(&symbol.len())
            && symbol
                .chars()
                .all(|c| c.is_ascii_uppercase() || matches!(c, '.' | '/'));
        let is_change =
            change.starts_with(['+', '-', '\u{2212}']) && change.trim_end_matches(',').ends_with('%');
        is_symbol && is_change
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_glued_to_a_headline_is_a_card() {
        for sentence in [
            "Mayor Ann Example Ann J. ExampleDam holds after flood Mayor fears for dam MORE said it held.",
            "Mayor Ann Example Ann J. ExampleDam holds after flood.",
            "Mayor fears for dam MORE (Ohio) said it held.",
        ] {
            assert!(has_link_card(sentence), "{sentence}");
        }
    }

    #[test]
    fn a_quote_of_the_market_is_seen() {
        assert!(has_ticker(
            "Shares of Example Co. EXM, +0.92% reached a high on Monday."
        ));
        assert!(!has_ticker("Shares rose by 0.92% and those of EXM fell."));
    }

    #[test]
    fn names_and_capitals_of_other_kinds_are_no_card() {
        for sentence in [
            "In Example Ann Example's dam held.",
            "Ann Example signed ExampleCare into law.",
            "“We need MORE water,” Ann Example said.",
        ] {
            assert!(!has_link_card(sentence), "{sentence}");
        }
    }
}
