//! Puts a summary together: status and reason (P16), coverage, and how and from what it was made (P15, P18).

use jiff::Timestamp;

use super::Input;
use super::material::Material;
use super::passages::Served;
use super::plan::Desk;
use super::prompt;
use crate::domain::{
    AI_LABEL, Bullet, CHECKS_VERSION, Conflict, Coverage, Lede, Lenses, Made, Summary, SummaryReason,
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
    let (status, reason) = if material.sources.is_empty() {
        (
            SummaryStatus::InsufficientSources,
            Some(SummaryReason::NoArticles),
        )
    } else if statements.lede.is_none() {
        (
            SummaryStatus::InsufficientSources,
            Some(SummaryReason::NoUsableText),
        )
    } else if material.served == Served::No {
        (SummaryStatus::Ready, Some(SummaryReason::UnsupportedLanguage))
    } else {
        (SummaryStatus::Ready, None)
    };
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
        prompt: prompt::NAME.to_owned(),
        checks: CHECKS_VERSION.to_owned(),
        at: now,
        took_ms: u64::try_from(took_ms).unwrap_or(0),
        article_set_hash: input.article_set_hash.to_owned(),
        covers_until: published.map(|at| at.instant()).max(),
        seed: desk.settings.seed,
    }
}
