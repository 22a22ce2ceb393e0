//! The engine of this machine: one thread owns the models behind a bounded queue.
//!
//! Calls are answered in the order in which they came, but embedding does not wait for a call that writes:
//! it takes milliseconds where texts take seconds. The texts of one call are written together (see
//! `super::batch`).

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, ScopedJoinHandle};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::batch::{Answers, Listener, Texts};
use super::embedder::Embedder;
use super::entailment::EntailmentModel;
use super::models::ModelFiles;
use super::writer::Writer;
use super::{Cancel, Engine, EngineError, GenerateRequest, Generation, ModelInfo, Pair, ScoreRequest};

/// How many pieces of text may wait for a slow caller before the engine waits for it.
const PIECES_AHEAD: usize = 256;

/// How often the end of a call is looked for. Calls to embed are answered at once.
const LOOK_UP: Duration = Duration::from_millis(5);

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
    judge: Option<ModelInfo>,
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
    Entail {
        pairs: Vec<Pair>,
        answer: SyncSender<Result<Vec<f32>, EngineError>>,
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
        let models = Models {
            writer: Writer::load(writer)?,
            embedder: Embedder::load(embedder)?,
            judge: None,
        };
        Self::spawn(models, settings)
    }

    /// [`LocalEngine::start`] with an entailment model.
    ///
    /// # Errors
    /// [`EngineError::BadModel`] for a file that cannot be used.
    pub fn start_with_judge(
        writer: &ModelFiles,
        embedder: &ModelFiles,
        judge: &ModelFiles,
        settings: &EngineSettings,
    ) -> Result<Self, EngineError> {
        let models = Models {
            writer: Writer::load(writer)?,
            embedder: Embedder::load(embedder)?,
            judge: Some(EntailmentModel::load(judge)?),
        };
        Self::spawn(models, settings)
    }

    fn spawn(models: Models, settings: &EngineSettings) -> Result<Self, EngineError> {
        let (writer, embedder) = (models.writer.info().clone(), models.embedder.info().clone());
        let judge = models.judge.as_ref().map(|judge| judge.info().clone());
        let capacity = settings.queue_capacity.max(1);
        let (queue, calls) = sync_channel(capacity);
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || models.work(&calls))
            .map_err(|error| EngineError::Compute(format!("no thread for the engine: {error}")))?;
        Ok(Self {
            writer,
            embedder,
            judge,
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

    fn entail(&self, pairs: Vec<Pair>, cancel: &Cancel) -> Result<Vec<f32>, EngineError> {
        let (answer, incoming) = sync_channel(1);
        self.submit(Work::Entail { pairs, answer }, cancel)?;
        incoming.recv().map_err(|_| EngineError::Stopped)?
    }

    fn judge(&self) -> Option<&ModelInfo> {
        self.judge.as_ref()
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
    judge: Option<EntailmentModel>,
}

impl Models {
    /// Answers calls until the queue is closed.
    fn work(self, queue: &Receiver<Call>) {
        let mut desk = Desk {
            embedder: self.embedder,
            queue,
            waiting: VecDeque::new(),
        };
        while let Some(call) = desk.next() {
            answer(&self.writer, self.judge.as_ref(), call, &mut desk);
        }
    }
}

/// Answers one call.
fn answer(writer: &Writer, judge: Option<&EntailmentModel>, call: Call, desk: &mut Desk<'_>) {
    let cancel = &call.cancel;
    match call.work {
        Work::Embed { texts, answer } => {
            let embedded = guarded(|| embed(&desk.embedder, &texts, cancel));
            drop(call.place);
            let _nobody_waits = answer.send(embedded);
        }
        Work::Entail { pairs, answer } => {
            let entailed = guarded(|| match judge {
                Some(judge) => judge.entail(&pairs, &|| !cancel.is_cancelled()),
                None => Err(EngineError::Compute("no entailment model is loaded".to_owned())),
            });
            drop(call.place);
            let _nobody_waits = answer.send(entailed);
        }
        Work::Score { requests, answer } => {
            let scored = score(writer, &requests, cancel, desk);
            drop(call.place);
            let _nobody_waits = answer.send(scored);
        }
        Work::Generate { requests, answers } => {
            let caller = Caller {
                answers: &answers,
                cancel,
                gone: AtomicBool::new(false),
                last: Mutex::new(None),
            };
            let written = write(writer, &requests, &caller, desk);
            let last = match written {
                Ok(()) => caller.last.into_inner().unwrap_or_else(PoisonError::into_inner),
                Err(error) => Some(Answer::Failed(error)),
            };
            drop(call.place);
            let _nobody_waits = last.map(|last| answers.send(last));
        }
    }
}

fn write(
    writer: &Writer,
    requests: &[GenerateRequest],
    caller: &Caller<'_>,
    desk: &mut Desk<'_>,
) -> Result<(), EngineError> {
    if !caller.go_on() {
        return Err(EngineError::Cancelled);
    }
    let texts = Texts::new(writer, requests)?;
    desk.meanwhile(texts.lanes(), || {
        let written = guarded(|| writer.decoder.with_threads(|| texts.write(caller)));
        // One that fails fails all: the others need not go on.
        caller.gone.fetch_or(written.is_err(), Ordering::Relaxed);
        written
    })
}

fn score(
    writer: &Writer,
    requests: &[ScoreRequest],
    cancel: &Cancel,
    desk: &mut Desk<'_>,
) -> Result<Vec<Vec<f32>>, EngineError> {
    if cancel.is_cancelled() {
        return Err(EngineError::Cancelled);
    }
    let answers = Answers::new(writer, requests)?;
    let failed = AtomicBool::new(false);
    let go_on = || !failed.load(Ordering::Relaxed) && !cancel.is_cancelled();
    desk.meanwhile(answers.lanes(), || {
        let scored = guarded(|| writer.decoder.with_threads(|| answers.score(&go_on)));
        failed.fetch_or(scored.is_err(), Ordering::Relaxed);
        scored
    })?;
    Ok(answers.into_scores())
}

/// Where calls come in.
struct Desk<'a> {
    embedder: Embedder,
    queue: &'a Receiver<Call>,
    /// Calls that came while another was answered.
    waiting: VecDeque<Call>,
}

impl Desk<'_> {
    /// The next call; `None` when the queue was closed.
    fn next(&mut self) -> Option<Call> {
        self.waiting.pop_front().or_else(|| self.queue.recv().ok())
    }

    /// Runs the work on so many threads, and embeds meanwhile: an embedding takes milliseconds where texts take
    /// seconds. The other calls wait. Returns the first error that is not merely the end of what failed elsewhere.
    fn meanwhile(
        &mut self,
        lanes: usize,
        work: impl Fn() -> Result<(), EngineError> + Sync,
    ) -> Result<(), EngineError> {
        let broken = || EngineError::Compute("a thread of the engine broke".to_owned());
        let outcomes: Vec<Result<(), EngineError>> = std::thread::scope(|scope| {
            let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(&work)).collect();
            while lanes.iter().any(|lane| !lane.is_finished()) {
                match self.queue.recv_timeout(LOOK_UP) {
                    Ok(call) => self.embed_or_keep(call),
                    Err(RecvTimeoutError::Timeout) => {}
                    // Nobody will call any more; the lanes end by themselves.
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            let outcome = |lane: ScopedJoinHandle<'_, _>| lane.join().unwrap_or_else(|_| Err(broken()));
            lanes.into_iter().map(outcome).collect()
        });
        let mut errors: Vec<EngineError> = outcomes.into_iter().filter_map(Result::err).collect();
        errors.sort_by_key(|error| matches!(error, EngineError::Cancelled));
        errors.into_iter().next().map_or(Ok(()), Err)
    }

    fn embed_or_keep(&mut self, call: Call) {
        let Work::Embed { texts, answer } = &call.work else {
            return self.waiting.push_back(call);
        };
        let embedded = guarded(|| embed(&self.embedder, texts, &call.cancel));
        drop(call.place);
        let _nobody_waits = answer.send(embedded);
    }
}

/// The caller of running texts, seen from the threads that write them.
struct Caller<'a> {
    answers: &'a SyncSender<Answer>,
    cancel: &'a Cancel,
    gone: AtomicBool,
    /// Kept back until the call has given back its place. std Mutex: held while an answer is changed for another.
    last: Mutex<Option<Answer>>,
}

impl Caller<'_> {
    fn send(&self, answer: Answer) {
        self.gone
            .fetch_or(self.answers.send(answer).is_err(), Ordering::Relaxed);
    }
}

impl Listener for Caller<'_> {
    fn go_on(&self) -> bool {
        !self.gone.load(Ordering::Relaxed) && !self.cancel.is_cancelled()
    }

    fn piece(&self, index: usize, piece: String) {
        self.send(Answer::Piece(index, piece));
    }

    fn done(&self, index: usize, generation: Generation) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.replace(Answer::Done(index, generation));
        drop(last);
        if let Some(before) = before {
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

/// Turns a panic in the model's code into an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let detail = text
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("unknown");
        Err(EngineError::Compute(format!("panic: {detail}")))
    })
}
