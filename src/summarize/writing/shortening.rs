//! Shortenings: a model that was taught to write bullets leaves out phrases of a sentence for which there is no rule, or says
//! that there is no news in it.

use std::collections::BTreeMap;

use super::{Wording, Writer};
use crate::domain::CheckReason;
use crate::engine::Generation;
use crate::summarize::candidates::{self, Shortenings};
use crate::summarize::passages::Passage;
use crate::summarize::prompt::{self, Abstention};
use crate::summarize::{SummarizeError, fallback};

impl<'a> Writer<'_, 'a> {
    /// Gives every point that has no bullet yet the best shortening of one of its first sentences that passes.
    pub(super) fn shorten_open(&mut self) -> Result<(), SummarizeError> {
        if self.is_full() {
            return Ok(());
        }
        let open = self.drafts.iter().take(self.places).enumerate();
        let open = open.filter(|(_, draft)| draft.bullet.is_none() && !draft.given_up);
        let asked: Vec<(usize, Shortenings<'a>)> = open
            .flat_map(|(index, draft)| {
                let sentences = fallback::order(self.material, draft.point);
                candidates::shortenings(&self.desk, &sentences)
                    .into_iter()
                    .map(move |found| (index, found))
            })
            .collect();
        let answers = self.choose_shortenings(&asked)?;
        let mut sure: Vec<(usize, Passage<'a>, String)> = Vec::new();
        let mut qualities: BTreeMap<(usize, String), f64> = BTreeMap::new();
        for ((index, found), answer) in asked.iter().zip(answers) {
            let refusal = if prompt::abstention(&answer) != Abstention::No {
                Some(CheckReason::Abstained)
            } else if answer.least_log_probability < candidates::MIN_TOKEN_PROBABILITY.ln() {
                Some(CheckReason::LowScore)
            } else {
                None
            };
            let least = answer.least_log_probability;
            tracing::debug!(
                text = answer.text,
                of = found.passage.text,
                least,
                ?refusal,
                "a shortening"
            );
            if let Some(reason) = refusal {
                self.note_refused(*index, vec![vec![reason]]);
                continue;
            }
            let sentence = found.passage.text;
            let quality = candidates::quality(&answer.text, answer.mean_log_probability, &[sentence]);
            qualities.insert((*index, sentence.to_owned()), quality);
            sure.push((*index, found.passage, answer.text));
        }
        let mut wordings = self.verified(sure, |_| true)?;
        let quality = |index: usize, wording: &Wording<'a>| {
            let sentence = wording.cited.first().map(|cited| cited.text.to_owned());
            let quality = sentence.and_then(|sentence| qualities.get(&(index, sentence)));
            quality.copied().unwrap_or(f64::NEG_INFINITY)
        };
        wordings.sort_by(|(a, one), (b, other)| {
            a.cmp(b)
                .then_with(|| quality(*b, other).total_cmp(&quality(*a, one)))
        });
        for (index, wording) in wordings {
            let is_open = self.drafts.get(index).is_some_and(|draft| draft.bullet.is_none());
            let is_wanted = is_open && !self.is_full();
            if is_wanted && self.still_passes(&wording) && !self.pushes_out_a_better(index, &wording, None) {
                self.accept(index, wording, None);
            }
        }
        Ok(())
    }

    /// What the model chooses from each list; where it abstains without being sure, what it chooses when it may not.
    fn choose_shortenings(
        &self,
        asked: &[(usize, Shortenings<'a>)],
    ) -> Result<Vec<Generation>, SummarizeError> {
        let request = |may_abstain: bool| {
            move |(_, found): &(usize, Shortenings<'a>)| found.request(&self.desk, self.material, may_abstain)
        };
        let mut answers = self.generate(asked.iter().map(request(true)).collect::<Result<_, _>>()?)?;
        let unsure = |answer: &Generation| prompt::abstention(answer) == Abstention::Unsure;
        let again = asked.iter().zip(&answers).filter(|(_, answer)| unsure(answer));
        let again: Vec<_> = again
            .map(|(asked, _)| request(false)(asked))
            .collect::<Result<_, _>>()?;
        let mut second = self.generate(again)?.into_iter();
        for answer in answers.iter_mut().filter(|answer| unsure(answer)) {
            if let Some(other) = second.next() {
                *answer = other;
            }
        }
        Ok(answers)
    }
}
