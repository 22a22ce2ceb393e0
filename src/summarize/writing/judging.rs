//! What becomes of the model's answers for a point: which pass, why the others do not, and which is the best.

use std::collections::BTreeSet;

use super::{Wording, Writer, code_of};
use crate::domain::{BulletKind, Check, CheckReason, Verdict};
use crate::engine::Generation;
use crate::summarize::passages::Passage;
use crate::summarize::plan::Desk;
use crate::summarize::points::Point;
use crate::summarize::verify::{Cited, entailment};
use crate::summarize::{Gate, SummarizeError, candidates, citing, dates, parse};

impl<'a> Writer<'_, 'a> {
    /// Accepts the best of the answers that pass, or of their first sentences; notes why the others were refused.
    pub(super) fn judge(&mut self, index: usize, generations: &[Generation]) -> Result<(), SummarizeError> {
        let Some(point) = self.drafts.get(index).map(|draft| draft.point) else {
            return Ok(());
        };
        let mut passed: Vec<(f64, Wording<'a>)> = Vec::new();
        let mut refused = Vec::new();
        let mut seen = BTreeSet::new();
        let mut distinct: Vec<&Generation> = generations.iter().collect();
        distinct.retain(|one| seen.insert(one.text.as_str()));
        let evidence: Vec<&str> = point.evidence().iter().map(|passage| passage.text).collect();
        for (generation, wording) in distinct.iter().zip(self.wordings_of(&distinct, point)) {
            match wording {
                // What is nearly a source sentence is quoted as one instead.
                Ok(wording) if !self.is_own(&wording.text, &evidence) => {
                    refused.push(vec![CheckReason::CopiedRun]);
                }
                Ok(wording) => {
                    let quality =
                        candidates::quality(&wording.text, generation.mean_log_probability, &evidence);
                    passed.push((quality, wording));
                }
                Err(reasons) => refused.push(reasons),
            }
        }
        let claims = passed.iter().map(|(_, wording)| Cited {
            text: &wording.text,
            evidence: self.dated_sentences(&wording.cited),
        });
        let refusals = self.refusals(&claims.collect::<Vec<_>>())?;
        let mut best: Option<(f64, Wording<'a>)> = None;
        for ((quality, wording), refusal) in passed.into_iter().zip(refusals) {
            match refusal {
                Some(reason) => refused.push(vec![reason]),
                None if best.as_ref().is_none_or(|(highest, _)| quality > *highest) => {
                    best = Some((quality, wording));
                }
                None => {}
            }
        }
        self.note_refused(index, refused);
        if let Some((_, wording)) = best {
            self.accept(index, wording, None);
        }
        Ok(())
    }

    fn is_own(&self, text: &str, evidence: &[&str]) -> bool {
        self.desk.settings.gate == Gate::Off || candidates::is_reworded(text, evidence)
    }

    /// Which of these wordings the entailment model refuses; none without the gate.
    pub(super) fn refusals(&self, claims: &[Cited<'_>]) -> Result<Vec<Option<CheckReason>>, SummarizeError> {
        let Desk {
            settings,
            engine,
            cancel,
            ..
        } = self.desk;
        match settings.gate {
            Gate::On => entailment::refusals(claims, settings.min_entailment, engine, cancel),
            Gate::Off => Ok(vec![None; claims.len()]),
        }
    }

    pub(super) fn note_refused(&mut self, index: usize, refused: Vec<Vec<CheckReason>>) {
        for reason in refused.iter().flatten() {
            metrics::counter!("nutgraf_refusals_total", "reason" => code_of(*reason)).increment(1);
        }
        if let Some(draft) = self.drafts.get_mut(index) {
            draft.refused.extend(refused);
        }
    }

    /// Each answer, or its first sentence alone, as a wording that passes; else why the answer does not.
    fn wordings_of(
        &self,
        answers: &[&Generation],
        point: &Point<'a>,
    ) -> Vec<Result<Wording<'a>, Vec<CheckReason>>> {
        let language = self.material.language.as_deref().unwrap_or("en");
        // Which answer, and the text with what it cites.
        let mut tries: Vec<usize> = Vec::new();
        let mut texts: Vec<(String, Vec<Passage<'a>>)> = Vec::new();
        for (index, answer) in answers.iter().enumerate() {
            let whole = parse::bullet(&answer.text, language);
            let shorter = parse::shorter(&whole, language);
            for text in [Some(whole), shorter].into_iter().flatten() {
                let cited = citing::supporting(&text, point.evidence());
                tries.push(index);
                texts.push((dates::dated(self.material, &text, &cited).text, cited));
            }
        }
        let checks = match self.desk.settings.gate {
            Gate::On => self.check_and_score(&texts),
            Gate::Off => vec![unchecked(); texts.len()],
        };
        let mut found: Vec<Option<Result<Wording<'a>, Vec<CheckReason>>>> = Vec::new();
        found.resize_with(answers.len(), || None);
        for ((index, (text, cited)), check) in tries.into_iter().zip(texts).zip(checks) {
            let Some(place) = found.get_mut(index).filter(|place| !matches!(place, Some(Ok(_)))) else {
                continue;
            };
            if check.verdict == Verdict::Verified || self.desk.settings.gate == Gate::Off {
                *place = Some(Ok(Wording {
                    text,
                    added: Vec::new(),
                    kind: BulletKind::Abstractive,
                    cited,
                    check,
                }));
            } else {
                tracing::debug!(text, reasons = ?check.reasons, "a wording was refused");
                place.get_or_insert(Err(check.reasons));
            }
        }
        found
            .into_iter()
            .map(|place| place.unwrap_or(Err(Vec::new())))
            .collect()
    }
}

fn unchecked() -> Check {
    Check {
        verdict: Verdict::NotChecked,
        score: None,
        reasons: Vec::new(),
        refused: Vec::new(),
    }
}
