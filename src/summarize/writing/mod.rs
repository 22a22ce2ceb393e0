//! Points become bullets: kept from the version before where the evidence is the same, else the compression that the
//! model chooses, else a spare point's compression takes the place, else the best of the model's free candidates that pass
//! the checks, else the best source sentence.
//!
//! What is written at one stage goes to the engine in one call, so that it can run all of it together.

mod draft;
mod compressing;
mod shortening;
mod judging;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use draft::Draft;
use tracing::trace_span;

use super::candidates::{self, Round};
use super::citing::Citer;
use super::conflicts::{self, Dispute};
use super::material::Material;
use super::passages::{Passage, Served};
use super::plan::{Desk, Plan, Written};
use super::points::openings::Openings;
use super::points::{FIRST_POINTS, Point};
use super::verify::copying::CopyIndex;
use super::verify::{self, Candidate, CheckFn, Cited, Rules};
use super::{Input, SummarizeError, dates, fallback, reuse, scoring};
use crate::clock::new_id;
use crate::domain::{Added, Bias, Bullet, BulletKind, Check, Lens, Lenses, Verdict};
use crate::engine::{GenerateRequest, Generation};

/// Writes the bullets of the summary and of its lenses. `on_bullet` sees each as it becomes final.
///
/// # Errors
/// When the engine or the prompt cannot be used.
pub fn write<'a>(
    input: &Input<'a>,
    material: &Material<'a>,
    plan: &Plan<'_, 'a>,
    desk: &Desk<'_>,
    on_bullet: &mut dyn FnMut(&Bullet),
) -> Result<Written, SummarizeError> {
    let settings = desk.settings;
    let instructions = desk.prompt.instruction_words()?;
    let copies = CopyIndex::new(&material.sources, settings.max_copied_words);
    let rules = Rules {
        headline: material.headline.as_deref(),
        language: material.language.as_deref(),
        instructions: &instructions,
        copies: &copies,
        max_chars: settings.max_bullet_chars,
    };
    let mut writer = Writer {
        material,
        desk: *desk,
        rules: &rules,
        disputes: plan.disputes,
        lens: None,
        places: settings.max_bullets.saturating_add(1),
        openings: Openings::of(material),
        citer: Citer::new(material),
        previous: reuse::candidates(input, desk),
        drafts: Vec::new(),
        accepted: Vec::new(),
        on_bullet,
    };
    let bullets = writer.write(plan.points)?;
    let mut lenses = Lenses::default();
    for ((side, lens), (_, plan)) in lenses.sides_mut().into_iter().zip(plan.lenses) {
        *lens = match plan {
            Ok(points) => {
                writer.lens = Some(side);
                writer.places = settings.max_lens_bullets;
                Lens::of(writer.write(points)?)
            }
            Err(reason) => Lens::omitted(*reason),
        };
    }
    Ok(Written { bullets, lenses })
}

/// A wording that passed.
struct Wording<'a> {
    text: String,
    added: Vec<Added>,
    kind: BulletKind,
    cited: Vec<Passage<'a>>,
    check: Check,
}

struct Writer<'w, 'a> {
    material: &'w Material<'a>,
    desk: Desk<'w>,
    rules: &'w Rules<'w>,
    /// A bullet that tells a disputed value names the others.
    disputes: &'w [Dispute<'a>],
    /// The lens that is being written.
    lens: Option<Bias>,
    /// How many bullets there may be: the points from there on are spare ones.
    places: usize,
    openings: Openings,
    citer: Citer<'w, 'a>,
    /// The bullets of the version before that are not kept yet.
    previous: Vec<&'w Bullet>,
    drafts: Vec<Draft<'w, 'a>>,
    /// The texts of the final bullets, without what our code added.
    accepted: Vec<String>,
    on_bullet: &'w mut dyn FnMut(&Bullet),
}

