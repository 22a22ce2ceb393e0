//! The harness: builders for stories, a scripted engine, a service on a real database.

mod builders;
mod engine;
mod service;

pub use builders::*;
pub use engine::ScriptedEngine;
pub use service::{Service, metrics_handle, sample_article, state};
