//! The learned score: how likely the evidence proves a claim. Features of words, rules and the local models go through a
//! small calibrated classifier, whose weights are a versioned file that `nutgraf eval checker --fit` makes.

pub mod claim;
pub mod answers;
pub mod overlap;
pub mod rules;
pub mod likelihood;
pub mod features;
pub mod model;
pub mod gate;

pub use claim::Claim;
pub use model::Model;
