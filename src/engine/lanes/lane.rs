//! One lane: the texts that are on their way on one thread, from their prompts to their ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::trace_span;

use super::{MOST_CACHE_BYTES, MOST_TEXTS, Shared, guarded};
use crate::engine::EngineError;
use crate::engine::calls::{Answer, Call, Task, Work};
use crate::engine::decoder::{Shelf, Text};
use crate::engine::sampler::log_probability;
use crate::engine::writer::Writer;
use crate::engine::writing::{Next, Step, Writing};

/// Tokens of an answer that are scored at once: bounds the logits in memory.
const SCORED_CHUNK: usize = 64;
/// How long a lane waits for slow callers before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// The texts on their way on one thread.
pub(super) struct Lane<'w> {
    pub(super) shared: &'w Shared,
    pub(super) writer: &'w Writer,
    pub(super) number: usize,
    pub(super) shelf: Shelf,
    pub(super) members: Vec<Member<'w>>,
    pub(super) tally: Tally,
}

/// A text on its way.
pub(super) struct Member<'w> {
    call: Arc<Call>,
    index: usize,
    prompt: Arc<Vec<u32>>,
    max_tokens: usize,
    text: Text,
    writing: Writing<'w>,
    /// The token to be run.
    token: u32,
}

impl<'w> Lane<'w> {
    /// Works until there is nothing more for this lane.
    pub(super) fn work(&mut self) {
        loop {
            while let Some(task) = self.next() {
                self.begin(task);
            }
            if self.members.is_empty() {
                return;
            }
            self.step();
        }
    }

    fn next(&mut self) -> Option<Task> {
        self.shelf.put_away();
        let shared = self.shared;
        let mut list = shared.list();
        let task = list.take(self);
        let threads = if list.is_lone() { shared.lanes } else { 1 };
        drop(list);
        // Where other lanes have nothing to do, their threads help to read.
        self.shelf.read_with(threads);
        task
    }

    /// Most texts that it may have on their way.
    pub(super) fn most_texts(&self) -> usize {
        MOST_TEXTS.div_ceil(self.shared.lanes)
    }

    /// Whether there is memory for one more. For the first there always is.
    pub(super) fn has_room(&self, task: &Task) -> bool {
        let decoder = &self.writer.decoder;
        if self.members.is_empty() {
            return true;
        }
        let answers = self.members.iter().map(|member| decoder.bytes(member.max_tokens));
        let prompts = self.shelf.bytes(decoder);
        let own = if self.shelf.has(&task.prompt) {
            0
        } else {
            decoder.bytes(task.prompt.len())
        };
        let bytes = answers.sum::<usize>() + prompts + own + decoder.bytes(task.most_tokens());
        bytes <= MOST_CACHE_BYTES / self.shared.lanes
    }

    /// Begins a text, or scores an answer.
    fn begin(&mut self, task: Task) {
        let (call, prompt) = (Arc::clone(&task.call), Arc::clone(&task.prompt));
        let before = self.members.len();
        let begun = guarded(|| match task.work {
            Work::Write(request) => {
                let writing = Writing::new(self.writer, &request, prompt.len());
                self.admit(&task.call, task.index, &task.prompt, request.max_tokens, writing)
            }
            Work::Score(answer) => {
                let scores = score(self.writer, &prompt, &answer, &mut self.shelf, &call)?;
                call.answer(Answer::Scored(task.index, scores));
                Ok(())
            }
        });
        if let Err(error) = begun {
            call.fail(error);
        }
        if self.members.len() == before {
            self.shared.list().give_back(self.number, &prompt);
        }
    }

    /// Reads a prompt and chooses the first token after it.
    fn admit(
        &mut self,
        call: &Arc<Call>,
        index: usize,
        prompt: &Arc<Vec<u32>>,
        max_tokens: usize,
        mut writing: Writing<'w>,
    ) -> Result<(), EngineError> {
        let begun = Instant::now();
        let _span = trace_span!(target: "profile", "reading prompts").entered();
        let decoder = &self.writer.decoder;
        let started = decoder.start(prompt, max_tokens, &mut self.shelf, || call.goes_on())?;
        let (text, logits) = started.ok_or(EngineError::Cancelled)?;
        self.tally.prompts += 1;
        self.tally.reading += begun.elapsed();
        if !call.goes_on() {
            return Err(EngineError::Cancelled);
        }
        let step = writing.step(&logits)?;
        let member = Member {
            call: Arc::clone(call),
            index,
            prompt: Arc::clone(prompt),
            max_tokens,
            text,
            writing,
            token: 0,
        };
        self.members.extend(hand_on(member, step));
        Ok(())
    }

