//! The texts of one call, written together on a few lanes, each a thread of its own: a step of a lane runs one token of
//! every text that is on its way there, so that the weights are read once for all of them. A text that ends makes room
//! for the next. Texts with the same prompt go to the same lane where that is possible, which reads it once. Lanes wait
//! for nothing but the list of requests. Who asks, and who waits, is in [`super::local`].

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::decoder::{Shelf, Text};
use super::sampler::log_probability;
use super::writer::Writer;
use super::writing::{Next, Step, Writing};
use super::{EngineError, GenerateRequest, Generation, ScoreRequest};

/// Most texts on their way, on all lanes: each step takes longer the more there are.
const MOST_TEXTS: usize = 24;
/// Most memory for what they look back at, where a lane has more than one: 11,000 tokens of SmolLM2 135M.
const MOST_CACHE_BYTES: usize = 512 << 20;
/// Tokens of an answer that are scored at once: bounds the logits in memory.
const SCORED_CHUNK: usize = 64;

/// Whoever waits for the texts.
pub(super) trait Listener: Sync {
    /// Asked before each step; nothing more is written once it said no.
    fn go_on(&self) -> bool;
    /// A new piece of one text, by the index of its request.
    fn piece(&self, index: usize, piece: String);
    /// A text ended.
    fn done(&self, index: usize, generation: Generation);
}

/// Texts to be written.
pub(super) struct Texts<'a> {
    writer: &'a Writer,
    requests: &'a [GenerateRequest],
    list: List,
}

/// Answers to be scored.
pub(super) struct Answers<'a> {
    writer: &'a Writer,
    answers: Vec<Vec<u32>>,
    list: List,
    /// One for each answer, as far as they are done.
    scores: Mutex<Vec<Vec<f32>>>,
}

/// What no lane has taken yet.
struct List {
    prompts: Vec<Vec<u32>>,
    lanes: usize,
    // std Mutex: held for a look through the list, not while a model runs.
    left: Mutex<Left>,
}

struct Left {
    /// Indices of requests, in their order.
    requests: Vec<usize>,
    /// Indices of those that some lane took.
    taken: Vec<usize>,
}

impl<'a> Texts<'a> {
    /// Makes the prompts.
    ///
    /// # Errors
    /// As [`super::Engine::generate`], when one of the prompts is too long or cannot be made.
    pub(super) fn new(writer: &'a Writer, requests: &'a [GenerateRequest]) -> Result<Self, EngineError> {
        let mut prompts = Vec::with_capacity(requests.len());
        for request in requests {
            let prompt = writer.prompt(&request.messages)?;
            writer.check_length(prompt.len(), request.max_tokens)?;
            prompts.push(prompt);
        }
        Ok(Self {
            writer,
            requests,
            list: List::new(writer, prompts),
        })
    }

    /// How many threads are to call [`Texts::write`] at once.
    pub(super) fn lanes(&self) -> usize {
        self.list.lanes
    }

    /// Writes texts until none is left.
    ///
    /// # Errors
    /// As [`super::Engine::generate`].
    pub(super) fn write(&self, listener: &dyn Listener) -> Result<(), EngineError> {
        let lanes = self.list.lanes;
        let most_texts = MOST_TEXTS.min(self.requests.len()).div_ceil(lanes);
        let mut lane = Lane {
            writer: self.writer,
            most_texts: most_texts.min(self.writer.decoder.most_texts()),
            most_bytes: MOST_CACHE_BYTES / lanes,
            shelf: self.list.shelf(self.writer),
            texts: Vec::new(),
            members: Vec::new(),
            tally: Tally::default(),
        };
        loop {
            while let Some((index, prompt, request)) = self.next(&mut lane) {
                lane.admit(index, request, prompt, listener)?;
            }
            if lane.members.is_empty() {
                lane.tally.tell();
                return Ok(());
            }
            lane.step(listener)?;
        }
    }

    fn next(&self, lane: &mut Lane<'a>) -> Option<(usize, &[u32], &'a GenerateRequest)> {
        lane.shelf.put_away();
        let index = self.list.take(&lane.shelf, |prompt, index| {
            let request = self.requests.get(index);
            request.is_some_and(|request| lane.has_room(prompt, request.max_tokens))
        })?;
        Some((index, self.list.prompts.get(index)?, self.requests.get(index)?))
    }
}

impl<'a> Answers<'a> {
    /// Makes the prompts.
    ///
    /// # Errors
    /// As [`super::Engine::score`], when one of the prompts is too long or cannot be made.
    pub(super) fn new(writer: &'a Writer, requests: &[ScoreRequest]) -> Result<Self, EngineError> {
        let (mut prompts, mut answers) = (Vec::new(), Vec::new());
        for request in requests {
            let prompt = writer.prompt(&request.messages)?;
            let answer = writer.tokenize(&request.answer)?;
            writer.check_length(prompt.len(), answer.len())?;
            prompts.push(prompt);
            answers.push(answer);
        }
        Ok(Self {
            writer,
            scores: Mutex::new(vec![Vec::new(); answers.len()]),
            answers,
            list: List::new(writer, prompts),
        })
    }

    /// How many threads are to call [`Answers::score`] at once.
    pub(super) fn lanes(&self) -> usize {
        self.list.lanes
    }

