//! Decoder-only transformers: token ids in, logits out, for many texts in one pass over the weights. Dense layers of
//! grouped-query attention with rotary positions and gated units, after RMS normalisation (Touvron et al. 2023), and what
//! the families served here have beside that. Weights and metadata come from a GGUF file; which tokens are run is the
//! caller's business.
//!
//! A row's logits do not depend on the rows run with it, nor on how a prompt is cut into chunks.

mod family;
mod rotary;
mod tensors;
mod weights;
mod pass;

pub(super) use pass::{Run, Wanted, forward};
pub(super) use weights::Transformer;
