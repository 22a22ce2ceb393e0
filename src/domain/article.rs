//! One outlet's article: what a caller may send, and what it becomes once it is valid.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::Url;
use utoipa::ToSchema;

use super::{ArticleId, PublishedAt};

/// The most articles that one `POST …/articles` may carry.
pub const MAX_ARTICLES_PER_REQUEST: usize = 500;

/// The most characters of a field other than `text`.
const MAX_FIELD_CHARS: usize = 2_000;

/// RFC 5646 §4.4.1 asks for room for 35 characters.
const MAX_LANGUAGE_TAG_BYTES: usize = 35;

/// Where an outlet stands, as the caller's own rating has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bias {
    /// Left of the center.
    Left,
    /// The center.
    Center,
    /// Right of the center.
    Right,
}

/// What a caller sends. Only `text` is required.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ArticleInput {
    /// The caller's own id; else the url, else the text identifies the article.
    pub id: Option<String>,
    /// Where it can be read; `http` or `https`.
    pub url: Option<String>,
    /// Its headline.
    pub title: Option<String>,
    /// Who published it. All unnamed outlets count as one.
    #[serde(alias = "source")]
    pub outlet: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// RFC 3339 with its offset, or `YYYY-MM-DD`.
    pub published_at: Option<String>,
    /// A BCP 47 language tag.
    pub language: Option<String>,
    /// The outlet's lens.
    pub bias: Option<Bias>,
    /// How reliable the outlet is, in the caller's own words.
    pub factuality: Option<String>,
    /// Who owns the outlet.
    pub owner: Option<String>,
    /// The article: plain text, or HTML.
    pub text: String,
}

/// A field that is not valid: an RFC 6901 pointer into the request, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) to the field.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

/// How large an article and a story may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArticleLimits {
    /// The most bytes of one article's text, as sent.
    pub max_text_bytes: usize,
    /// The most articles of one story.
    pub max_articles_per_story: usize,
}

impl Default for ArticleLimits {
    fn default() -> Self {
        Self {
            max_text_bytes: 200_000,
            max_articles_per_story: 2_000,
        }
    }
}

/// What is known of a valid article besides its text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ArticleMeta {
    /// Its id within the story.
    pub id: ArticleId,
    /// Where it can be read; `http` or `https`.
    pub url: Option<String>,
    /// Its headline.
    pub title: Option<String>,
    /// Who published it.
    pub outlet: Option<String>,
    /// Who wrote it.
    pub author: Option<String>,
    /// When it was published.
    pub published_at: Option<PublishedAt>,
    /// A BCP 47 language tag.
    pub language: Option<String>,
    /// The outlet's lens.
    pub bias: Option<Bias>,
    /// How reliable the outlet is, in the caller's own words.
    pub factuality: Option<String>,
    /// Who owns the outlet.
    pub owner: Option<String>,
    /// SHA-256 (hex) of the stored plain text: the key under which its sentences and embeddings are kept.
    pub text_hash: String,
    /// SHA-256 (hex) over every other field: another hash is another article set.
    #[serde(default)]
    pub content_hash: String,
}

impl ArticleMeta {
    /// The outlet's name for counting; all unnamed outlets count as one.
    pub fn outlet_key(&self) -> String {
        self.outlet.as_deref().unwrap_or_default().to_lowercase()
    }
}

/// A valid article.
#[derive(Debug, Clone, PartialEq)]
pub struct Article {
    /// What is known of it.
    pub meta: ArticleMeta,
    /// The stored plain text that every citation points into: no markup, no control characters but `\n`, no
    /// invisible or bidirectional-control characters.
    pub text: String,
}

impl Article {
    /// Checks what a caller sent. `plain_text` is `input.text` made plain (see `text::plain`), `pointer` is where
    /// the article stands in the request (`/articles/3`, or empty).
    ///
    /// # Errors
    /// Every field that is wrong, each with its pointer.
    pub fn new(
        input: ArticleInput,
        plain_text: String,
        pointer: &str,
        limits: &ArticleLimits,
    ) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, detail: String| {
            errors.push(FieldError {
                pointer: format!("{pointer}/{field}"),
                detail,
            });
        };

        if input.text.len() > limits.max_text_bytes {
            let detail = format!(
                "{} bytes; at most {} are taken",
                input.text.len(),
                limits.max_text_bytes
            );
            wrong("text", detail);
        } else if plain_text.trim().is_empty() {
            wrong(
                "text",
                "no text is left once markup and blanks are taken away".to_owned(),
            );
        }
        let url = match input.url.as_deref().map(str::trim).filter(|url| !url.is_empty()) {
            None => None,
            Some(url) => match normalized_url(url) {
                Some(url) => Some(url),
                None => {
                    wrong("url", "not an absolute http or https URL".to_owned());
                    None
                }
            },
        };
        let published_at = match input
            .published_at
            .as_deref()
            .map(str::trim)
            .filter(|at| !at.is_empty())
        {
            None => None,
            Some(at) => match PublishedAt::parse(at) {
                Ok(at) => Some(at),
                Err(error) => {
                    wrong("published_at", error.to_string());
                    None
                }
            },
        };
        let mut line = |field: &str, value: Option<String>| -> Option<String> {
            let value = one_line(&value?);
            if value.chars().count() > MAX_FIELD_CHARS {
                wrong(field, format!("more than {MAX_FIELD_CHARS} characters"));
            }
            (!value.is_empty()).then_some(value)
        };
        let title = line("title", input.title);
        let outlet = line("outlet", input.outlet);
        let author = line("author", input.author);
        let language = line("language", input.language);
        let factuality = line("factuality", input.factuality);
        let owner = line("owner", input.owner);
        let language = language.and_then(|language| {
            let tag = language_tag(&language);
            if tag.is_none() {
                wrong("language", NOT_A_LANGUAGE_TAG.to_owned());
            }
            tag
        });

