//! Quality, measured: summaries of real stories beside references and plain baselines. Reads files, writes tables;
//! nothing of the service depends on it.

pub mod porter;
pub mod rouge;
pub mod cases;
pub mod graph;
pub mod extractive;
pub mod invented;
pub mod plain;
pub mod rows;
pub mod scores;
pub mod report;
pub mod lines;
pub mod checker;
pub mod writer;
