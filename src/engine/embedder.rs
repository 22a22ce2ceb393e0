//! The model that embeds: a BERT sentence encoder (all-MiniLM-L6-v2) from safetensors and `tokenizer.json`, run by
//! `super::bert`. Mean of the last layer over the text's tokens, L2-normalised (Reimers and Gurevych 2019).
//!
//! Texts are run in small batches without padding, each by one thread from beginning to end: threads wait for nothing but the
//! list of batches, so that one that is held up holds up no other.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tokenizers::{Tokenizer, TruncationParams};
use tracing::trace_span;

use super::bert::{Bert, states};
use super::gguf::bad_model;
use super::models::ModelFiles;
use super::{EngineError, ModelInfo};

/// What the sentence encoder was trained for; the rest of a text is cut off. `tokenizer.json` would cut at 128.
const MOST_TOKENS: usize = 256;
/// Tokens from which on a batch takes no further text: enough rows for each weight that is read, and their states stay in a
/// core's second cache.
const BATCH_TOKENS: usize = 256;
/// Most threads: more share the same memory bandwidth.
const MOST_THREADS: usize = 8;

/// A loaded model.
pub struct Embedder {
    info: ModelInfo,
    tokenizer: Tokenizer,
    model: Bert,
}

/// Token ids of a text, and its place among the texts.
#[derive(Debug)]
struct TokenizedText {
    index: usize,
    ids: Vec<u32>,
}

impl Embedder {
    /// Loads weights and tokenizer. The model's dimensions are read off the weights; a `config.json` beside them
    /// is taken where there is one.
    ///
    /// # Errors
    /// [`EngineError::BadModel`].
    pub fn load(files: &ModelFiles) -> Result<Self, EngineError> {
        let path = files.weights.as_path();
        let Some(tokenizer_path) = &files.tokenizer else {
            return Err(bad_model(
                path,
                "the embedder needs a tokenizer.json beside its weights",
            ));
        };
        // candle, which reads the tensors, trusts the file's head: a damaged one may make it panic.
        let loaded = catch_unwind(AssertUnwindSafe(|| Bert::load(path)));
        let model =
            loaded.unwrap_or_else(|_| Err(bad_model(path, "not a safetensors file that can be read")))?;
        let context_tokens = files.context_tokens.unwrap_or(MOST_TOKENS).min(MOST_TOKENS);
        let context_tokens = context_tokens.min(model.context_tokens());
        let tokenizer = load_tokenizer(tokenizer_path, context_tokens)?;
        let known = tokenizer.get_vocab_size(true);
        if known > model.vocabulary() {
            let detail = format!("{known} tokens; the model has {}", model.vocabulary());
            return Err(bad_model(tokenizer_path, detail));
        }
        Ok(Self {
            info: ModelInfo {
                name: files.name.clone(),
                sha256: files.sha256.clone(),
                context_tokens,
                prompt: None,
            },
            tokenizer,
            model,
        })
    }

    /// What is known of it.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// One vector for each text, in their order.
    ///
    /// # Errors
    /// [`EngineError::Compute`].
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EngineError> {
        self.embed_while(texts, &|| true)
    }

    /// As [`Embedder::embed`]; `go_on` is asked before each batch.
    ///
    /// # Errors
    /// [`EngineError::Compute`]; [`EngineError::Cancelled`] when `go_on` said no.
    pub(super) fn embed_while<T: AsRef<str>>(
        &self,
        texts: &[T],
        go_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Vec<f32>>, EngineError> {
        let batches = batches(self.tokenize(texts)?);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = threads.min(MOST_THREADS).min(batches.len());
        let left = Mutex::new(batches);
        let work = || -> Result<Vec<(usize, Vec<f32>)>, EngineError> {
            let mut embedded = Vec::new();
            loop {
                let batch = left.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let Some(batch) = batch else { return Ok(embedded) };
                if !go_on() {
                    return Err(EngineError::Cancelled);
                }
                let _span = trace_span!(target: "profile", "embedding").entered();
                let indices = batch.iter().map(|text| text.index);
                embedded.extend(indices.zip(self.run(&batch)));
            }
        };
        let shares = if threads <= 1 {
            vec![work()]
        } else {
            std::thread::scope(|scope| {
                let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
                let share = |thread: std::thread::ScopedJoinHandle<'_, _>| {
                    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
                };
                threads.into_iter().map(share).collect()
            })
        };
        let mut vectors = vec![Vec::new(); texts.len()];
        for share in shares {
            for (index, vector) in share? {
                if let Some(place) = vectors.get_mut(index) {
                    *place = vector;
                }
            }
        }
        Ok(vectors)
    }

    fn tokenize<T: AsRef<str>>(&self, texts: &[T]) -> Result<Vec<TokenizedText>, EngineError> {
        let tokenize = |(index, text): (usize, &T)| {
            let encoding = self.tokenizer.encode_fast(text.as_ref(), true);
            let encoding = encoding.map_err(|error| EngineError::Compute(format!("tokenizer: {error}")))?;
            let ids = encoding.get_ids().to_vec();
            Ok(TokenizedText { index, ids })
        };
        texts.iter().enumerate().map(tokenize).collect()
    }

    fn run(&self, batch: &[TokenizedText]) -> Vec<Vec<f32>> {
        let texts: Vec<&[u32]> = batch.iter().map(|text| text.ids.as_slice()).collect();
        let states = states(&self.model, &texts);
        let width = self.model.width();
        let mut rest = states.as_slice();
        let mut vectors = Vec::with_capacity(texts.len());
        for ids in texts {
            let (own, after) = rest.split_at((ids.len() * width).min(rest.len()));
            rest = after;
            vectors.push(normalised_mean(own, width));
        }
        vectors
    }
}

/// The direction of the vectors' mean.
fn normalised_mean(vectors: &[f32], width: usize) -> Vec<f32> {
    let mut sums = vec![0.0; width];
    for vector in vectors.chunks_exact(width) {
        for (sum, x) in sums.iter_mut().zip(vector) {
            *sum += x;
        }
    }
    let norm = sums.iter().map(|x| x * x).sum::<f32>().sqrt();
    let norm = norm.max(f32::MIN_POSITIVE);
    sums.iter_mut().for_each(|x| *x /= norm);
    sums
}

/// Batches of at least so many tokens, but for the last; the longest texts last, which are taken first.
fn batches(mut texts: Vec<TokenizedText>) -> Vec<Vec<TokenizedText>> {
    texts.sort_by_key(|text| text.ids.len());
    let mut batches: Vec<Vec<TokenizedText>> = Vec::new();
    for text in texts {
        let tokens = |batch: &Vec<TokenizedText>| batch.iter().map(|text| text.ids.len()).sum::<usize>();
        match batches.last_mut().filter(|batch| tokens(batch) < BATCH_TOKENS) {
            Some(batch) => batch.push(text),
            None => batches.push(vec![text]),
        }
    }
    batches
}

fn load_tokenizer(path: &Path, context_tokens: usize) -> Result<Tokenizer, EngineError> {
    let broken = |error: tokenizers::Error| bad_model(path, error.to_string());
    let mut tokenizer = Tokenizer::from_file(path).map_err(broken)?;
    tokenizer.with_padding(None);
    let truncation = TruncationParams {
        max_length: context_tokens,
        ..TruncationParams::default()
    };
    tokenizer.with_truncation(Some(truncation)).map_err(broken)?;
    // `[SEP]` in a text is ordinary text.
    tokenizer.set_encode_special_tokens(true);
    Ok(tokenizer)
}
