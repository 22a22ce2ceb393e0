//! Words that turn a statement round, and words that say whose statement it is. Own compilation.

/// Words that deny, beside those that end in "n't".
const NEGATIONS: [&str; 12] = [
    "not", "no", "never", "none", "nobody", "nothing", "neither", "nor", "cannot", "without", "nowhere",
    "unable",
];

/// Words that say that somebody says it.
const REPORTING: [&str; 45] = [
    "said",
    "says",
    "say",
    "saying",
    "told",
    "tells",
    "added",
    "adds",
    "stated",
    "states",
    "announced",
    "announces",
    "reported",
    "reports",
    "reportedly",
    "claimed",
    "claims",
    "claiming",
    "alleged",
    "alleges",
    "alleging",
    "allegedly",
    "accused",
    "accuses",
    "accusing",
    "suspected",
    "argued",
    "argues",
    "warned",
    "warns",
    "insisted",
    "denied",
    "denies",
    "acknowledged",
    "confirmed",
    "estimated",
    "wrote",
    "writes",
    "tweeted",
    "testified",
    "believes",
    "believed",
    "apparently",
    "purportedly",
    "charged",
];

/// The words that deny in a text, normalised ("n't" and "cannot" are "not"), in order.
pub fn negations(text: &str) -> Vec<String> {
    lower_words(text)
        .filter_map(|word| match word.as_str() {
            "cannot" => Some("not".to_owned()),
            contracted if contracted.ends_with("n't") => Some("not".to_owned()),
            other => NEGATIONS.contains(&other).then(|| other.to_owned()),
        })
        .collect()
}

/// Whether a text says that somebody says it ("said", "according to", "allegedly", "claimed", "is accused of").
pub fn has_attribution(text: &str) -> bool {
    let words: Vec<String> = lower_words(text).collect();
    words.iter().any(|word| REPORTING.contains(&word.as_str()))
        || words
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a == "according" && b == "to"))
}

fn lower_words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’'))
        .filter(|word| !word.is_empty())
        .map(|word| word.replace('’', "'").to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negations_are_found_however_they_are_written() {
        assert_eq!(
            negations("They didn’t go, and cannot. No, never."),
            ["not", "not", "no", "never"]
        );
        assert!(negations("A notable note").is_empty());
    }

    #[test]
    fn reporting_words_are_attribution() {
        assert!(has_attribution("It fell, officials said."));
        assert!(has_attribution("According to police, it fell."));
        assert!(!has_attribution("It fell according with rules."));
    }
}
