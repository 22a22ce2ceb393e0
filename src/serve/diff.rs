//! What changed between two versions of a summary, and why. Withheld statements show in neither; what the later version
//! does without because it was withdrawn is told by its tombstone, which leads to the correction.

use std::collections::HashSet;

use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::{SummaryView, WithheldView};
use crate::domain::{AI_LABEL, ArticleId, Bullet, Coverage, Made, StoryId, SummaryStatus};

/// What changed from one version to another. The texts of withheld statements are in none of the lists.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VersionDiff {
    /// The story.
    story_id: StoryId,
    /// The version compared with.
    from: u32,
    /// The version looked at.
    to: u32,
    /// What to show readers.
    label: &'static str,
    /// What explains the differences; empty where only chance does.
    why: Vec<Cause>,
    /// Where the versions stand.
    status: Change<SummaryStatus>,
    /// Their headlines.
    headline: Change<Option<String>>,
    /// What opens them.
    lede: Change<Option<LedeHead>>,
    /// Statements that only `to` has.
    added: Vec<Bullet>,
    /// Statements that only `from` has.
    removed: Vec<Bullet>,
    /// Statements of `from` that were withdrawn, and that `to` does without.
    withdrawn: Vec<WithheldView>,
    /// Statements that both have, but not alike: the same bullet, or another one on a sentence that it cited.
    changed: Vec<BulletChange>,
    /// How the articles were spread.
    coverage: Change<Coverage>,
    /// The article sets they were made from.
    article_set: Change<String>,
    /// The models that wrote them.
    model: Change<String>,
    /// The prompts they were written with.
    prompt: Change<String>,
    /// The checks they passed.
    checks: Change<String>,
    /// The corrections of the story.
    corrections_url: String,
}

/// What makes another version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Cause {
    /// A statement was withdrawn.
    Withdrawal,
    /// The articles, or the story's own headline or language, were others.
    ArticleSet,
    /// Another model wrote.
    Model,
    /// It was asked with another prompt.
    Prompt,
    /// Other checks had to be passed.
    Checks,
}

/// What stands before the text of a lede, and which statement it is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
struct LedeHead {
    /// The statement.
    bullet_id: Uuid,
    /// Where it happened.
    place: Option<String>,
    /// The day.
    #[schema(value_type = Option<String>, format = Date)]
    date: Option<Date>,
}

/// A statement in two versions.
#[derive(Debug, Serialize, ToSchema)]
struct BulletChange {
    /// Its id in `to`.
    id: Uuid,
    /// What is not alike.
    parts: Vec<Part>,
    /// In `from`.
    before: Bullet,
    /// In `to`.
    after: Bullet,
}

/// A part of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Part {
    /// Its words.
    Text,
    /// Who worded it.
    Kind,
    /// The sentences that it rests on.
    Citations,
    /// How many independent outlets say it.
    Outlets,
    /// What the checks found.
    Check,
}

/// A value in two versions.
#[derive(Debug, Serialize, ToSchema)]
struct Change<T> {
    /// Whether it is another one.
    changed: bool,
    /// In `from`.
    from: T,
    /// In `to`.
    to: T,
}

/// Compares two versions as readers may see them.
pub(super) fn diff(from: &SummaryView, to: &SummaryView) -> VersionDiff {
    let pairs = pair(from, to);
    let paired: HashSet<Uuid> = pairs.iter().flat_map(|(a, b)| [a.id, b.id]).collect();
    let unpaired = |of: &SummaryView| {
        let statements = of.statements().filter(|bullet| !paired.contains(&bullet.id));
        statements.cloned().collect::<Vec<Bullet>>()
    };
    let made = |value: fn(&Made) -> &String| change(from, to, |of| of.made.as_ref().map(value).cloned());
    let made = |value| made(value).map(Option::unwrap_or_default);
    let mut diff = VersionDiff {
        story_id: to.story_id.clone(),
        from: from.version.unwrap_or_default(),
        to: to.version.unwrap_or_default(),
        label: AI_LABEL,
        why: Vec::new(),
        status: change(from, to, |of| of.status),
        headline: change(from, to, |of| of.headline.clone()),
        lede: change(from, to, lede_head),
        added: unpaired(to),
        removed: unpaired(from),
        withdrawn: withdrawn(from, to),
        changed: pairs
            .into_iter()
            .filter_map(|(before, after)| bullet_change(before, after))
            .collect(),
        coverage: change(from, to, |of| of.coverage.clone()),
        article_set: made(|made| &made.article_set_hash),
        model: made(|made| &made.model),
        prompt: made(|made| &made.prompt),
        checks: made(|made| &made.checks),
        corrections_url: format!("/v1/stories/{}/corrections", to.story_id),
    };
    diff.why = diff.causes();
    diff
}

