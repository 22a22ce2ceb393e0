//! Builders for stories, articles, summaries and reports; a test names only what it is about.

use jiff::Timestamp;
use nutgraf::domain::{
    AI_LABEL, Article, ArticleId, ArticleInput, ArticleLimits, ArticleMeta, Bullet, BulletKind,
    CHECKS_VERSION, Check, Citation, Coverage, Feedback, FeedbackInput, FeedbackStatus, Lede, Lenses, Made,
    ReasonCode, Story, StoryId, Summary, SummaryStatus, Verdict,
};
use nutgraf::store::{RestOfArticles, StoryChange, StoryFields};
use uuid::Uuid;

/// More articles than any test sends.
const MANY_ARTICLES: usize = 10_000;

/// The tests' clock starts here; `ms` milliseconds later.
pub fn at_ms(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_751_600_000_000 + ms).unwrap()
}

/// The sentence, if one may call it so, that the articles of the tests open with and their bullets cite.
pub const CITED: &str = "0123456789";

/// A story's id.
pub fn story_id(id: &str) -> StoryId {
    StoryId::new(id).unwrap()
}

/// An article's id.
pub fn article_id(id: &str) -> ArticleId {
    ArticleId::new(id).unwrap()
}

/// A UUID that is the same for the same number.
pub fn uuid(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// An article with an id and a text after the sentence that bullets cite.
pub fn article(id: &str, text: &str) -> Article {
    article_without_cited(id, &format!("{CITED}\n\n{text}"))
}

/// An article whose text does not have the sentence that bullets cite.
pub fn article_without_cited(id: &str, text: &str) -> Article {
    article_from(ArticleInput {
        id: Some(id.to_owned()),
        text: text.to_owned(),
        ..ArticleInput::default()
    })
}

/// An article as a caller sends it, its text taken as plain.
pub fn article_from(input: ArticleInput) -> Article {
    let text = input.text.clone();
    Article::new(input, text, "", &ArticleLimits::default()).unwrap()
}

/// A change at `at_ms(0)` that leaves the story with just these articles and no fields; its job may run at once.
pub fn replace(id: &str, articles: Vec<Article>) -> StoryChange {
    StoryChange {
        story_id: story_id(id),
        fields: Some(StoryFields::default()),
        upsert: articles,
        rest: RestOfArticles::Remove,
        max_articles: MANY_ARTICLES,
        now: at_ms(0),
        run_after: at_ms(0),
    }
}

/// A change at `at_ms(0)` that adds or updates these articles.
pub fn add(id: &str, articles: Vec<Article>) -> StoryChange {
    StoryChange {
        fields: None,
        rest: RestOfArticles::Keep,
        ..replace(id, articles)
    }
}

/// The same change at another time; its job may run at once.
pub fn at(change: StoryChange, now: Timestamp) -> StoryChange {
    StoryChange {
        now,
        run_after: now,
        ..change
    }
}

/// A verified bullet that cites the first sentence of each of these articles.
pub fn bullet(id: u128, text: &str, article_ids: &[&str]) -> Bullet {
    let citation = |id: &&str| Citation {
        article_id: article_id(id),
        outlet: Some(format!("Outlet {id}")),
        url: None,
        start: 0,
        end: 10,
        quote: CITED.to_owned(),
        resolved: None,
    };
    Bullet {
        id: uuid(id),
        text: text.to_owned(),
        lens: None,
        kind: BulletKind::Abstractive,
        outlets: 1,
        check: Check {
            verdict: Verdict::Verified,
            score: None,
            reasons: Vec::new(),
            refused: Vec::new(),
        },
        citations: article_ids.iter().map(citation).collect(),
        added: Vec::new(),
        evidence_hash: "e".repeat(64),
    }
}

/// A `ready` summary of the story's present articles, without a lede.
pub fn summary(story: &Story, bullets: Vec<Bullet>) -> Summary {
    Summary {
        story_id: story.id.clone(),
        version: 0,
        status: SummaryStatus::Ready,
        reason: None,
        language: story.language.clone(),
        headline: story.headline.clone(),
        lede: None,
        bullets,
        lenses: Lenses::default(),
        conflicts: Vec::new(),
        coverage: Coverage::of(std::iter::empty::<&ArticleMeta>()),
        made: Made {
            by: "machine".to_owned(),
            label: AI_LABEL.to_owned(),
            model: "scripted-writer".to_owned(),
            model_sha256: "0".repeat(64),
            prompt: "bullets.v1".to_owned(),
            checks: CHECKS_VERSION.to_owned(),
            at: at_ms(1),
            took_ms: 7,
            article_set_hash: story.article_set_hash.clone(),
            covers_until: None,
            seed: 0,
        },
    }
}

/// A lede without place and date.
pub fn lede(bullet: Bullet) -> Lede {
    Lede {
        place: None,
        date: None,
        bullet,
    }
}

/// A report on the whole of a version.
pub fn feedback(id: u128, story: &str, version: u32) -> Feedback {
    Feedback {
        id: uuid(id),
        story_id: story_id(story),
        input: FeedbackInput {
            version,
            bullet_id: None,
            reason: ReasonCode::FactualError,
            quoted: None,
            comment: None,
            suggestion: None,
            evidence_urls: Vec::new(),
            role: None,
            contact_email: None,
        },
        status: FeedbackStatus::Received,
        public_note: None,
        fixed_in: None,
        created_at: at_ms(2),
        updated_at: at_ms(2),
    }
}
