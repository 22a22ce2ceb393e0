//! Which language a story is in, and which of its articles are in another.

use std::collections::BTreeMap;

use super::Source;
use crate::text::language::detect;

/// How much of an article is read to tell its language, characters.
const SAMPLE_CHARS: usize = 1_500;

/// The primary tag of a BCP 47 tag, lower case: "en" of "en-GB".
pub fn primary(tag: &str) -> String {
    tag.split(['-', '_'])
        .next()
        .unwrap_or_default()
        .trim()
        .to_lowercase()
}

/// The language of an article: what its text shows, else what the caller says; `None` where neither tells.
pub fn of_article(source: &Source<'_>) -> Option<String> {
    let mut sample = String::new();
    for sentence in &source.analysis.sentences {
        sample.push_str(source.text.get(sentence.start..sentence.end).unwrap_or_default());
        sample.push('\n');
        if sample.len() > SAMPLE_CHARS {
            break;
        }
    }
    detect(&sample)
        .map(str::to_owned)
        .or_else(|| source.meta.language.as_deref().map(primary))
        .filter(|tag| !tag.is_empty())
}

/// The language of a story: the caller's, else that of most articles (among equals the first by tag).
pub fn of_story(tag: Option<&str>, articles: &[Option<String>]) -> Option<String> {
    if let Some(tag) = tag.map(primary).filter(|tag| !tag.is_empty()) {
        return Some(tag);
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for language in articles.iter().flatten() {
        *counts.entry(language).or_default() += 1;
    }
    let most = counts.values().copied().max()?;
    counts
        .into_iter()
        .find(|(_, count)| *count == most)
        .map(|(language, _)| language.to_owned())
}

/// Whether model and rules serve a language. A story whose language nobody can tell is taken to be served: it has
/// too little text to be anything but short.
pub fn is_served(language: Option<&str>, served: &[String]) -> bool {
    language.is_none_or(|language| served.iter().any(|tag| primary(tag) == language))
}