impl<'w, 'a> Writer<'w, 'a> {
    /// Writes bullets for these points, in their order. A lens is compressed or quoted: free rewriting passes too seldom to
    /// be worth its time for it; and so it is where a model can shorten instead.
    fn write(&mut self, points: &'w [Point<'a>]) -> Result<Vec<Bullet>, SummarizeError> {
        let material = self.material;
        let firsts = if self.lens.is_none() { FIRST_POINTS } else { 0 };
        let draft = |(index, point): (usize, &'w Point<'a>)| match index < firsts {
            true => Draft::of_first(point, material, &self.openings),
            false => Draft::new(point, material),
        };
        self.drafts = points.iter().enumerate().map(draft).collect();
        self.keep_unchanged();
        if material.served == Served::Yes {
            self.compress_open()?;
            if self.lens.is_none() && !self.desk.prompt.is_taught() {
                self.write_open(Round::First)?;
                self.write_open(Round::Second)?;
            }
        }
        self.fall_back();
        let drafts = std::mem::take(&mut self.drafts);
        Ok(drafts.into_iter().filter_map(|draft| draft.bullet).collect())
    }

    /// Keeps the bullets of the version before whose evidence is the same and whose text still passes.
    fn keep_unchanged(&mut self) {
        for index in 0..self.drafts.len() {
            let Some(draft) = self.drafts.get(index) else {
                continue;
            };
            let Some(previous) = reuse::take(&mut self.previous, self.material, draft.point, self.lens)
            else {
                continue;
            };
            if let Some(wording) = self.check_again(previous, draft.point) {
                self.accept(index, wording, Some(previous));
            }
        }
    }

    fn check_again(&self, previous: &Bullet, point: &Point<'a>) -> Option<Wording<'a>> {
        let cited = reuse::cited_passages(previous, self.material, point)?;
        let text = conflicts::without_note(previous).to_owned();
        let (sentence, added, checks) = match previous.kind {
            BulletKind::Abstractive => (text.clone(), Vec::new(), verify::ABSTRACTIVE),
            BulletKind::Extractive => {
                let extract = fallback::extract(self.material, cited.first()?);
                if extract.text != text {
                    return None;
                }
                (extract.sentence, extract.added, verify::EXTRACTIVE)
            }
            // What an editor wrote was checked by a person.
            BulletKind::Edited => (previous.text.clone(), previous.added.clone(), NO_CHECKS),
        };
        let mut check = self.check(&sentence, &cited, checks);
        if check.verdict != Verdict::Verified {
            return None;
        }
        if previous.kind == BulletKind::Edited {
            check = previous.check.clone();
        }
        check.refused.clone_from(&previous.check.refused);
        check.score = previous.check.score;
        Some(Wording {
            text: if previous.kind == BulletKind::Edited {
                previous.text.clone()
            } else {
                text
            },
            added,
            kind: previous.kind,
            cited,
            check,
        })
    }

    fn is_full(&self) -> bool {
        let bullets = self.drafts.iter().filter(|draft| draft.bullet.is_some());
        bullets.count() >= self.places
    }

    fn generate(&self, requests: Vec<GenerateRequest>) -> Result<Vec<Generation>, SummarizeError> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let mut keep_on = |_: usize, _: &str| ControlFlow::Continue(());
        Ok(self
            .desk
            .engine
            .generate(requests, self.desk.cancel, &mut keep_on)?)
    }

    /// Asks the model for every point that has no bullet yet, and accepts the best that passes.
    fn write_open(&mut self, round: Round) -> Result<(), SummarizeError> {
        let mut owners = Vec::new();
        let mut requests = Vec::new();
        for (index, draft) in self.drafts.iter().take(self.places).enumerate() {
            if draft.bullet.is_none() && !draft.given_up && !self.is_full() {
                let wanted = candidates::requests(&self.desk, self.material, draft.point, round)?;
                owners.extend(wanted.iter().map(|_| index));
                requests.extend(wanted);
            }
        }
        let generations = self.generate(requests)?;
        let mut answers: BTreeMap<usize, Vec<Generation>> = BTreeMap::new();
        for (index, generation) in owners.into_iter().zip(generations) {
            answers.entry(index).or_default().push(generation);
        }
        for (index, generations) in answers {
            self.judge(index, &generations)?;
        }
        Ok(())
    }

    /// Lets a source sentence stand for every point that has no bullet yet: one that can be read on its own and does not
    /// judge, but where a summary would be blank without.
    fn fall_back(&mut self) {
        self.quote_open(
            &[
                verify::EXTRACTIVE,
                &[verify::form::stands_alone, verify::neutral::wording],
            ]
            .concat(),
        );
        if self.lens.is_none() && self.drafts.iter().all(|draft| draft.bullet.is_none()) {
            self.quote_open(verify::EXTRACTIVE);
        }
    }

    /// Accepts the first sentence of each open point that passes. One whose check broke is taken only when no other passes.
    fn quote_open(&mut self, checks: &[CheckFn]) {
        for index in 0..self.drafts.len() {
            let open = self
                .drafts
                .get(index)
                .filter(|draft| draft.bullet.is_none() && !draft.given_up);
            let Some(draft) = open.filter(|_| !self.is_full()) else {
                continue;
            };
            let mut unchecked = None;
            let mut found = None;
            for passage in draft.sentences.clone() {
                let extract = fallback::extract(self.material, &passage);
                let check = self.check(&extract.sentence, &[passage], checks);
                let verdict = check.verdict;
                let wording = Wording {
                    text: extract.text,
                    added: extract.added,
                    kind: BulletKind::Extractive,
                    cited: vec![passage],
                    check,
                };
                match verdict {
                    Verdict::Verified => {
                        found = Some(wording);
                        break;
                    }
                    Verdict::NotChecked => unchecked = unchecked.or(Some(wording)),
                    Verdict::Failed => {}
                }
            }
            if let Some(wording) = found.or(unchecked) {
                self.accept(index, wording, None);
            }
        }
    }

    /// Checks a text with its days written out against sentences with theirs.
    fn check(&self, text: &str, cited: &[Passage<'_>], checks: &[CheckFn]) -> Check {
        let _span = trace_span!(target: "profile", "checking").entered();
        let evidence = self.dated_sentences(cited);
        let evidence: Vec<&str> = evidence.iter().map(String::as_str).collect();
        let candidate = Candidate {
            text,
            evidence: &evidence,
            accepted: &self.accepted,
            rules: self.rules,
        };
        verify::run(&candidate, checks)
    }

    fn dated_sentences(&self, cited: &[Passage<'_>]) -> Vec<String> {
        let sentences = cited.iter();
        sentences
            .map(|passage| dates::dated_sentence(self.material, passage))
            .collect()
    }

    /// The rules for texts that the model wrote, each with what it cites, then the learned score of those that pass.
    fn check_and_score(&self, texts: &[(String, Vec<Passage<'_>>)]) -> Vec<Check> {
        let rules = |(text, cited): &(String, Vec<Passage<'_>>)| self.check(text, cited, verify::ABSTRACTIVE);
        let mut checks: Vec<Check> = texts.iter().map(rules).collect();
        let cited = texts.iter().map(|(text, cited)| Cited {
            text,
            evidence: self.dated_sentences(cited),
        });
        let cited: Vec<Cited<'_>> = cited.collect();
        let _span = trace_span!(target: "profile", "scoring").entered();
        scoring::gate::score(&mut checks, &cited, self.desk.engine, self.desk.cancel);
        checks
    }

    /// Makes a wording the point's bullet; `previous` gives it its id.
    fn accept(&mut self, index: usize, mut wording: Wording<'a>, previous: Option<&Bullet>) {
        let note = conflicts::note(self.disputes, &wording.text, &wording.cited);
        if let Some(note) = note.filter(|_| wording.kind != BulletKind::Edited) {
            conflicts::append(&mut wording.text, &mut wording.added, &note);
        }
        let Some(draft) = self.drafts.get_mut(index) else {
            return;
        };
        let citations = dates::citations(&mut self.citer, self.material, &wording.cited, &wording.text);
        let mut check = wording.check;
        if previous.is_none() {
            check.refused = std::mem::take(&mut draft.refused);
        }
        let bullet = Bullet {
            id: previous.map_or_else(|| new_id(self.desk.clock), |bullet| bullet.id),
            citations,
            text: wording.text,
            lens: self.lens,
            kind: wording.kind,
            outlets: draft.point.outlets,
            check,
            added: wording.added,
            evidence_hash: draft.evidence_hash.clone(),
        };
        metrics::counter!("nutgraf_bullets_total", "kind" => code_of(bullet.kind)).increment(1);
        (self.on_bullet)(&bullet);
        self.accepted.push(bullet.text_without_added());
        draft.bullet = Some(bullet);
    }
}

const NO_CHECKS: &[CheckFn] = &[];

/// The name of a code as the API and the metrics have it.
fn code_of(code: impl serde::Serialize) -> String {
    let name = serde_json::to_value(code).ok();
    name.and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}
