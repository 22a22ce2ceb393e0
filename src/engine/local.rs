//! The engine of this machine. Texts and scores are made by a few threads that all calls share (see `super::lanes`);
//! embedding and judging, which take milliseconds where texts take seconds, run at once, on threads of their own.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use serde::{Deserialize, Serialize};
use tracing::{Span, trace_span};

use super::calls::{Answer, Call, Place, Task, Work};
use super::embedder::Embedder;
use super::entailment::EntailmentModel;
use super::lanes::{Lanes, guarded};
use super::models::ModelFiles;
use super::writer::Writer;
use super::{Cancel, Engine, EngineError, GenerateRequest, Generation, ModelInfo, Pair, ScoreRequest};

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

/// The models of this machine. Dropping it ends its threads once the running steps are done.
pub struct LocalEngine {
    writer: Arc<Writer>,
    lanes: Lanes,
    embedder: Embedder,
    judge: Option<EntailmentModel>,
    capacity: usize,
    calls: Arc<AtomicUsize>,
}

impl LocalEngine {
    /// Loads both models and starts the threads.
    ///
    /// # Errors
    /// [`EngineError::BadModel`] for a file that cannot be used.
    pub fn start(
        writer: &ModelFiles,
        embedder: &ModelFiles,
        settings: &EngineSettings,
    ) -> Result<Self, EngineError> {
        let (writer, embedder) = (Writer::load(writer)?, Embedder::load(embedder)?);
        Self::of(writer, embedder, None, settings)
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
        let (writer, embedder) = (Writer::load(writer)?, Embedder::load(embedder)?);
        Self::of(writer, embedder, Some(EntailmentModel::load(judge)?), settings)
    }

    fn of(
        writer: Writer,
        embedder: Embedder,
        judge: Option<EntailmentModel>,
        settings: &EngineSettings,
    ) -> Result<Self, EngineError> {
        let writer = Arc::new(writer);
        Ok(Self {
            lanes: Lanes::start(Arc::clone(&writer))?,
            writer,
            embedder,
            judge,
            capacity: settings.queue_capacity.max(1),
            calls: Arc::default(),
        })
    }

    /// A place for one more call.
    fn place(&self, cancel: &Cancel) -> Result<Place, EngineError> {
        let busy = EngineError::Busy {
            capacity: self.capacity,
        };
        let place = Place::take(&self.calls, self.capacity).ok_or(busy)?;
        if cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        Ok(place)
    }

    /// Has the lanes work on these requests, each a prompt with what is to be done after it.
    fn submit(
        &self,
        place: Place,
        cancel: &Cancel,
        requests: Vec<(Vec<u32>, Work)>,
    ) -> super::calls::Answers {
        let (call, answers) = Call::new(cancel, place, requests.len());
        let tasks = requests.into_iter().enumerate();
        self.lanes.submit(tasks.map(|(index, (prompt, work))| Task {
            call: Arc::clone(&call),
            index,
            prompt: Arc::new(prompt),
            work,
        }));
        answers
    }
}

impl Engine for LocalEngine {
    fn generate(
        &self,
        requests: Vec<GenerateRequest>,
        cancel: &Cancel,
        on_token: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Generation>, EngineError> {
        let place = self.place(cancel)?;
        let count = requests.len();
        let prompt = |request: GenerateRequest| {
            let prompt = self.writer.prompt(&request.messages)?;
            self.writer.check_length(prompt.len(), request.max_tokens)?;
            Ok((prompt, Work::Write(request)))
        };
        let requests = guarded(|| requests.into_iter().map(prompt).collect::<Result<Vec<_>, _>>())?;
        let answers = self.submit(place, cancel, requests);
        let _span = waiting().entered();
        let mut generations = Vec::with_capacity(count);
        while generations.len() < count {
            match answers.next().ok_or(EngineError::Stopped)? {
                // Returning drops `answers`, which is how the lanes learn that nobody waits any more.
                Answer::Piece(index, piece) if on_token(index, &piece).is_break() => {
                    return Err(EngineError::Cancelled);
                }
                Answer::Written(index, generation) => generations.push((index, generation)),
                Answer::Failed(error) => return Err(error),
                Answer::Piece(..) | Answer::Scored(..) => {}
            }
        }
        Ok(in_order(generations))
    }

    fn score(&self, requests: Vec<ScoreRequest>, cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        let place = self.place(cancel)?;
        let count = requests.len();
        let prompt = |request: ScoreRequest| {
            let prompt = self.writer.prompt(&request.messages)?;
            let answer = self.writer.tokenize(&request.answer)?;
            self.writer.check_length(prompt.len(), answer.len())?;
            Ok((prompt, Work::Score(answer)))
        };
        let requests = guarded(|| requests.into_iter().map(prompt).collect::<Result<Vec<_>, _>>())?;
        let answers = self.submit(place, cancel, requests);
        let _span = waiting().entered();
        let mut scores = Vec::with_capacity(count);
        while scores.len() < count {
            match answers.next().ok_or(EngineError::Stopped)? {
                Answer::Scored(index, scored) => scores.push((index, scored)),
                Answer::Failed(error) => return Err(error),
                Answer::Piece(..) | Answer::Written(..) => {}
            }
        }
        Ok(in_order(scores))
    }

    fn embed(&self, texts: &[&str], cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        let _place = self.place(cancel)?;
        let _span = trace_span!(target: "profile", "waiting for embeddings").entered();
        guarded(|| self.embedder.embed_while(texts, &|| !cancel.is_cancelled()))
    }

    fn entail(&self, pairs: Vec<Pair>, cancel: &Cancel) -> Result<Vec<f32>, EngineError> {
        let _place = self.place(cancel)?;
        guarded(|| match &self.judge {
            Some(judge) => judge.entail(&pairs, &|| !cancel.is_cancelled()),
            None => Err(EngineError::Compute("no entailment model is loaded".to_owned())),
        })
    }

    fn judge(&self) -> Option<&ModelInfo> {
        self.judge.as_ref().map(EntailmentModel::info)
    }

    fn writer(&self) -> &ModelInfo {
        self.writer.info()
    }

    fn embedder(&self) -> &ModelInfo {
        self.embedder.info()
    }
}

fn in_order<T>(mut answers: Vec<(usize, T)>) -> Vec<T> {
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// The time of a caller, in which the lanes work.
fn waiting() -> Span {
    trace_span!(target: "profile", "waiting for the models")
}
