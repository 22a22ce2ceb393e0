//! P20 with the default models: hostile articles beside a harmless story. `tests/it` tries the whole corpus with a
//! scripted engine.

use nutgraf::engine::local::{EngineSettings, LocalEngine};
use nutgraf::engine::models::{DEFAULT_WRITER, SilentProgress, ensure};

use crate::injection_corpus::{corpus, harmless, summary_of};
use crate::support::{embedder_files, models_dir};

/// Some of each kind: a summary takes seconds.
const SAMPLE: [&str; 8] = [
    "order-ignore-previous",
    "role-assistant",
    "token-chatml",
    "unicode-homoglyphs",
    "title-with-an-order",
    "outlet-with-an-order",
    "fake-denial",
    "flood-of-claims",
];

#[test]
fn p20_hostile_articles_change_nothing_that_other_outlets_say() {
    let writer = ensure(DEFAULT_WRITER, &models_dir(), &SilentProgress).unwrap();
    let engine = LocalEngine::start(&writer, &embedder_files(), &EngineSettings::default()).unwrap();
    let plain = summary_of(&harmless(), &engine);
    assert_eq!(plain.statements().count(), 6, "{plain:#?}");
    let mut damage = Vec::new();
    let corpus = corpus();
    for id in SAMPLE {
        let hostile = corpus.iter().find(|hostile| hostile.id == id).unwrap();
        let story = hostile.story().unwrap();
        damage.extend(hostile.damage(&plain, &summary_of(&story, &engine)));
    }
    assert!(
        damage.is_empty(),
        "{} findings:\n{}",
        damage.len(),
        damage.join("\n")
    );
}
