//! Points become bullets: kept from the version before where the evidence is the same, else the compression that the
//! model chooses, else a spare point's compression takes the place, else the best of the model's free candidates that pass
//! the checks, else the best source sentence.
//!
//! What is written at one stage goes to the engine in one call, so that it can run all of it together.

mod judging;

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};

use super::candidates::{self, Round};
use super::citing::{self, Citer};
use super::conflicts::{self, Dispute};
use super::material::Material;
use super::passages::{Passage, Served};
use super::plan::{Desk, Plan, Written};
use super::points::Point;
use super::points::rank::has_common_ground;
use super::prompt::Prompt;
use super::verify::copying::CopyIndex;
use super::verify::entailment::Claim;
use super::verify::{self, Candidate, CheckFn, Rules};
use super::{Gate, Input, SummarizeError, dates, fallback, reuse, scoring};
use crate::clock::new_id;
use crate::domain::{Added, Bias, Bullet, BulletKind, Check, CheckReason, Lens, Lenses, Verdict};
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
    let prompt = Prompt::new()?;
    let instructions = prompt.instruction_words()?;
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
        citer: Citer::new(material),
        previous: reuse::candidates(input, desk),
        drafts: Vec::new(),
        accepted: Vec::new(),
        on_bullet,
    };
    let bullets = writer.write(plan.points, &prompt)?;
    let mut lenses = Lenses::default();
    for ((side, lens), (_, plan)) in lenses.sides_mut().into_iter().zip(plan.lenses) {
        *lens = match plan {
            Ok(points) => {
                writer.lens = Some(side);
                writer.places = settings.max_lens_bullets;
                Lens::of(writer.write(points, &prompt)?)
            }
            Err(reason) => Lens::omitted(*reason),
        };
    }
    Ok(Written { bullets, lenses })
}

/// A point on its way to a bullet.
struct Draft<'p, 'a> {
    point: &'p Point<'a>,
    evidence_hash: String,
    refused: Vec<Vec<CheckReason>>,
    bullet: Option<Bullet>,
    /// Whether a spare point has its place.
    given_up: bool,
}

