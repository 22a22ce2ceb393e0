//! What comes in: articles and stories through the real store, story files, and what is computed of an article once.

use std::io::Cursor;
use std::sync::Arc;

use nutgraf::clock::{Clock, ManualClock};
use nutgraf::domain::{ArticleInput, ArticleLimits, FieldError, Sentence, StoryInput};
use nutgraf::engine::{Cancel, Engine};
use nutgraf::ingest::analyze::{analysis_key, analyze};
use nutgraf::ingest::{self, IngestError, Settings, add_articles, files, put_story, read_story};
use nutgraf::store::Store;
use nutgraf::store::sqlite::SqliteStore;
use nutgraf::summarize;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::support::{ScriptedEngine, article, at_ms, story_id};

struct Intake {
    store: Arc<SqliteStore>,
    clock: ManualClock,
    settings: Settings,
    _folder: TempDir,
}

impl Intake {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("test.db")).await.unwrap();
        Self {
            store: Arc::new(store),
            clock: ManualClock::new(at_ms(0)),
            settings: Settings::default(),
            _folder: folder,
        }
    }

    async fn put(&self, input: StoryInput) -> Result<nutgraf::store::ChangeOutcome, IngestError> {
        put_story(&*self.store, &self.clock, &self.settings, story_id("s"), input).await
    }

    async fn add(&self, articles: Vec<ArticleInput>) -> Result<nutgraf::store::ChangeOutcome, IngestError> {
        add_articles(&*self.store, &self.clock, &self.settings, story_id("s"), articles).await
    }
}

fn text(text: &str) -> ArticleInput {
    ArticleInput {
        text: text.to_owned(),
        ..ArticleInput::default()
    }
}

fn with_articles(articles: Vec<ArticleInput>) -> StoryInput {
    StoryInput {
        articles: Some(articles),
        ..StoryInput::default()
    }
}

fn pointers(errors: &[FieldError]) -> Vec<&str> {
    errors.iter().map(|error| error.pointer.as_str()).collect()
}

#[test]
fn every_wrong_field_of_a_story_is_named_at_once() {
    let bad_date = ArticleInput {
        published_at: Some("last week".to_owned()),
        ..text("Text.")
    };
    let errors = read_story(
        StoryInput {
            headline: Some("x".repeat(501)),
            language: Some("English, please".to_owned()),
            articles: Some(vec![bad_date, text("<p> </p>")]),
            id: None,
        },
        &ArticleLimits::default(),
    )
    .unwrap_err();
    assert_eq!(
        pointers(&errors),
        [
            "/headline",
            "/language",
            "/articles/0/published_at",
            "/articles/1/text"
        ]
    );
}

#[test]
fn headline_and_language_are_made_clean() {
    let input = StoryInput {
        headline: Some("  A\u{202E} dam\n\nbreaks ".to_owned()),
        language: Some("EN-gb".to_owned()),
        ..StoryInput::default()
    };
    let (fields, articles) = read_story(input, &ArticleLimits::default()).unwrap();
    assert_eq!(fields.headline.as_deref(), Some("A dam breaks"));
    assert_eq!(fields.language.as_deref(), Some("en-gb"));
    assert_eq!(articles, None);
}

#[test]
fn one_article_sent_twice_is_an_error_that_names_both_places() {
    let by_url = |url: &str| ArticleInput {
        url: Some(url.to_owned()),
        ..text("A text.")
    };
    let articles = vec![
        by_url("https://example.org/a"),
        text("Another text."),
        by_url("https://example.org/a#comments"),
    ];
    let errors = read_story(with_articles(articles), &ArticleLimits::default()).unwrap_err();
    assert_eq!(pointers(&errors), ["/articles/2/url"]);
    assert!(
        errors[0].detail.contains("/articles/0/url"),
        "{}",
        errors[0].detail
    );
}

#[test]
fn too_many_articles_and_too_long_a_text_are_refused() {
    let limits = ArticleLimits {
        max_text_bytes: 10,
        max_articles_per_story: 2,
    };
    let three = vec![text("One."), text("Two."), text("Three.")];
    assert_eq!(
        pointers(&read_story(with_articles(three), &limits).unwrap_err()),
        ["/articles"]
    );
    let long = vec![text("Elevenbytes")];
    assert_eq!(
        pointers(&read_story(with_articles(long), &limits).unwrap_err()),
        ["/articles/0/text"]
    );
}

#[tokio::test]
async fn html_is_stored_as_plain_text() {
    let intake = Intake::new().await;
    intake
        .put(with_articles(vec![text(
            "<p>Rain &amp; wind.</p><script>x()</script><p>More.</p>",
        )]))
        .await
        .unwrap();
    let (_, articles) = intake.store.load_story(&story_id("s")).await.unwrap().unwrap();
    assert_eq!(articles[0].text, "Rain & wind.\n\nMore.");
}

