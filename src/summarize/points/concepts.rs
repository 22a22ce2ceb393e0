//! What a story says again and again: the concepts of Gillick and Favre (2009), pairs of words that several of its
//! sentences have, each worth as much as outlets have it.

use std::collections::{BTreeMap, BTreeSet};

use crate::summarize::material::Material;
use crate::summarize::verify::support::content_words;

/// So many sentences of a story make a pair of words a concept.
const MIN_SENTENCES: usize = 2;

/// The stems of two content words, one after the other with at most function words between.
pub type Concept = (String, String);

/// The concepts of a story.
#[derive(Debug, Default)]
pub struct Concepts {
    outlets: BTreeMap<Concept, usize>,
}

impl Concepts {
    /// Finds them in the story's usable sentences. An outlet counts once, however often it says a thing (P20).
    pub fn of(material: &Material<'_>) -> Self {
        Self::in_sentences(material.passages.iter().filter_map(|passage| {
            let family = material.families.get(passage.family)?;
            Some((passage.text, family.outlet_key.as_str()))
        }))
    }

    /// Finds them in these sentences, each with its outlet.
    pub fn in_sentences<'t>(sentences: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let mut found: BTreeMap<Concept, (usize, BTreeSet<&str>)> = BTreeMap::new();
        for (text, outlet) in sentences {
            for pair in pairs(text) {
                let (sentences, outlets) = found.entry(pair).or_default();
                *sentences += 1;
                outlets.insert(outlet);
            }
        }
        found.retain(|_, (sentences, _)| *sentences >= MIN_SENTENCES);
        let outlets = found
            .into_iter()
            .map(|(pair, (_, outlets))| (pair, outlets.len()));
        Self {
            outlets: outlets.collect(),
        }
    }

    /// The concepts that a text has, each with the number of outlets that have it.
    pub fn told_by(&self, text: &str) -> BTreeMap<Concept, usize> {
        let known = |pair: Concept| self.outlets.get(&pair).map(|outlets| (pair.clone(), *outlets));
        pairs(text).into_iter().filter_map(known).collect()
    }
}

fn pairs(text: &str) -> BTreeSet<Concept> {
    let words = content_words(text);
    words.iter().cloned().zip(words.iter().skip(1).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_concept_is_said_twice_and_worth_as_much_as_outlets_have_it() {
        let concepts = Concepts::in_sentences([
            ("The old bridge closed.", "herald"),
            ("Closing the old bridge takes a day.", "tribune"),
            ("Tickets cost two coins.", "herald"),
            ("The tickets will cost a coin.", "herald"),
        ]);
        let told = concepts.told_by("An old bridge, and tickets that cost nothing.");
        let told: Vec<_> = told
            .iter()
            .map(|((a, b), outlets)| (a.as_str(), b.as_str(), *outlets))
            .collect();
        assert_eq!(told, [("old", "bridg", 2), ("ticket", "cost", 1)]);
    }
}
