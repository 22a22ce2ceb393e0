//! What several outlets open with: by common consent, what the news is.

use std::collections::{BTreeMap, BTreeSet};

use super::rank::OPENING;
use crate::summarize::material::Material;
use crate::summarize::verify::support::content_words;

/// So many independent outlets make a word common.
const MIN_OUTLETS: usize = 2;

/// The content words, as stems, that several independent outlets have in their first usable sentences.
#[derive(Debug, Default)]
pub struct Openings {
    common: BTreeSet<String>,
}

impl Openings {
    /// Finds them in a story's articles. An outlet counts once, however many articles it has (P20).
    pub fn of(material: &Material<'_>) -> Self {
        let first = material
            .passages
            .iter()
            .filter(|passage| passage.position < OPENING);
        Self::in_sentences(first.filter_map(|passage| {
            let family = material.families.get(passage.family)?;
            Some((passage.text, family.outlet_key.as_str()))
        }))
    }

    /// Finds them in these sentences, each with its outlet.
    pub fn in_sentences<'t>(sentences: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let mut outlets: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (text, outlet) in sentences {
            for word in content_words(text) {
                outlets.entry(word).or_default().insert(outlet);
            }
        }
        outlets.retain(|_, outlets| outlets.len() >= MIN_OUTLETS);
        Self {
            common: outlets.into_keys().collect(),
        }
    }

    /// Those that a text has.
    pub fn told_by(&self, text: &str) -> BTreeSet<String> {
        let mut told: BTreeSet<String> = content_words(text).into_iter().collect();
        told.retain(|word| self.common.contains(word));
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_common_when_two_outlets_open_with_it() {
        let openings = Openings::in_sentences([
            ("The old bridge closed on Friday.", "herald"),
            ("The bridge will not open again, the herald learned.", "herald"),
            ("Engineers closed the old crossing.", "tribune"),
        ]);
        let told = openings.told_by("Engineers say that the old bridge is closed.");
        assert_eq!(told, BTreeSet::from(["clos".to_owned(), "old".to_owned()]));
    }
}
