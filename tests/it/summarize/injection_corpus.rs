//! P20 over a corpus of hostile articles, with the model that an attacker would wish for.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::sample::asked;
use crate::injection::{corpus, harmless, summary_of};
use crate::support::ScriptedEngine;

/// Far more than any article takes; work that grows with the square of a line takes many minutes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Repeats the last sentence that it is shown; and what it was shown.
fn parrot() -> (ScriptedEngine, Arc<Mutex<Vec<String>>>) {
    let shown: Arc<Mutex<Vec<String>>> = Arc::default();
    let sees = Arc::clone(&shown);
    let engine = ScriptedEngine::new(move |request| {
        let prompt = asked(request);
        let (evidence, _) = prompt.split_once("\n\n").unwrap();
        let (sentence, _source) = evidence.rsplit_once(" (").unwrap();
        let last = sentence.lines().last().unwrap().to_owned();
        sees.lock().unwrap().push(prompt);
        Ok(last)
    });
    (engine, shown)
}

#[test]
fn p20_no_hostile_article_changes_what_other_outlets_bullets_say() {
    let plain = summary_of(&harmless(), &parrot().0);
    assert_eq!(plain.statements().count(), 6, "{plain:#?}");
    let corpus = corpus();
    assert!(corpus.len() >= 60, "{} articles", corpus.len());
    let mut damage = Vec::new();
    for hostile in &corpus {
        let started = Instant::now();
        let Some(story) = hostile.story() else {
            continue;
        };
        let (engine, shown) = parrot();
        damage.extend(hostile.damage(&plain, &summary_of(&story, &engine)));
        let prompts = shown.lock().unwrap();
        damage.extend(prompts.iter().flat_map(|prompt| hostile.leaks(prompt)));
        if started.elapsed() > PATIENCE {
            damage.push(format!("{}: took {:?}", hostile.id, started.elapsed()));
        }
    }
    assert!(
        damage.is_empty(),
        "{} findings:\n{}",
        damage.len(),
        damage.join("\n")
    );
}
