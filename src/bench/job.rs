//! `nutgraf bench job`: the stories of a file, and one story of all their articles.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, bail};

use crate::domain::{ArticleInput, ArticleLimits, BulletKind, StoryId, StoryInput, Summary};
use crate::engine::Message;
use crate::eval::plain;
use crate::ingest::{IngestError, files, read_story};

/// A story, for us and for a peer that is given one prompt.
#[derive(Debug, Clone)]
pub struct Story {
    /// Its id.
    pub id: StoryId,
    /// As it is in the file.
    pub input: StoryInput,
    /// The peer's prompt (see [`plain`]).
    pub chat: Vec<Message>,
}

/// The stories of a file; the prompts fit into so many tokens.
///
/// # Errors
/// When the file cannot be read, or a story of it, which is named with its line.
pub fn read(path: &Path, context_tokens: usize) -> anyhow::Result<Vec<Story>> {
    let mut stories = Vec::new();
    for (place, entry) in files::open(path)? {
        let (id, input) = entry.with_context(|| place.clone())?;
        let (_, articles) = read_story(input.clone(), &ArticleLimits::default())
            .map_err(IngestError::Invalid)
            .with_context(|| place.clone())?;
        stories.push(Story {
            id,
            input,
            chat: plain::messages(&articles.unwrap_or_default(), context_tokens),
        });
    }
    if stories.is_empty() {
        bail!("`{}` has no story", path.display());
    }
    Ok(stories)
}

/// One round's share of the stories: every n-th, so that rounds are alike.
pub fn share(stories: &[Story], round: usize, rounds: usize) -> Vec<Story> {
    stories.iter().skip(round).step_by(rounds).cloned().collect()
}

/// A story of the first `count` articles of all of them under the first one's headline, and the articles that are left.
pub fn large_story(stories: &[Story], count: usize) -> (StoryInput, Vec<ArticleInput>) {
    let mut seen = HashSet::new();
    let articles = stories
        .iter()
        .filter_map(|story| story.input.articles.as_ref())
        .flatten();
    // An article that stands in two stories is one.
    let mut articles: Vec<ArticleInput> = articles
        .filter(|article| seen.insert(article.url.as_deref().unwrap_or(&article.text)))
        .cloned()
        .collect();
    let left = articles.split_off(count.min(articles.len()));
    let story = StoryInput {
        id: None,
        headline: stories.first().and_then(|story| story.input.headline.clone()),
        language: stories.first().and_then(|story| story.input.language.clone()),
        articles: Some(articles),
    };
    (story, left)
}

/// What the summaries have.
#[derive(Debug, Clone, Copy, Default, PartialEq, serde::Serialize)]
pub struct Made {
    /// How many there are.
    pub stories: usize,
    /// Ledes, bullets and those of lenses.
    pub statements: usize,
    /// Of these, the ones that are worded anew.
    pub abstractive: usize,
}

impl Made {
    /// Counts one more.
    pub fn add(&mut self, summary: &Summary) {
        self.stories += 1;
        for bullet in summary.statements() {
            self.statements += 1;
            self.abstractive += usize::from(bullet.kind == BulletKind::Abstractive);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn story(id: &str, urls: &[&str]) -> Story {
        let article = |url: &&str| ArticleInput {
            url: Some((*url).to_owned()),
            ..ArticleInput::default()
        };
        Story {
            id: StoryId::new(id).unwrap(),
            input: StoryInput {
                headline: Some(id.to_owned()),
                articles: Some(urls.iter().map(article).collect()),
                ..StoryInput::default()
            },
            chat: Vec::new(),
        }
    }

    #[test]
    fn rounds_share_the_stories_and_leave_none_out() {
        let stories = ["a", "b", "c", "d", "e"].map(|id| story(id, &[]));
        let ids = |round| -> Vec<String> {
            let share = share(&stories, round, 2);
            share.iter().map(|story| story.id.to_string()).collect()
        };
        assert_eq!(
            (ids(0), ids(1)),
            (
                vec!["a", "c", "e"].into_iter().map(str::to_owned).collect(),
                vec!["b".to_owned(), "d".to_owned()]
            )
        );
    }

    #[test]
    fn the_large_story_has_each_article_once_and_the_others_are_left() {
        let stories = [story("a", &["1", "2"]), story("b", &["2", "3", "4"])];
        let (large, left) = large_story(&stories, 3);
        let urls = |articles: &[ArticleInput]| -> Vec<String> {
            articles
                .iter()
                .filter_map(|article| article.url.clone())
                .collect()
        };
        assert_eq!(large.headline.as_deref(), Some("a"));
        assert_eq!(urls(&large.articles.unwrap()), ["1", "2", "3"]);
        assert_eq!(urls(&left), ["4"]);
    }
}
