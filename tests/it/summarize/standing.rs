//! What a summary states about itself: evidence, outlets, freshness, abstention, checks, language.

use std::collections::BTreeSet;

use nutgraf::domain::{
    ArticleInput, BulletKind, CheckReason, LeftOutReason, Summary, SummaryReason, SummaryStatus, Verdict,
};
use nutgraf::summarize::verify::copying::CopyIndex;
use nutgraf::summarize::verify::{Candidate, CheckFn, Rules, run};

use super::sample::{GOOD, Story, about, article, on_the_cracks};
use crate::support::{ScriptedEngine, article_from};

#[test]
fn p1_every_statement_cites_slices_of_the_stored_text() {
    let mut story = Story::bridge();
    let courier = &mut story.articles[1];
    courier.text = format!(
        "Überschwemmung! Ein “ß” and 🌉 stand before it.\n\n{}",
        courier.text
    );
    for engine in [on_the_cracks(GOOD), ScriptedEngine::gibberish()] {
        let summary = story.summarize(&engine);
        assert!(summary.statements().count() >= 4, "{summary:#?}");
        for citation in summary.statements().flat_map(|bullet| {
            assert!(!bullet.citations.is_empty());
            &bullet.citations
        }) {
            let article = story
                .articles
                .iter()
                .find(|article| article.meta.id == citation.article_id)
                .unwrap();
            let characters: Vec<char> = article.text.chars().collect();
            let slice: String = characters[citation.start as usize..citation.end as usize]
                .iter()
                .collect();
            assert_eq!(slice, citation.quote);
            assert_eq!(citation.outlet, article.meta.outlet);
        }
    }
}

#[test]
fn p14_outlets_are_counted_once_and_reprints_not_at_all() {
    let story = Story::bridge();
    let alone = story.summarize(&ScriptedEngine::gibberish());
    assert_eq!(about(&alone, "14 cracks").outlets, 3);
    assert_eq!(alone.coverage.families, Some(4));

    let reprint = article(
        "reprint",
        "Far Away Gazette",
        "2025-03-06",
        &story.articles[1].text,
    );
    let more_of_the_post = article(
        "post2",
        "Harbour Post",
        "2025-03-07",
        "The city council of Alder said inspectors found 14 cracks in the main girder of the Velm Bridge before it was closed.",
    );
    let more = story
        .with(reprint)
        .with(more_of_the_post)
        .summarize(&ScriptedEngine::gibberish());
    assert_eq!(about(&more, "14 cracks").outlets, 3);
    assert_eq!((more.coverage.articles, more.coverage.families), (6, Some(5)));
}

#[test]
fn p15_a_summary_carries_its_article_set_and_the_time_it_covers() {
    let story = Story::bridge();
    let summary = story.summarize(&ScriptedEngine::gibberish());
    assert_eq!(summary.made.article_set_hash, story.article_set_hash());
    assert_eq!(
        summary.made.covers_until.unwrap().to_string(),
        "2025-03-05T08:00:00Z"
    );
    assert_eq!(
        (summary.made.by.as_str(), summary.made.prompt.as_str()),
        ("machine", "bullet.v1")
    );
}

#[test]
fn p16_too_little_to_go_on_is_said_and_not_padded() {
    let none = Story::of(Vec::new()).summarize(&ScriptedEngine::gibberish());
    assert_eq!(
        (none.status, none.reason),
        (
            SummaryStatus::InsufficientSources,
            Some(SummaryReason::NoArticles)
        )
    );

    let menu = article(
        "menu",
        "Site",
        "2025-03-03",
        "Home\n\nSign up\n\nContact us\n\nAll rights reserved",
    );
    let useless = Story::of(vec![menu]).summarize(&ScriptedEngine::gibberish());
    assert_eq!(
        (useless.status, useless.reason),
        (
            SummaryStatus::InsufficientSources,
            Some(SummaryReason::NoUsableText)
        )
    );
    assert_eq!(useless.coverage.left_out[0].reason, LeftOutReason::NoUsableText);
    assert!(useless.statements().next().is_none());

    let brief =
        "The city council of Alder closed the Velm Bridge on Monday after inspectors found 14 cracks.";
    let one = Story::of(vec![article("brief", "Site", "2025-03-03", brief)])
        .summarize(&ScriptedEngine::gibberish());
    assert_eq!((one.status, one.statements().count()), (SummaryStatus::Ready, 1));
}