impl<'p, 'a> Draft<'p, 'a> {
    fn new(point: &'p Point<'a>, material: &Material<'_>) -> Self {
        Self {
            point,
            evidence_hash: citing::evidence_hash(material, point.evidence()),
            refused: Vec::new(),
            bullet: None,
            given_up: false,
        }
    }
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
    /// be worth its time for it.
    fn write(&mut self, points: &'w [Point<'a>], prompt: &Prompt) -> Result<Vec<Bullet>, SummarizeError> {
        let material = self.material;
        self.drafts = points.iter().map(|point| Draft::new(point, material)).collect();
        self.keep_unchanged();
        if material.served == Served::Yes {
            self.compress_open(prompt)?;
            if self.lens.is_none() {
                self.write_open(prompt, Round::First)?;
                self.write_open(prompt, Round::Second)?;
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

    /// Gives every point that has some the compression which the model chooses, then spare points the places of those that
    /// have none, no more of them at a time than there are such places. Nothing without the gate: it is what makes the
    /// list.
    fn compress_open(&mut self, prompt: &Prompt) -> Result<(), SummarizeError> {
        if self.desk.settings.gate == Gate::Off {
            return Ok(());
        }
        let places = self.places.min(self.drafts.len());
        let mut untried = 0..places;
        for (index, wording) in self.compress(prompt, &mut untried, places)? {
            if !self.is_full() && self.still_passes(&wording) {
                self.accept(index, wording, None);
            }
        }
        let mut untried = places..self.drafts.len();
        while !untried.is_empty() && !self.is_full() {
            let open = self.replaceable().len();
            if open == 0 {
                break;
            }
            let spare = self.compress(prompt, &mut untried, open)?;
            self.replace_open(spare);
        }
        Ok(())
    }

    /// Has the model choose among the compressions that pass, for the first so many of these points that have some; what
    /// it looked at is taken from `untried`.
    fn compress(
        &mut self,
        prompt: &Prompt,
        untried: &mut Range<usize>,
        most: usize,
    ) -> Result<Vec<(usize, Wording<'a>)>, SummarizeError> {
        let mut chosen = Vec::new();
        let mut requests = Vec::new();
        while requests.len() < most
            && let Some(index) = untried.next()
        {
            let Some(draft) = self.drafts.get(index).filter(|draft| draft.bullet.is_none()) else {
                continue;
            };
            let sentences = fallback::order(self.material, draft.point);
            let usable = |wording: &str, passage: &Passage<'_>| {
                let text = dates::dated(self.material, wording, &[*passage]).text;
                self.check(&text, &[*passage], verify::ABSTRACTIVE).verdict == Verdict::Verified
            };
            let found =
                candidates::compression(prompt, self.material, &sentences, self.desk.settings, usable)?;
            if let Some((sentence, request)) = found
                && let Some(passage) = sentences.get(sentence)
            {
                chosen.push((index, *passage));
                requests.push(request);
            }
        }
        let generations = self.generate(requests)?;
        let mut passed = Vec::new();
        for ((index, passage), generation) in chosen.into_iter().zip(generations) {
            let text = dates::dated(self.material, &generation.text, &[passage]).text;
            let check = self.check_and_score(&text, &[passage]);
            if check.verdict == Verdict::Verified {
                passed.push((index, passage, text, check));
            } else if check.reasons.contains(&CheckReason::LowScore) {
                self.note_refused(index, vec![vec![CheckReason::LowScore]]);
            }
        }
        let claims = passed.iter().map(|(_, passage, text, _)| Claim {
            text,
            evidence: self.dated_sentences(&[*passage]),
        });
        let refusals = self.refusals(&claims.collect::<Vec<_>>())?;
        let mut wordings = Vec::new();
        for ((index, passage, text, check), refusal) in passed.into_iter().zip(refusals) {
            match refusal {
                Some(reason) => self.note_refused(index, vec![vec![reason]]),
                None => wordings.push((
                    index,
                    Wording {
                        text,
                        added: Vec::new(),
                        kind: BulletKind::Abstractive,
                        cited: vec![passage],
                        check,
                    },
                )),
            }
        }
        Ok(wordings)
    }

    /// Whether it still passes beside the bullets that were accepted meanwhile, which may say the same.
    fn still_passes(&self, wording: &Wording<'a>) -> bool {
        let check = self.check(&wording.text, &wording.cited, verify::ABSTRACTIVE);
        check.verdict == Verdict::Verified
    }

    fn is_full(&self) -> bool {
        let bullets = self.drafts.iter().filter(|draft| draft.bullet.is_some());
        bullets.count() >= self.places
    }

    /// The points whose places a spare one may get, the least last: those without a bullet, but for the first one and what
    /// several outlets say.
    fn replaceable(&self) -> Vec<usize> {
        let is_replaceable = |(index, draft): (usize, &Draft<'_, '_>)| {
            let is_open = draft.bullet.is_none() && !draft.given_up;
            (index > 0 && is_open && draft.point.outlets < KEEPS_ITS_PLACE).then_some(index)
        };
        let mains = self.drafts.iter().take(self.places).enumerate();
        mains.filter_map(is_replaceable).collect()
    }

    /// Gives the places of points without a bullet to spare ones that have a wording, the least points first.
    fn replace_open(&mut self, spare: Vec<(usize, Wording<'a>)>) {
        let mut replaceable = self.replaceable();
        let is_common = has_common_ground(self.material);
        for (index, wording) in spare {
            if self.is_full() {
                break;
            }
            // What fewer outlets say does not push out what more of them do (P14, P20).
            let outlets = |at: usize| self.drafts.get(at).map_or(0, |draft| draft.point.outlets);
            let lesser = replaceable
                .iter()
                .rposition(|main| !is_common || outlets(*main) <= outlets(index));
            let Some(replaced) = lesser.map(|at| replaceable.remove(at)) else {
                continue;
            };
            if !self.still_passes(&wording) {
                replaceable.push(replaced);
                replaceable.sort_unstable();
                continue;
            }
            if let Some(draft) = self.drafts.get_mut(replaced) {
                draft.given_up = true;
            }
            self.accept(index, wording, None);
        }
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
    fn write_open(&mut self, prompt: &Prompt, round: Round) -> Result<(), SummarizeError> {
        let mut owners = Vec::new();
        let mut requests = Vec::new();
        for (index, draft) in self.drafts.iter().take(self.places).enumerate() {
            if draft.bullet.is_none() && !draft.given_up && !self.is_full() {
                let wanted =
                    candidates::requests(prompt, self.material, draft.point, self.desk.settings, round)?;
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

    /// Lets a source sentence stand for every point that has no bullet yet: one that can be read on its own, but where a
    /// summary would be blank without.
    fn fall_back(&mut self) {
        self.quote_open(&[verify::EXTRACTIVE, &[verify::form::stands_alone]].concat());
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
            for passage in fallback::order(self.material, draft.point) {
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

    /// The rules for what the model wrote, then the learned score of what they let pass.
    fn check_and_score(&self, text: &str, cited: &[Passage<'_>]) -> Check {
        let evidence = self.dated_sentences(cited);
        let evidence: Vec<&str> = evidence.iter().map(String::as_str).collect();
        let check = self.check(text, cited, verify::ABSTRACTIVE);
        scoring::gate::scored(check, text, &evidence, self.desk.engine, self.desk.cancel)
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

/// A point that so many independent outlets make keeps its place, if need be as an extract.
const KEEPS_ITS_PLACE: u32 = 3;

const NO_CHECKS: &[CheckFn] = &[];

/// The name of a code as the API and the metrics have it.
fn code_of(code: impl serde::Serialize) -> String {
    let name = serde_json::to_value(code).ok();
    name.and_then(|name| name.as_str().map(str::to_owned))
        .unwrap_or_default()
}