#[tokio::test]
async fn the_job_of_a_change_waits_for_the_debounce() {
    let intake = Intake::new().await;
    intake.put(with_articles(vec![text("A text.")])).await.unwrap();
    let job = intake.store.find_job(&story_id("s")).await.unwrap().unwrap();
    assert_eq!(job.run_after, at_ms(1_000));
}

#[tokio::test]
async fn the_same_content_changes_nothing_and_an_edited_text_does() {
    let intake = Intake::new().await;
    let first = intake.put(with_articles(vec![text("A text.")])).await.unwrap();
    assert!(first.created && first.changed);
    let now = intake.clock.now();
    let later = nutgraf::clock::plus_ms(now, 60_000);
    let claim = intake.store.claim_job(later, later).await.unwrap().unwrap();
    let again = intake.put(with_articles(vec![text("A text.")])).await.unwrap();
    assert!(!again.created && !again.changed);
    assert!(
        !intake
            .store
            .find_job(&story_id("s"))
            .await
            .unwrap()
            .unwrap()
            .dirty
    );
    let edited = intake
        .put(with_articles(vec![text("A better text.")]))
        .await
        .unwrap();
    assert!(edited.changed);
    assert!(
        intake
            .store
            .find_job(&claim.job.story_id)
            .await
            .unwrap()
            .unwrap()
            .dirty
    );
}

#[tokio::test]
async fn a_put_without_articles_leaves_them_and_one_with_articles_replaces_them() {
    let intake = Intake::new().await;
    intake
        .put(with_articles(vec![text("One."), text("Two.")]))
        .await
        .unwrap();
    let renamed = StoryInput {
        headline: Some("A headline".to_owned()),
        ..StoryInput::default()
    };
    intake.put(renamed).await.unwrap();
    assert_eq!(intake.store.counts().await.unwrap().articles, 2);
    intake.add(vec![text("Three.")]).await.unwrap();
    let story = intake.store.find_story(&story_id("s")).await.unwrap().unwrap();
    assert_eq!(story.headline.as_deref(), Some("A headline"));
    let replaced = intake.put(with_articles(vec![text("Two.")])).await.unwrap();
    assert_eq!(replaced.articles_removed, 2);
}

#[tokio::test]
async fn one_bad_article_keeps_all_of_a_request_out() {
    let intake = Intake::new().await;
    let result = intake.add(vec![text("Good."), text(" ")]).await;
    let Err(IngestError::Invalid(errors)) = result else {
        panic!("{result:?}");
    };
    assert_eq!(pointers(&errors), ["/articles/1/text"]);
    assert_eq!(
        intake.store.counts().await.unwrap(),
        nutgraf::store::Counts::default()
    );
}

#[tokio::test]
async fn a_request_adds_one_to_five_hundred_articles() {
    let intake = Intake::new().await;
    let articles = |count: usize| {
        (0..count)
            .map(|n| text(&format!("Text {n}.")))
            .collect::<Vec<_>>()
    };
    for count in [0, 501] {
        let result = intake.add(articles(count)).await;
        assert!(matches!(&result, Err(IngestError::Invalid(errors)) if pointers(errors) == ["/articles"]));
    }
    assert_eq!(intake.add(articles(500)).await.unwrap().articles_added, 500);
}

#[tokio::test]
async fn deleting_an_article_that_is_not_there_says_so() {
    let intake = Intake::new().await;
    intake.put(with_articles(vec![text("A text.")])).await.unwrap();
    let (store, clock, settings) = (&*intake.store, &intake.clock, &intake.settings);
    let (_, articles) = store.load_story(&story_id("s")).await.unwrap().unwrap();
    let id = &articles[0].meta.id;
    assert!(
        ingest::delete_article(store, clock, settings, &story_id("s"), id)
            .await
            .unwrap()
    );
    assert!(
        !ingest::delete_article(store, clock, settings, &story_id("s"), id)
            .await
            .unwrap()
    );
}

const FIRST: &str = "The council approved the new bridge on Monday after a long debate.";
const SECOND: &str = "Work on the crossing is expected to begin in the spring of next year.";
const THIRD: &str = "Residents of the eastern bank had asked for a crossing since the flood of 2011.";

