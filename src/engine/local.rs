//! The engine of this machine: one thread owns both models behind a bounded queue.
//!
//! Calls are answered in the order in which they came, but embedding goes first between two steps of one call:
//! it takes milliseconds where texts take seconds. The texts of one call are written together (see
//! [`super::batch`]).

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use candle_core::Device;
use serde::{Deserialize, Serialize};

use super::batch::{self, Listener};
use super::embedder::Embedder;
use super::models::ModelFiles;
use super::writer::Writer;
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
    place: Place,
}

enum Work {
    Generate {
        requests: Vec<GenerateRequest>,
        answers: SyncSender<Answer>,
    },
    Score {
        requests: Vec<ScoreRequest>,
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
            .spawn(move || Models { writer, embedder }.work(calls))
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
            place: Place(Arc::clone(&self.waiting)),
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
        self.submit(Work::Generate { requests, answers }, cancel)?;
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
        self.submit(Work::Score { requests, answer }, cancel)?;
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
    fn work(self, mut queue: Receiver<Call>) {
        let mut waiting = VecDeque::new();
        loop {
            let next = waiting.pop_front().map_or_else(|| queue.recv(), Ok);
            let Ok(call) = next else {
                return;
            };
            let mut meanwhile = Meanwhile {
                embedder: &self.embedder,
                queue: &mut queue,
                waiting: &mut waiting,
            };
            answer(&self.writer, call, &mut meanwhile);
        }
    }
}

/// Answers one call. A panic in the model's code is that call's error.
fn answer(writer: &Writer, call: Call, meanwhile: &mut Meanwhile<'_>) {
    let cancel = &call.cancel;
    match call.work {
        Work::Embed { texts, answer } => {
            let embedded = guarded(|| embed(meanwhile.embedder, &texts, cancel));
            drop(call.place);
            let _nobody_waits = answer.send(embedded);
        }
        Work::Score { requests, answer } => {
            let go_on = || meanwhile.embed_first() && !cancel.is_cancelled();
            let scored = guarded(|| batch::score(writer, &requests, go_on));
            drop(call.place);
            let _nobody_waits = answer.send(scored);
        }
        Work::Generate { requests, answers } => {
            let mut caller = Caller {
                answers: &answers,
                cancel,
                gone: false,
                last: None,
                meanwhile,
            };
            let written = guarded(|| batch::write(writer, &requests, &mut caller));
            let last = match written {
                Ok(()) => caller.last.take(),
                Err(error) => Some(Answer::Failed(error)),
            };
            drop(call.place);
            let _nobody_waits = last.map(|last| answers.send(last));
        }
    }
}

/// The calls that come in while one is answered.
struct Meanwhile<'a> {
    embedder: &'a Embedder,
    queue: &'a mut Receiver<Call>,
    waiting: &'a mut VecDeque<Call>,
}

impl Meanwhile<'_> {
    /// Embeds what is to be embedded, and leaves the other calls waiting. False when the queue was closed.
    fn embed_first(&mut self) -> bool {
        loop {
            match self.queue.try_recv() {
                Ok(call) => self.take(call),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn take(&mut self, call: Call) {
        let Work::Embed { texts, answer } = &call.work else {
            return self.waiting.push_back(call);
        };
        let embedded = guarded(|| embed(self.embedder, texts, &call.cancel));
        drop(call.place);
        let _nobody_waits = answer.send(embedded);
    }
}

/// The caller of running texts, seen from the thread.
struct Caller<'a, 'm> {
    answers: &'a SyncSender<Answer>,
    cancel: &'a Cancel,
    gone: bool,
    /// Kept back until the call has given back its place.
    last: Option<Answer>,
    meanwhile: &'a mut Meanwhile<'m>,
}

impl Caller<'_, '_> {
    fn send(&mut self, answer: Answer) {
        self.gone |= self.answers.send(answer).is_err();
    }
}

impl Listener for Caller<'_, '_> {
    fn go_on(&mut self) -> bool {
        self.meanwhile.embed_first() && !self.gone && !self.cancel.is_cancelled()
    }

    fn piece(&mut self, index: usize, piece: String) {
        self.send(Answer::Piece(index, piece));
    }

    fn done(&mut self, index: usize, generation: Generation) {
        if let Some(before) = self.last.replace(Answer::Done(index, generation)) {
            self.send(before);
        }
    }
}

fn embed(embedder: &Embedder, texts: &[String], cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
    let mut vectors = vec![Vec::new(); texts.len()];
    let mut plan = embedder.plan(texts)?;
    loop {
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        if !embedder.embed_next_batch(&mut plan, &mut vectors)? {
            return Ok(vectors);
        }
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
