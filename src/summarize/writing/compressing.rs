//! Compressions: the model chooses one for every point that has some; spare points with some take the places of points
//! without.

use std::ops::Range;

use super::{Draft, Wording, Writer};
use crate::domain::{BulletKind, CheckReason, Verdict};
use crate::summarize::passages::Passage;
use crate::summarize::points::FIRST_POINTS;
use crate::summarize::points::rank::has_common_ground;
use crate::summarize::verify::{self, Cited};
use crate::summarize::{Gate, SummarizeError, candidates, dates, fallback};

/// A point that so many independent outlets make keeps its place, if need be as an extract.
const KEEPS_ITS_PLACE: u32 = 3;

impl<'a> Writer<'_, 'a> {
    /// Gives every point that has some the compression which the model chooses, then spare points the places of those that
    /// have none, no more of them at a time than there are such places. Nothing without the gate: it is what makes the
    /// list.
    pub(super) fn compress_open(&mut self) -> Result<(), SummarizeError> {
        if self.desk.settings.gate == Gate::Off {
            return Ok(());
        }
        let places = self.places.min(self.drafts.len());
        let mut untried = 0..places;
        for (index, wording) in self.compress(&mut untried, places)? {
            if !self.is_full()
                && self.still_passes(&wording)
                && !self.pushes_out_a_better(index, &wording, None)
            {
                self.accept(index, wording, None);
            }
        }
        self.shorten_open()?;
        let mut untried = places..self.drafts.len();
        while !untried.is_empty() && !self.is_full() {
            let open = self.replaceable().len();
            if open == 0 {
                break;
            }
            let spare = self.compress(&mut untried, open)?;
            self.replace_open(spare);
        }
        Ok(())
    }

    /// Has the model choose among the compressions that pass, for the first so many of these points that have some; what
    /// it looked at is taken from `untried`.
    fn compress(
        &mut self,
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
            let usable = |wording: &str, passage: &Passage<'_>| {
                if !draft.is_told_by(wording) {
                    return false;
                }
                let text = dates::dated(self.material, wording, &[*passage]).text;
                self.check(&text, &[*passage], verify::ABSTRACTIVE).verdict == Verdict::Verified
            };
            let found = candidates::compression(&self.desk, self.material, &draft.sentences, usable)?;
            if let Some((sentence, request)) = found
                && let Some(passage) = draft.sentences.get(sentence)
            {
                chosen.push((index, *passage));
                requests.push(request);
            }
        }
        let generations = self.generate(requests)?;
        let written = chosen.into_iter().zip(generations);
        let written = written.map(|((index, passage), generation)| (index, passage, generation.text));
        // The rules let all of the list pass before.
        self.verified(written.collect(), |reason| *reason == CheckReason::LowScore)
    }

    /// Those of these texts, each of a point and of one sentence that it cites, which pass the checks; why the others do
    /// not is noted where it is worth it.
    pub(super) fn verified(
        &mut self,
        written: Vec<(usize, Passage<'a>, String)>,
        is_noted: fn(&CheckReason) -> bool,
    ) -> Result<Vec<(usize, Wording<'a>)>, SummarizeError> {
        let texts: Vec<(String, Vec<Passage<'a>>)> = written
            .iter()
            .map(|(_, passage, text)| {
                let cited = vec![*passage];
                (dates::dated(self.material, text, &cited).text, cited)
            })
            .collect();
        let checks = self.check_and_score(&texts);
        let mut passed = Vec::new();
        for ((index, passage, _), ((text, _), check)) in
            written.into_iter().zip(texts.into_iter().zip(checks))
        {
            if check.verdict == Verdict::Verified {
                passed.push((index, passage, text, check));
            } else {
                tracing::debug!(text, reasons = ?check.reasons, "a wording was refused");
                let reasons: Vec<CheckReason> = check.reasons.into_iter().filter(is_noted).collect();
                if !reasons.is_empty() {
                    self.note_refused(index, vec![reasons]);
                }
            }
        }
        let claims = passed.iter().map(|(_, passage, text, _)| Cited {
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
    pub(super) fn still_passes(&self, wording: &Wording<'a>) -> bool {
        let check = self.check(&wording.text, &wording.cited, verify::ABSTRACTIVE);
        check.verdict == Verdict::Verified
    }

    /// Whether a better point, which more outlets make, could no longer be quoted beside this wording, since both would say
    /// much the same (P20). `replaced` gives up its place anyhow.
    pub(super) fn pushes_out_a_better(
        &self,
        index: usize,
        wording: &Wording<'a>,
        replaced: Option<usize>,
    ) -> bool {
        let outlets = |at: usize| self.drafts.get(at).map_or(0, |draft| draft.point.outlets);
        let better = self.drafts.iter().take(index.min(self.places)).enumerate();
        let mut open = better.filter(|(at, draft)| {
            let is_open = draft.bullet.is_none() && !draft.given_up && Some(*at) != replaced;
            is_open && outlets(*at) > outlets(index)
        });
        open.any(|(_, draft)| {
            let Some(best) = draft.sentences.first() else {
                return false;
            };
            let quoted = fallback::extract(self.material, best).sentence;
            verify::repeats::says_the_same(&quoted, &wording.text)
        })
    }

    /// The points whose places a spare one may get, the least last: those without a bullet, but for the first ones, which
    /// say what the story is about, and what several outlets say.
    fn replaceable(&self) -> Vec<usize> {
        let is_replaceable = |(index, draft): (usize, &Draft<'_, '_>)| {
            let is_open = draft.bullet.is_none() && !draft.given_up;
            (index >= FIRST_POINTS && is_open && draft.point.outlets < KEEPS_ITS_PLACE).then_some(index)
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
            if !self.still_passes(&wording) || self.pushes_out_a_better(index, &wording, Some(replaced)) {
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
}
