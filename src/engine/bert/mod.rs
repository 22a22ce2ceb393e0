//! The BERT encoder (Devlin et al. 2019): token ids in, one state for each token out, for any number of texts in one pass
//! over the weights, without padding. Weights come from a safetensors file; which tokens are run is the caller's business.
//!
//! A text's states do not depend on the texts beside it.

mod weights;
mod pass;

pub(super) use pass::states;
pub(super) use weights::Bert;
