//! nutgraf turns the articles that many outlets wrote about one event (a *story*) into a few short bullets,
//! each checked against the articles and carrying its evidence, and serves them over HTTP.
//!
//! The modules below stand in the order in which a story meets them:
//!
//! 1. [`domain`]: the nouns: article, story, summary, report, job. Plain types and their invariants.
//! 2. [`text`]: pure functions on text: HTML to plain text, cleaning, sentences, similarity, facts.
//! 3. [`engine`]: the local models: files, tokenizer, chat template, decoder, scheduler, embedder.
//! 4. [`store`]: where stories, versions, reports and jobs are kept.
//! 5. [`ingest`]: an article comes in: validated, made plain, split into sentences and embedded once.
//! 6. [`summarize`]: articles to checked bullets: families, points, prompt, parse, verify, fallback.
//! 7. [`jobs`]: the queue's rules and the worker that claims, summarizes and saves.
//! 8. [`serve`]: the HTTP interface.
//! 9. [`eval`]: quality tables against baselines.
//! 10. [`mod@bench`]: how fast the program is, beside peers.
//! 11. [`app`], [`cli`], [`config`], [`telemetry`], [`clock`], [`cpu`]: what ties them together.
//!
//! Direction of use: `app → {serve, jobs} → {ingest, summarize} → {store, engine, text} → domain`.
//! `serve` never sees `engine`, so a read cannot run the model; `summarize` never sees `store` or `serve`;
//! `engine` knows no news words. `tests/it/architecture.rs` holds this on the `use` lines.

pub mod cpu;
pub mod clock;
pub mod domain;
pub mod text;
pub mod engine;
pub mod store;
pub mod ingest;
pub mod summarize;
pub mod jobs;
pub mod serve;
pub mod eval;
pub mod bench;
pub mod config;
pub mod telemetry;
pub mod app;
pub mod cli;
