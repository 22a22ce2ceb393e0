//! Shortenings: a model that was taught to write bullets leaves out phrases of a sentence for which there is no rule, or says
//! that there is no news in it.

use super::Writer;
use crate::domain::CheckReason;
use crate::summarize::SummarizeError;
use crate::summarize::abstention::{self, ABSTENTION};
use crate::summarize::candidates::{self, Shortenings};
use crate::summarize::passages::Passage;

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
                let usable = |wording: &str| draft.is_told_by(wording);
                candidates::shortenings(&self.desk, &draft.sentences, usable)
                    .into_iter()
                    .map(move |found| (index, found))
            })
            .collect();
        let answers = abstention::answers(
            &asked,
            |(_, found)| found.request_or_nothing(&self.desk, self.material),
            |(_, found)| found.request(&self.desk, self.material),
            |requests| self.generate(requests),
        )?;
        let mut sure: Vec<(usize, f64, Passage<'a>, String)> = Vec::new();
        for ((index, found), answer) in asked.iter().zip(answers) {
            let least = answer.least_log_probability;
            let refusal = if answer.text == ABSTENTION {
                Some(CheckReason::Abstained)
            } else if least < candidates::MIN_TOKEN_PROBABILITY.ln() {
                Some(CheckReason::LowScore)
            } else {
                None
            };
            let sentence = found.passage.text;
            tracing::debug!(text = answer.text, of = sentence, least, ?refusal, "a shortening");
            if let Some(reason) = refusal {
                self.note_refused(*index, vec![vec![reason]]);
                continue;
            }
            let quality = candidates::quality(&answer.text, answer.mean_log_probability, &[sentence]);
            sure.push((*index, quality, found.passage, answer.text));
        }
        // The best of each point first.
        sure.sort_by(|(a, one, ..), (b, other, ..)| a.cmp(b).then_with(|| other.total_cmp(one)));
        let sure = sure
            .into_iter()
            .map(|(index, _, passage, text)| (index, passage, text));
        for (index, wording) in self.verified(sure.collect(), |_| true)? {
            let is_open = self.drafts.get(index).is_some_and(|draft| draft.bullet.is_none());
            let is_wanted = is_open && !self.is_full();
            if is_wanted && self.still_passes(&wording) && !self.pushes_out_a_better(index, &wording, None) {
                self.accept(index, wording, None);
            }
        }
        Ok(())
    }
}