#[test]
fn the_lede_has_the_place_and_day_of_what_it_cites() {
    let summary = Story::bridge().summarize(&ScriptedEngine::gibberish());
    let lede = summary.lede.as_ref().unwrap();
    assert!(lede.bullet.citations[0].quote.contains("14 cracks"), "{lede:#?}");
    let cites_post = lede
        .bullet
        .citations
        .iter()
        .any(|citation| citation.article_id.as_str() == "post");
    assert_eq!(lede.place.as_deref(), cites_post.then_some("ALDER"));
    assert!(lede.date.unwrap().to_string().starts_with("2025-03-0"));
    assert!(summary.bullets.len() <= 5);
}

#[test]
fn a_language_that_is_not_served_gets_extracts_only() {
    let text = "Der Stadtrat von Alder hat am Montag die Velmbrücke gesperrt, nachdem Prüfer vierzehn Risse gefunden hatten. \
        Eine Fähre bringt die Pendler bis zur Wiedereröffnung über den Fluss, teilte die Stadt am Abend mit.";
    let engine = ScriptedEngine::gibberish();
    let summary = Story::of(vec![article("bote", "Alder Bote", "2025-03-03", text)]).summarize(&engine);
    assert_eq!(
        (summary.status, summary.reason),
        (SummaryStatus::Ready, Some(SummaryReason::UnsupportedLanguage))
    );
    assert_eq!((summary.language.as_deref(), engine.generated()), (Some("de"), 0));
    assert!(
        summary
            .statements()
            .all(|bullet| bullet.kind == BulletKind::Extractive)
    );
}

#[test]
fn an_article_in_another_language_is_left_out() {
    let text = "Der Stadtrat von Alder hat am Montag die Velmbrücke gesperrt, nachdem Prüfer vierzehn Risse gefunden hatten.";
    let summary = Story::bridge()
        .with(article("bote", "Alder Bote", "2025-03-03", text))
        .summarize(&ScriptedEngine::gibberish());
    let left_out = &summary.coverage.left_out;
    assert_eq!(left_out.len(), 1);
    assert_eq!(
        (left_out[0].article_id.as_str(), left_out[0].reason),
        ("bote", LeftOutReason::OtherLanguage)
    );
}

#[test]
fn an_opinion_piece_and_a_newsletter_are_left_out() {
    let engine = ScriptedEngine::gibberish();
    let labelled = |section: &str, outlet: &str| {
        article_from(ArticleInput {
            outlet: Some(outlet.to_owned()),
            url: Some(format!("https://news.example/{section}/the-bridge")),
            text: GOOD.to_owned(),
            ..ArticleInput::default()
        })
    };
    let (opinion, letter) = (
        labelled("opinion", "Alder Tribune"),
        labelled("newsletters", "The Courier"),
    );
    let left_out = |summary: &Summary| -> Vec<_> {
        let left_out = summary.coverage.left_out.iter();
        left_out.map(|one| one.reason).collect()
    };

    let story = Story::bridge().with(opinion.clone()).with(letter.clone());
    let summary = story.summarize(&engine);
    let reasons: BTreeSet<_> = left_out(&summary).into_iter().collect();
    assert_eq!(
        reasons,
        BTreeSet::from([LeftOutReason::Newsletter, LeftOutReason::Opinion])
    );
    let of = [&opinion.meta.id, &letter.meta.id];
    let mut citations = summary.statements().flat_map(|bullet| &bullet.citations);
    assert!(citations.all(|citation| !of.contains(&&citation.article_id)));

    let alone = Story::of(vec![opinion, letter]).summarize(&engine);
    assert_eq!(
        (alone.status, alone.reason),
        (SummaryStatus::InsufficientSources, Some(SummaryReason::NoReports))
    );
}

#[test]
fn p17_an_extract_stands_on_its_own_unless_there_is_nothing_else() {
    let engine = ScriptedEngine::gibberish();
    let whole =
        "The city council of Alder closed the Velm Bridge on Monday after inspectors found 14 cracks.";
    let leaning = "It had been built in 1961 by a company from Brenholm that no longer exists.";
    let orphan = "“Nobody had looked at the girders of that bridge for thirty-seven years.”";
    let texts = |text: &str| -> Vec<String> {
        let summary = Story::of(vec![article("a", "Site", "2025-03-03", text)]).summarize(&engine);
        summary.statements().map(|bullet| bullet.text.clone()).collect()
    };
    let all = texts(&format!("{whole} {leaning} {orphan}"));
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].starts_with("The city council"), "{all:?}");
    assert!(texts(leaning)[0].starts_with("It had been built"));
}

