//! Puts a summary together: status and reason (P16), coverage, and how and from what it was made (P15, P18).

use jiff::Timestamp;

use super::Input;
use super::material::Material;
use super::passages::Served;
use super::plan::Desk;
use super::verify::entailment;
use crate::domain::{
    AI_LABEL, Bullet, Conflict, Coverage, Lede, LeftOut, LeftOutReason, Lenses, Made, Summary, SummaryReason,
    SummaryStatus,
};

/// What the summary says.
#[derive(Debug, Clone, PartialEq)]
pub struct Statements {
    /// The best point.
    pub lede: Option<Lede>,
    /// The other points.
    pub bullets: Vec<Bullet>,
    /// What each side stresses.
    pub lenses: Lenses,
    /// What outlets say differently.
    pub conflicts: Vec<Conflict>,
}

/// The summary of a story.
pub fn summary(
    input: &Input<'_>,
    material: &Material<'_>,
    statements: Statements,
    desk: &Desk<'_>,
    started: Timestamp,
) -> Summary {
    let (status, reason) = standing(material, statements.lede.is_some());
    Summary {
        story_id: input.story_id.clone(),
        version: 0,
        status,
        reason,
        language: material.language.clone(),
        headline: material.headline.clone(),
        lede: statements.lede,
        bullets: statements.bullets,
        lenses: statements.lenses,
        conflicts: statements.conflicts,
        coverage: coverage(material),
        made: made(input, material, desk, started),
    }
}

fn standing(material: &Material<'_>, has_text: bool) -> (SummaryStatus, Option<SummaryReason>) {
    let is_no_report =
        |one: &LeftOut| matches!(one.reason, LeftOutReason::Opinion | LeftOutReason::Newsletter);
    let others = material.left_out.iter().filter(|one| is_no_report(one)).count();
    if material.sources.is_empty() {
        let reason = SummaryReason::NoArticles;
        (SummaryStatus::InsufficientSources, Some(reason))
    } else if others == material.sources.len() {
        let reason = SummaryReason::NoReports;
        (SummaryStatus::InsufficientSources, Some(reason))
    } else if !has_text {
        let reason = SummaryReason::NoUsableText;
        (SummaryStatus::InsufficientSources, Some(reason))
    } else if material.served == Served::No {
        (SummaryStatus::Ready, Some(SummaryReason::UnsupportedLanguage))
    } else if material.several_stories {
        (SummaryStatus::Ready, Some(SummaryReason::SeveralStories))
    } else {
        (SummaryStatus::Ready, None)
    }
}

fn coverage(material: &Material<'_>) -> Coverage {
    let mut coverage = Coverage::of(material.sources.iter().map(|source| source.meta));
    coverage.families = u32::try_from(material.families.len()).ok();
    coverage.left_out.clone_from(&material.left_out);
    coverage
}

fn made(input: &Input<'_>, material: &Material<'_>, desk: &Desk<'_>, started: Timestamp) -> Made {
    let now = desk.clock.now();
    let took_ms = now.as_millisecond().saturating_sub(started.as_millisecond());
    let published = material
        .sources
        .iter()
        .filter_map(|source| source.meta.published_at);
    let writer = desk.engine.writer();
    Made {
        by: "machine".to_owned(),
        label: AI_LABEL.to_owned(),
        model: writer.name.clone(),
        model_sha256: writer.sha256.clone(),
        prompt: desk.prompt.name().to_owned(),
        checks: entailment::checks_version(desk.engine),
        at: now,
        took_ms: u64::try_from(took_ms).unwrap_or(0),
        article_set_hash: input.article_set_hash.to_owned(),
        covers_until: published.map(|at| at.instant()).max(),
        seed: desk.settings.seed,
    }
}
