//! Tests through the public interfaces, with a real SQLite database and real HTTP, and a scripted engine where the
//! test is not about the models. The real models have their own binary, `tests/real_models`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    unreachable_pub,
    reason = "a test that cannot go on says so by panicking; helpers are public within this binary"
)]

#[path = "../injection/mod.rs"]
mod injection;
mod support;

mod architecture;
mod models;
mod store;
mod ingest;
mod summarize;
mod jobs;
mod serve;
mod cli;
mod eval;
