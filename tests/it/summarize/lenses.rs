//! P11: a lens tells what its side stresses and the others do not, from its own side's articles only.

use std::collections::BTreeMap;

use nutgraf::domain::{Article, ArticleId, Bias, Lens, LensReason, LensStatus, Summary, Verdict};

use super::sample::{Story, article};
use crate::support::ScriptedEngine;

const CLOSED: &str =
    "The city council of Alder closed the Velm Bridge on Monday after inspectors found 14 cracks.";

const TOLLS: [&str; 2] = [
    "Low-paid commuters from Tolmar will carry the burden of higher ferry tolls, labour groups said.",
    "Labour groups said higher ferry tolls will burden low-paid commuters who come from Tolmar.",
];

const WASTE: [&str; 2] = [
    "Taxpayers in Brenholm already paid twice for repairs that the public works office wasted, auditors said.",
    "Auditors said the public works office wasted the repairs for which taxpayers in Brenholm paid twice.",
];

/// An article of an outlet of a side.
fn of_side(id: &str, side: Option<Bias>, text: &str) -> Article {
    let mut article = article(id, &format!("Outlet {id}"), "2025-03-05", text);
    article.meta.bias = side;
    article
}

/// Two outlets on the left and two on the right, each pair with a stress of its own, and one of the center. The summary
/// itself has room for what all of them say.
fn two_sides() -> Story {
    let told = |own: &str| format!("{CLOSED}\n\n{own}");
    let mut story = Story::of(vec![
        of_side("l1", Some(Bias::Left), &told(TOLLS[0])),
        of_side("l2", Some(Bias::Left), &told(TOLLS[1])),
        of_side("r1", Some(Bias::Right), &told(WASTE[0])),
        of_side("r2", Some(Bias::Right), &told(WASTE[1])),
        of_side("c1", Some(Bias::Center), CLOSED),
    ]);
    story.settings.max_bullets = 0;
    story
}

fn summarize(story: &Story) -> Summary {
    story.summarize(&ScriptedEngine::gibberish())
}

#[track_caller]
fn tells(lens: &Lens, words: &str) {
    assert_eq!(lens.status, LensStatus::Ready, "{lens:#?}");
    assert!(
        lens.bullets
            .iter()
            .all(|bullet| bullet.text.to_lowercase().contains(words)),
        "{lens:#?}"
    );
}

#[track_caller]
fn is_omitted(lens: &Lens, reason: LensReason) {
    assert_eq!(
        (lens.status, lens.reason),
        (LensStatus::Omitted, Some(reason)),
        "{lens:#?}"
    );
    assert!(lens.bullets.is_empty());
}

#[test]
fn p11_each_side_stresses_its_own_and_cites_its_own_articles_only() {
    let story = two_sides();
    let summary = summarize(&story);
    tells(&summary.lenses.left, "tolls");
    tells(&summary.lenses.right, "auditors");
    let sides: BTreeMap<&ArticleId, Option<Bias>> = story
        .articles
        .iter()
        .map(|article| (&article.meta.id, article.meta.bias))
        .collect();
    for (side, lens) in summary.lenses.sides() {
        for bullet in &lens.bullets {
            assert_eq!(bullet.lens, Some(side));
            assert_eq!(bullet.check.verdict, Verdict::Verified);
            assert_eq!(bullet.outlets, 2, "{bullet:#?}");
            assert!(!bullet.citations.is_empty());
            assert!(
                bullet
                    .citations
                    .iter()
                    .all(|citation| sides[&citation.article_id] == Some(side))
            );
        }
    }
}

#[test]
fn p11_one_outlet_is_no_side() {
    let summary = summarize(&two_sides());
    is_omitted(&summary.lenses.center, LensReason::TooFewOutlets);

    // A reprint is no second outlet, and neither is a second article of one outlet.
    for (outlet, text) in [("Outlet else", TOLLS[0]), ("Outlet l1", "A ferry will come.")] {
        let mut story = two_sides();
        let text = if text == TOLLS[0] {
            story.articles[0].text.clone()
        } else {
            format!("{text} {CLOSED}")
        };
        story.articles[1] = of_side("l2", Some(Bias::Left), &text);
        story.articles[1].meta.outlet = Some(outlet.to_owned());
        is_omitted(&summarize(&story).lenses.left, LensReason::TooFewOutlets);
    }
}

#[test]
fn p11_without_ratings_every_lens_is_omitted() {
    for (_, lens) in summarize(&Story::bridge()).lenses.sides() {
        is_omitted(lens, LensReason::TooFewOutlets);
    }
}