/// Statements of both versions that belong together: those with one id, then those that share a cited sentence.
fn pair<'a>(from: &'a SummaryView, to: &'a SummaryView) -> Vec<(&'a Bullet, &'a Bullet)> {
    let mut pairs = Vec::new();
    let (mut old, mut new): (Vec<&Bullet>, Vec<&Bullet>) =
        (from.statements().collect(), to.statements().collect());
    for belongs in [same_id, share_a_sentence] {
        new.retain(
            |after| match old.iter().position(|before| belongs(before, after)) {
                Some(found) => {
                    pairs.push((old.remove(found), *after));
                    false
                }
                None => true,
            },
        );
    }
    pairs
}

fn same_id(a: &Bullet, b: &Bullet) -> bool {
    a.id == b.id
}

fn share_a_sentence(a: &Bullet, b: &Bullet) -> bool {
    sentences(a).any(|sentence| sentences(b).any(|other| other == sentence))
}

/// By their words: where a sentence stands in its article may have changed.
fn sentences(bullet: &Bullet) -> impl Iterator<Item = (&ArticleId, &str)> {
    bullet
        .citations
        .iter()
        .map(|citation| (&citation.article_id, citation.quote.as_str()))
}

fn bullet_change(before: &Bullet, after: &Bullet) -> Option<BulletChange> {
    let parts: Vec<Part> = [
        (Part::Text, before.text != after.text),
        (Part::Kind, before.kind != after.kind),
        (Part::Citations, before.citations != after.citations),
        (Part::Outlets, before.outlets != after.outlets),
        (Part::Check, before.check != after.check),
    ]
    .into_iter()
    .filter_map(|(part, differs)| differs.then_some(part))
    .collect();
    (!parts.is_empty()).then(|| BulletChange {
        id: after.id,
        parts,
        before: before.clone(),
        after: after.clone(),
    })
}

/// Tombstones of `from` whose bullets `to` does not carry, not even withheld.
fn withdrawn(from: &SummaryView, to: &SummaryView) -> Vec<WithheldView> {
    let carried: HashSet<Uuid> = to
        .statements()
        .map(|bullet| bullet.id)
        .chain(to.withheld.iter().map(|withheld| withheld.bullet_id))
        .collect();
    let gone = from.withheld.iter();
    gone.filter(|withheld| !carried.contains(&withheld.bullet_id))
        .cloned()
        .collect()
}

fn lede_head(of: &SummaryView) -> Option<LedeHead> {
    of.lede.as_ref().map(|lede| LedeHead {
        bullet_id: lede.bullet.id,
        place: lede.place.clone(),
        date: lede.date,
    })
}

fn change<T: PartialEq>(
    from: &SummaryView,
    to: &SummaryView,
    value: impl Fn(&SummaryView) -> T,
) -> Change<T> {
    let (from, to) = (value(from), value(to));
    Change {
        changed: from != to,
        from,
        to,
    }
}

impl<T> Change<T> {
    fn map<U>(self, view: impl Fn(T) -> U) -> Change<U> {
        Change {
            changed: self.changed,
            from: view(self.from),
            to: view(self.to),
        }
    }
}

impl VersionDiff {
    fn causes(&self) -> Vec<Cause> {
        [
            (Cause::Withdrawal, !self.withdrawn.is_empty()),
            (Cause::ArticleSet, self.article_set.changed),
            (Cause::Model, self.model.changed),
            (Cause::Prompt, self.prompt.changed),
            (Cause::Checks, self.checks.changed),
        ]
        .into_iter()
        .filter_map(|(cause, applies)| applies.then_some(cause))
        .collect()
    }
}
