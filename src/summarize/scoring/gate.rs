//! The learned score as the last check of a wording: it is asked for what all rules let pass, since it costs more than all
//! of them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::answers::{self, Likelihood};
use super::claim::Claim;
use super::features;
use super::model::{self, Model, ModelError};
use crate::domain::{Check, CheckReason, Verdict};
use crate::engine::{Cancel, Engine, EngineError};

/// Why there is no score.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The models could not be asked. The story is tried again later.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The weights are broken: a defect in this crate.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// The probability that the sentences prove a text.
///
/// # Errors
/// See [`ScoreError`].
pub fn probability(
    text: &str,
    evidence: &[&str],
    model: &Model,
    engine: &dyn Engine,
    cancel: &Cancel,
) -> Result<f64, ScoreError> {
    let claim = Claim::new(text, evidence);
    let cosines = answers::cosines(&[&claim], engine, cancel)?
        .pop()
        .unwrap_or_default();
    let likelihood = if model.needs_likelihood() {
        let asked = answers::likelihoods(&[(&claim, &cosines)], engine, cancel)?.pop();
        asked.unwrap_or_default()
    } else {
        Likelihood::default()
    };
    let values = features::of_claim(&claim, &cosines, &likelihood);
    Ok(model.probability(&model.choose(&values)))
}

/// Adds the score to what the rules found: below the shipped threshold a wording fails; without a score it is not
/// checked (P21).
pub fn scored(check: Check, text: &str, evidence: &[&str], engine: &dyn Engine, cancel: &Cancel) -> Check {
    if check.verdict != Verdict::Verified {
        return check;
    }
    let found = catch_unwind(AssertUnwindSafe(|| {
        let model = model::shipped().map_err(Clone::clone)?;
        let probability = probability(text, evidence, model, engine, cancel)?;
        Ok((probability, probability >= model.threshold))
    }));
    let outcome = found.map_err(|_| "it panicked".to_owned());
    let outcome = outcome.and_then(|found| found.map_err(|error: ScoreError| error.to_string()));
    with_outcome(check, outcome)
}

fn with_outcome(mut check: Check, outcome: Result<(f64, bool), String>) -> Check {
    match outcome {
        Ok((probability, is_verified)) => {
            check.score = Some((probability * 100.0).round() / 100.0);
            if !is_verified {
                check.verdict = Verdict::Failed;
                check.reasons.push(CheckReason::LowScore);
            }
        }
        Err(error) => {
            tracing::error!(
                error,
                "the learned score broke; the wording counts as not checked"
            );
            check.verdict = Verdict::NotChecked;
            check.reasons.push(CheckReason::CheckError);
        }
    }
    check
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed() -> Check {
        Check {
            verdict: Verdict::Verified,
            score: None,
            reasons: Vec::new(),
            refused: Vec::new(),
        }
    }

    #[test]
    fn a_score_that_is_not_there_is_never_verified() {
        let check = with_outcome(passed(), Err("no model".to_owned()));
        assert_eq!(
            (check.verdict, check.reasons),
            (Verdict::NotChecked, vec![CheckReason::CheckError])
        );
    }

    #[test]
    fn a_low_score_fails_and_is_kept() {
        let check = with_outcome(passed(), Ok((0.314, false)));
        assert_eq!(
            (check.verdict, check.score, check.reasons),
            (Verdict::Failed, Some(0.31), vec![CheckReason::LowScore])
        );
        assert_eq!(
            with_outcome(passed(), Ok((0.99, true))).verdict,
            Verdict::Verified
        );
    }
}
