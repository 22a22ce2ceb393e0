//! SentencePiece BPE (Kudo and Richardson 2018; `tokenizer.ggml.model = llama`): neighbours that together form a
//! token are merged, the highest score first and the leftmost among equals; what forms no token is written as bytes.
//!
//! The order of merges is llama.cpp's (`src/llama-vocab.cpp`, `llm_tokenizer_spm_session`). It is written out here
//! because a table of merges rebuilt from the scores would order merges of equal score differently.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::TokenType;
use crate::engine::EngineError;
use crate::engine::gguf::Metadata;

/// Stands for a space inside tokens.
const SPACE: &str = "\u{2581}";

/// A SentencePiece tokenizer that knows no special tokens.
pub(super) struct Spm {
    tokens: HashMap<String, Token>,
    byte_tokens: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Token {
    id: u32,
    score: f32,
}

/// A run of the text that is one symbol so far; merged into its left neighbour it is empty.
#[derive(Clone, Copy)]
struct Symbol {
    start: usize,
    end: usize,
    previous: Option<usize>,
    next: Option<usize>,
}

/// Two neighbours that could become one token.
struct Pair {
    left: usize,
    right: usize,
    score: f32,
    bytes: usize,
}

impl Spm {
    pub(super) fn new(
        metadata: Metadata<'_>,
        texts: &[&str],
        types: &[TokenType],
    ) -> Result<Self, EngineError> {
        let scores = metadata.floats("tokenizer.ggml.scores")?;
        if scores.len() != texts.len() {
            return Err(metadata.bad(format!("{} tokens, but {} scores", texts.len(), scores.len())));
        }
        let unknown = types.iter().position(|kind| *kind == TokenType::Unknown);
        let unknown = unknown.and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
        let mut tokens = HashMap::with_capacity(texts.len());
        let mut byte_tokens = vec![unknown; 256];
        for (id, ((text, kind), score)) in (0u32..).zip(texts.iter().zip(types).zip(scores)) {
            match kind {
                // No text, however it is merged, turns into a control token.
                TokenType::Control | TokenType::Unknown => {}
                TokenType::Byte => {
                    let slot = byte(text).and_then(|byte| byte_tokens.get_mut(usize::from(byte)));
                    if let Some(slot) = slot {
                        *slot = id;
                    }
                }
                TokenType::UserDefined if text.starts_with('<') && text.ends_with('>') => {}
                _ => {
                    tokens.insert((*text).to_owned(), Token { id, score });
                }
            }
        }
        Ok(Self { tokens, byte_tokens })
    }

    pub(super) fn encode(&self, text: &str) -> Vec<u32> {
        let text = text.replace(' ', SPACE);
        let mut symbols = characters(&text);
        let mut pairs = BinaryHeap::new();
        for left in 0..symbols.len() {
            self.offer(&text, &symbols, Some(left), Some(left + 1), &mut pairs);
        }
        while let Some(pair) = pairs.pop() {
            let (Some(left), Some(right)) =
                (symbols.get(pair.left).copied(), symbols.get(pair.right).copied())
            else {
                continue;
            };
            let is_stale = left.end == left.start
                || right.end == right.start
                || right.end - left.start != pair.bytes
                || left.end != right.start;
            if is_stale {
                continue;
            }
            merge(&mut symbols, &pair, right);
            self.offer(&text, &symbols, left.previous, Some(pair.left), &mut pairs);
            self.offer(&text, &symbols, Some(pair.left), right.next, &mut pairs);
        }
        let mut ids = Vec::new();
        for symbol in symbols.iter().filter(|symbol| symbol.end > symbol.start) {
            self.write(&text, symbol, &mut ids);
        }
        ids
    }

    /// Notes the pair when it forms a token.
    fn offer(
        &self,
        text: &str,
        symbols: &[Symbol],
        left: Option<usize>,
        right: Option<usize>,
        pairs: &mut BinaryHeap<Pair>,
    ) {
        let (Some(left), Some(right)) = (left, right) else {
            return;
        };
        let (Some(first), Some(second)) = (symbols.get(left), symbols.get(right)) else {
            return;
        };
        let merged = text.get(first.start..second.end).unwrap_or_default();
        if let Some(token) = self.tokens.get(merged) {
            pairs.push(Pair {
                left,
                right,
                score: token.score,
                bytes: merged.len(),
            });
        }
    }

    /// A symbol is a token, or a single character that is none and is written as its bytes: every merge formed
    /// a token.
    fn write(&self, text: &str, symbol: &Symbol, ids: &mut Vec<u32>) {
        let symbol = text.get(symbol.start..symbol.end).unwrap_or_default();
        if let Some(token) = self.tokens.get(symbol) {
            ids.push(token.id);
            return;
        }
        let byte_token = |byte: u8| self.byte_tokens.get(usize::from(byte)).copied();
        ids.extend(symbol.bytes().filter_map(byte_token));
    }
}

/// The bytes that each token writes.
pub(super) fn token_bytes(texts: &[&str], types: &[TokenType]) -> Vec<Vec<u8>> {
    texts
        .iter()
        .zip(types)
        .map(|(text, kind)| match kind {
            TokenType::Normal => text.replace(SPACE, " ").into_bytes(),
            TokenType::UserDefined => text.as_bytes().to_vec(),
            TokenType::Byte => byte(text).into_iter().collect(),
            TokenType::Control | TokenType::Unknown | TokenType::Unused => Vec::new(),
        })
        .collect()
}

/// The byte that `<0x0A>` stands for.
fn byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("<0x")?.strip_suffix('>')?;
    u8::from_str_radix(digits, 16).ok()
}

fn characters(text: &str) -> Vec<Symbol> {
    let mut symbols: Vec<Symbol> = Vec::with_capacity(text.len());
    for (index, (start, character)) in text.char_indices().enumerate() {
        let end = start + character.len_utf8();
        symbols.push(Symbol {
            start,
            end,
            previous: index.checked_sub(1),
            next: (end < text.len()).then_some(index + 1),
        });
    }
    symbols
}

/// The right symbol goes into the left one.
fn merge(symbols: &mut [Symbol], pair: &Pair, right: Symbol) {
    if let Some(left) = symbols.get_mut(pair.left) {
        left.end = right.end;
        left.next = right.next;
    }
    if let Some(emptied) = symbols.get_mut(pair.right) {
        emptied.start = emptied.end;
    }
    if let Some(after) = right.next.and_then(|next| symbols.get_mut(next)) {
        after.previous = Some(pair.left);
    }
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score
            .total_cmp(&other.score)
            .then_with(|| other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}