        let text_hash = sha256_hex(&plain_text);
        let id = match (input.id, &url) {
            (Some(id), _) => match ArticleId::new(id) {
                Ok(id) => id,
                Err(error) => {
                    wrong("id", error.to_string());
                    ArticleId::derived("text", &text_hash)
                }
            },
            (None, Some(url)) => ArticleId::derived("url", url),
            (None, None) => ArticleId::derived("text", &text_hash),
        };
        if !errors.is_empty() {
            return Err(errors);
        }

        let mut meta = ArticleMeta {
            id,
            url,
            title,
            outlet,
            author,
            published_at,
            language,
            bias: input.bias,
            factuality,
            owner,
            text_hash,
            content_hash: String::new(),
        };
        // The hash covers the JSON of every field, itself still empty: a new field changes it by itself.
        meta.content_hash = sha256_hex(&serde_json::to_string(&meta).unwrap_or_default());
        Ok(Self {
            meta,
            text: plain_text,
        })
    }
}

/// Whether a character is shown as nothing or reorders its neighbours: zero-width and format characters, the
/// bidirectional controls (Unicode UAX #9), variation selectors and tags. None carries meaning in news text, and
/// each can hide or disguise words.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The url without its fragment and tracking parameters; `None` when it is not absolute http(s).
fn normalized_url(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() || text.len() > MAX_FIELD_CHARS {
        return None;
    }
    url.set_fragment(None);
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !name.starts_with("utm_") && name != "fbclid" && name != "gclid")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    if kept.len() != url.query_pairs().count() {
        url.set_query(None);
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
    }
    Some(url.into())
}

/// A field as one line: control characters become blanks, runs of blanks one, invisible characters go.
pub fn one_line(value: &str) -> String {
    let visible: String = value
        .chars()
        .filter(|c| !is_invisible(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What a refused language is told.
pub const NOT_A_LANGUAGE_TAG: &str = "not a BCP 47 language tag such as `en` or `pt-BR`";

/// A plausible BCP 47 tag (RFC 5646: a language of two or three letters, then subtags of one to eight letters or
/// digits), its language in lower case; `None` for anything else. The registry is not looked up.
pub fn language_tag(value: &str) -> Option<String> {
    let mut subtags = value.split('-');
    let language = subtags.next()?;
    let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|b| b.is_ascii_alphabetic());
    let are_subtags = subtags
        .all(|subtag| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric()));
    if !is_language || !are_subtags || value.len() > MAX_LANGUAGE_TAG_BYTES {
        return None;
    }
    let (_, rest) = value.split_at(language.len());
    Some(format!("{}{rest}", language.to_ascii_lowercase()))
}

fn sha256_hex(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn article(input: ArticleInput) -> Result<Article, Vec<FieldError>> {
        let text = input.text.clone();
        Article::new(input, text, "/articles/0", &ArticleLimits::default())
    }

    #[test]
    fn identity_is_the_id_else_the_url_else_the_text() {
        let base = ArticleInput {
            text: "Text.".to_owned(),
            ..ArticleInput::default()
        };
        let by_text = article(base.clone()).unwrap();
        let url = Some("https://example.org/a?utm_source=x#top".to_owned());
        let by_url = article(ArticleInput { url, ..base.clone() }).unwrap();
        let clean_url = Some("https://example.org/a".to_owned());
        let same_url = article(ArticleInput {
            url: clean_url,
            text: "Other.".to_owned(),
            ..base.clone()
        })
        .unwrap();
        let by_id = article(ArticleInput {
            id: Some("a1".to_owned()),
            ..base
        })
        .unwrap();
        assert_ne!(by_text.meta.id, by_url.meta.id);
        assert_eq!(by_url.meta.id, same_url.meta.id);
        assert_ne!(by_url.meta.content_hash, same_url.meta.content_hash);
        assert_eq!(by_id.meta.id.as_str(), "a1");
    }

    #[test]
    fn every_wrong_field_is_named() {
        let errors = article(ArticleInput {
            id: Some("a/b".to_owned()),
            url: Some("javascript:alert(1)".to_owned()),
            published_at: Some("yesterday".to_owned()),
            text: " \n".to_owned(),
            ..ArticleInput::default()
        })
        .unwrap_err();
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/articles/0/text",
                "/articles/0/url",
                "/articles/0/published_at",
                "/articles/0/id"
            ]
        );
    }
}