    /// Scores answers until none is left: the natural logarithm of the probability of each of their tokens.
    ///
    /// # Errors
    /// As [`super::Engine::score`].
    pub(super) fn score(&self, go_on: &(dyn Fn() -> bool + Sync)) -> Result<(), EngineError> {
        let mut shelf = self.list.shelf(self.writer);
        while let Some(index) = self.list.take(&shelf, |_, _| true) {
            let (Some(prompt), Some(answer)) = (self.list.prompts.get(index), self.answers.get(index)) else {
                continue;
            };
            shelf.put_away();
            let scored = score_answer(self.writer, prompt, answer, &mut shelf, go_on)?;
            let mut scores = self.scores.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(place) = scores.get_mut(index) {
                *place = scored;
            }
        }
        Ok(())
    }

    /// The scores, in the order of the requests.
    pub(super) fn into_scores(self) -> Vec<Vec<f32>> {
        self.scores.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    fn new(writer: &Writer, prompts: Vec<Vec<u32>>) -> Self {
        let left = Left {
            requests: (0..prompts.len()).collect(),
            taken: Vec::new(),
        };
        Self {
            lanes: writer.decoder.lanes().min(prompts.len()).max(1),
            prompts,
            left: Mutex::new(left),
        }
    }

    /// A lane's shelf: where there are fewer lanes than cores, several threads read a prompt.
    fn shelf(&self, writer: &Writer) -> Shelf {
        Shelf::new(writer.decoder.lanes() / self.lanes)
    }

    /// Takes the next request, if it fits: one whose prompt is on the shelf, else one whose prompt no lane has, else
    /// the first.
    fn take(&self, shelf: &Shelf, fits: impl FnOnce(&[u32], usize) -> bool) -> Option<usize> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let prompt = |index: usize| self.prompts.get(index).map_or(&[][..], Vec::as_slice);
        let is_known = |index: &usize| shelf.has(prompt(*index));
        let is_new = |index: &usize| left.taken.iter().all(|taken| prompt(*taken) != prompt(*index));
        let place = (left.requests.iter().position(is_known))
            .or_else(|| left.requests.iter().position(is_new))
            .unwrap_or(0);
        let index = *left.requests.get(place)?;
        if !fits(prompt(index), index) {
            return None;
        }
        left.requests.remove(place);
        left.taken.push(index);
        Some(index)
    }
}

fn score_answer(
    writer: &Writer,
    prompt: &[u32],
    answer: &[u32],
    shelf: &mut Shelf,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<f32>, EngineError> {
    let started = writer.decoder.start(prompt, answer.len(), shelf, go_on)?;
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
        let pairs = logits.iter().zip(scored);
        scores.extend(pairs.map(|(logits, token)| log_probability(logits, *token) as f32));
    }
    Ok(scores)
}

/// The texts on their way on one thread.
struct Lane<'w> {
    writer: &'w Writer,
    most_texts: usize,
    most_bytes: usize,
    shelf: Shelf,
    /// In the order of `members`.
    texts: Vec<Text<'w>>,
    members: Vec<Member<'w>>,
    tally: Tally,
}

/// What a lane did, and how long it took.
#[derive(Default)]
struct Tally {
    prompts: u64,
    reading: Duration,
    written_tokens: u64,
    writing: Duration,
}

impl Tally {
    /// For operators: counters, and a line of the log.
    fn tell(&self) {
        metrics::counter!("nutgraf_prompts_total").increment(self.prompts);
        metrics::counter!("nutgraf_tokens_written_total").increment(self.written_tokens);
        tracing::debug!(
            prompts = self.prompts,
            reading_ms = self.reading.as_millis(),
            written_tokens = self.written_tokens,
            writing_ms = self.writing.as_millis(),
            "texts written"
        );
    }
}

struct Member<'w> {
    index: usize,
    writing: Writing<'w>,
    /// The token to be run.
    token: u32,
    max_tokens: usize,
}

impl<'w> Lane<'w> {
    /// Whether one more text may be on its way. The first always may.
    fn has_room(&self, prompt: &[u32], max_tokens: usize) -> bool {
        let decoder = &self.writer.decoder;
        if self.members.is_empty() {
            return true;
        }
        if self.members.len() >= self.most_texts {
            return false;
        }
        let answers = self.members.iter().map(|member| decoder.bytes(member.max_tokens));
        let prompts = self.shelf.bytes(decoder);
        let own = if self.shelf.has(prompt) {
            0
        } else {
            decoder.bytes(prompt.len())
        };
        answers.sum::<usize>() + prompts + own + decoder.bytes(max_tokens) <= self.most_bytes
    }

    /// Reads a prompt and chooses the first token after it.
    fn admit(
        &mut self,
        index: usize,
        request: &'w GenerateRequest,
        prompt: &[u32],
        listener: &dyn Listener,
    ) -> Result<(), EngineError> {
        let decoder = &self.writer.decoder;
        let begun = Instant::now();
        let started = decoder.start(prompt, request.max_tokens, &mut self.shelf, || listener.go_on())?;
        let (text, logits) = started.ok_or(EngineError::Cancelled)?;
        self.tally.prompts += 1;
        self.tally.reading += begun.elapsed();
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
    fn step(&mut self, listener: &dyn Listener) -> Result<(), EngineError> {
        if !listener.go_on() {
            return Err(EngineError::Cancelled);
        }
        let begun = Instant::now();
        let tokens: Vec<u32> = self.members.iter().map(|member| member.token).collect();
        let logits = self.writer.decoder.step(&mut self.texts, &tokens)?;
        let mut steps = Vec::with_capacity(logits.len());
        for (member, logits) in self.members.iter_mut().zip(&logits) {
            steps.push(member.writing.step(logits)?);
        }
        self.tally.written_tokens += steps.len() as u64;
        self.tally.writing += begun.elapsed();
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
fn hand_on<'w>(mut member: Member<'w>, step: Step, listener: &dyn Listener) -> Option<Member<'w>> {
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
