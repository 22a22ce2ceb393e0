//! What the local models say of a claim: how close its sentences are to the sources, and how likely they find it with
//! and without its evidence.

use serde::{Deserialize, Serialize};

use super::claim::{Claim, Sentence};
use crate::engine::{Cancel, Engine, EngineError, Message, Role, ScoreRequest};
use crate::text::similarity::cosine;

/// Changes with all that decides what the models are asked: kept answers of another version are not used.
pub const VERSION: &str = "1";

/// Asks for the claim after its evidence. Part of the features: whoever changes it fits the weights again.
const WITH_EVIDENCE: &str = "Summarize this news in one sentence.";
/// Asks for it out of nothing.
const WITHOUT_EVIDENCE: &str = "Write one sentence of news.";

/// How close a claim is to its sources: the cosine of each of its sentences with each source.
pub type Cosines = Vec<Vec<f32>>;

/// How likely the model finds a claim.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Likelihood {
    /// The log-probability of each token of the claim after its evidence.
    pub given: Vec<f32>,
    /// The same without evidence.
    pub alone: Vec<f32>,
}

/// Asks how likely the claims are, with the evidence that their cosines choose, and without.
///
/// # Errors
/// When the engine cannot be used.
pub fn likelihoods(
    claims: &[(&Claim, &Cosines)],
    engine: &dyn Engine,
    cancel: &Cancel,
) -> Result<Vec<Likelihood>, EngineError> {
    let mut requests = Vec::with_capacity(2 * claims.len());
    for (claim, cosines) in claims {
        let evidence = claim.evidence(&claim.matches(cosines)).join(" ");
        requests.push(request(format!("{evidence}\n\n{WITH_EVIDENCE}"), claim));
        requests.push(request(WITHOUT_EVIDENCE.to_owned(), claim));
    }
    let mut scores = engine.score(requests, cancel)?.into_iter();
    let mut next = || scores.next().unwrap_or_default();
    let pairs = claims.iter().map(|_| Likelihood {
        given: next(),
        alone: next(),
    });
    Ok(pairs.collect())
}

fn request(content: String, claim: &Claim) -> ScoreRequest {
    ScoreRequest {
        messages: vec![Message {
            role: Role::User,
            content,
        }],
        answer: claim.text.clone(),
    }
}

/// Asks how close the claims are to their sources. Each text is embedded once, however many claims have it.
///
/// # Errors
/// When the engine cannot be used.
pub fn cosines(claims: &[&Claim], engine: &dyn Engine, cancel: &Cancel) -> Result<Vec<Cosines>, EngineError> {
    let sentences = |claim: &Claim| -> Vec<String> {
        let all = claim.sentences.iter().chain(&claim.sources);
        all.map(|sentence| sentence.text.clone()).collect()
    };
    let mut texts: Vec<String> = claims.iter().flat_map(|claim| sentences(claim)).collect();
    texts.sort_unstable();
    texts.dedup();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let vectors = engine.embed(&texts, cancel)?;
    let vector = |sentence: &Sentence| {
        let place = texts.binary_search(&sentence.text.as_str()).ok();
        place
            .and_then(|place| vectors.get(place))
            .map(Vec::as_slice)
            .unwrap_or_default()
    };
    let of_claim = |claim: &Claim| -> Cosines {
        let row = |sentence: &Sentence| {
            let own = vector(sentence);
            claim
                .sources
                .iter()
                .map(|source| cosine(own, vector(source)))
                .collect()
        };
        claim.sentences.iter().map(row).collect()
    };
    Ok(claims.iter().map(|claim| of_claim(claim)).collect())
}
