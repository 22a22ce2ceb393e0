//! P1 by a model: whether the cited sentences entail a wording. Only where the engine has such a model; the rules come
//! first, so that it is asked about what they let pass.

use super::super::{SummarizeError, prompt::one_line};
use super::Cited;
use crate::domain::{CHECKS_VERSION, CheckReason};
use crate::engine::{Cancel, Engine, EngineError, Pair};

/// The version of the checks, with the model that judges where there is one: it decides what is published.
pub fn checks_version(engine: &dyn Engine) -> String {
    match engine.judge() {
        None => CHECKS_VERSION.to_owned(),
        Some(judge) => format!("{CHECKS_VERSION}+{}", judge.name),
    }
}

/// Why each claim is refused, in their order; `None`: it is not. A model that fails says nothing of any claim: none is
/// verified then (P21).
///
/// # Errors
/// When the engine is busy or was cancelled: it may judge later.
pub fn refusals(
    claims: &[Cited<'_>],
    min_entailment: f64,
    engine: &dyn Engine,
    cancel: &Cancel,
) -> Result<Vec<Option<CheckReason>>, SummarizeError> {
    if claims.is_empty() || engine.judge().is_none() {
        return Ok(vec![None; claims.len()]);
    }
    let pair = |claim: &Cited<'_>| Pair {
        premise: one_line(&claim.evidence.join(" ")),
        hypothesis: claim.text.to_owned(),
    };
    match engine.entail(claims.iter().map(pair).collect(), cancel) {
        Ok(probabilities) if probabilities.len() == claims.len() => {
            // A probability that is no number is not enough either.
            let is_enough = |probability: f32| f64::from(probability) >= min_entailment;
            let refusal = |probability| (!is_enough(probability)).then_some(CheckReason::NotEntailed);
            Ok(probabilities.into_iter().map(refusal).collect())
        }
        Err(error @ (EngineError::Busy { .. } | EngineError::Cancelled | EngineError::Stopped)) => {
            Err(error.into())
        }
        broken => {
            tracing::error!(
                ?broken,
                "the entailment model failed; its wordings count as not checked"
            );
            Ok(vec![Some(CheckReason::CheckError); claims.len()])
        }
    }
}
