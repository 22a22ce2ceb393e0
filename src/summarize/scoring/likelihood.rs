//! Features of likelihood: what the local model finds of a claim with its evidence, and how much more likely the evidence
//! makes it, token by token (pointwise mutual information).

use super::answers::Likelihood;

/// Values of a claim; all but the last are higher for one that the evidence makes likely.
pub const NAMES: [&str; 10] = [
    "given_mean",
    "given_low",
    "given_min",
    "given_content",
    "pmi_mean",
    "pmi_content",
    "pmi_low",
    "pmi_min",
    "pmi_positive",
    "alone_mean",
];

/// A token less likely than this without evidence, as a natural logarithm, carries content.
const CONTENT: f64 = -3.0;

/// The share of tokens that the lowest ones are.
const LOW: f64 = 0.1;

/// The values of a claim, in the order of [`NAMES`]; zeros when nothing was asked.
pub fn of_claim(answers: &Likelihood) -> [f64; NAMES.len()] {
    let given: Vec<f64> = answers.given.iter().copied().map(f64::from).collect();
    let alone: Vec<f64> = answers.alone.iter().copied().map(f64::from).collect();
    let (mut given_content, mut pmi, mut pmi_content) = (Vec::new(), Vec::new(), Vec::new());
    for (given, alone) in given.iter().zip(&alone) {
        pmi.push(given - alone);
        if *alone < CONTENT {
            given_content.push(*given);
            pmi_content.push(given - alone);
        }
    }
    let positive = pmi_content.iter().filter(|pmi| **pmi > 0.0).count() as f64;
    [
        mean(&given),
        low(&given),
        minimum(&given),
        mean(&given_content),
        mean(&pmi),
        mean(&pmi_content),
        low(&pmi_content),
        minimum(&pmi_content),
        positive / pmi_content.len().max(1) as f64,
        mean(&alone),
    ]
}

/// The mean; 0 of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The smallest; 0 of nothing.
pub fn minimum(values: &[f64]) -> f64 {
    values.iter().copied().reduce(f64::min).unwrap_or(0.0)
}

/// The mean of the lowest tenth, of one value at least.
fn low(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = (values.len() as f64 * LOW).ceil() as usize;
    mean(sorted.get(..count).unwrap_or_default())
}
