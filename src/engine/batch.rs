//! The texts of one call, written together: each step runs one token of every text that is on its way, so that the
//! weights are read once for all of them. A text that ends makes room for the next; prompts are read one after the
//! other, and only once where several texts have the same. Who asks, and who waits, is in [`super::local`].

use rayon::prelude::*;

use super::decoder::{Shelf, Text};
use super::sampler::log_probability;
use super::writer::Writer;
use super::writing::{Next, Step, Writing};
use super::{EngineError, GenerateRequest, Generation, ScoreRequest};

/// Most texts on their way: each step takes longer the more there are.
const MOST_TEXTS: usize = 24;
/// Most memory for what the texts look back at, where there is more than one: 8,000 tokens of SmolLM2 135M.
const MOST_CACHE_BYTES: usize = 384 << 20;
/// Tokens of an answer that are scored at once: bounds the logits in memory.
const SCORED_CHUNK: usize = 64;

/// Whoever waits for the texts.
pub(super) trait Listener {
    /// Asked before each step; nothing more is written once it said no.
    fn go_on(&mut self) -> bool;
    /// A new piece of one text, by the index of its request.
    fn piece(&mut self, index: usize, piece: String);
    /// A text ended.
    fn done(&mut self, index: usize, generation: Generation);
}

/// Writes all texts.
///
/// # Errors
/// As [`super::Engine::generate`]; nothing is written when one of the prompts is too long.
pub(super) fn write(
    writer: &Writer,
    requests: &[GenerateRequest],
    listener: &mut dyn Listener,
) -> Result<(), EngineError> {
    let mut prompts = Vec::with_capacity(requests.len());
    for request in requests {
        let prompt = writer.prompt(&request.messages)?;
        writer.check_length(prompt.len(), request.max_tokens)?;
        prompts.push(prompt);
    }
    let mut batch = Batch {
        writer,
        shelf: Shelf::default(),
        texts: Vec::new(),
        members: Vec::new(),
    };
    let mut waiting = requests.iter().zip(&prompts).enumerate().peekable();
    loop {
        while let Some((index, (request, prompt))) =
            waiting.next_if(|(_, (request, prompt))| batch.has_room(prompt, request.max_tokens))
        {
            batch.admit(index, request, prompt, listener)?;
        }
        if batch.members.is_empty() && waiting.peek().is_none() {
            return Ok(());
        }
        batch.step(listener)?;
    }
}

/// The natural logarithm of the probability of each token of the answers.
///
/// # Errors
/// As [`super::Engine::score`]; nothing is run when one of the prompts is too long.
pub(super) fn score(
    writer: &Writer,
    requests: &[ScoreRequest],
    mut go_on: impl FnMut() -> bool,
) -> Result<Vec<Vec<f32>>, EngineError> {
    let mut tokens = Vec::with_capacity(requests.len());
    for request in requests {
        let prompt = writer.prompt(&request.messages)?;
        let answer = writer.tokenize(&request.answer)?;
        writer.check_length(prompt.len(), answer.len())?;
        tokens.push((prompt, answer));
    }
    let mut shelf = Shelf::default();
    let mut scores = Vec::with_capacity(requests.len());
    for (prompt, answer) in &tokens {
        // Puts away what no text follows any more.
        shelf.bytes(&writer.decoder);
        scores.push(score_answer(writer, prompt, answer, &mut shelf, &mut go_on)?);
    }
    Ok(scores)
}

fn score_answer(
    writer: &Writer,
    prompt: &[u32],
    answer: &[u32],
    shelf: &mut Shelf,
    mut go_on: impl FnMut() -> bool,
) -> Result<Vec<f32>, EngineError> {
    let started = writer.decoder.start(prompt, answer.len(), shelf, &mut go_on)?;
    let (mut text, logits) = started.ok_or(EngineError::Cancelled)?;
    let Some((first, rest)) = answer.split_first() else {
        return Ok(Vec::new());
    };
    let mut scores = vec![log_probability(&logits, *first) as f32];
    // The last token is scored, but need not be run.
    let run = answer.get(..rest.len()).unwrap_or_default();
    for (run, scored) in run.chunks(SCORED_CHUNK).zip(rest.chunks(SCORED_CHUNK)) {
        if !go_on() {
            return Err(EngineError::Cancelled);
        }
        let logits = writer.decoder.follow(&mut text, run)?;
        let pairs = logits.par_iter().zip(scored);
        scores.par_extend(pairs.map(|(logits, token)| log_probability(logits, *token) as f32));
    }
    Ok(scores)
}

