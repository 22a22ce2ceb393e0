//! What a summary can be made from: the articles that belong, their families, and their usable sentences.
//!
//! Articles that do not belong are left out with a reason.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::families::{self, Fingerprint};
use super::passages::{self, Passage, Served};
use super::topics::{self, mean_of};
use super::verify::leak;
use super::{Input, Settings, Source, genre, language};
use crate::domain::{LeftOut, LeftOutReason};
use crate::text::prose::is_prose;
use crate::text::similarity::words;

/// How many sentences of a family, from its beginning, tell what it is about.
const TOPIC_SENTENCES: usize = 10;

/// The most sentences that are compared with each other: 3,000 take 4.5 million cosines, less than a second. Larger
/// stories take fewer sentences of each family …
const MAX_PASSAGES: usize = 3_000;

/// … but at least this many.
const MIN_PASSAGES_PER_FAMILY: usize = 4;

/// What a summary is made from.
#[derive(Debug)]
pub struct Material<'a> {
    /// All articles, by id.
    pub sources: Vec<Source<'a>>,
    /// The story's language, a primary tag.
    pub language: Option<String>,
    /// Whether model and rules serve it.
    pub served: Served,
    /// Articles that the summary does not rest on, by id.
    pub left_out: Vec<LeftOut>,
    /// The families of the other articles, by the outlet that each is credited to: that of its first article. The
    /// index is what [`Passage::family`] holds.
    pub families: Vec<Family>,
    /// Whether the families are about more than one event.
    pub several_stories: bool,
    /// The usable sentences.
    pub passages: Vec<Passage<'a>>,
    /// Where the story's middle lies among the embeddings; L2-normalised.
    pub centroid: Vec<f32>,
    /// The caller's headline, else the title of the most central article.
    pub headline: Option<String>,
}

/// Articles that are copies of each other.
#[derive(Debug, Clone)]
pub struct Family {
    /// The outlet that published it first, as it counts.
    pub outlet_key: String,
    /// Indices of its articles among the sources, in order of publication.
    pub members: Vec<usize>,
    /// What it is about: the mean of its first sentences; L2-normalised.
    pub topic: Vec<f32>,
}

impl<'a> Material<'a> {
    /// The article of a passage.
    pub fn source(&self, passage: &Passage<'_>) -> Option<&Source<'a>> {
        self.sources.get(passage.source)
    }

    /// How many independent outlets stand behind these passages (P14): each family counts once, for the outlet that
    /// published it first, and each outlet counts once.
    pub fn count_outlets<'p>(&self, passages: impl IntoIterator<Item = &'p Passage<'a>>) -> u32
    where
        'a: 'p,
    {
        let outlets: BTreeSet<&str> = passages
            .into_iter()
            .filter_map(|passage| self.families.get(passage.family))
            .map(|family| family.outlet_key.as_str())
            .collect();
        u32::try_from(outlets.len()).unwrap_or(u32::MAX)
    }
}

/// Sorts the articles and finds out what can be used of them.
pub fn gather<'a>(input: &Input<'a>, settings: &Settings) -> Material<'a> {
    let mut sources = input.sources.to_vec();
    sources.sort_by(|a, b| a.meta.id.cmp(&b.meta.id));
    let languages: Vec<Option<String>> = sources.par_iter().map(language::of_article).collect();
    let story_language = language::of_story(input.language, &languages);
    let served = if language::is_served(story_language.as_deref(), &settings.languages) {
        Served::Yes
    } else {
        Served::No
    };

    let usable = |(source, language): (&Source<'a>, &Option<String>)| {
        if let Some(reason) = genre::not_a_report(source.meta) {
            return Err(reason);
        }
        let passages = passages::of_article(source, served, settings.max_bullet_chars);
        if passages.is_empty() {
            return Err(LeftOutReason::NoUsableText);
        }
        if language.is_some() && story_language.is_some() && *language != story_language {
            return Err(LeftOutReason::OtherLanguage);
        }
        Ok(passages)
    };
    // 405 articles take a second of one core.
    let found: Vec<_> = sources.par_iter().zip(&languages).map(usable).collect();
    let mut left_out = BTreeMap::new();
    let mut articles = Vec::new();
    for (index, found) in found.into_iter().enumerate() {
        match found {
            Ok(passages) => articles.push((index, passages)),
            Err(reason) => {
                left_out.insert(index, reason);
            }
        }
    }
    articles.sort_by_key(|(index, _)| publication_order(&sources, *index));

    let mut families = find_families(&sources, &articles);
    for family in topics::take_off_topic(&mut families) {
        left_out.extend(
            family
                .members
                .into_iter()
                .map(|index| (index, LeftOutReason::OffTopic)),
        );
    }
    let central = topics::most_central(&families);
    Material {
        headline: headline(input, &sources, central),
        centroid: mean_of(families.iter().map(|family| family.topic.as_slice())),
        several_stories: topics::are_several(&families),
        passages: choose_passages(&families, &articles, settings),
        left_out: list_left_out(&sources, &left_out),
        language: story_language,
        sources,
        served,
        families,
    }
}

