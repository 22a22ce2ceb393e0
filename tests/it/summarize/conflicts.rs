//! P8: different values of one thing are listed with who says what, and a bullet that tells one names them all.

use nutgraf::domain::{Bullet, Conflict, Summary};
use nutgraf::text::facts::unsupported_numbers;

use super::sample::{Story, about, article};
use crate::support::ScriptedEngine;

/// One outlet's article a sentence, a day apart.
fn told_by(sentences: &[&str]) -> Summary {
    let articles = sentences.iter().enumerate().map(|(index, text)| {
        let outlet = format!("Outlet {index}");
        article(
            &format!("a{index}"),
            &outlet,
            &format!("2025-03-0{}", index + 1),
            text,
        )
    });
    Story::of(articles.collect()).summarize(&ScriptedEngine::gibberish())
}

fn values(conflict: &Conflict) -> Vec<(&str, Vec<&str>)> {
    let values = conflict.values.iter();
    values
        .map(|value| {
            (
                value.value.as_str(),
                value.outlets.iter().map(String::as_str).collect(),
            )
        })
        .collect()
}

/// The part that our code added for the conflict.
fn note(bullet: &Bullet) -> Option<&str> {
    let added = bullet.added.iter().map(|added| added.text.as_str());
    added.into_iter().find(|text| text.contains("counts"))
}

const TWELVE: &str = "The explosion at the Alder steel works killed 12 people, the city council said.";
const FIFTEEN: &str =
    "The explosion at the steel works in Alder killed 15 people, according to the fire brigade.";

#[test]
fn p8_outlets_that_count_differently_are_listed_newest_first() {
    let again = "Twelve people were killed in the explosion at the Alder steel works, the mayor said.";
    let summary = told_by(&[TWELVE, FIFTEEN, again]);
    let [conflict] = summary.conflicts.as_slice() else {
        panic!("{:#?}", summary.conflicts)
    };
    assert_eq!(conflict.about, "death toll");
    assert_eq!(
        values(conflict),
        [("12", vec!["Outlet 0", "Outlet 2"]), ("15", vec!["Outlet 1"])]
    );
}

#[test]
fn p8_a_bullet_that_tells_one_value_names_all_of_them() {
    let summary = told_by(&[TWELVE, FIFTEEN]);
    let bullet = about(&summary, "killed 12");
    assert_eq!(note(bullet), Some(" (Outlets’ counts: 12, 15)"), "{bullet:#?}");
    assert!(bullet.text.ends_with("(Outlets’ counts: 12, 15)"));
    let quotes: Vec<&str> = bullet
        .citations
        .iter()
        .map(|citation| citation.quote.as_str())
        .collect();
    assert_eq!(
        quotes,
        [TWELVE],
        "the other value is told by code, outside the text checks"
    );
    assert!(unsupported_numbers(&bullet.text_without_added(), &quotes).is_empty());
}

#[test]
fn p8_a_bullet_that_tells_the_value_in_other_words_names_all_of_them() {
    let other_words = "Twelve workers were killed, and a firefighter was taken to the hospital with burns.";
    let summary = told_by(&[TWELVE, FIFTEEN, other_words]);
    let bullet = about(&summary, "Twelve workers");
    assert_eq!(note(bullet), Some(" (Outlets’ counts: 12, 15)"), "{bullet:#?}");
}

#[test]
fn p8_what_agrees_grows_or_counts_something_else_is_no_conflict() {
    for sentences in [
        [
            TWELVE,
            "At least 10 people were killed in the explosion at the Alder steel works, the mayor said.",
        ],
        [
            TWELVE,
            "Nearly 15 people were killed in the explosion at the Alder steel works, the mayor said.",
        ],
        [
            TWELVE,
            "Fifteen people were injured in the explosion at the Alder steel works, the mayor said.",
        ],
        [
            TWELVE,
            "An explosion at the Alder steel works killed 15 people in 1987, the mayor said of the past.",
        ],
        [
            TWELVE,
            "The flood of the river Lume in Brenholm killed 15 people, the state of Norrvik said.",
        ],
        [
            TWELVE,
            "The explosion at the Alder steel works killed 12 people, police said. Later the death toll in the Alder \
             explosion at the steel works rose to 15.",
        ],
    ] {
        let summary = told_by(&sentences);
        assert_eq!(summary.conflicts, [], "{sentences:?}");
        assert!(summary.statements().all(|bullet| note(bullet).is_none()));
    }
}

#[test]
fn p8_two_articles_of_one_outlet_are_one_voice() {
    let summary = Story::of(vec![
        article("a", "Harbour Post", "2025-03-03", TWELVE),
        article("b", "Harbour Post", "2025-03-04", FIFTEEN),
    ])
    .summarize(&ScriptedEngine::gibberish());
    assert_eq!(summary.conflicts, []);
}

#[test]
fn p8_a_count_so_far_differs_from_a_later_one() {
    let eleven = "At least 11 people were killed in the explosion at the Alder steel works, the mayor said.";
    let summary = told_by(&[eleven, TWELVE]);
    assert_eq!(
        values(&summary.conflicts[0]),
        [("12", vec!["Outlet 1"]), ("at least 11", vec!["Outlet 0"])]
    );
}

#[test]
fn p8_reprints_of_one_report_are_no_second_voice() {
    let summary = told_by(&[TWELVE, TWELVE]);
    assert_eq!(summary.conflicts, []);
}

#[test]
fn p8_a_bullet_with_a_note_is_kept_over_a_re_summary() {
    let story = Story::of(vec![
        article("a", "Harbour Post", "2025-03-03", TWELVE),
        article("b", "The Courier", "2025-03-04", FIFTEEN),
    ]);
    let first = story.summarize(&ScriptedEngine::gibberish());
    let second = story.summarize_after(Some(&first), &ScriptedEngine::gibberish(), &mut |_| {});
    assert!(second.says_the_same(&first), "{first:#?} {second:#?}");
    assert_eq!(about(&first, "killed 12").id, about(&second, "killed 12").id);
}
