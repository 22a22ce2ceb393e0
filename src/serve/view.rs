//! A summary as readers see it: what was stored, minus what was withheld, plus where the story stands now.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{
    ArticleId, Bullet, Coverage, JobState, Lede, Made, StoryId, Summary, SummaryReason, SummaryStatus,
};
use crate::store::{Served, Withheld};

/// Why a bullet is withheld when every article that it cites is gone.
const SOURCE_WITHDRAWN: &str = "source_withdrawn";

/// A summary.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Summary)]
pub(super) struct SummaryView {
    /// The story.
    pub(super) story_id: StoryId,
    /// Counts from 1; null while there is no version.
    pub(super) version: Option<u32>,
    /// Where the summary stands; `ready` always has text.
    pub(super) status: SummaryStatus,
    /// Why it is shorter than one would expect.
    pub(super) reason: Option<SummaryReason>,
    /// The articles changed since it was made.
    pub(super) stale: bool,
    /// A BCP 47 language tag.
    pub(super) language: Option<String>,
    /// The story's headline.
    pub(super) headline: Option<String>,
    /// The best point, with place and date.
    pub(super) lede: Option<Lede>,
    /// The other points, best first.
    pub(super) bullets: Vec<Bullet>,
    /// What was withdrawn from this version.
    pub(super) withheld: Vec<WithheldView>,
    /// How the articles are spread.
    pub(super) coverage: Coverage,
    /// How, when and from what it was made; null while there is no version.
    pub(super) made: Option<Made>,
    /// Where to report what is wrong.
    pub(super) feedback_url: String,
    /// How many reports were made on the story.
    pub(super) feedback_count: u64,
}

/// The tombstone of a bullet.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = WithheldBullet)]
pub(super) struct WithheldView {
    /// Which bullet.
    pub(super) bullet_id: Uuid,
    /// Why.
    pub(super) reason: String,
    /// When; null where only its absence is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) at: Option<Timestamp>,
    /// The correction that tells what it said; null where it was no longer current when its sources went.
    pub(super) correction_id: Option<Uuid>,
}

impl SummaryView {
    /// The story while it has no version; `coverage` is its articles'.
    pub(super) fn without_version(served: Served, coverage: Coverage) -> Self {
        let is_dead = served.job.is_some_and(|job| job.state == JobState::Dead);
        Self {
            version: None,
            status: if is_dead {
                SummaryStatus::Failed
            } else {
                SummaryStatus::Pending
            },
            reason: None,
            stale: false,
            language: served.story.language,
            headline: served.story.headline,
            lede: None,
            bullets: Vec::new(),
            withheld: Vec::new(),
            coverage,
            made: None,
            feedback_url: feedback_url(&served.story.id),
            feedback_count: served.feedback_count,
            story_id: served.story.id,
        }
    }

    /// A version of the story, with these of its bullets withheld.
    pub(super) fn of_version(served: &Served, summary: Summary, withheld: &[WithheldView]) -> Self {
        let hidden = |bullet: &Bullet| withheld.iter().find(|w| w.bullet_id == bullet.id);
        let tombstones: Vec<WithheldView> = summary.statements().filter_map(hidden).cloned().collect();
        let lede = summary.lede.filter(|lede| hidden(&lede.bullet).is_none());
        let bullets: Vec<Bullet> = summary
            .bullets
            .into_iter()
            .filter(|b| hidden(b).is_none())
            .collect();
        let is_emptied = lede.is_none() && bullets.is_empty() && !tombstones.is_empty();
        Self {
            story_id: summary.story_id,
            version: Some(summary.version),
            status: if is_emptied {
                SummaryStatus::Withheld
            } else {
                summary.status
            },
            reason: summary.reason,
            stale: summary.made.article_set_hash != served.story.article_set_hash,
            language: summary.language,
            headline: summary.headline,
            lede,
            bullets,
            withheld: tombstones,
            coverage: summary.coverage,
            made: Some(summary.made),
            feedback_url: feedback_url(&served.story.id),
            feedback_count: served.feedback_count,
        }
    }

    /// The lede and the bullets that readers may see.
    pub(super) fn statements(&self) -> impl Iterator<Item = &Bullet> {
        self.lede.iter().map(|lede| &lede.bullet).chain(&self.bullets)
    }
}

impl From<&Withheld> for WithheldView {
    fn from(withheld: &Withheld) -> Self {
        Self {
            bullet_id: withheld.bullet_id,
            reason: withheld.reason.clone(),
            at: Some(withheld.at),
            correction_id: withheld.correction_id,
        }
    }
}

/// What is withheld of any version, old ones too: what was withheld while it was current, and every bullet all of
/// whose cited articles have left the story.
pub(super) fn withheld_in(
    summary: &Summary,
    withheld: &[Withheld],
    present: &HashSet<ArticleId>,
) -> Vec<WithheldView> {
    let mut withheld: Vec<WithheldView> = withheld.iter().map(WithheldView::from).collect();
    for bullet in summary.statements() {
        let is_known = withheld.iter().any(|known| known.bullet_id == bullet.id);
        let is_orphan = !bullet
            .citations
            .iter()
            .any(|citation| present.contains(&citation.article_id));
        if is_orphan && !is_known {
            withheld.push(WithheldView {
                bullet_id: bullet.id,
                reason: SOURCE_WITHDRAWN.to_owned(),
                at: None,
                correction_id: None,
            });
        }
    }
    withheld
}

fn feedback_url(story_id: &StoryId) -> String {
    format!("/v1/stories/{story_id}/feedback")
}
