//! P1 to P4: a citation, and every number, name and quotation in it.

use super::{Candidate, reason_if};
use crate::domain::CheckReason;
use crate::text::facts;

/// P1: it cites something.
pub fn citation(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    reason_if(candidate.evidence.is_empty(), CheckReason::NoCitation)
}

/// P2: every number, date, amount and percentage is in a cited sentence, with its unit.
pub fn numbers(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let unsupported = facts::unsupported_numbers(candidate.text, candidate.evidence);
    reason_if(!unsupported.is_empty(), CheckReason::NumberNotInEvidence)
}

/// P3: every person, organisation and place is in a cited sentence.
pub fn names(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let unsupported = facts::unsupported_names(candidate.text, candidate.evidence);
    reason_if(!unsupported.is_empty(), CheckReason::NameNotInEvidence)
}

/// P4: what stands in quotation marks stands so in a cited sentence.
pub fn quotes(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let unsupported = facts::unsupported_quotes(candidate.text, candidate.evidence);
    reason_if(!unsupported.is_empty(), CheckReason::QuoteNotVerbatim)
}
