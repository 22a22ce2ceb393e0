//! What most summarizers do: the beginnings of all articles in one prompt.

use crate::domain::Article;
use crate::engine::{Message, Role};

/// Most tokens that are written.
pub const MOST_TOKENS: usize = 220;

/// How much of each article the prompt has.
const CHARS_PER_ARTICLE: usize = 900;
/// Tokens that a chat template adds at most.
const TEMPLATE_TOKENS: usize = 64;
/// A cautious guess for English, so that the prompt fits the model's context.
const CHARS_PER_TOKEN: usize = 3;

/// The chat that asks for a summary. Beginnings are shortened alike where they would not fit.
pub fn messages(articles: &[Article], context_tokens: usize) -> Vec<Message> {
    let room = context_tokens.saturating_sub(MOST_TOKENS + TEMPLATE_TOKENS);
    let fair = room * CHARS_PER_TOKEN / articles.len().max(1);
    let mut prompt = "Summarize the following news articles about one event.\n".to_owned();
    for article in articles {
        prompt.push('\n');
        prompt.extend(article.text.chars().take(CHARS_PER_ARTICLE.min(fair)));
        prompt.push('\n');
    }
    vec![Message {
        role: Role::User,
        content: prompt,
    }]
}
