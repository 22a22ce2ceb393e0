//! The words of a sentence as they stand between blanks, and what a rule needs to know of each. Closed classes of English
//! words; own compilation.

use crate::text::facts;
use crate::text::similarity::is_function_word;

/// A word as it stands, with the marks that touch it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word {
    /// As written.
    pub(super) text: String,
    /// In lower case, without marks at its ends.
    pub(super) lower: String,
    /// Whether it stands, in whole or in part, in quotation marks.
    pub(super) quoted: bool,
}

#[rustfmt::skip]
const FINITE: [&str; 74] = [
    "is", "are", "was", "were", "has", "have", "had", "will", "would", "can", "could", "may", "might", "must", "should",
    "did", "does", "do", "said", "says", "told", "made", "took", "gave", "held", "kept", "found", "began", "became", "put",
    "set", "let", "cut", "hit", "ran", "sought", "brought", "left", "met", "lost", "won", "wrote", "spoke", "fell", "rose",
    "stood", "drew", "sent", "came", "got", "saw", "knew", "thought", "led", "paid", "spent", "fought", "built", "bought",
    "sold", "chose", "grew", "threw", "broke", "struck", "shot", "quit", "vetoed", "wants", "plans", "fled", "went", "isn't",
    "wasn't",
];

/// Past forms that are rarer than those above, or plural forms of the present.
#[rustfmt::skip]
const IRREGULAR_PASTS: [&str; 30] = [
    "want", "plan", "say", "face", "need", "remain", "tell", "call", "fear", "use", "hope", "think", "know", "died", "won", "bid",
    "sank", "swore", "tore", "taught", "caught", "hid", "hung", "felt", "dealt", "shook", "woke", "froze", "sat", "read",
];

#[rustfmt::skip]
const PRONOUNS: [&str; 24] = [
    "he", "she", "it", "they", "we", "i", "you", "this", "that", "these", "those", "his", "her", "their", "its", "him", "them",
    "himself", "herself", "itself", "themselves", "such", "there", "who",
];

/// Splits a line at its blanks.
pub(super) fn split(line: &str) -> Vec<Word> {
    let mut inside = false;
    line.split_whitespace()
        .map(|text| {
            let marks = text.chars().filter(|c| *c == '"').count();
            let quoted = inside || marks > 0;
            inside ^= marks % 2 == 1;
            Word::new(text, quoted)
        })
        .collect()
}

impl Word {
    pub(super) fn new(text: &str, quoted: bool) -> Self {
        let bare = text.trim_matches(|c: char| !c.is_alphanumeric());
        Self {
            text: text.to_owned(),
            lower: bare.to_lowercase(),
            quoted,
        }
    }

    /// Whether it ends with a comma.
    pub(super) fn has_comma(&self) -> bool {
        self.text.ends_with(',')
    }

    /// Without a comma, semicolon or stop behind it; the stop of an abbreviation stays.
    pub(super) fn unmarked(&self) -> String {
        self.text.trim_end_matches([',', ';', ':']).to_owned()
    }

    /// Without the stop of the sentence; that of an abbreviation ("U.S.") stays.
    pub(super) fn unstopped(&self) -> String {
        match self.text.strip_suffix('.') {
            Some(bare) if !bare.contains('.') => bare.to_owned(),
            _ => self.text.clone(),
        }
    }

    pub(super) fn is(&self, words: &[&str]) -> bool {
        words.contains(&self.lower.as_str())
    }

    pub(super) fn has_capital(&self) -> bool {
        self.text
            .trim_start_matches(|c: char| !c.is_alphanumeric())
            .starts_with(char::is_uppercase)
    }

    /// Whether it is surely or most likely a finite verb.
    pub(super) fn is_finite_verb(&self) -> bool {
        !self.has_capital()
            && (FINITE.contains(&self.lower.as_str()) || self.lower.len() > 4 && self.lower.ends_with("ed"))
    }

    pub(super) fn is_pronoun(&self) -> bool {
        PRONOUNS.contains(&self.lower.as_str())
    }

    /// Whether it may be a verb of the present tense, or the plural of a noun.
    pub(super) fn may_be_verb(&self) -> bool {
        let inflected = self.lower.len() > 3 && (self.lower.ends_with('s') || self.lower.ends_with("ed"));
        !self.has_capital() && (inflected || IRREGULAR_PASTS.contains(&self.lower.as_str()))
    }

    /// Whether a subject may begin with it: an article, a name, a noun without one is left aside.
    pub(super) fn opens_subject(&self) -> bool {
        !self.is_pronoun() && (self.is(&["the", "a", "an"]) || self.has_capital())
    }

    pub(super) fn is_function(&self) -> bool {
        is_function_word(&self.lower)
    }
}

/// Whether some words deny.
pub(super) fn deny(words: &[Word]) -> bool {
    words.iter().any(|word| !facts::negations(&word.lower).is_empty())
}

/// Whether some words say that somebody says it.
pub(super) fn attribute(words: &[Word]) -> bool {
    let text: Vec<&str> = words.iter().map(|word| word.lower.as_str()).collect();
    facts::has_attribution(&text.join(" "))
}

/// Whether there is a finite verb among the words.
pub(super) fn have_verb(words: &[Word]) -> bool {
    words.iter().any(Word::is_finite_verb)
}
