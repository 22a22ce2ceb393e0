//! Summaries of invented stories by an engine that says what the test wants: one test a promise.

mod sample;
mod compressions;
mod shortenings;
mod firsts;
mod grounding;
mod wording;
mod standing;
mod entailment;
mod injection;
mod injection_corpus;
mod dates;
mod conflicts;
mod lenses;
mod reuse;
mod whole;
