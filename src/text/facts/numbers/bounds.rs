//! Words before a number that make it more, less or about as much: "nearly 300" is not 300. Own compilation.

use crate::text::facts::tokens::{Kind, Token};

/// The longest phrase, and an article.
const MAX_WORDS: usize = 4;

/// How a number stands to the true value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// "300".
    Exact,
    /// "nearly 300", "fewer than 300", "up to 300".
    Below,
    /// "more than 300", "at least 300".
    Above,
    /// "about 300".
    About,
    /// "topped 300": 300, or more.
    Passed,
}

#[rustfmt::skip]
const BELOW: [&str; 13] = [
    "almost", "as many as", "as much as", "at most", "below", "close to", "fewer than", "just short of", "less than",
    "maximum of", "nearly", "under", "up to",
];

const ABOVE: [&str; 6] = [
    "above",
    "at least",
    "minimum of",
    "more than",
    "over",
    "upwards of",
];

const ABOUT: [&str; 6] = ["about", "approximately", "around", "estimated", "roughly", "some"];

#[rustfmt::skip]
const PASSED: [&str; 12] = [
    "exceed", "exceeded", "exceeding", "exceeds", "passed", "past", "surpass", "surpassed", "surpassing", "top", "topped",
    "topping",
];

/// Each turns a phrase of the lists above round.
const DENIED: [&str; 5] = [
    "no fewer than",
    "no less than",
    "no more than",
    "not less than",
    "not more than",
];

impl Bound {
    /// The bound that the words before the token at this index set.
    pub(super) fn before(tokens: &[Token<'_>], index: usize) -> Self {
        let words: Vec<String> = tokens
            .iter()
            .take(index)
            .skip(index.saturating_sub(MAX_WORDS))
            .map(|token| token.text.to_lowercase())
            .collect();
        let written = tokens.get(index).is_some_and(|token| token.kind == Kind::Word);
        let text = words.join(" ");
        // "nearly a dozen"
        let text = text.strip_suffix(" a").filter(|_| written).unwrap_or(&text);
        let says = |phrases: &[&str]| phrases.iter().any(|phrase| ends_with_words(text, phrase));
        match (says(&BELOW), says(&ABOVE), says(&DENIED)) {
            (true, _, false) | (_, true, true) => Self::Below,
            // "A suit over three laws" counts them.
            (_, true, false) if written && says(&["over"]) => Self::Exact,
            (_, true, false) | (true, _, true) => Self::Above,
            _ if says(&ABOUT) => Self::About,
            _ if says(&PASSED) => Self::Passed,
            _ => Self::Exact,
        }
    }

    /// Whether a number with this bound in the evidence proves one with that bound: to say less precisely what the
    /// evidence says is no error.
    pub(super) fn proves(self, claim: Self) -> bool {
        match (self, claim) {
            (Self::Exact, Self::About) => true,
            (Self::Passed, other) | (other, Self::Passed) => other != Self::Below && other != Self::About,
            (proof, claim) => proof == claim,
        }
    }
}

fn ends_with_words(text: &str, phrase: &str) -> bool {
    text.strip_suffix(phrase)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with(' '))
}
