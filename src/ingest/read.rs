//! What a caller sends becomes valid articles and story fields, or a list of what is wrong and where. Pure: what
//! happens to them afterwards is for the callers.

use std::collections::HashMap;

use crate::domain::{
    Article, ArticleId, ArticleInput, ArticleLimits, FieldError, NOT_A_LANGUAGE_TAG, StoryInput,
    language_tag, one_line,
};
use crate::store::StoryFields;
use crate::text::plain::to_plain_text;

/// The most characters of a story's headline.
const MAX_HEADLINE_CHARS: usize = 500;

/// Checks a story's fields and articles and makes their texts plain. Pointers start at the story (`/articles/0/url`).
///
/// # Errors
/// Every field that is wrong; two articles with one id; too many articles.
pub fn read_story(
    input: StoryInput,
    limits: &ArticleLimits,
) -> Result<(StoryFields, Option<Vec<Article>>), Vec<FieldError>> {
    let mut errors = Vec::new();
    let headline = input.headline.as_deref().map(one_line).filter(not_empty);
    if headline
        .as_ref()
        .is_some_and(|headline| headline.chars().count() > MAX_HEADLINE_CHARS)
    {
        let detail = format!("more than {MAX_HEADLINE_CHARS} characters");
        errors.push(field_error("/headline", detail));
    }
    let language = input.language.as_deref().map(one_line).filter(not_empty);
    let language = language.and_then(|language| {
        let tag = language_tag(&language);
        if tag.is_none() {
            errors.push(field_error("/language", NOT_A_LANGUAGE_TAG));
        }
        tag
    });
    let articles = match input.articles {
        None => None,
        Some(articles) => match read_articles(articles, "/articles", limits) {
            Ok(articles) => Some(articles),
            Err(wrong) => {
                errors.extend(wrong);
                None
            }
        },
    };
    if errors.is_empty() {
        Ok((StoryFields { headline, language }, articles))
    } else {
        Err(errors)
    }
}

/// Checks articles and makes their texts plain. Pointers are `{prefix}/{index}/field`.
///
/// # Errors
/// As [`read_story`].
pub fn read_articles(
    articles: Vec<ArticleInput>,
    prefix: &str,
    limits: &ArticleLimits,
) -> Result<Vec<Article>, Vec<FieldError>> {
    if articles.len() > limits.max_articles_per_story {
        let detail = format!(
            "{} articles; a story takes at most {}",
            articles.len(),
            limits.max_articles_per_story
        );
        return Err(vec![field_error(prefix, detail)]);
    }
    let mut errors = Vec::new();
    let mut read = Vec::with_capacity(articles.len());
    let mut first_with: HashMap<ArticleId, String> = HashMap::new();
    for (index, input) in articles.into_iter().enumerate() {
        let pointer = format!("{prefix}/{index}");
        let identified_by = identifying_field(&input);
        let article = match read_article(input, &pointer, limits) {
            Ok(article) => article,
            Err(wrong) => {
                errors.extend(wrong);
                continue;
            }
        };
        let identity = format!("{pointer}/{identified_by}");
        if let Some(first) = first_with.get(&article.meta.id) {
            errors.push(field_error(&identity, format!("the same article as {first}")));
            continue;
        }
        first_with.insert(article.meta.id.clone(), identity);
        read.push(article);
    }
    if errors.is_empty() { Ok(read) } else { Err(errors) }
}

fn read_article(
    input: ArticleInput,
    pointer: &str,
    limits: &ArticleLimits,
) -> Result<Article, Vec<FieldError>> {
    // A text that is too long is refused for that alone: it is not worth parsing.
    let plain_text = if input.text.len() > limits.max_text_bytes {
        String::new()
    } else {
        to_plain_text(&input.text)
    };
    Article::new(input, plain_text, pointer, limits)
}

/// The field that an article's identity comes from, as [`Article::new`] chooses it.
fn identifying_field(input: &ArticleInput) -> &'static str {
    if input.id.is_some() {
        "id"
    } else if input.url.as_deref().is_some_and(|url| !url.trim().is_empty()) {
        "url"
    } else {
        "text"
    }
}

#[expect(clippy::ptr_arg, reason = "the shape that `Option::filter` asks for")]
fn not_empty(value: &String) -> bool {
    !value.is_empty()
}

fn field_error(pointer: &str, detail: impl Into<String>) -> FieldError {
    FieldError {
        pointer: pointer.to_owned(),
        detail: detail.into(),
    }
}
