//! The arithmetic that transformers have in common, on the CPU: products of rows with packed weights, as floats and as
//! integers, attention over a cache, and the few functions between them. Knows no model, no file and no threads.
//!
//! What is computed of a row does not depend on the rows beside it. `integers` is the only place with `unsafe`.

mod floats;
mod integers;
mod packing;
mod matrix;
mod cache;
mod attention;

pub(super) use attention::{MOST_QUERIES, Past, Queries, Sight, attend};
pub(super) use cache::{Cache, CacheShape};
pub(super) use floats::{
    Lane, WIDTH, centre, error_unit, exponential_sum, gate, gaussian_gate, normalise, rotate, rotate_halves,
};
pub(super) use matrix::{Forms, Matrix, Product, Rows};
pub(super) use packing::Precision;
