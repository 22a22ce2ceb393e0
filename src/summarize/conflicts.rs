//! P8: where independent outlets count differently how many people were killed, hurt or arrested, the summary says who
//! says what, and a bullet that tells one of the values names them all.
//!
//! Precise rather than complete: both sentences must speak of one thing (close embeddings, no names that part them), an
//! outlet that itself gives several values only tells how the count grew, and "at least 300" agrees with 312. A count that
//! grew between two outlets' articles is a conflict all the same: the value of the newest article stands first.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::citing;
use super::material::Material;
use super::passages::{Passage, Served};
use crate::domain::{Added, Bullet, Conflict, ConflictValue};
use crate::text::facts::{self, Count, counts};
use crate::text::similarity::cosine;

/// The cosine from which two sentences with counts of one kind may speak of one event. Low: they may say much besides, and
/// what parts them are their names.
const SAME_EVENT: f32 = 0.3;

/// What our code puts before the values behind a bullet.
const NOTE: &str = " (Outlets’ counts: ";

/// What outlets say differently, with the sentences in which they do.
#[derive(Debug, Clone)]
pub struct Dispute<'a> {
    /// What is counted.
    about: String,
    /// Who says so, by the value; at least two values.
    values: BTreeMap<Value, Vec<Claim<'a>>>,
}

/// A value as it is told: "12", "at least 12".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Value {
    number: u64,
    is_least: bool,
}

/// A sentence that tells a value.
#[derive(Debug, Clone)]
struct Claim<'a> {
    passage: Passage<'a>,
    count: Count,
    /// The outlet that its family is credited to: one voice, however many articles.
    voice: String,
}

/// The disputes of a story, by what is counted.
pub fn find<'a>(material: &Material<'a>) -> Vec<Dispute<'a>> {
    if material.served == Served::No {
        return Vec::new();
    }
    let mut by_subject: BTreeMap<String, Vec<Claim<'a>>> = BTreeMap::new();
    for passage in &material.passages {
        let Some(family) = material.families.get(passage.family) else {
            continue;
        };
        for count in counts(passage.text) {
            let about = count.about.clone();
            by_subject.entry(about).or_default().push(Claim {
                passage: *passage,
                count,
                voice: family.outlet_key.clone(),
            });
        }
    }
    by_subject
        .into_iter()
        .filter_map(|(about, claims)| dispute(about, &without_growing(claims)))
        .collect()
}

/// Without the claims of voices that give several values.
fn without_growing(claims: Vec<Claim<'_>>) -> Vec<Claim<'_>> {
    let mut values: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for claim in &claims {
        values
            .entry(claim.voice.clone())
            .or_default()
            .insert(claim.count.value);
    }
    let is_steady = |claim: &Claim<'_>| values.get(&claim.voice).is_some_and(|values| values.len() == 1);
    claims.into_iter().filter(is_steady).collect()
}

/// The claims that another one contradicts.
fn dispute<'a>(about: String, claims: &[Claim<'a>]) -> Option<Dispute<'a>> {
    let mut values: BTreeMap<Value, Vec<Claim<'a>>> = BTreeMap::new();
    for claim in claims {
        if claims.iter().any(|other| contradict(claim, other)) {
            values
                .entry(value_of(&claim.count))
                .or_default()
                .push(claim.clone());
        }
    }
    (values.len() > 1).then_some(Dispute { about, values })
}

fn contradict(one: &Claim<'_>, other: &Claim<'_>) -> bool {
    let (a, b) = (&one.count, &other.count);
    let allows =
        |least: &Count, other: &Count| least.is_least && is_round(least.value) && least.value <= other.value;
    a.value != b.value
        && !allows(a, b)
        && !allows(b, a)
        && one.voice != other.voice
        && cosine(one.passage.embedding, other.passage.embedding) >= SAME_EVENT
        && share_a_name(one.passage.text, other.passage.text)
}

/// "At least 300" rounds a count down; "at least 13" is the count so far.
fn is_round(value: u64) -> bool {
    value.is_multiple_of(10)
}

