//! Times the models by themselves, without chat, sampling and queue: what `nutgraf bench` measures. Tokens are drawn by a
//! fixed rule, since what they say makes no difference to the time.

use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use super::calls::{Answer, Call, Place, Task, Work};
use super::decoder::Shelf;
use super::lanes::Lanes;
use super::writer::Writer;
use super::{Cancel, EngineError, GenerateRequest};

/// The first tokens of a vocabulary are control tokens.
const FIRST_TOKEN: usize = 1000;

impl Writer {
    /// How long one text of so many tokens takes to be read, up to the logits after it.
    ///
    /// # Errors
    /// [`EngineError::PromptTooLong`]; [`EngineError::Compute`].
    pub fn time_reading(&self, tokens: usize) -> Result<Duration, EngineError> {
        self.check_length(tokens, 0)?;
        let prompt = self.drawn(tokens, 0);
        let started = Instant::now();
        let mut shelf = Shelf::new(self.decoder.lanes());
        self.decoder.start(&prompt, 0, &mut shelf, || true)?;
        Ok(started.elapsed())
    }

    /// How long `texts` texts take to be written together, `steps` tokens each, after `past` tokens that they have in
    /// common (at least one), which are read before the clock starts.
    ///
    /// # Errors
    /// [`EngineError::PromptTooLong`]; [`EngineError::Compute`].
    pub fn time_writing(&self, past: usize, texts: usize, steps: usize) -> Result<Duration, EngineError> {
        let past = self.drawn(past.max(1), 1);
        self.check_length(past.len(), steps)?;
        let lanes = self.decoder.lanes().min(texts).max(1);
        let ready = Barrier::new(lanes + 1);
        let write = |lane: usize| {
            let mut shelf = Shelf::new(1);
            let own = texts / lanes + usize::from(lane < texts % lanes);
            let started = (0..own).map(|_| self.decoder.start(&past, steps, &mut shelf, || true));
            let started: Result<Vec<_>, EngineError> = started.collect();
            ready.wait();
            let mut texts: Vec<_> = started?.into_iter().flatten().map(|(text, _)| text).collect();
            for step in 0..steps {
                let tokens = self.drawn(texts.len(), 2 + step);
                self.decoder.step(texts.iter_mut().zip(tokens.chunks(1)))?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let write = &write;
            let threads: Vec<_> = (0..lanes).map(|lane| scope.spawn(move || write(lane))).collect();
            ready.wait();
            let started = Instant::now();
            for thread in threads {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(EngineError::Compute("a thread panicked".to_owned())))?;
            }
            Ok(started.elapsed())
        })
    }

    /// Writes `steps` tokens of each of `texts` texts after `past` tokens that no two of them have in common, as a call does: no
    /// more of them at a time than memory is set aside for.
    ///
    /// # Errors
    /// [`EngineError::PromptTooLong`]; [`EngineError::Compute`].
    pub fn write_apart(self: &Arc<Self>, past: usize, texts: usize, steps: usize) -> Result<(), EngineError> {
        self.check_length(past, steps)?;
        let lanes = Lanes::start(Arc::clone(self))?;
        let (call, answers) = Call::new(&Cancel::new(), Place::any(), texts);
        lanes.submit((0..texts).map(|index| Task {
            call: Arc::clone(&call),
            index,
            prompt: Arc::new(self.drawn(past, index)),
            work: Work::Write(GenerateRequest {
                max_tokens: steps,
                ..GenerateRequest::default()
            }),
        }));
        drop(call);
        while let Some(answer) = answers.next() {
            if let Answer::Failed(error) = answer {
                return Err(error);
            }
        }
        Ok(())
    }

    /// So many tokens, drawn by a linear congruential generator (Knuth's MMIX constants).
    fn drawn(&self, count: usize, seed: usize) -> Vec<u32> {
        let choice = self.tokenizer.vocabulary().saturating_sub(FIRST_TOKEN).max(1) as u64;
        let mut state = seed as u64;
        let draw = |_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let token = FIRST_TOKEN as u64 + (state >> 33) % choice;
            (token as u32).min(self.tokenizer.vocabulary().saturating_sub(1) as u32)
        };
        (0..count).map(draw).collect()
    }
}
