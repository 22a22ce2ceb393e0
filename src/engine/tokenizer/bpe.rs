//! Byte-level BPE (Radford et al. 2019; `tokenizer.ggml.model = gpt2`): text is split by the regular expressions of
//! its family, each piece's bytes are written as printable characters, and pairs are merged by rank.
//!
//! The regular expressions are llama.cpp's (`src/llama-vocab.cpp`, `llm_tokenizer_bpe`).

use std::collections::HashMap;

use tokenizers::models::bpe::{BPE, Merges, Vocab};
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::tokenizer::SplitDelimiterBehavior;

use super::TokenType;
use crate::engine::EngineError;
use crate::engine::gguf::Metadata;

const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";
const DIGIT: &str = r"\p{N}";
const LLAMA3: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// How a `tokenizer.ggml.pre` splits text.
struct Splitting {
    patterns: &'static [&'static str],
    /// A piece that is a token is taken whole, even where no merges lead to it.
    ignore_merges: bool,
}

/// A byte-level BPE tokenizer that knows no special tokens.
pub(super) struct Bpe {
    inner: tokenizers::Tokenizer,
    ignore_merges: bool,
}

impl Bpe {
    pub(super) fn new(
        metadata: Metadata<'_>,
        texts: &[&str],
        types: &[TokenType],
    ) -> Result<Self, EngineError> {
        let pre = metadata.text("tokenizer.ggml.pre").unwrap_or("gpt-2");
        let Some(splitting) = splitting(pre) else {
            return Err(metadata.bad(format!(
                "pre-tokenizer `{pre}` is not supported (supported: smollm, llama-bpe, qwen2, gpt-2 and their kin)"
            )));
        };
        let vocabulary = ordinary_tokens(texts, types);
        let merges = merges(metadata, &vocabulary)?;
        let broken = |error: tokenizers::Error| metadata.bad(format!("tokenizer: {error}"));
        let model = BPE::builder()
            .vocab_and_merges(vocabulary, merges)
            .ignore_merges(splitting.ignore_merges)
            .build()
            .map_err(broken)?;
        let mut inner = tokenizers::Tokenizer::new(model);
        inner.with_pre_tokenizer(Some(pre_tokenizer(splitting.patterns).map_err(broken)?));
        Ok(Self {
            inner,
            ignore_merges: splitting.ignore_merges,
        })
    }

    /// Whether this family's prompts open with the begin-of-text token where the file does not say.
    pub(super) fn adds_bos(&self) -> bool {
        self.ignore_merges
    }

    pub(super) fn encode(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        let encoding = self
            .inner
            .encode_fast(text, false)
            .map_err(|error| EngineError::Compute(format!("tokenizer: {error}")))?;
        Ok(encoding.get_ids().to_vec())
    }
}

/// The bytes that each token writes.
pub(super) fn token_bytes(texts: &[&str], types: &[TokenType]) -> Vec<Vec<u8>> {
    let bytes_of: HashMap<char, u8> = byte_characters();
    let bytes = |text: &str| -> Vec<u8> {
        let read = |character| bytes_of.get(&character).copied();
        // A token that holds other characters was added as plain text.
        text.chars()
            .map(read)
            .collect::<Option<Vec<u8>>>()
            .unwrap_or_else(|| text.as_bytes().to_vec())
    };
    texts
        .iter()
        .zip(types)
        .map(|(text, kind)| match kind {
            TokenType::Normal | TokenType::Byte => bytes(text),
            TokenType::UserDefined => text.as_bytes().to_vec(),
            TokenType::Control | TokenType::Unknown | TokenType::Unused => Vec::new(),
        })
        .collect()
}

/// The tokens that ordinary text may become: no text, however it is merged, turns into a control token.
fn ordinary_tokens(texts: &[&str], types: &[TokenType]) -> Vocab {
    let mut vocabulary = Vocab::default();
    for (id, (text, kind)) in (0u32..).zip(texts.iter().zip(types)) {
        if !matches!(kind, TokenType::Control | TokenType::Unknown) {
            vocabulary.insert((*text).to_owned(), id);
        }
    }
    vocabulary
}

fn merges(metadata: Metadata<'_>, vocabulary: &Vocab) -> Result<Merges, EngineError> {
    let mut merges = Merges::new();
    for merge in metadata.texts("tokenizer.ggml.merges")? {
        let Some((left, right)) = merge.split_once(' ') else {
            return Err(metadata.bad(format!("`{merge}` is no merge")));
        };
        if [left, right, &format!("{left}{right}")]
            .iter()
            .all(|text| vocabulary.contains_key(*text))
        {
            merges.push((left.to_owned(), right.to_owned()));
        }
    }
    Ok(merges)
}

fn splitting(pre: &str) -> Option<Splitting> {
    let (patterns, ignore_merges): (&[&str], bool) = match pre {
        "smollm" | "starcoder" | "refact" | "command-r" | "codeshell" | "exaone" | "minerva-7b" => {
            (&[DIGIT, GPT2], false)
        }
        "llama-bpe" | "llama3" | "llama-v3" | "falcon3" | "falcon-h1" | "pixtral" | "midm-2.0" | "lfm2" => {
            (&[LLAMA3], true)
        }
        "dbrx" | "smaug-bpe" => (&[LLAMA3], false),
        "qwen2" | "deepseek-r1-qwen" | "megrez" | "stablelm2" | "hunyuan" => (&[QWEN2], false),
        "gpt-2" | "gpt2" | "phi-2" | "mpt" | "olmo" | "exaone4" => (&[GPT2], false),
        _ => return None,
    };
    Some(Splitting {
        patterns,
        ignore_merges,
    })
}

fn pre_tokenizer(patterns: &[&str]) -> tokenizers::Result<PreTokenizerWrapper> {
    let mut steps: Vec<PreTokenizerWrapper> = Vec::new();
    for pattern in patterns {
        let pattern = SplitPattern::Regex((*pattern).to_owned());
        steps.push(Split::new(pattern, SplitDelimiterBehavior::Isolated, false)?.into());
    }
    steps.push(ByteLevel::new(false, false, false).into());
    Ok(Sequence::new(steps).into())
}

/// GPT-2's table: printable bytes stand for themselves, the others for the characters from U+0100 on.
fn byte_characters() -> HashMap<char, u8> {
    let mut next = 0x100u32;
    let mut table = HashMap::new();
    for byte in 0..=255u8 {
        let character = match byte {
            b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff => Some(char::from(byte)),
            _ => {
                next += 1;
                char::from_u32(next - 1)
            }
        };
        table.extend(character.map(|character| (character, byte)));
    }
    table
}