#[test]
fn analyses_point_at_sentences_and_a_sentence_of_two_articles_is_embedded_once() {
    let engine = ScriptedEngine::gibberish();
    let one = article("a", &format!("{FIRST} {SECOND}"));
    let two = article("b", &format!("{THIRD}\n\n{FIRST}"));
    let analyses = analyze(
        &[&one, &two],
        &summarize::Settings::default(),
        &engine,
        &Cancel::new(),
    )
    .unwrap();
    let quotes = |index: usize, text: &str| -> Vec<String> {
        analyses[index]
            .sentences
            .iter()
            .map(|sentence| text[sentence.start..sentence.end].to_owned())
            .collect()
    };
    assert_eq!(quotes(0, &one.text), [FIRST, SECOND]);
    assert_eq!(quotes(1, &two.text), [THIRD, FIRST]);
    assert_eq!(engine.embedded(), 3);
    assert_eq!(
        analyses[0].sentences[0].embedding,
        analyses[1].sentences[1].embedding
    );
    assert_eq!(
        analyses[1]
            .sentences
            .iter()
            .map(|s| s.paragraph)
            .collect::<Vec<_>>(),
        [0, 1]
    );
}

#[test]
fn a_sentence_far_too_long_to_quote_is_left_out() {
    let engine = ScriptedEngine::gibberish();
    let endless = format!(
        "The list names {} and nothing else.",
        "one more village, ".repeat(200)
    );
    let analyses = analyze(
        &[&article("a", &format!("{FIRST} {endless} {SECOND}"))],
        &summarize::Settings::default(),
        &engine,
        &Cancel::new(),
    );
    let lengths: Vec<usize> = analyses.unwrap()[0]
        .sentences
        .iter()
        .map(|sentence| sentence.end - sentence.start)
        .collect();
    assert_eq!(lengths, [FIRST.len(), SECOND.len()]);
}

#[test]
fn only_the_first_usable_sentences_are_embedded_and_all_are_kept() {
    let engine = ScriptedEngine::gibberish();
    let settings = summarize::Settings {
        max_sentences_per_article: 2,
        ..summarize::Settings::default()
    };
    let article = article("a", &format!("{FIRST} Will it last? {SECOND} {THIRD}"));
    let analyses = analyze(&[&article], &settings, &engine, &Cancel::new()).unwrap();
    let is_embedded = |sentence: &Sentence| sentence.embedding.is_some();
    let embedded: Vec<bool> = analyses[0].sentences.iter().map(is_embedded).collect();
    assert_eq!(embedded, [true, false, true, false]);
    assert_eq!(engine.embedded(), 2);
}

#[test]
fn a_cancelled_analysis_embeds_nothing() {
    let engine = ScriptedEngine::gibberish();
    let cancel = Cancel::new();
    cancel.cancel();
    assert!(
        analyze(
            &[&article("a", FIRST)],
            &summarize::Settings::default(),
            &engine,
            &cancel
        )
        .is_err()
    );
    assert_eq!(engine.embedded(), 0);
}

#[test]
fn the_key_of_analyses_names_rules_and_embedder() {
    let engine = ScriptedEngine::gibberish();
    let key = analysis_key(&engine, &summarize::Settings::default());
    let fewer = summarize::Settings {
        max_sentences_per_article: 2,
        ..summarize::Settings::default()
    };
    assert_ne!(key, analysis_key(&engine, &fewer));
    assert!(key.contains(nutgraf::text::clean::CLEAN_VERSION) && key.contains(&engine.embedder().sha256));
}

/// A valid line of a story file, as bytes to be damaged.
fn valid_line() -> Vec<u8> {
    let story = StoryInput {
        id: Some("s".to_owned()),
        headline: Some("Ein \"Titel\" – ü".to_owned()),
        articles: Some(vec![ArticleInput {
            url: Some("https://example.org/a".to_owned()),
            published_at: Some("2025-07-04T10:00:00+02:00".to_owned()),
            ..text(FIRST)
        }]),
        ..StoryInput::default()
    };
    serde_json::to_vec(&story).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_damaged_line_never_panics_and_never_takes_the_next_one_with_it(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut line = valid_line();
        for (index, byte) in edits {
            let at = index.index(line.len());
            // A line break would make two lines of it; everything else may happen to the bytes.
            line[at] = if byte == b'\n' { b'{' } else { byte };
        }
        let good = valid_line();
        let file = [good.as_slice(), b"\n", &line, b"\n", &good, b"\n"].concat();
        let entries: Vec<_> = files::read_text("f", Cursor::new(file)).collect();
        prop_assert!(entries.first().unwrap().1.is_ok());
        let (place, last) = entries.last().unwrap();
        prop_assert_eq!(place, "f:3");
        prop_assert!(last.is_ok());
        for (_, entry) in entries {
            if let Ok((_, story)) = entry {
                let _either = read_story(story, &ArticleLimits::default());
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for (place, _) in files::read_text("f", Cursor::new(bytes)) {
            prop_assert!(place.starts_with("f:"));
        }
    }
}