#[test]
fn a_story_of_two_events_says_so() {
    let engine = ScriptedEngine::gibberish();
    let bridge = Story::bridge();
    assert_eq!(bridge.summarize(&engine).reason, None);
    let orchard = "Frost destroyed half of the apple blossom in the orchards of Merrow, growers reported. \
        Growers in Merrow lit candles between the apple trees during the frost.";
    let both = bridge
        .articles
        .iter()
        .filter(|article| article.meta.id.as_str() != "weekly")
        .cloned()
        .chain([
            article("farmer", "Merrow Farmer", "2025-03-04", orchard),
            article(
                "herald",
                "Merrow Herald",
                "2025-03-04",
                "Growers in Merrow reported that the frost destroyed half of the apple blossom. \
                 Candles between the apple trees did not save the orchards of Merrow.",
            ),
        ]);
    let summary = Story::of(both.collect()).summarize(&engine);
    assert_eq!(
        (summary.status, summary.reason),
        (SummaryStatus::Ready, Some(SummaryReason::SeveralStories))
    );
}

/// Runs checks over a wording of the point about the cracks.
fn check(text: &str, article: &str, checks: &[CheckFn]) -> nutgraf::domain::Check {
    let story = Story::of(vec![super::sample::article("a", "A", "2025-03-03", article)]);
    let analysis = nutgraf::domain::Analysis::default();
    let sources: Vec<_> = story
        .articles
        .iter()
        .map(|article| nutgraf::summarize::Source {
            meta: &article.meta,
            text: &article.text,
            analysis: &analysis,
        })
        .collect();
    let copies = CopyIndex::new(&sources, 14);
    let rules = Rules {
        headline: None,
        language: Some("en"),
        instructions: &[],
        copies: &copies,
        max_chars: 320,
    };
    run(
        &Candidate {
            text,
            evidence: &[article],
            accepted: &[],
            rules: &rules,
        },
        checks,
    )
}

#[test]
fn p13_fourteen_words_may_be_shared_fifteen_may_not_and_quotations_may_be_long() {
    use nutgraf::summarize::verify::copying::copied_run;
    let source = "Vold said: “one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen.”";
    let words = |n: usize| {
        let all = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen";
        all.split(' ').take(n).collect::<Vec<_>>().join(" ")
    };
    let reasons = |text: &str| check(text, source, &[copied_run]).reasons;
    assert_eq!(reasons(&format!("Then {} came.", words(14))), []);
    assert_eq!(
        reasons(&format!("Then {} came.", words(15))),
        [CheckReason::CopiedRun]
    );
    assert_eq!(reasons(&format!("She spoke of “{}” there.", words(16))), []);
}

#[test]
fn p21_a_check_that_breaks_is_not_checked_and_never_verified() {
    fn breaks(_: &Candidate<'_>) -> Vec<CheckReason> {
        panic!("a defect in a check")
    }
    fn passes(_: &Candidate<'_>) -> Vec<CheckReason> {
        Vec::new()
    }
    fn refuses(_: &Candidate<'_>) -> Vec<CheckReason> {
        vec![CheckReason::TooShort]
    }
    let verdict = |checks: &[CheckFn]| {
        let check = check("Text.", "Text.", checks);
        (check.verdict, check.reasons)
    };
    assert_eq!(verdict(&[passes]), (Verdict::Verified, vec![]));
    assert_eq!(
        verdict(&[passes, breaks]),
        (Verdict::NotChecked, vec![CheckReason::CheckError])
    );
    assert_eq!(
        verdict(&[refuses]),
        (Verdict::Failed, vec![CheckReason::TooShort])
    );
    let (verdict, reasons) = verdict(&[breaks, refuses]);
    assert_eq!(verdict, Verdict::Failed);
    assert!(reasons.contains(&CheckReason::CheckError) && reasons.contains(&CheckReason::TooShort));
}

#[test]
fn p6_what_is_only_meant_is_not_told_as_done() {
    use nutgraf::summarize::verify::meaning::realised;
    let article = "The council of Alder opened two gates on Tuesday to lower the lake by two metres.";
    for (text, expected) in [
        (
            "The council of Alder has lowered the lake by two metres.",
            vec![CheckReason::PolarityChanged],
        ),
        ("The council of Alder opened two gates to lower the lake.", vec![]),
    ] {
        assert_eq!(check(text, article, &[realised]).reasons, expected, "{text}");
    }
}
