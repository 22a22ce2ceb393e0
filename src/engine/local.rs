//! The engine of this machine: one thread owns both models behind a bounded queue.
//!
//! Calls are answered in the order in which they came, but embedding goes first between two texts of one call:
//! it takes milliseconds where a text takes seconds. Texts of one call are written several at once (see
//! [`super::decoder::Decoder::lanes`]).

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::embedder::Embedder;
use super::models::ModelFiles;
use super::writer::{Listener, Wish, Writer};
use super::{Cancel, Engine, EngineError, GenerateRequest, Generation, ModelInfo, ScoreRequest};

/// How many pieces of text may wait for a slow caller before the engine waits for it.
const PIECES_AHEAD: usize = 256;

/// How the local models are run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSettings {
    /// Most calls that wait or run at once; one more is [`EngineError::Busy`].
    pub queue_capacity: usize,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self { queue_capacity: 64 }
    }
}

/// The models of this machine. Dropping it ends its thread once the running step is done.
pub struct LocalEngine {
    writer: ModelInfo,
    embedder: ModelInfo,
    capacity: usize,
    waiting: Arc<AtomicUsize>,
    // None only while dropping: closing the queue is what ends the thread.
    queue: Option<SyncSender<Call>>,
    // std Mutex: taken once, when dropping.
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// One call, with its place in the queue.
struct Call {
    work: Work,
    cancel: Cancel,
    // Given back before the last answer: whoever has that may call again at once.
    place: Option<Place>,
}

enum Work {
    Generate {
        requests: VecDeque<(usize, GenerateRequest)>,
        answers: SyncSender<Answer>,
    },
    Score {
        requests: VecDeque<ScoreRequest>,
        scored: Vec<Vec<f32>>,
        answer: SyncSender<Result<Vec<Vec<f32>>, EngineError>>,
    },
    Embed {
        texts: Vec<String>,
        answer: SyncSender<Result<Vec<Vec<f32>>, EngineError>>,
    },
}

/// What the thread tells the caller of `generate`: which request, and what of it.
enum Answer {
    Piece(usize, String),
    Done(usize, Generation),
    Failed(EngineError),
}

/// A place in the queue; given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl LocalEngine {
    /// Loads both models and starts the thread that owns them.
    ///
    /// # Errors
    /// [`EngineError::BadModel`] for a file that cannot be used.
    pub fn start(
        writer: &ModelFiles,
        embedder: &ModelFiles,
        settings: &EngineSettings,
    ) -> Result<Self, EngineError> {
        let writer = Writer::load(writer)?;
        let embedder = Embedder::load(embedder)?;
        let (writer_info, embedder_info) = (writer.info().clone(), embedder.info().clone());
        let capacity = settings.queue_capacity.max(1);
        let (queue, calls) = sync_channel(capacity);
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || Models { writer, embedder }.work(&calls))
            .map_err(|error| EngineError::Compute(format!("no thread for the engine: {error}")))?;
        Ok(Self {
            writer: writer_info,
            embedder: embedder_info,
            capacity,
            waiting: Arc::default(),
            queue: Some(queue),
            thread: Mutex::new(Some(thread)),
        })
    }

    fn submit(&self, work: Work, cancel: &Cancel) -> Result<(), EngineError> {
        let busy = EngineError::Busy {
            capacity: self.capacity,
        };
        let one_more = |waiting: usize| (waiting < self.capacity).then_some(waiting + 1);
        if self
            .waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more)
            .is_err()
        {
            return Err(busy);
        }
        let call = Call {
            work,
            cancel: cancel.clone(),
            place: Some(Place(Arc::clone(&self.waiting))),
        };
        // Never blocks: there are as many places in the channel as are given out.
        self.queue
            .as_ref()
            .ok_or(EngineError::Stopped)?
            .send(call)
            .map_err(|_| EngineError::Stopped)
    }
}

impl Drop for LocalEngine {
    fn drop(&mut self) {
        self.queue = None;
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // The thread catches its own panics; there is nothing left to report.
            let _ended = thread.join();
        }
    }
}