/// The texts on their way.
struct Batch<'w> {
    writer: &'w Writer,
    shelf: Shelf,
    /// In the order of `members`, which are handed to other threads, as these cannot be.
    texts: Vec<Text<'w>>,
    members: Vec<Member<'w>>,
}

struct Member<'w> {
    index: usize,
    writing: Writing<'w>,
    /// The token to be run.
    token: u32,
    max_tokens: usize,
}

impl<'w> Batch<'w> {
    /// Whether one more text may be on its way. The first always may.
    fn has_room(&mut self, prompt: &[u32], max_tokens: usize) -> bool {
        let decoder = &self.writer.decoder;
        if self.members.is_empty() {
            return true;
        }
        if self.members.len() >= decoder.most_texts().min(MOST_TEXTS) {
            return false;
        }
        let answers = self.members.iter().map(|member| decoder.bytes(member.max_tokens));
        let prompts = self.shelf.bytes(decoder);
        let own = if self.shelf.has(prompt) {
            0
        } else {
            decoder.bytes(prompt.len())
        };
        answers.sum::<usize>() + prompts + own + decoder.bytes(max_tokens) <= MOST_CACHE_BYTES
    }

    /// Reads a prompt and chooses the first token after it.
    fn admit(
        &mut self,
        index: usize,
        request: &'w GenerateRequest,
        prompt: &[u32],
        listener: &mut dyn Listener,
    ) -> Result<(), EngineError> {
        let decoder = &self.writer.decoder;
        let started = decoder.start(prompt, request.max_tokens, &mut self.shelf, || listener.go_on())?;
        let (text, logits) = started.ok_or(EngineError::Cancelled)?;
        if !listener.go_on() {
            return Err(EngineError::Cancelled);
        }
        let mut writing = Writing::new(self.writer, request, prompt.len());
        let step = writing.step(&logits)?;
        let member = Member {
            index,
            writing,
            token: 0,
            max_tokens: request.max_tokens,
        };
        if let Some(member) = hand_on(member, step, listener) {
            self.members.push(member);
            self.texts.push(text);
        }
        Ok(())
    }

    /// Runs one token of each text and chooses the next.
    fn step(&mut self, listener: &mut dyn Listener) -> Result<(), EngineError> {
        if !listener.go_on() {
            return Err(EngineError::Cancelled);
        }
        let tokens: Vec<u32> = self.members.iter().map(|member| member.token).collect();
        let logits = self.writer.decoder.step(&mut self.texts, &tokens)?;
        let steps: Vec<Step> = self
            .members
            .par_iter_mut()
            .zip(&logits)
            .map(|(member, logits)| member.writing.step(logits))
            .collect::<Result<_, _>>()?;
        let texts = std::mem::take(&mut self.texts);
        let members = std::mem::take(&mut self.members);
        for ((member, text), step) in members.into_iter().zip(texts).zip(steps) {
            if let Some(member) = hand_on(member, step, listener) {
                self.members.push(member);
                self.texts.push(text);
            }
        }
        Ok(())
    }
}

/// Tells what a step brought; returns the text if it goes on.
fn hand_on<'w>(mut member: Member<'w>, step: Step, listener: &mut dyn Listener) -> Option<Member<'w>> {
    if !step.piece.is_empty() {
        listener.piece(member.index, step.piece);
    }
    match step.next {
        Next::Token(token) => {
            member.token = token;
            Some(member)
        }
        Next::End(reason) => {
            listener.done(member.index, member.writing.into_generation(reason));
            None
        }
    }
}