/// Dated articles first, oldest first; then by id.
fn publication_order(sources: &[Source<'_>], index: usize) -> (bool, i64, usize) {
    let published = sources.get(index).and_then(|source| source.meta.published_at);
    let instant = published.map_or(0, |at| at.instant().as_millisecond());
    (published.is_none(), instant, index)
}

type Usable<'a> = (usize, Vec<Passage<'a>>);

fn find_families(sources: &[Source<'_>], articles: &[Usable<'_>]) -> Vec<Family> {
    let fingerprints: Vec<Fingerprint> = articles
        .par_iter()
        .filter_map(|(index, _)| sources.get(*index))
        .map(|source| Fingerprint::of(&words(&kept_text(source))))
        .collect();
    let mut families: BTreeMap<usize, Family> = BTreeMap::new();
    for (family, (index, passages)) in families::group(&fingerprints).into_iter().zip(articles) {
        let family = families.entry(family).or_insert_with(|| Family {
            outlet_key: sources
                .get(*index)
                .map(|source| source.meta.outlet_key())
                .unwrap_or_default(),
            members: Vec::new(),
            topic: mean_of(
                passages
                    .iter()
                    .take(TOPIC_SENTENCES)
                    .map(|passage| passage.embedding),
            ),
        });
        family.members.push(*index);
    }
    families.into_values().collect()
}

/// The text without boilerplate: what outlets print around their articles is alike and makes no copy.
fn kept_text(source: &Source<'_>) -> String {
    let sentences = source.analysis.sentences.iter();
    let texts: Vec<&str> = sentences
        .filter_map(|sentence| source.text.get(sentence.start..sentence.end))
        .collect();
    texts.join(" ")
}

fn headline(input: &Input<'_>, sources: &[Source<'_>], central: Option<&Family>) -> Option<String> {
    let given = input
        .headline
        .map(str::trim)
        .filter(|headline| !headline.is_empty());
    if let Some(given) = given {
        return Some(given.to_owned());
    }
    let title_of = |source: &Source<'_>| source.meta.title.clone().filter(|title| may_be_headline(title));
    let title_at = |index: &usize| sources.get(*index).and_then(title_of);
    central
        .and_then(|family| family.members.iter().find_map(title_at))
        .or_else(|| sources.iter().find_map(title_of))
}

/// Whether an article's title may head the story: it addresses no model and is no code (P20). Bars divide many titles.
fn may_be_headline(title: &str) -> bool {
    !leak::addresses_a_model(title) && is_prose(&title.replace('|', " "))
}

/// The first usable sentences of each family; what a copy repeats is taken once, from its first article.
fn choose_passages<'a>(
    families: &[Family],
    articles: &[Usable<'a>],
    settings: &Settings,
) -> Vec<Passage<'a>> {
    let by_index: BTreeMap<usize, &Vec<Passage<'a>>> = articles
        .iter()
        .map(|(index, passages)| (*index, passages))
        .collect();
    let per_family = (MAX_PASSAGES / families.len().max(1)).max(MIN_PASSAGES_PER_FAMILY);
    let mut chosen = Vec::new();
    for (number, family) in families.iter().enumerate() {
        let mut seen = BTreeSet::new();
        let mut taken = 0;
        for index in &family.members {
            let passages = by_index
                .get(index)
                .into_iter()
                .flat_map(|passages| passages.iter());
            for passage in passages.take(settings.max_sentences_per_article) {
                if taken < per_family && seen.insert(words(passage.text)) {
                    taken += 1;
                    chosen.push(Passage {
                        source: *index,
                        family: number,
                        ..*passage
                    });
                }
            }
        }
    }
    chosen
}

fn list_left_out(sources: &[Source<'_>], reasons: &BTreeMap<usize, LeftOutReason>) -> Vec<LeftOut> {
    let listed = reasons.iter().filter_map(|(index, reason)| {
        let meta = sources.get(*index)?.meta;
        Some(LeftOut {
            article_id: meta.id.clone(),
            outlet: meta.outlet.clone(),
            reason: *reason,
        })
    });
    listed.collect()
}
