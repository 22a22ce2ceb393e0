//! SmolLM2's greedy tokens against llama.cpp's (`tools/fixtures/greedy.py`).
//!
//! Rounding moves logits: llama.cpp's own differ by about 0.2 on average between the quantized weights and the same
//! weights in 32 bits. A token may differ only where llama.cpp's choice was a close one; the comparison then goes on
//! from llama.cpp's text, so that all its tokens are compared.

use nutgraf::engine::{Message, Role};
use serde::Deserialize;

use crate::support::writer;

/// Where llama.cpp's first logit leads by less, the second may win.
const CLOSE: f32 = 0.4;
/// So many of the 40 tokens of a chat may differ at all.
const MOST_PARTINGS: usize = 4;

#[derive(Deserialize)]
struct Case {
    messages: Vec<Turn>,
    prompt: Vec<u32>,
    tokens: Vec<u32>,
    margins: Vec<f32>,
}

#[derive(Deserialize)]
struct Turn {
    role: String,
    content: String,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("fixtures/greedy.json")).unwrap()
}

fn messages(case: &Case) -> Vec<Message> {
    let role = |name: &str| match name {
        "system" => Role::System,
        "user" => Role::User,
        _ => Role::Assistant,
    };
    let message = |turn: &Turn| Message {
        role: role(&turn.role),
        content: turn.content.clone(),
    };
    case.messages.iter().map(message).collect()
}

#[test]
fn chat_prompts_become_the_ids_that_llama_cpp_gives() {
    for case in cases() {
        assert_eq!(writer().prompt(&messages(&case)).unwrap(), case.prompt);
    }
}

#[test]
fn greedy_tokens_equal_llama_cpps_but_where_its_choice_was_close() {
    for (index, case) in cases().iter().enumerate() {
        let mut partings = 0;
        let mut position = 0;
        while position < case.tokens.len() {
            let so_far = [&case.prompt, &case.tokens[..position]].concat();
            let rest = &case.tokens[position..];
            let written = writer().continue_greedily(&so_far, rest.len()).unwrap();
            position += written
                .iter()
                .zip(rest)
                .take_while(|(ours, theirs)| ours == theirs)
                .count();
            if let Some(margin) = case.margins.get(position) {
                assert!(
                    *margin < CLOSE,
                    "chat {index}: token {position} differs, though its logit led by {margin}"
                );
                partings += 1;
                position += 1;
            }
        }
        assert!(
            partings <= MOST_PARTINGS,
            "chat {index}: {partings} tokens differ"
        );
    }
}
