//! Cuts a prompt into special tokens and ordinary text, as llama.cpp's `tokenizer_st_partition` does: the longest
//! special text first, over the whole prompt.

use super::{Fragment, TokenType};

/// Special tokens, the longest text first.
pub(super) struct SpecialTokens {
    tokens: Vec<SpecialToken>,
}

struct SpecialToken {
    id: u32,
    text: String,
    scope: Scope,
    /// White space after it is dropped.
    strips_after: bool,
}

/// Where a special token is recognised.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// It steers the model: in the template only.
    Template,
    /// It abbreviates ordinary text, such as a run of newlines: everywhere.
    Everywhere,
}

/// A part of a prompt that is tokenized as one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// This very token.
    Special(u32),
    /// Ordinary text.
    Text(String),
}

/// A piece on the way, with what it is allowed to contain.
enum Part {
    Special(u32),
    Text(String, Scope),
}

impl SpecialTokens {
    pub(super) fn new(texts: &[&str], types: &[TokenType], strips_after_special: bool) -> Self {
        let mut tokens = Vec::new();
        for (id, (text, kind)) in (0u32..).zip(texts.iter().zip(types)) {
            let scope = match kind {
                TokenType::Control | TokenType::Unknown => Scope::Template,
                // Some files mark `<think>` or `<tool_call>` as user-defined. Whatever looks like a tag may
                // steer the model, so a text from outside may not write it.
                TokenType::UserDefined if text.starts_with('<') && text.ends_with('>') => Scope::Template,
                TokenType::UserDefined => Scope::Everywhere,
                TokenType::Normal | TokenType::Unused | TokenType::Byte => continue,
            };
            if text.is_empty() {
                continue;
            }
            tokens.push(SpecialToken {
                id,
                text: (*text).to_owned(),
                scope,
                strips_after: strips_after_special && !["<unk>", "<s>", "<|endoftext|>"].contains(text),
            });
        }
        tokens.sort_by_key(|token| std::cmp::Reverse(token.text.len()));
        Self { tokens }
    }

    /// Special tokens and the ordinary text between them. Text of neighbouring fragments is joined.
    pub(super) fn split(&self, fragments: &[Fragment<'_>]) -> Vec<Piece> {
        let mut parts = Vec::new();
        for fragment in fragments {
            match fragment {
                Fragment::Template(text) => parts.push(Part::Text((*text).to_owned(), Scope::Template)),
                Fragment::Content(text) => parts.push(Part::Text((*text).to_owned(), Scope::Everywhere)),
            }
        }
        for token in &self.tokens {
            let found = |part: &Part| matches!(part, Part::Text(text, scope) if token.acts_in(*scope) && text.contains(&token.text));
            if !parts.iter().any(found) {
                continue;
            }
            let whole = std::mem::take(&mut parts);
            for part in whole {
                match part {
                    Part::Text(text, scope) if token.acts_in(scope) => token.cut(&text, scope, &mut parts),
                    other => parts.push(other),
                }
            }
        }
        joined(parts)
    }
}

impl SpecialToken {
    fn acts_in(&self, scope: Scope) -> bool {
        self.scope == Scope::Everywhere || scope == Scope::Template
    }

    fn cut(&self, text: &str, scope: Scope, parts: &mut Vec<Part>) {
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(self.text.as_str()) {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned(), scope));
            }
            parts.push(Part::Special(self.id));
            rest = after;
            if self.strips_after {
                rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}');
            }
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned(), scope));
        }
    }
}

fn joined(parts: Vec<Part>) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for part in parts {
        match part {
            Part::Special(id) => pieces.push(Piece::Special(id)),
            Part::Text(text, _) if text.is_empty() => {}
            Part::Text(text, _) => match pieces.last_mut() {
                Some(Piece::Text(before)) => before.push_str(&text),
                _ => pieces.push(Piece::Text(text)),
            },
        }
    }
    pieces
}
