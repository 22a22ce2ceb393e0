//! The model chooses among compressions of a source sentence; a spare point that has one takes the place of a point that
//! has none.

use std::sync::{Arc, Mutex};

use nutgraf::domain::{BulletKind, Verdict};
use nutgraf::engine::Constraint;
use nutgraf::engine::constraint::admits;
use nutgraf::summarize::{Gate, Grounding, compression};

use super::sample::{Story, about, article, asked};
use crate::support::ScriptedEngine;

/// What two outlets say, each in its words and without a compression, and what one outlet says that has some.
const TOLD_TWICE: [[&str; 2]; 3] = [
    [
        "Gulls nest on the roofs of the fish market in Brenholm.",
        "Roofs of the Brenholm fish market are where gulls nest.",
    ],
    [
        "Bakers in Tolmar sell rye bread to sailors from Norrvik.",
        "Sailors from Norrvik buy rye bread that Tolmar bakers sell.",
    ],
    [
        "Pupils in Ostrey paint small boats for the spring fair.",
        "Small boats for the spring fair are what Ostrey pupils paint.",
    ],
];
const LONG: &str = "The council of Alder, which met for six hours on Monday, voted to close the old Velm Bridge to all heavy \
                    cars and trucks, calling it a risk.";
const SHORT: &str = "The council of Alder voted to close the old Velm Bridge to all heavy cars and trucks.";

/// Another such sentence.
const OTHER_LONG: &str = "The mayor of Norrvik, who took office in June, opened a big new school for young sailors on the long \
                          island, praising its teachers.";
const OTHER_SHORT: &str =
    "The mayor of Norrvik opened a big new school for young sailors on the long island.";

/// The constraints under which a point was asked for.
type Seen = Arc<Mutex<Vec<Arc<dyn Constraint>>>>;

/// Says a short sentence where it may, and nothing usable elsewhere; shows under what constraint `LONG` was asked for.
fn choosing() -> (ScriptedEngine, Seen) {
    let seen: Seen = Arc::default();
    let keeps = Arc::clone(&seen);
    let engine = ScriptedEngine::new(move |request| {
        let constraint = request.constraint.clone().unwrap();
        let may_be_said = |text: &&&str| admits(constraint.as_ref(), text);
        let answer = [SHORT, OTHER_SHORT].iter().find(may_be_said).copied();
        if asked(request).contains("six hours") {
            keeps.lock().unwrap().push(Arc::clone(&constraint));
        }
        Ok(answer.unwrap_or("NONE").to_owned())
    });
    (engine, seen)
}

#[test]
fn a_compression_is_chosen_from_a_list_and_nothing_else_can_be_said() {
    let story = Story::of(vec![article("one", "The Courier", "2025-03-03", LONG)]);
    let (engine, seen) = choosing();
    let summary = story.summarize(&engine);
    let bullet = about(&summary, "six hours");
    assert_eq!(
        (bullet.text.as_str(), bullet.kind, bullet.check.verdict),
        (SHORT, BulletKind::Abstractive, Verdict::Verified)
    );
    assert_eq!(bullet.citations.len(), 1);
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 1, "one text for the point");
    for other in [LONG, "The council of Alder closed the Velm Bridge.", "NONE"] {
        assert!(!admits(seen[0].as_ref(), other), "{other}");
    }
}

#[test]
fn a_wording_that_tells_much_less_than_the_fullest_cannot_be_chosen() {
    let sentence = "The council of Alder, which met the engineers and builders of Norrvik for six hours, voted on Monday \
                    to close the Velm Bridge, calling it a risk.";
    let bare = "The council of Alder voted to close the Velm Bridge.";
    assert!(compression::wordings(sentence, 14).contains(&bare.to_owned()));
    let (engine, seen) = choosing();
    Story::of(vec![article("one", "The Courier", "2025-03-03", sentence)]).summarize(&engine);
    // The first is the list to choose from; behind it the model writes freely.
    let list = Arc::clone(&seen.lock().unwrap()[0]);
    assert!(!admits(list.as_ref(), bare));
}

#[test]
fn a_spare_point_with_a_wording_takes_the_place_of_one_without() {
    let [first, second] = [0, 1].map(|outlet| TOLD_TWICE.map(|wordings| wordings[outlet]).join("\n\n"));
    let mut story = Story::of(vec![
        article(
            "one",
            "The Courier",
            "2025-03-03",
            &format!("{first}\n\n{LONG}\n\n{OTHER_LONG}"),
        ),
        article("two", "Harbour Post", "2025-03-03", &second),
    ]);
    // Two that are told twice, which keep their places, one that has a wording, and the third that is told twice.
    for (max_bullets, spare_points, worded) in [(3, 4, 2), (3, 0, 1), (1, 4, 0)] {
        story.settings.max_bullets = max_bullets;
        story.settings.spare_points = spare_points;
        let (engine, _) = choosing();
        let summary = story.summarize(&engine);
        let texts: Vec<&str> = summary.statements().map(|bullet| bullet.text.as_str()).collect();
        assert_eq!(texts.len(), max_bullets + 1, "{texts:?}");
        let short = texts.iter().filter(|text| [SHORT, OTHER_SHORT].contains(text));
        assert_eq!(short.count(), worded, "{texts:?}");
        // Made again from the same articles: nothing is asked.
        let (engine, _) = choosing();
        let again = story.summarize_after(Some(&summary), &engine, &mut |_| {});
        assert!(again.says_the_same(&summary));
        assert_eq!(engine.generated(), 0);
    }
}

#[test]
fn without_the_gate_a_wording_is_not_called_verified() {
    let mut story = Story::of(vec![article("one", "The Courier", "2025-03-03", LONG)]);
    story.settings.gate = Gate::Off;
    story.settings.grounding = Grounding::Off;
    let summary = story.summarize(&ScriptedEngine::new(|request| {
        assert!(request.constraint.is_none());
        Ok("Firefighters rescued seven seagulls.".to_owned())
    }));
    let bullet = about(&summary, "six hours");
    assert_eq!(bullet.check.verdict, Verdict::NotChecked);
    assert_eq!(bullet.kind, BulletKind::Abstractive);
}