#[test]
fn p11_what_the_others_say_too_is_no_stress() {
    let mut story = two_sides();
    let others = [
        "Higher ferry tolls will be a burden for low-paid commuters from Tolmar, according to labour groups.",
        "According to labour groups, commuters from Tolmar who are low-paid carry the burden of higher ferry tolls.",
    ];
    for (article, text) in story.articles[2..4].iter_mut().zip(others) {
        *article = of_side(
            article.meta.id.as_str(),
            Some(Bias::Right),
            &format!("{}\n\n{text}", article.text),
        );
    }
    let summary = summarize(&story);
    is_omitted(&summary.lenses.left, LensReason::NothingDistinct);
    tells(&summary.lenses.right, "auditors");
}

#[test]
fn p11_what_one_other_outlet_says_too_is_neither_counted_nor_cited() {
    let mut story = two_sides();
    let too =
        "Higher ferry tolls will be a burden for low-paid commuters from Tolmar, according to labour groups.";
    story.articles[2] = of_side("r1", Some(Bias::Right), &format!("{too}\n\n{}", WASTE[0]));
    for (id, text) in [
        (
            "n1",
            "Inspectors found 14 cracks in the Velm Bridge, so Alder had its city council close it on Monday.\n\n\
             Shops in the old town wait for visitors this spring.",
        ),
        (
            "n2",
            "With 14 cracks that inspectors found, the Velm Bridge was closed on Monday by Alder and its city council.\n\n\
             A school on the east bank begins its lessons half an hour later.",
        ),
    ] {
        story.articles.push(of_side(id, None, text));
    }
    let summary = summarize(&story);
    tells(&summary.lenses.left, "tolls");
    for bullet in &summary.lenses.left.bullets {
        assert_eq!(bullet.outlets, 2, "{bullet:#?}");
        let cited = bullet
            .citations
            .iter()
            .map(|citation| citation.article_id.as_str());
        assert!(cited.into_iter().all(|id| id.starts_with('l')), "{bullet:#?}");
    }
}

#[test]
fn p12_a_lens_does_not_repeat_the_summary() {
    let mut story = two_sides();
    story.settings.max_bullets = 5;
    let summary = summarize(&story);
    let texts: Vec<&str> = summary.statements().map(|bullet| bullet.text.as_str()).collect();
    assert_eq!(
        texts.iter().filter(|text| text.contains("tolls")).count(),
        1,
        "{texts:#?}"
    );
    is_omitted(&summary.lenses.left, LensReason::NothingDistinct);
}

#[test]
fn p11_a_language_that_is_not_served_has_no_lenses() {
    let texts = [
        "Der Stadtrat von Alder hat am Montag die Velmbrücke gesperrt, nachdem Prüfer vierzehn Risse gefunden hatten.",
        "Eine Fähre bringt die Pendler bis zur Wiedereröffnung über den Fluss, teilte die Stadt am späten Abend mit.",
    ];
    let articles = texts.iter().enumerate();
    let articles = articles.map(|(index, text)| of_side(&format!("l{index}"), Some(Bias::Left), text));
    let summary = summarize(&Story::of(articles.collect()));
    is_omitted(&summary.lenses.left, LensReason::UnsupportedLanguage);
}

#[test]
fn p8_a_lens_tells_no_disputed_value() {
    let mut story = two_sides();
    for (id, side, value) in [
        ("l1", Bias::Left, 12),
        ("l2", Bias::Left, 12),
        ("r1", Bias::Right, 15),
    ] {
        let text =
            format!("The collapse at Tolmar killed {value} people, as outlet {id} found out on its own.");
        let article = story
            .articles
            .iter_mut()
            .find(|article| article.meta.id.as_str() == id)
            .unwrap();
        *article = of_side(id, Some(side), &format!("{}\n\n{text}", article.text));
    }
    let summary = summarize(&story);
    assert_eq!(summary.conflicts.len(), 1, "{:#?}", summary.conflicts);
    assert!(
        summary
            .lenses
            .bullets()
            .all(|bullet| !bullet.text.contains("killed"))
    );
}

#[test]
fn lens_bullets_are_announced_and_kept_over_a_re_summary() {
    let story = two_sides();
    let mut announced = 0;
    let first = story.summarize_after(None, &ScriptedEngine::gibberish(), &mut |_| announced += 1);
    assert_eq!(announced, first.statements().count());
    assert!(announced > first.bullets.len() + 1);
    let second = story.summarize_after(Some(&first), &ScriptedEngine::gibberish(), &mut |_| {});
    let ids = |summary: &Summary| summary.statements().map(|bullet| bullet.id).collect::<Vec<_>>();
    assert_eq!(ids(&first), ids(&second));
    assert!(second.says_the_same(&first));
}

#[test]
fn a_lens_has_no_more_bullets_than_the_setting_says() {
    let mut story = two_sides();
    story.settings.max_lens_bullets = 0;
    for (_, lens) in summarize(&story).lenses.sides() {
        assert_eq!(lens.status, LensStatus::Omitted);
    }
}