/// Whether the names of two sentences leave open that they speak of one place: one has none, or both have one alike.
fn share_a_name(one: &str, other: &str) -> bool {
    let (a, b) = (facts::names(one), facts::names(other));
    let unknown = |claim: &str, evidence: &str| facts::unsupported_names(claim, &[evidence]).len();
    a.is_empty() || b.is_empty() || unknown(one, other) < a.len() || unknown(other, one) < b.len()
}

fn value_of(count: &Count) -> Value {
    Value {
        number: count.value,
        is_least: count.is_least,
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let least = if self.is_least { "at least " } else { "" };
        write!(f, "{least}{}", self.number)
    }
}

/// The disputes as the summary tells them: the value of the newest article first.
pub fn told(material: &Material<'_>, disputes: &[Dispute<'_>]) -> Vec<Conflict> {
    let one = |dispute: &Dispute<'_>| {
        let mut values: Vec<(Option<Timestamp>, ConflictValue)> = dispute
            .values
            .iter()
            .map(|(value, claims)| {
                let newest = claims.iter().filter_map(|claim| published(material, claim)).max();
                let value = ConflictValue {
                    value: value.to_string(),
                    outlets: outlets(material, claims),
                };
                (newest, value)
            })
            .collect();
        values.sort_by_key(|(newest, _)| std::cmp::Reverse(*newest));
        Conflict {
            about: dispute.about.clone(),
            values: values.into_iter().map(|(_, value)| value).collect(),
        }
    };
    disputes.iter().map(one).collect()
}

fn published(material: &Material<'_>, claim: &Claim<'_>) -> Option<Timestamp> {
    let meta = material.source(&claim.passage)?.meta;
    Some(meta.published_at?.instant())
}

/// The outlets of these claims, each once, by name.
fn outlets(material: &Material<'_>, claims: &[Claim<'_>]) -> Vec<String> {
    let sources = claims.iter().filter_map(|claim| material.source(&claim.passage));
    let mut outlets: Vec<String> = sources
        .map(|source| {
            source
                .meta
                .outlet
                .clone()
                .unwrap_or_else(|| "unnamed outlet".to_owned())
        })
        .collect();
    outlets.sort();
    outlets.dedup();
    outlets
}

/// Whether a sentence tells a disputed value.
pub fn is_disputed(disputes: &[Dispute<'_>], passage: &Passage<'_>) -> bool {
    let mut claims = disputes
        .iter()
        .flat_map(|dispute| dispute.values.values().flatten());
    claims.any(|claim| citing::is_same(&claim.passage, passage))
}

/// What stands behind a text that tells a disputed value: all values, least first. "Two crew members died" tells one of the
/// death toll, where its sentence may speak of that event.
pub fn note(disputes: &[Dispute<'_>], text: &str, cited: &[Passage<'_>]) -> Option<String> {
    let told = counts(text);
    let tells = |claim: &Claim<'_>| {
        let is_value = |count: &Count| count.fate == claim.count.fate && count.value == claim.count.value;
        let may_be_it = |one: &Passage<'_>| share_a_name(one.text, claim.passage.text);
        told.iter().any(is_value) && cited.iter().any(may_be_it)
    };
    let mut disputes = disputes.iter();
    let dispute = disputes.find(|dispute| dispute.values.values().flatten().any(tells))?;
    let values: Vec<String> = dispute.values.keys().map(ToString::to_string).collect();
    Some(format!("{NOTE}{})", values.join(", ")))
}

/// Puts a note behind a bullet's text.
pub fn append(text: &mut String, added: &mut Vec<Added>, note: &str) {
    let length = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let start = length(text);
    text.push_str(note);
    added.push(Added {
        start,
        end: length(text),
        text: note.to_owned(),
    });
}

/// A stored bullet's text as it was before a note was put behind it.
pub fn without_note(bullet: &Bullet) -> &str {
    let note = bullet.added.last().filter(|added| added.text.starts_with(NOTE));
    let text = note.and_then(|note| bullet.text.strip_suffix(note.text.as_str()));
    text.unwrap_or(&bullet.text)
}