impl Engine for LocalEngine {
    fn generate(
        &self,
        requests: Vec<GenerateRequest>,
        cancel: &Cancel,
        on_token: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Generation>, EngineError> {
        let count = requests.len();
        let (answers, incoming) = sync_channel(PIECES_AHEAD);
        self.submit(
            Work::Generate {
                requests: requests.into_iter().enumerate().collect(),
                answers,
            },
            cancel,
        )?;
        let mut generations = Vec::with_capacity(count);
        while generations.len() < count {
            match incoming.recv().map_err(|_| EngineError::Stopped)? {
                // Returning drops `incoming`, which is how the thread learns that nobody waits any more.
                Answer::Piece(index, piece) if on_token(index, &piece).is_break() => {
                    return Err(EngineError::Cancelled);
                }
                Answer::Piece(..) => {}
                Answer::Done(index, generation) => generations.push((index, generation)),
                Answer::Failed(error) => return Err(error),
            }
        }
        generations.sort_by_key(|(index, _)| *index);
        Ok(generations
            .into_iter()
            .map(|(_, generation)| generation)
            .collect())
    }

    fn score(&self, requests: Vec<ScoreRequest>, cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        let (answer, incoming) = sync_channel(1);
        let requests = requests.into();
        let scored = Vec::new();
        self.submit(
            Work::Score {
                requests,
                scored,
                answer,
            },
            cancel,
        )?;
        incoming.recv().map_err(|_| EngineError::Stopped)?
    }

    fn embed(&self, texts: &[&str], cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        let (answer, incoming) = sync_channel(1);
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        self.submit(Work::Embed { texts, answer }, cancel)?;
        incoming.recv().map_err(|_| EngineError::Stopped)?
    }

    fn writer(&self) -> &ModelInfo {
        &self.writer
    }

    fn embedder(&self) -> &ModelInfo {
        &self.embedder
    }
}

/// What the thread owns.
struct Models {
    writer: Writer,
    embedder: Embedder,
}

impl Models {
    /// Answers calls until the queue is closed.
    fn work(self, calls: &Receiver<Call>) {
        let mut pending: VecDeque<Call> = VecDeque::new();
        loop {
            if pending.is_empty() {
                match calls.recv() {
                    Ok(call) => pending.push_back(call),
                    Err(_closed) => return,
                }
            }
            loop {
                match calls.try_recv() {
                    Ok(call) => pending.push_back(call),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            let next = pending
                .iter()
                .position(|call| matches!(call.work, Work::Embed { .. }))
                .unwrap_or(0);
            let Some(mut call) = pending.remove(next) else {
                continue;
            };
            if self.step(&mut call) == Progress::More {
                pending.push_front(call);
            }
        }
    }

    /// As many texts as are written at once, or one embedding call. A panic in the model's code is that call's error.
    fn step(&self, call: &mut Call) -> Progress {
        let cancel = &call.cancel;
        match &mut call.work {
            Work::Embed { texts, answer } => {
                let embedded = guarded(|| self.embed(texts, cancel));
                drop(call.place.take());
                let _nobody_waits = answer.send(embedded);
                Progress::Done
            }
            Work::Score {
                requests,
                scored,
                answer,
            } => {
                let next = requests
                    .pop_front()
                    .map(|request| guarded(|| self.writer.score(&request, || !cancel.is_cancelled())));
                let outcome = match next {
                    Some(Ok(scores)) => {
                        scored.push(scores);
                        return Progress::More;
                    }
                    Some(Err(error)) => Err(error),
                    None => Ok(std::mem::take(scored)),
                };
                drop(call.place.take());
                let _nobody_waits = answer.send(outcome);
                Progress::Done
            }
            Work::Generate { requests, answers } => {
                let next: Vec<_> = requests
                    .drain(..requests.len().min(self.writer.lanes()))
                    .collect();
                let written = self.write_at_once(&next, answers, cancel);
                let goes_on =
                    written.iter().all(|answer| matches!(answer, Answer::Done(..))) && !requests.is_empty();
                if !goes_on {
                    drop(call.place.take());
                }
                let waits = written.into_iter().all(|answer| answers.send(answer).is_ok());
                if goes_on && waits {
                    Progress::More
                } else {
                    Progress::Done
                }
            }
        }
    }

    /// Writes these texts, each on a thread of its own.
    fn write_at_once(
        &self,
        requests: &[(usize, GenerateRequest)],
        answers: &SyncSender<Answer>,
        cancel: &Cancel,
    ) -> Vec<Answer> {
        let write = |(index, request): &(usize, GenerateRequest)| {
            let mut listener = Caller {
                index: *index,
                answers,
                cancel,
                gone: false,
            };
            match guarded(|| self.writer.generate(request, &mut listener)) {
                Ok(generation) => Answer::Done(*index, generation),
                Err(error) => Answer::Failed(error),
            }
        };
        let broken = || Answer::Failed(EngineError::Compute("a thread of the engine broke".to_owned()));
        std::thread::scope(|scope| {
            let threads: Vec<_> = requests
                .iter()
                .map(|request| scope.spawn(move || write(request)))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| broken()))
                .collect()
        })
    }

    fn embed(&self, texts: &[String], cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        let mut vectors = vec![Vec::new(); texts.len()];
        let mut plan = self.embedder.plan(texts)?;
        loop {
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            if !self.embedder.embed_next_batch(&mut plan, &mut vectors)? {
                return Ok(vectors);
            }
        }
    }
}

/// Whether a call has more to do.
#[derive(PartialEq, Eq)]
enum Progress {
    More,
    Done,
}

/// The caller of a running text, seen from the thread.
struct Caller<'a> {
    index: usize,
    answers: &'a SyncSender<Answer>,
    cancel: &'a Cancel,
    gone: bool,
}

impl Listener for Caller<'_> {
    fn wish(&self) -> Wish {
        if self.gone || self.cancel.is_cancelled() {
            Wish::Abandon
        } else {
            Wish::GoOn
        }
    }

    fn piece(&mut self, piece: String) {
        self.gone = self.answers.send(Answer::Piece(self.index, piece)).is_err();
    }
}

/// Runs model code with candle's own threads kept warm, and turns a panic into an error.
fn guarded<T: Send>(work: impl FnOnce() -> Result<T, EngineError> + Send) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(|| Device::Cpu.with_context(work))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let detail = text
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("unknown");
        Err(EngineError::Compute(format!("panic: {detail}")))
    })
}
