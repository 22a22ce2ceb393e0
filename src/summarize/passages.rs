//! Which sentences of an article may become evidence, and how well each would read on its own.

use super::verify::leak;
use super::{Settings, Source};
use crate::domain::SentenceChoice;
use crate::text::prose::is_prose;
use crate::text::{facts, sentences};

/// Fewer characters say too little.
const MIN_CHARS: usize = 30;

/// The lengths that read best as a bullet, characters.
const GOOD_CHARS: std::ops::RangeInclusive<usize> = 60..=240;

/// A sentence that may be evidence.
#[derive(Debug, Clone, Copy)]
pub struct Passage<'a> {
    /// Index of its article among the material's sources.
    pub source: usize,
    /// The family of its article.
    pub family: usize,
    /// Byte range in the article's stored plain text.
    pub start: usize,
    /// See `start`.
    pub end: usize,
    /// The sentence as it stands there.
    pub text: &'a str,
    /// Its embedding.
    pub embedding: &'a [f32],
    /// How many usable sentences of its article stand before it.
    pub position: usize,
    /// How well it reads on its own, about -1 to 1.
    pub appeal: f32,
}

impl Passage<'_> {
    /// Whether both are one sentence at one place.
    pub fn is(&self, other: &Self) -> bool {
        (self.source, self.start, self.end) == (other.source, other.start, other.end)
    }
}

/// The version of [`is_usable`]. Changes whenever a sentence is usable that was not.
const RULE_VERSION: &str = "usable.v1";

/// The first usable sentences, whether the rules know the story's language or not. Nobody reads the embeddings of others.
impl SentenceChoice for Settings {
    fn rule(&self) -> String {
        format!(
            "{RULE_VERSION}:{}x{}",
            self.max_sentences_per_article, self.max_bullet_chars
        )
    }

    fn choose(&self, sentences: &[&str]) -> Vec<bool> {
        let mut left = [Served::Yes, Served::No].map(|served| (served, self.max_sentences_per_article));
        let is_wanted = |text: &&str| {
            let mut is_wanted = false;
            for (served, left) in &mut left {
                if *left > 0 && is_usable(text, *served, self.max_bullet_chars) {
                    *left -= 1;
                    is_wanted = true;
                }
            }
            is_wanted
        };
        sentences.iter().map(is_wanted).collect()
    }
}

/// The usable sentences of an article, in reading order. `served`: whether the rules know the story's language.
pub fn of_article<'a>(source: &Source<'a>, served: Served, max_chars: usize) -> Vec<Passage<'a>> {
    let mut passages = Vec::new();
    for sentence in &source.analysis.sentences {
        let (Some(text), Some(embedding)) =
            (source.text.get(sentence.start..sentence.end), &sentence.embedding)
        else {
            continue;
        };
        if is_usable(text, served, max_chars) {
            passages.push(Passage {
                source: 0,
                family: 0,
                start: sentence.start,
                end: sentence.end,
                text,
                embedding,
                position: passages.len(),
                appeal: appeal(text, served),
            });
        }
    }
    passages
}

/// Whether the rules for sentences know the story's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// They do.
    Yes,
    /// They do not: only what holds in every script is asked for.
    No,
}

fn is_usable(text: &str, served: Served, max_chars: usize) -> bool {
    let chars = text.chars().count();
    let is_sentence = match served {
        Served::Yes => sentences::is_complete(text),
        Served::No => text.ends_with(['.', '!', '。', '！', '؟', '।', '”', '"', '»', '」']),
    };
    // What addresses a model, or is no prose, is no news (P20); a question is no statement; half a quotation has lost its speaker.
    (MIN_CHARS..=max_chars).contains(&chars)
        && is_sentence
        && !text.trim_end().ends_with('?')
        && has_whole_quotations(text)
        && !has_web_address(text)
        && is_prose(text)
        && !leak::addresses_a_model(text)
}

/// Whether every double quotation mark has its partner.
pub fn has_whole_quotations(text: &str) -> bool {
    let count = |mark: char| text.chars().filter(|c| *c == mark).count();
    count('"').is_multiple_of(2) && count('“') == count('”') && count('(') == count(')')
}

/// Whether it holds a URL, a web host or an e-mail address: boilerplate, and nothing to read out.
pub fn has_web_address(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["http://", "https://", "www.", "pic.twitter", "t.co/"]
        .iter()
        .any(|mark| lower.contains(mark))
        || lower
            .split_whitespace()
            .any(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).contains('@'))
}

fn appeal(text: &str, served: Served) -> f32 {
    let mut appeal = 0.0;
    if GOOD_CHARS.contains(&text.chars().count()) {
        appeal += 0.25;
    }
    if text.starts_with(['"', '“', '«', '\'', '‘']) {
        appeal -= 0.4;
    }
    if served == Served::No {
        return appeal;
    }
    if sentences::stands_alone(text) {
        appeal += 0.5;
    }
    if !facts::names(text).is_empty() {
        appeal += 0.25;
    }
    if speaks_of_itself(text) {
        appeal -= 0.8;
    }
    appeal
}

/// Whether writer or reader speak outside quotation marks: a column, not a report.
fn speaks_of_itself(text: &str) -> bool {
    let quotes = facts::quotes(text);
    let mut outside = String::new();
    let mut from = 0;
    for quote in &quotes {
        outside.push_str(text.get(from..quote.span.start).unwrap_or_default());
        outside.push(' ');
        from = quote.span.end;
    }
    outside.push_str(text.get(from..).unwrap_or_default());
    outside.split(|c: char| !c.is_alphabetic()).any(|word| {
        matches!(
            word,
            "I" | "We" | "we" | "us" | "our" | "Our" | "my" | "My" | "me" | "you" | "You" | "your" | "Your"
        )
    })
}
