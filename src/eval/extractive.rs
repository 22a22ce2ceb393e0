//! Extractive baselines over a story's cleaned sentences. Each gives sentences best first; cutting them at the word
//! budget is left to the caller, but for the oracle, which looks at the budget itself.

use std::collections::HashSet;

use super::graph::{Vector, cosine, stationary, tf_idf};
use super::rouge;
use crate::text::similarity::{is_function_word, words};

/// Below this cosine two sentences are not linked (Erkan & Radev 2004).
const LEXRANK_THRESHOLD: f64 = 0.1;
const DAMPING: f64 = 0.85;
/// A sentence this like a chosen one says nothing new: outlets reprint each other.
const SAME_COSINE: f64 = 0.7;

/// The first three sentences of the article that is most like the others (cosine of TF-IDF, summed).
pub fn lead(articles: &[Vec<String>]) -> Vec<String> {
    let documents: Vec<Vec<String>> = articles.iter().map(|article| words(&article.join(" "))).collect();
    let vectors = tf_idf(&documents);
    let central = |vector: &Vector| vectors.iter().map(|other| cosine(vector, other)).sum::<f64>();
    let ranked = by_score(&vectors.iter().map(central).collect::<Vec<_>>());
    let first = ranked
        .iter()
        .filter_map(|at| articles.get(*at))
        .find(|article| !article.is_empty());
    first.into_iter().flatten().take(3).cloned().collect()
}

/// Every article's first sentence, then every second one, and so on.
pub fn round_robin(articles: &[Vec<String>]) -> Vec<String> {
    let longest = articles.iter().map(Vec::len).max().unwrap_or(0);
    let mut seen = HashSet::new();
    (0..longest)
        .flat_map(|at| articles.iter().filter_map(move |article| article.get(at)))
        .filter(|sentence| seen.insert(sentence.as_str()))
        .cloned()
        .collect()
}

/// Continuous `LexRank` (Erkan & Radev 2004): edges weighted by the idf-modified cosine where that exceeds 0.1.
pub fn lex_rank(articles: &[Vec<String>]) -> Vec<String> {
    let sentences: Vec<String> = articles.concat();
    let vectors = vectors(&sentences);
    let weights = edges(&vectors, |a, b| {
        let alike = cosine(a, b);
        if alike > LEXRANK_THRESHOLD { alike } else { 0.0 }
    });
    without_repeats(&sentences, &vectors, &stationary(&weights, DAMPING))
}

/// `TextRank` (Mihalcea & Tarau 2004): edges weighted by shared words over the logarithms of the lengths.
pub fn text_rank(articles: &[Vec<String>]) -> Vec<String> {
    let sentences: Vec<String> = articles.concat();
    let vectors = vectors(&sentences);
    let weights = edges(&vectors, |a, b| {
        let shared = a.keys().filter(|word| b.contains_key(*word)).count() as f64;
        let lengths = (a.len().max(1) as f64).ln() + (b.len().max(1) as f64).ln();
        if lengths > 0.0 { shared / lengths } else { 0.0 }
    });
    without_repeats(&sentences, &vectors, &stationary(&weights, DAMPING))
}

/// Centroid (Radev et al. 2004): the cosine of a sentence with the story's mean vector; their position features, which
/// `lead` covers, are left out.
pub fn centroid(articles: &[Vec<String>]) -> Vec<String> {
    let sentences: Vec<String> = articles.concat();
    let vectors = vectors(&sentences);
    let mut middle = Vector::new();
    for (word, weight) in vectors.iter().flatten() {
        *middle.entry(word.clone()).or_default() += weight;
    }
    let scores: Vec<f64> = vectors.iter().map(|vector| cosine(vector, &middle)).collect();
    without_repeats(&sentences, &vectors, &scores)
}

/// The sentences that, one after the other, raise ROUGE-1 + ROUGE-2 F1 against the reference most: about the best
/// that extraction can do. It ends when none helps, or when none that helps fits the budget.
pub fn oracle(articles: &[Vec<String>], reference: &str, budget_words: usize) -> Vec<String> {
    let reference = rouge::tokens(reference);
    let mut left: Vec<(String, Vec<String>)> = articles
        .concat()
        .into_iter()
        .map(|sentence| (sentence.clone(), rouge::tokens(&sentence)))
        .collect();
    let (mut chosen, mut so_far, mut best, mut length) = (Vec::new(), Vec::new(), 0.0, 0);
    loop {
        let mut next: Option<usize> = None;
        for (at, (sentence, tokens)) in left.iter().enumerate() {
            if length + sentence.split_whitespace().count() > budget_words {
                continue;
            }
            let longer = [so_far.as_slice(), tokens.as_slice()].concat();
            let score =
                rouge::f1_of_grams(&longer, &reference, 1) + rouge::f1_of_grams(&longer, &reference, 2);
            if score > best {
                (best, next) = (score, Some(at));
            }
        }
        let Some(at) = next else {
            return chosen;
        };
        let (sentence, tokens) = left.swap_remove(at);
        length += sentence.split_whitespace().count();
        so_far.extend(tokens);
        chosen.push(sentence);
    }
}

