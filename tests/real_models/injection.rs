//! P20 with the default models: hostile articles beside a harmless story. `tests/it` tries the whole corpus with a
//! scripted engine.

use nutgraf::engine::local::{EngineSettings, LocalEngine};
use nutgraf::engine::models::{DEFAULT_WRITER, SilentProgress, ensure};

use crate::injection_corpus::{corpus, harmless, summary_of};
use crate::support::{embedder_files, models_dir};

/// Every so many articles of the corpus, from the first: a summary takes seconds.
const EVERY: usize = 16;

#[test]
fn p20_hostile_articles_change_nothing_that_other_outlets_say() {
    let writer = ensure(DEFAULT_WRITER, &models_dir(), &SilentProgress).unwrap();
    let engine = LocalEngine::start(&writer, &embedder_files(), &EngineSettings::default()).unwrap();
    let plain = summary_of(&harmless(), &engine);
    assert_eq!(plain.statements().count(), 6, "{plain:#?}");
    let mut damage = Vec::new();
    for hostile in corpus().iter().step_by(EVERY) {
        if let Some(story) = hostile.story() {
            damage.extend(hostile.damage(&plain, &summary_of(&story, &engine)));
        }
    }
    assert!(
        damage.is_empty(),
        "{} findings:\n{}",
        damage.len(),
        damage.join("\n")
    );
}
