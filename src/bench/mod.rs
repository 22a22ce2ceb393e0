//! How fast the program is: `nutgraf bench`. Every figure is measured several times, in rounds that go through all
//! of them, beside a peer where one is asked for; medians and ratios are what counts, since machines are noisy.

pub mod machine;
pub mod figures;
pub mod engine;
pub mod llama_cpp;
pub mod job;
pub mod llama_server;
