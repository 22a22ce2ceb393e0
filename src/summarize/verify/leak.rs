//! P16 and P20: the model declines, speaks of its task or itself, or lets chat control tokens through; and an
//! article's sentence that addresses a model instead of a reader.

use unicode_normalization::UnicodeNormalization;

use super::{Candidate, reason_if};
use crate::domain::CheckReason;
use crate::summarize::passages::has_web_address;
use crate::text::similarity::{longest_shared_run, words};

/// Turn markers and special tokens of the chat templates in use; no news text has them.
const CONTROL_TOKENS: &[&str] = &[
    "<|",
    "|>",
    "<s>",
    "</s>",
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "<</sys>>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<bos>",
    "<eos>",
    "<unk>",
    "<pad>",
    "<think>",
    "</think>",
    "[gmask]",
    "### instruction",
    "### response",
    "### system",
    "im_start",
    "im_end",
    "endoftext",
];

/// Words with which somebody tells a model what to do, as normalised words.
const ORDERS: &[&str] = &[
    "ignore previous instructions",
    "ignore all previous",
    "ignore the previous",
    "ignore the above",
    "ignore all prior",
    "ignore prior instructions",
    "ignore any previous",
    "ignore your instructions",
    "ignore all instructions",
    "ignore these instructions",
    "ignore your previous",
    "disregard previous instructions",
    "disregard all previous",
    "disregard the above",
    "disregard the previous",
    "disregard all prior",
    "disregard your instructions",
    "disregard prior instructions",
    "forget previous instructions",
    "forget all previous",
    "forget your instructions",
    "forget the above",
    "forget everything above",
    "override your instructions",
    "previous instructions and",
    "system prompt",
    "new instructions",
    "your new task",
    "your instructions are",
    "you are a helpful",
    "you are now a",
    "you are an ai",
    "you are chatgpt",
    "as an ai language",
    "as an ai model",
    "as an ai assistant",
    "respond only with",
    "reply only with",
    "output only",
    "answer only with",
    "instead write",
    "instead output",
    "instead say",
    "do not summarize",
    "end your summary",
    "in your summary",
    "when summarizing",
    "summarize this article as",
    "ai summarizers",
    "ai assistants must",
    "language models must",
    "note to ai",
    "instructions to the model",
    "instructions for the ai",
    "jailbreak",
    "note to summarizers",
    "must be summarized",
    "the correct summary",
    "your summary",
    "your answer",
    "dear assistant",
    "new task for",
    "write the bullet",
    "and write that",
    "repeat the following",
    "end of evidence",
];

/// First words of an order that are no nouns: a report does not open with them.
const IMPERATIVES: &[&str] = &[
    "decode",
    "disregard",
    "forget",
    "ignore",
    "obey",
    "override",
    "pretend",
    "reveal",
    "translate",
];

/// Labels of a chat's turns and of a prompt's parts, before a colon or in brackets.
const LABELS: &[&str] = &[
    "ai",
    "answer",
    "assistant",
    "bullet",
    "developer",
    "human",
    "input",
    "instruction",
    "instructions",
    "model",
    "output",
    "prompt",
    "response",
    "sentences",
    "summary",
    "system",
    "user",
    "verified",
];

/// Words with which a model speaks of its task, as normalised words.
const TASK_TALK: &[&str] = &[
    "as an ai",
    "language model",
    "the sentence",
    "the sentences",
    "this sentence",
    "these sentences",
    "bullet point",
    "bullet points",
    "the passage",
    "the passages",
    "the text says",
    "the text states",
    "the text describes",
    "the text is about",
    "the given text",
    "the provided text",
    "the original text",
    "the article says",
    "the article states",
    "the article discusses",
    "the article describes",
    "the article reports",
    "the article mentions",
    "the article highlights",
    "this article",
    "the summary",
    "news summary",
    "a summary of",
    "in your own words",
    "rewritten",
    "the evidence",
    "news editor",
    "the prompt",
    "the instructions",
    "the user",
    "i'm sorry",
    "i am sorry",
];

