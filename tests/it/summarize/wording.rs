//! What the model must not say: each bad wording is refused with its reason, and a source sentence stands instead.

use nutgraf::domain::{BulletKind, CheckReason, Verdict};

use super::sample::{GOOD, Story, about, article, asked, on_the_cracks, refused, with_its_day};
use crate::support::ScriptedEngine;

/// The wording was refused for this reason, and the bullet is an extract with its outlet's name.
#[track_caller]
fn is_refused(answer: &str, reason: CheckReason) {
    let (bullet, reasons) = refused(answer);
    assert!(
        reasons.contains(&reason),
        "`{answer}` was refused for {reasons:?}; {bullet:#?}"
    );
    assert_eq!(bullet.kind, BulletKind::Extractive);
    assert_eq!(bullet.check.verdict, Verdict::Verified);
    assert_eq!(bullet.check.refused.len(), 1, "one distinct candidate");
    let outlet = bullet.citations[0].outlet.as_deref().unwrap();
    let sentence = with_its_day(&bullet.citations[0]);
    assert_eq!(bullet.text, format!("{sentence} ({outlet})"));
    let added = &bullet.added[0];
    let text: String = bullet.text.chars().collect::<Vec<_>>()[added.start as usize..added.end as usize]
        .iter()
        .collect();
    assert_eq!(
        (text.as_str(), added.text.as_str()),
        (format!(" ({outlet})").as_str(), text.as_str())
    );
}

#[test]
fn a_faithful_wording_passes() {
    let (bullet, reasons) = refused(GOOD);
    assert_eq!((bullet.text.as_str(), reasons), (GOOD, vec![]));
    assert_eq!(
        (bullet.kind, bullet.check.verdict),
        (BulletKind::Abstractive, Verdict::Verified)
    );
    assert!(bullet.added.is_empty());
}

#[test]
fn where_no_candidate_passes_more_are_written_if_they_are_wanted() {
    let mut story = Story::bridge();
    story.settings.more_candidates = 2;
    let summary = story.summarize(&on_the_cracks("The bridge has 40 cracks."));
    let bullet = about(&summary, "14 cracks");
    assert_eq!(bullet.check.refused.len(), 2, "one of each round");
}

#[test]
fn p2_an_invented_number_is_refused() {
    is_refused(&GOOD.replace("14", "40"), CheckReason::NumberNotInEvidence);
}

#[test]
fn p3_an_invented_name_is_refused() {
    is_refused(
        &GOOD.replace("inspectors", "inspector Karl Brandt"),
        CheckReason::NameNotInEvidence,
    );
}

#[test]
fn p4_an_invented_quotation_is_refused() {
    let quoted = "The city council said the “rotten old bridge” in Alder has 14 cracks in its main girder.";
    is_refused(quoted, CheckReason::QuoteNotVerbatim);
}

#[test]
fn p5_what_is_only_reported_stays_attributed() {
    is_refused(
        &GOOD.replace(", the city council said", ""),
        CheckReason::AttributionDropped,
    );
}

#[test]
fn p5_a_speakers_words_are_not_told_as_a_fact() {
    let story = Story::bridge().with(article(
        "gazette",
        "Alder Gazette",
        "2025-03-05T09:00:00Z",
        "“The old bridge is a danger to every child in town,” Mayor Ines Vold shot back at the town hall on Tuesday.",
    ));
    let engine = ScriptedEngine::new(|_| Ok("The old bridge is a danger to every child.".to_owned()));
    let summary = story.summarize(&engine);
    let bullet = about(&summary, "danger to every child");
    assert!(
        bullet.check.refused[0].contains(&CheckReason::AttributionDropped),
        "{bullet:#?}"
    );
    assert_eq!(bullet.kind, BulletKind::Extractive);
}

#[test]
fn p6_a_negation_does_not_appear() {
    is_refused(
        &GOOD.replace("inspectors found", "inspectors never found"),
        CheckReason::PolarityChanged,
    );
}

#[test]
fn p1_what_the_evidence_does_not_say_is_refused() {
    let invented =
        "The city council said on Monday that firefighters rescued seagulls from burning chimneys nearby.";
    is_refused(invented, CheckReason::NotSupported);
}

#[test]
fn p12_a_wording_that_only_repeats_the_headline_is_refused() {
    let mut story = Story::bridge();
    story.headline = Some(GOOD.to_owned());
    let summary = story.summarize(&on_the_cracks(GOOD));
    let reasons: Vec<_> = summary
        .statements()
        .flat_map(|bullet| bullet.check.refused.iter().flatten())
        .collect();
    assert!(reasons.contains(&&CheckReason::RepeatsHeadline), "{reasons:?}");
    assert!(
        summary
            .statements()
            .all(|bullet| bullet.kind == BulletKind::Extractive)
    );
}