    /// Runs the next token of each text whose caller keeps up, and what must follow it as far as that is known, and chooses the
    /// next.
    fn step(&mut self) {
        self.drop_ended();
        let (mut ready, waiting): (Vec<Member<'w>>, Vec<Member<'w>>) =
            self.members.drain(..).partition(|member| member.call.keeps_up());
        self.members = waiting;
        if ready.is_empty() {
            if !self.members.is_empty() {
                std::thread::sleep(LOOK_AGAIN);
            }
            return;
        }
        let begun = Instant::now();
        let _span = trace_span!(target: "profile", "writing tokens").entered();
        let stepped = guarded(|| self.step_all(&mut ready));
        self.tally.writing += begun.elapsed();
        let steps = match stepped {
            Ok(steps) => steps,
            Err(error) => {
                let detail = error.to_string();
                for member in &ready {
                    member.call.fail(EngineError::Compute(detail.clone()));
                }
                self.members.extend(ready);
                return self.drop_ended();
            }
        };
        for (member, step) in ready.into_iter().zip(steps) {
            let prompt = Arc::clone(&member.prompt);
            match hand_on(member, step) {
                Some(member) => self.members.push(member),
                None => self.shared.list().give_back(self.number, &prompt),
            }
        }
    }

    fn step_all(&mut self, ready: &mut [Member<'w>]) -> Result<Vec<Step>, EngineError> {
        let mut runs = Vec::with_capacity(ready.len());
        for member in ready.iter() {
            let mut tokens = vec![member.token];
            tokens.extend(member.writing.draft(member.text.room_for_drafts())?);
            runs.push(tokens);
        }
        let texts = ready.iter_mut().map(|member| &mut member.text);
        let logits = self
            .writer
            .decoder
            .step(texts.zip(runs.iter().map(Vec::as_slice)))?;
        let mut rest = logits.as_slice();
        let mut steps = Vec::with_capacity(runs.len());
        for (member, run) in ready.iter_mut().zip(&runs) {
            let (own, after) = rest.split_at(run.len().min(rest.len()));
            rest = after;
            let (step, chosen) = member.writing.follow(own, run.get(1..).unwrap_or_default())?;
            member.text.go_back(run.len() - chosen);
            self.tally.written_tokens += chosen as u64;
            steps.push(step);
        }
        Ok(steps)
    }

    /// Lets go of the texts that nobody waits for any more.
    fn drop_ended(&mut self) {
        let number = self.number;
        self.members.retain(|member| {
            let goes_on = member.call.goes_on();
            if !goes_on {
                self.shared.list().give_back(number, &member.prompt);
            }
            goes_on
        });
    }
}

/// Tells what a step brought; returns the text if it goes on.
fn hand_on(mut member: Member<'_>, step: Step) -> Option<Member<'_>> {
    if !step.piece.is_empty() {
        member.call.tell(member.index, step.piece);
    }
    match step.next {
        Next::Token(token) => {
            member.token = token;
            Some(member)
        }
        Next::End(reason) => {
            let generation = member.writing.into_generation(reason);
            member.call.answer(Answer::Written(member.index, generation));
            None
        }
    }
}

/// The natural logarithm of the probability of each token of an answer.
fn score(
    writer: &Writer,
    prompt: &[u32],
    answer: &[u32],
    shelf: &mut Shelf,
    call: &Call,
) -> Result<Vec<f32>, EngineError> {
    let started = writer
        .decoder
        .start(prompt, answer.len(), shelf, || call.goes_on())?;
    let (mut text, logits) = started.ok_or(EngineError::Cancelled)?;
    let Some((first, rest)) = answer.split_first() else {
        return Ok(Vec::new());
    };
    let mut scores = vec![log_probability(&logits, *first) as f32];
    // The last token is scored, but need not be run.
    let run = answer.get(..rest.len()).unwrap_or_default();
    for (run, scored) in run.chunks(SCORED_CHUNK).zip(rest.chunks(SCORED_CHUNK)) {
        if !call.goes_on() {
            return Err(EngineError::Cancelled);
        }
        let logits = writer.decoder.step([(&mut text, run)])?;
        let pairs = logits.iter().zip(scored);
        scores.extend(pairs.map(|(logits, token)| log_probability(logits, *token) as f32));
    }
    Ok(scores)
}

/// What a lane did, and how long it took.
#[derive(Default)]
pub(super) struct Tally {
    prompts: u64,
    reading: Duration,
    written_tokens: u64,
    writing: Duration,
}

impl Tally {
    /// For operators: counters, and a line of the log.
    pub(super) fn tell(&self) {
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
