//! Text to token ids and back, built from a GGUF file's own metadata. Ids equal llama.cpp's.
//!
//! Two kinds are served: byte-level BPE (`bpe`, `tokenizer.ggml.model = gpt2`) and SentencePiece (`spm`,
//! `llama`). Special tokens are recognised by `special`, in [`Fragment::Template`] only: in
//! [`Fragment::Content`] `<|im_end|>` is nine ordinary characters, so a text from outside cannot end its own turn.

mod bpe;
mod special;
mod spm;

use std::collections::HashSet;

use super::EngineError;
use super::gguf::Metadata;
use special::{Piece, SpecialTokens};

/// A part of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fragment<'a> {
    /// Text of the chat template: special tokens act.
    Template(&'a str),
    /// Text from outside: special tokens are ordinary text.
    Content(&'a str),
}

/// A model's tokenizer.
pub struct Tokenizer {
    kind: Kind,
    special: SpecialTokens,
    /// The bytes that each token writes; special tokens write none.
    bytes: Vec<Vec<u8>>,
    ends: HashSet<u32>,
    bos: Option<u32>,
    adds_bos: bool,
    /// SentencePiece puts a space before the first word; it is not part of the text.
    adds_space: bool,
    bos_text: String,
    eos_text: String,
}

enum Kind {
    Bpe(Box<bpe::Bpe>),
    Spm(spm::Spm),
}

/// What `tokenizer.ggml.token_type` says of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenType {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

/// Texts that end a turn in the supported families, whatever the metadata says of them.
const END_OF_TURN: [&str; 8] = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<|end|>",
    "<|endoftext|>",
    "<|eot|>",
];

impl Tokenizer {
    /// Builds the tokenizer that the file describes.
    ///
    /// # Errors
    /// [`EngineError::BadModel`] when the file describes none, or one of a kind that is not served.
    pub(super) fn from_metadata(metadata: Metadata<'_>) -> Result<Self, EngineError> {
        let texts = metadata.texts("tokenizer.ggml.tokens")?;
        let types = token_types(metadata, texts.len())?;
        let special = SpecialTokens::new(&texts, &types, strips_after_special(metadata));
        let model = metadata.text("tokenizer.ggml.model").unwrap_or_default();
        let bos = metadata.token_id("tokenizer.ggml.bos_token_id");
        let eos = metadata.token_id("tokenizer.ggml.eos_token_id");
        let (kind, bytes, adds_bos_by_default) = match model {
            "gpt2" => {
                let bpe = bpe::Bpe::new(metadata, &texts, &types)?;
                let adds_bos = bpe.adds_bos();
                (
                    Kind::Bpe(Box::new(bpe)),
                    bpe::token_bytes(&texts, &types),
                    adds_bos,
                )
            }
            "llama" => {
                let spm = spm::Spm::new(metadata, &texts, &types)?;
                (Kind::Spm(spm), spm::token_bytes(&texts, &types), true)
            }
            other => {
                return Err(metadata.bad(format!(
                    "tokenizer `{other}` is not supported (supported: gpt2, llama)"
                )));
            }
        };
        let adds_space =
            matches!(kind, Kind::Spm(_)) && metadata.flag("tokenizer.ggml.add_space_prefix").unwrap_or(true);
        let text_of = |id: Option<u32>| {
            let text = id.and_then(|id| texts.get(id as usize));
            text.map(|text| (*text).to_owned()).unwrap_or_default()
        };
        Ok(Self {
            ends: end_tokens(metadata, &texts, &types),
            bos: bos.filter(|id| (*id as usize) < texts.len()),
            adds_bos: metadata
                .flag("tokenizer.ggml.add_bos_token")
                .unwrap_or(adds_bos_by_default),
            bos_text: text_of(bos),
            eos_text: text_of(eos),
            kind,
            special,
            bytes,
            adds_space,
        })
    }

    /// The ids of a prompt. Neighbouring ordinary text is tokenized as one, so that the ids are those that
    /// llama.cpp gives for the whole prompt; the model's begin-of-text token is put first where it is missing.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when the tokenizer fails.
    pub fn encode_prompt(&self, fragments: &[Fragment<'_>]) -> Result<Vec<u32>, EngineError> {
        let mut ids = self.encode(fragments)?;
        if let Some(bos) = self.bos.filter(|_| self.adds_bos)
            && ids.first() != Some(&bos)
        {
            ids.insert(0, bos);
        }
        Ok(ids)
    }

    /// The ids of the fragments, nothing added.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when the tokenizer fails.
    pub fn encode(&self, fragments: &[Fragment<'_>]) -> Result<Vec<u32>, EngineError> {
        let mut ids = Vec::new();
        let mut after_special = true;
        for piece in self.special.split(fragments) {
            match piece {
                Piece::Special(id) => {
                    ids.push(id);
                    after_special = true;
                }
                Piece::Text(text) => {
                    match &self.kind {
                        Kind::Bpe(bpe) => ids.extend(bpe.encode(&text)?),
                        Kind::Spm(spm) if self.adds_space && after_special => {
                            ids.extend(spm.encode(&format!(" {text}")));
                        }
                        Kind::Spm(spm) => ids.extend(spm.encode(&text)),
                    }
                    after_special = false;
                }
            }
        }
        Ok(ids)
    }

    /// The bytes that a token writes; none for a special token or an unknown id. A character may be spread over
    /// several tokens.
    pub fn bytes(&self, id: u32) -> &[u8] {
        self.bytes.get(id as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether the token ends the text.
    pub fn is_end(&self, id: u32) -> bool {
        self.ends.contains(&id)
    }

    /// How many tokens there are.
    pub fn vocabulary(&self) -> usize {
        self.bytes.len()
    }

    /// Whether a generated text opens with a space that the tokenizer put there.
    pub(super) fn opens_with_space(&self) -> bool {
        self.adds_space
    }

    /// The begin-of-text and end-of-text tokens as chat templates write them; empty where there are none.
    pub(super) fn bos_and_eos(&self) -> (&str, &str) {
        (&self.bos_text, &self.eos_text)
    }
}

fn token_types(metadata: Metadata<'_>, tokens: usize) -> Result<Vec<TokenType>, EngineError> {
    let types = metadata.integers("tokenizer.ggml.token_type")?;
    if types.len() != tokens {
        return Err(metadata.bad(format!("{tokens} tokens, but {} token types", types.len())));
    }
    let read = |number| match number {
        2 => TokenType::Unknown,
        3 => TokenType::Control,
        4 => TokenType::UserDefined,
        5 => TokenType::Unused,
        6 => TokenType::Byte,
        _ => TokenType::Normal,
    };
    Ok(types.into_iter().map(read).collect())
}

/// Phi-3's special tokens swallow the white space after them (llama.cpp sets the attribute by the same names).
fn strips_after_special(metadata: Metadata<'_>) -> bool {
    let name = metadata.text("general.name").unwrap_or_default().to_lowercase();
    name.contains("phi-3") || name.contains("phi3")
}

fn end_tokens(metadata: Metadata<'_>, texts: &[&str], types: &[TokenType]) -> HashSet<u32> {
    let mut ends = HashSet::new();
    for key in ["eos", "eot", "eom"] {
        ends.extend(metadata.token_id(&format!("tokenizer.ggml.{key}_token_id")));
    }
    for (id, (text, kind)) in (0u32..).zip(texts.iter().zip(types)) {
        if *kind != TokenType::Normal && END_OF_TURN.contains(text) {
            ends.insert(id);
        }
    }
    ends
}