/// Words with which a model declines, as normalised words at the beginning.
const REFUSALS: &[&str] = &[
    "none",
    "n a",
    "null",
    "nothing",
    "no usable",
    "i cannot",
    "i can't",
    "i can not",
    "i am unable",
    "i'm unable",
    "i'm sorry",
    "i am sorry",
    "sorry",
    "i apologize",
    "unable to",
    "there is no information",
    "there is not enough",
    "there's not enough",
    "not enough information",
    "insufficient information",
    "no information",
    "no summary",
];

/// A run of the prompt's own words that nobody writes by chance.
const INSTRUCTION_RUN: usize = 5;

/// Whether an article's sentence addresses a model, or carries its control tokens: it is never evidence.
pub fn addresses_a_model(sentence: &str) -> bool {
    let words = words(sentence);
    let is_order = words
        .first()
        .is_some_and(|first| IMPERATIVES.contains(&first.as_str()));
    is_order
        || opens_with_label(sentence)
        || has_control_token(sentence)
        || contains_any(&spaced(sentence), ORDERS)
}

/// `Assistant: …`, `[system] …`.
fn opens_with_label(sentence: &str) -> bool {
    let opening = sentence.trim_start_matches(|c: char| !c.is_alphanumeric());
    let label = opening
        .split_once([':', ']', ')'])
        .map(|(label, _)| label.trim().to_lowercase());
    label.is_some_and(|label| LABELS.contains(&label.as_str()))
}

/// P16: the model says that it has nothing to say.
pub fn abstains(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let text = spaced(candidate.text);
    let declines = text.trim().is_empty()
        || REFUSALS.iter().any(|refusal| {
            let refusal = format!(" {refusal} ");
            // "None of the ships" is news; "None." alone is not.
            text == refusal || refusal.split_whitespace().count() > 1 && text.starts_with(&refusal)
        });
    reason_if(declines, CheckReason::Abstained)
}

/// P20: control tokens, instructions, talk of the task, web addresses. Talk that the source has too is news.
pub fn leaks(candidate: &Candidate<'_>) -> Vec<CheckReason> {
    let own = spaced(candidate.text);
    let sources: Vec<String> = candidate
        .evidence
        .iter()
        .map(|sentence| spaced(sentence))
        .collect();
    let talks = TASK_TALK.iter().any(|phrase| {
        let phrase = format!(" {phrase} ");
        own.contains(&phrase) && !sources.iter().any(|source| source.contains(&phrase))
    });
    let leaks = talks
        || addresses_a_model(candidate.text)
        || has_web_address(candidate.text)
        || repeats_instructions(candidate);
    reason_if(leaks, CheckReason::PromptLeak)
}

fn repeats_instructions(candidate: &Candidate<'_>) -> bool {
    let own = words(candidate.text);
    let run = longest_shared_run(&own, candidate.rules.instructions);
    let sources = candidate.evidence.iter();
    run >= INSTRUCTION_RUN
        && sources
            .map(|source| longest_shared_run(&own, &words(source)))
            .all(|shared| shared < run)
}

fn has_control_token(text: &str) -> bool {
    // Blanks inside a token do not make it harmless once a tokenizer normalises them.
    let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
    let compact: String = lower.chars().filter(|c| !c.is_whitespace()).collect();
    CONTROL_TOKENS.iter().any(|token| {
        lower.contains(token) || token.starts_with('<') && !token.contains(' ') && compact.contains(token)
    })
}

/// The words with one blank around each, so that whole words are found.
fn spaced(text: &str) -> String {
    format!(" {} ", words(text).join(" "))
}

fn contains_any(spaced: &str, phrases: &[&str]) -> bool {
    phrases
        .iter()
        .any(|phrase| spaced.contains(&format!(" {phrase} ")))
}
