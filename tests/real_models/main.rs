//! Tests on the real default models, which are fetched by the product's own code when they are absent, and on tiny
//! models of random numbers, which the tests write.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    reason = "a test that cannot go on says so by panicking"
)]

#[path = "../injection/mod.rs"]
mod injection_corpus;
mod support;
mod vocabulary;
mod gguf;
mod merged;
mod taught;

mod embeddings;
mod greedy;
mod tokenizer;
mod families;
mod logits;
mod queue;
mod constraint;
mod together;
mod injection;
mod entailment;
mod program;
mod bench;
