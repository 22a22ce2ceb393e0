//! The learned score as the last check of a wording: it is asked for what all rules let pass, since it costs more than all
//! of them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::answers::{self, Likelihood};
use super::claim::Claim;
use super::features;
use super::model::{self, Model, ModelError};
use crate::domain::{Check, CheckReason, Verdict};
use crate::engine::{Cancel, Engine, EngineError};
use crate::summarize::verify::Cited;

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

/// The probability, for each of these texts, that its sentences prove it.
///
/// # Errors
/// See [`ScoreError`].
pub fn probabilities(
    cited: &[&Cited<'_>],
    model: &Model,
    engine: &dyn Engine,
    cancel: &Cancel,
) -> Result<Vec<f64>, ScoreError> {
    let claim = |cited: &&Cited<'_>| {
        let sources: Vec<&str> = cited.evidence.iter().map(String::as_str).collect();
        Claim::new(cited.text, &sources)
    };
    let claims: Vec<Claim> = cited.iter().map(claim).collect();
    let cosines = answers::cosines(&claims.iter().collect::<Vec<_>>(), engine, cancel)?;
    let likelihoods = if model.needs_likelihood() {
        let asked: Vec<_> = claims.iter().zip(&cosines).collect();
        answers::likelihoods(&asked, engine, cancel)?
    } else {
        vec![Likelihood::default(); claims.len()]
    };
    let answered = claims.iter().zip(&cosines).zip(&likelihoods);
    let probability = |((claim, cosines), likelihood)| {
        let values = features::of_claim(claim, cosines, likelihood);
        model.probability(&model.choose(&values))
    };
    Ok(answered.map(probability).collect())
}

/// Adds the score to what the rules found of these wordings, of such as they let pass: below the shipped threshold one
/// fails; without a score none of them is checked (P21).
pub fn score(checks: &mut [Check], cited: &[Cited<'_>], engine: &dyn Engine, cancel: &Cancel) {
    let (mut passed, cited): (Vec<&mut Check>, Vec<&Cited<'_>>) = checks
        .iter_mut()
        .zip(cited)
        .filter(|(check, _)| check.verdict == Verdict::Verified)
        .unzip();
    if passed.is_empty() {
        return;
    }
    let found = catch_unwind(AssertUnwindSafe(|| {
        let model = model::shipped().map_err(Clone::clone)?;
        let probabilities = probabilities(&cited, model, engine, cancel)?;
        Ok((probabilities, model.threshold))
    }));
    let found = found.map_err(|_| "it panicked".to_owned());
    settle(
        &mut passed,
        found.and_then(|found| found.map_err(|error: ScoreError| error.to_string())),
    );
}

/// Gives each check its probability; they fail below the threshold.
fn settle(checks: &mut [&mut Check], found: Result<(Vec<f64>, f64), String>) {
    match found {
        Ok((probabilities, threshold)) => {
            for (check, probability) in checks.iter_mut().zip(probabilities) {
                check.score = Some((probability * 100.0).round() / 100.0);
                if probability < threshold {
                    check.verdict = Verdict::Failed;
                    check.reasons.push(CheckReason::LowScore);
                }
            }
        }
        Err(error) => {
            tracing::error!(
                error,
                "the learned score broke; its wordings count as not checked"
            );
            for check in checks {
                check.verdict = Verdict::NotChecked;
                check.reasons.push(CheckReason::CheckError);
            }
        }
    }
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
        let mut check = passed();
        settle(&mut [&mut check], Err("no model".to_owned()));
        assert_eq!(
            (check.verdict, check.reasons),
            (Verdict::NotChecked, vec![CheckReason::CheckError])
        );
    }

    #[test]
    fn a_low_score_fails_and_is_kept() {
        let (mut low, mut high) = (passed(), passed());
        settle(&mut [&mut low, &mut high], Ok((vec![0.314, 0.99], 0.5)));
        assert_eq!(
            (low.verdict, low.score, low.reasons),
            (Verdict::Failed, Some(0.31), vec![CheckReason::LowScore])
        );
        assert_eq!((high.verdict, high.score), (Verdict::Verified, Some(0.99)));
    }
}
