//! P9: relative days become dates, by the cited article's own day; the sentence's own words stay in the citation.

use nutgraf::domain::{Bullet, BulletKind, CheckReason};
use nutgraf::text::facts::{unsupported_numbers, written_day};

use super::sample::{Story, about, article};
use crate::support::ScriptedEngine;

const CLOSED: &str =
    "The city council of Alder closed the Velm Bridge on Monday after inspectors found 14 cracks.";

/// The bullet of a story of one article of one sentence, worded as the engine likes.
fn bullet_of(day: &str, text: &str, engine: &ScriptedEngine) -> Bullet {
    let summary = Story::of(vec![article("one", "The Courier", day, text)]).summarize(engine);
    about(&summary, "Alder").clone()
}

fn resolved(bullet: &Bullet) -> Vec<(String, String)> {
    let citations = bullet.citations.iter();
    citations
        .filter_map(|citation| citation.resolved.as_ref())
        .map(|resolved| (resolved.text.clone(), resolved.date.to_string()))
        .collect()
}

#[test]
fn p9_an_extract_tells_the_date_and_its_citation_the_outlets_words() {
    let bullet = bullet_of("2025-03-05", CLOSED, &ScriptedEngine::gibberish());
    assert_eq!(bullet.kind, BulletKind::Extractive);
    assert_eq!(
        bullet.text,
        "The city council of Alder closed the Velm Bridge on March 3, 2025, after inspectors found 14 cracks. \
         (The Courier)"
    );
    assert_eq!(bullet.citations[0].quote, CLOSED);
    assert_eq!(
        resolved(&bullet),
        [("on Monday".to_owned(), "2025-03-03".to_owned())]
    );
}

#[test]
fn p9_a_wording_of_the_model_tells_the_date() {
    let text = "The city council of Alder said on Monday that it will close the Velm Bridge on Friday, which 22,000 cars \
                cross every day, because inspectors found cracks.";
    let engine = ScriptedEngine::new(|_| {
        Ok("The city council said on Monday it will close the Velm Bridge on Friday because inspectors found cracks.".to_owned())
    });
    let bullet = bullet_of("2025-03-04T01:30:00+01:00", text, &engine);
    assert_eq!(bullet.kind, BulletKind::Abstractive, "{bullet:#?}");
    assert_eq!(
        bullet.text,
        "The city council said on March 3, 2025, it will close the Velm Bridge on March 7, 2025, because inspectors found \
         cracks."
    );
    assert_eq!(
        resolved(&bullet),
        [
            ("on Monday".to_owned(), "2025-03-03".to_owned()),
            ("on Friday".to_owned(), "2025-03-07".to_owned())
        ]
    );
}

#[test]
fn p9_the_outlets_own_clock_decides_the_day() {
    let text = "The city council of Alder closed the Velm Bridge yesterday after inspectors found 14 cracks.";
    for (published, date) in [
        ("2025-03-04T01:30:00+09:00", "2025-03-03"),
        ("2025-03-03T23:30:00-05:00", "2025-03-02"),
        ("2025-03-04", "2025-03-03"),
    ] {
        let bullet = bullet_of(published, text, &ScriptedEngine::gibberish());
        assert_eq!(
            resolved(&bullet),
            [("yesterday".to_owned(), date.to_owned())],
            "{published}"
        );
    }
}

#[test]
fn p2_a_date_counts_only_with_the_citation_that_resolves_it() {
    let summary = Story::bridge().summarize(&ScriptedEngine::gibberish());
    let mut dates = 0;
    for bullet in summary.statements() {
        let quotes = bullet.citations.iter().map(|citation| citation.quote.clone());
        let days = bullet
            .citations
            .iter()
            .filter_map(|citation| citation.resolved.as_ref());
        let days: Vec<String> = days.map(|resolved| written_day(resolved.date)).collect();
        dates += days.len();
        let proof: Vec<String> = quotes.chain(days).collect();
        let proof: Vec<&str> = proof.iter().map(String::as_str).collect();
        assert!(
            unsupported_numbers(&bullet.text_without_added(), &proof).is_empty(),
            "{bullet:#?}"
        );
    }
    assert!(dates > 0);
}

#[test]
fn p9_a_sentence_without_a_dangling_day_is_preferred() {
    let dateless =
        "Inspectors of the state found 14 cracks in the main girder of the Velm Bridge in Alder on Monday.";
    let plain =
        "Inspectors of the state found 14 cracks in the main girder of the Velm Bridge in Alder last.";
    let mut story = Story::of(vec![
        article("a", "Harbour Post", "2025-03-04", dateless),
        article("b", "The Courier", "2025-03-04", &plain.replace(" last.", ".")),
    ]);
    let dated = story.summarize(&ScriptedEngine::gibberish());
    assert!(
        about(&dated, "14 cracks").text.contains("on March 3, 2025"),
        "{dated:#?}"
    );
    for article in &mut story.articles {
        article.meta.published_at = None;
    }
    let undated = story.summarize(&ScriptedEngine::gibberish());
    let bullet = about(&undated, "14 cracks");
    assert!(!bullet.text.contains("Monday"), "{bullet:#?}");
    assert_eq!(resolved(bullet), []);
}

#[test]
fn p9_a_dated_bullet_is_kept_over_a_re_summary() {
    let story = Story::of(vec![article("one", "The Courier", "2025-03-05", CLOSED)]);
    let first = story.summarize(&ScriptedEngine::gibberish());
    let engine = ScriptedEngine::gibberish();
    let second = story.summarize_after(Some(&first), &engine, &mut |_| {});
    assert_eq!(engine.generated(), 0);
    assert!(second.says_the_same(&first));
    assert_eq!(about(&first, "Alder").id, about(&second, "Alder").id);
}

#[test]
fn p13_a_copy_with_its_day_written_out_is_a_copy() {
    let text = "The Velm Bridge in Alder was closed on Monday after inspectors found 14 cracks in it, and a ferry carries all.";
    let copy = "The Velm Bridge in Alder was closed on Monday after inspectors found 14 cracks in it.";
    let bullet = bullet_of("2025-03-05", text, &ScriptedEngine::new(|_| Ok(copy.to_owned())));
    assert!(
        bullet.check.refused[0].contains(&CheckReason::CopiedRun),
        "{bullet:#?}"
    );
}

#[test]
fn p4_a_quotation_keeps_its_own_words() {
    let text = "“We will meet on Monday,” the mayor of Alder told reporters after a meeting of the council on Sunday.";
    let bullet = bullet_of("2025-03-05", text, &ScriptedEngine::gibberish());
    assert!(
        bullet.text.starts_with("“We will meet on Monday,”"),
        "{}",
        bullet.text
    );
    assert!(
        bullet.text.contains("the council on March 2, 2025."),
        "{}",
        bullet.text
    );
}
