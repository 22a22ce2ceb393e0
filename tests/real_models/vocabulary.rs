//! Small vocabularies for tiny models, as the metadata of a GGUF file describes them.

use crate::gguf::Value;

const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
pub(crate) const CONTROL: i32 = 3;
const BYTE: i32 = 6;

/// The tokens of a model and how text becomes them.
#[derive(Debug, Clone)]
pub(crate) struct Vocabulary {
    pub(crate) texts: Vec<String>,
    pub(crate) types: Vec<i32>,
    kind: Kind,
    bos: u32,
    eos: u32,
    template: Option<String>,
}

#[derive(Debug, Clone)]
enum Kind {
    Bpe { pre: String, merges: Vec<String> },
    SentencePiece { scores: Vec<f32>, adds_space: bool },
}

impl Vocabulary {
    /// Byte-level BPE: the 256 bytes, what the merges form, tokens that no merge forms, special tokens. The last is
    /// the begin-of-text token and the last but one the end-of-text token.
    pub(crate) fn bpe(
        pre: &str,
        merges: &[String],
        unreachable: &[String],
        special: &[(String, i32)],
    ) -> Self {
        let mut texts = byte_characters();
        texts.extend(merges.iter().map(|merge| merge.replace(' ', "")));
        texts.extend(unreachable.iter().cloned());
        let mut types = vec![NORMAL; texts.len()];
        for (text, kind) in special {
            texts.push(text.clone());
            types.push(*kind);
        }
        let last = u32::try_from(texts.len()).unwrap() - 1;
        Self {
            texts,
            types,
            kind: Kind::Bpe {
                pre: pre.to_owned(),
                merges: merges.to_vec(),
            },
            bos: last,
            eos: last - 1,
            template: None,
        }
    }

    /// SentencePiece: three special tokens, the 256 bytes, the pieces, the best first and threes with equal scores,
    /// and more special tokens.
    pub(crate) fn sentence_piece(adds_space: bool, pieces: &[String], special: &[(String, i32)]) -> Self {
        let mut texts: Vec<String> = ["<unk>", "<s>", "</s>"].map(str::to_owned).to_vec();
        let mut types = vec![UNKNOWN, CONTROL, CONTROL];
        texts.extend((0..256).map(|byte| format!("<0x{byte:02X}>")));
        types.extend([BYTE; 256]);
        let mut scores = vec![0.0; texts.len()];
        let pieces = pieces.iter().map(|piece| (piece, NORMAL));
        let rest = pieces.chain(special.iter().map(|(text, kind)| (text, *kind)));
        for (index, (text, kind)) in rest.enumerate() {
            texts.push(text.clone());
            types.push(kind);
            scores.push(-((index / 3) as f32));
        }
        Self {
            texts,
            types,
            kind: Kind::SentencePiece { scores, adds_space },
            bos: 1,
            eos: 2,
            template: None,
        }
    }

    /// With a chat template.
    pub(crate) fn with_template(mut self, template: &str) -> Self {
        self.template = Some(template.to_owned());
        self
    }

    /// What a GGUF file says of it.
    pub(crate) fn metadata(&self) -> Vec<(String, Value)> {
        let mut metadata = vec![
            ("tokens", Value::Texts(self.texts.clone())),
            ("token_type", Value::Integers(self.types.clone())),
            ("bos_token_id", Value::U32(self.bos)),
            ("eos_token_id", Value::U32(self.eos)),
        ];
        match &self.kind {
            Kind::Bpe { pre, merges } => metadata.extend([
                ("model", Value::Text("gpt2".to_owned())),
                ("pre", Value::Text(pre.clone())),
                ("merges", Value::Texts(merges.clone())),
            ]),
            Kind::SentencePiece { scores, adds_space } => metadata.extend([
                ("model", Value::Text("llama".to_owned())),
                ("scores", Value::Floats(scores.clone())),
                ("add_space_prefix", Value::Bool(*adds_space)),
            ]),
        }
        let mut metadata: Vec<(String, Value)> = metadata
            .into_iter()
            .map(|(name, value)| (format!("tokenizer.ggml.{name}"), value))
            .collect();
        if let Some(template) = &self.template {
            metadata.push((
                "tokenizer.chat_template".to_owned(),
                Value::Text(template.clone()),
            ));
        }
        metadata
    }
}

/// How byte-level BPE writes the 256 bytes: printable ones as themselves, the others from U+0100 on.
fn byte_characters() -> Vec<String> {
    let printable = |byte: &u32| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    let printed = (0..256).filter(printable);
    let others = (0x100..).take(256 - printed.clone().count());
    printed
        .chain(others)
        .map(|character| char::from_u32(character).unwrap().to_string())
        .collect()
}