#[test]
fn p12_no_bullet_repeats_another() {
    let summary = Story::bridge().summarize(&ScriptedEngine::new(|_| Ok(GOOD.to_owned())));
    let texts: Vec<&str> = summary.statements().map(|bullet| bullet.text.as_str()).collect();
    assert_eq!(
        texts.iter().filter(|text| **text == GOOD).count(),
        1,
        "{texts:#?}"
    );
    let mut refused = summary
        .statements()
        .flat_map(|bullet| bullet.check.refused.iter().flatten());
    assert!(refused.any(|reason| *reason == CheckReason::RepeatsBullet));
}

#[test]
fn p13_a_sentence_copied_from_an_article_is_refused() {
    let copying = ScriptedEngine::new(|request| {
        let text = asked(request);
        let sentence = text.lines().next().unwrap_or_default();
        Ok(sentence
            .rsplit_once(" (")
            .map_or(sentence, |(sentence, _)| sentence)
            .to_owned())
    });
    let summary = Story::bridge().summarize(&copying);
    let bullet = about(&summary, "14 cracks");
    assert_eq!(bullet.check.refused, [[CheckReason::CopiedRun]]);
    assert_eq!(bullet.kind, BulletKind::Extractive);
}

#[test]
fn p16_a_model_that_declines_is_taken_at_its_word() {
    is_refused("NONE", CheckReason::Abstained);
    is_refused("I'm sorry, but I can't help with that.", CheckReason::Abstained);
}

#[test]
fn p17_form_is_held() {
    is_refused("14 cracks were found.", CheckReason::TooShort);
    is_refused(
        &format!("{} in Alder.", GOOD.trim_end_matches('.').repeat(4)),
        CheckReason::TooLong,
    );
    is_refused(
        "Inspectors found 14 cracks in the main girder of the",
        CheckReason::Unfinished,
    );
    is_refused(
        "Inspectors found 14 cracks in the main girder, the city council said…",
        CheckReason::Unfinished,
    );
    is_refused(
        &GOOD.replace("the main girder", "[the main girder](/bridge)"),
        CheckReason::Markup,
    );
    is_refused(
        "Les inspecteurs ont découvert 14 fissures dans la poutre principale du vieux pont, a déclaré le conseil municipal.",
        CheckReason::WrongLanguage,
    );
}

#[test]
fn p17_what_a_model_writes_around_a_bullet_is_taken_off() {
    for answer in [
        format!("Here is the sentence:\n\n**{GOOD}**"),
        format!("- \"{GOOD}\""),
        format!("Bullet: {GOOD}\n\nLet me know if you need more."),
        format!("{GOOD} The council also said that the"),
    ] {
        let (bullet, reasons) = refused(&answer);
        assert_eq!((bullet.text.as_str(), reasons), (GOOD, vec![]), "{answer}");
    }
}

#[test]
fn p20_talk_of_the_task_and_control_tokens_are_refused() {
    for leak in [
        "As an AI language model, I found that 14 cracks in the main girder closed the bridge, the city council said.",
        "The sentence says inspectors found 14 cracks in the main girder of the bridge, the city council said.",
        "<|im_start|>assistant Inspectors found 14 cracks in the main girder, the city council said.",
        "The bullet point is that inspectors found 14 cracks in the main girder, the city council said.",
        "Inspectors found 14 cracks in the main girder, the city council said, see www.alder.example for more.",
    ] {
        is_refused(leak, CheckReason::PromptLeak);
    }
}

#[test]
fn a_second_sentence_that_drifts_is_dropped_and_the_first_kept() {
    let (bullet, reasons) = refused(&format!("{GOOD} President Moreau of Elbonia praised 300 divers."));
    assert_eq!((bullet.text.as_str(), reasons), (GOOD, vec![]));
}

#[test]
fn the_second_try_has_another_seed_and_may_pass() {
    let engine = ScriptedEngine::new(|request| {
        let is_first = request.seed == 0;
        Ok(if is_first {
            "zzz".to_owned()
        } else {
            GOOD.to_owned()
        })
    });
    let summary = Story::bridge().summarize(&engine);
    let bullet = about(&summary, "14 cracks");
    assert_eq!((bullet.text.as_str(), bullet.check.refused.len()), (GOOD, 1));
}

#[test]
fn p7_facts_of_two_sentences_are_not_put_together() {
    is_refused(
        "The main girder of the Velm Bridge found 14 cracks in Alder's city council, it said on Monday.",
        CheckReason::FactsMixed,
    );
}

#[test]
fn p17_a_bullet_stands_on_its_own_and_is_a_sentence() {
    is_refused(
        "It found 14 cracks in the main girder, the city council said.",
        CheckReason::NotSelfContained,
    );
    is_refused(
        "In the main girder of the Velm Bridge in Alder.",
        CheckReason::Unfinished,
    );
}