/// The sentences cut after so many words (divided by blanks) in all.
pub fn cut_at(sentences: &[String], budget_words: usize) -> Vec<String> {
    let mut left = budget_words;
    let mut kept = Vec::new();
    for sentence in sentences {
        let words: Vec<&str> = sentence.split_whitespace().take(left).collect();
        if words.is_empty() {
            break;
        }
        left -= words.len();
        kept.push(words.join(" "));
    }
    kept
}

/// TF-IDF vectors of the sentences' content words.
fn vectors(sentences: &[String]) -> Vec<Vector> {
    let content = |sentence: &String| {
        let mut words = words(sentence);
        words.retain(|word| !is_function_word(word));
        words
    };
    tf_idf(&sentences.iter().map(content).collect::<Vec<_>>())
}

/// A symmetric matrix of weights without self-links.
fn edges(vectors: &[Vector], weight: impl Fn(&Vector, &Vector) -> f64) -> Vec<Vec<f64>> {
    let row = |at: usize, a: &Vector| {
        let weight_to = |(other, b): (usize, &Vector)| if other == at { 0.0 } else { weight(a, b) };
        vectors.iter().enumerate().map(weight_to).collect()
    };
    vectors.iter().enumerate().map(|(at, a)| row(at, a)).collect()
}

/// The sentences by falling score, without those that repeat a better one.
fn without_repeats(sentences: &[String], vectors: &[Vector], scores: &[f64]) -> Vec<String> {
    let mut kept: Vec<(&String, &Vector)> = Vec::new();
    for at in by_score(scores) {
        if let (Some(sentence), Some(vector)) = (sentences.get(at), vectors.get(at))
            && kept.iter().all(|(_, other)| cosine(vector, other) < SAME_COSINE)
        {
            kept.push((sentence, vector));
        }
    }
    kept.into_iter().map(|(sentence, _)| sentence.clone()).collect()
}

/// Indices by falling score; equal ones in their order.
fn by_score(scores: &[f64]) -> Vec<usize> {
    let mut ranked: Vec<(usize, f64)> = scores.iter().copied().enumerate().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    ranked.into_iter().map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story() -> Vec<Vec<String>> {
        let article = |sentences: &[&str]| sentences.iter().map(|s| (*s).to_owned()).collect();
        vec![
            article(&[
                "Engineers closed the old bridge after cracks.",
                "Lunch was served at noon.",
            ]),
            article(&[
                "The old bridge was closed, engineers said.",
                "Cracks ran through the bridge deck.",
            ]),
            article(&[
                "Ferries carry commuters while the bridge is closed.",
                "Tickets cost two coins.",
            ]),
        ]
    }

    #[test]
    fn every_ranking_puts_the_common_matter_before_the_aside() {
        for rank in [lex_rank, text_rank, centroid] {
            let ranked = rank(&story());
            assert!(ranked[0].contains("bridge"), "{ranked:?}");
            let aside = ranked.iter().position(|s| s.starts_with("Lunch")).unwrap();
            assert!(aside >= 3, "{ranked:?}");
        }
        assert!(lead(&story())[0].contains("bridge"));
    }

    #[test]
    fn round_robin_takes_first_sentences_first() {
        let order = round_robin(&story());
        assert!(
            order[1].starts_with("The old bridge") && order[3].starts_with("Lunch"),
            "{order:?}"
        );
    }

    #[test]
    fn the_oracle_takes_what_the_reference_says_and_keeps_to_the_budget() {
        let reference = "Cracks ran through the bridge deck. Tickets cost two coins.";
        let mut chosen = oracle(&story(), reference, 50);
        chosen.sort();
        assert_eq!(
            chosen,
            ["Cracks ran through the bridge deck.", "Tickets cost two coins."]
        );
        assert_eq!(
            oracle(&story(), reference, 6),
            ["Cracks ran through the bridge deck."]
        );
    }

    #[test]
    fn nothing_gives_nothing_and_the_budget_is_kept_to_the_word() {
        for rank in [lead, round_robin, lex_rank, text_rank, centroid] {
            assert!(rank(&[]).is_empty());
        }
        let cut = cut_at(&["one two".to_owned(), "three four".to_owned()], 3);
        assert_eq!(cut, ["one two", "three"]);
    }
}
