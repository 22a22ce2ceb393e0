//! The queue and the worker, on a real SQLite database, with a clock that the test moves and an engine that says what
//! the test wants. `kill` runs the real program on the real models.

mod bench;
mod queue;
mod corrections;
mod failures;
mod leases;
mod shutdown;
mod scale;
mod kill;
