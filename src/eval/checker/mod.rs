//! The table of the checker: how well the learned score, and each single feature, tell supported claims from others. Reads
//! files, fits, measures out of fold.

pub mod examples;
pub mod edits;
pub mod cache;
pub mod folds;
pub mod rows;
pub mod boosting;
pub mod measures;
pub mod fit;
pub mod report;
