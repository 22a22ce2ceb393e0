//! Features of rules: what the checks of `verify`, each a yes or no for one promise, find in a claim.

use super::claim::{Claim, Sentence};
use crate::summarize::verify::{meaning, roles, speakers};
use crate::text::facts;

/// Values of a claim; all of them are higher for one with more faults.
pub const NAMES: [&str; 14] = [
    "numbers",
    "numbers_matched",
    "names",
    "names_matched",
    "names_apart",
    "quotes",
    "negation_added",
    "negation_lost",
    "hedge_added",
    "hedge_lost",
    "attribution_added",
    "attribution_lost",
    "roles",
    "speakers",
];

/// More faults of a kind than this count as so many.
const MOST: usize = 3;

/// The values of a claim, in the order of [`NAMES`]; `matches` are the sources that prove each sentence best.
pub fn of_claim(claim: &Claim, matches: &[Vec<usize>]) -> [f64; NAMES.len()] {
    let sources: Vec<&str> = claim.sources.iter().map(|source| source.text.as_str()).collect();
    let mut sum = [0.0; NAMES.len()];
    for (sentence, matches) in claim.sentences.iter().zip(matches) {
        let matched: Vec<&Sentence> = matches
            .iter()
            .filter_map(|index| claim.sources.get(*index))
            .collect();
        let values = of_sentence(sentence, &matched, &sources);
        sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += value);
    }
    sum.map(|value| value.min(MOST as f64))
}

fn of_sentence(sentence: &Sentence, matched: &[&Sentence], sources: &[&str]) -> [f64; NAMES.len()] {
    let text = sentence.text.as_str();
    let near: Vec<&str> = matched.iter().map(|source| source.text.as_str()).collect();
    let best = near.get(..1).unwrap_or_default();
    let negated = |text: &str| !facts::negations(text).is_empty();
    let hedged = |source: &[String]| source.iter().any(|word| meaning::is_hedge(word));
    let best_words = matched
        .first()
        .map(|best| best.words.as_slice())
        .unwrap_or_default();
    let yes = |fault: bool| f64::from(u8::from(fault));
    [
        facts::unsupported_numbers(text, sources).len() as f64,
        facts::unsupported_numbers(text, &near).len() as f64,
        facts::unsupported_names(text, sources).len() as f64,
        facts::unsupported_names(text, &near).len() as f64,
        facts::unsupported_names(text, best).len() as f64,
        facts::unsupported_quotes(text, sources).len() as f64,
        yes(negated(text) && !near.iter().any(|source| negated(source))),
        yes(!negated(text) && best.iter().any(|source| negated(source))),
        yes(hedged(&sentence.words) && !matched.iter().any(|source| hedged(&source.words))),
        yes(!hedged(&sentence.words) && hedged(best_words)),
        yes(facts::has_attribution(text) && !near.iter().any(|source| facts::has_attribution(source))),
        yes(!facts::has_attribution(text) && best.iter().any(|source| facts::has_attribution(source))),
        yes(roles::are_swapped(text, sources)),
        yes(speakers::are_changed(text, sources)),
    ]
}
