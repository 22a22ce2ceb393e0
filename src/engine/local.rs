//! The engine of this machine. Texts and scores are made by a few threads that all calls share (see `super::lanes`);
//! embedding and judging, which take milliseconds where texts take seconds, run at once, on threads of their own.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use serde::{Deserialize, Serialize};
use tracing::trace_span;

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

    /// Has the lanes work on requests, each a prompt with what is to be done after it, and returns what `answer` makes of
    /// their answers, in the order of the requests.
    fn ask<R, T>(
        &self,
        requests: Vec<R>,
        cancel: &Cancel,
        prepare: impl Fn(R) -> Result<(Vec<u32>, Work), EngineError>,
        mut answer: impl FnMut(Answer) -> Result<Option<(usize, T)>, EngineError>,
    ) -> Result<Vec<T>, EngineError> {
        let place = self.place(cancel)?;
        let prepared = guarded(|| requests.into_iter().map(prepare).collect::<Result<Vec<_>, _>>())?;
        let count = prepared.len();
        let (call, answers) = Call::new(cancel, place, count);
        let tasks = prepared.into_iter().enumerate();
        self.lanes.submit(tasks.map(|(index, (prompt, work))| Task {
            call: Arc::clone(&call),
            index,
            prompt: Arc::new(prompt),
            work,
        }));
        // The lanes hold it now: when they let go of it, no answer will come.
        drop(call);
        let _span = trace_span!(target: "profile", "waiting for the models").entered();
        let mut found = Vec::with_capacity(count);
        while found.len() < count {
            // Returning drops `answers`, which is how the lanes learn that nobody waits any more.
            match answers.next().ok_or(EngineError::Stopped)? {
                Answer::Failed(error) => return Err(error),
                other => found.extend(answer(other)?),
            }
        }
        found.sort_by_key(|(index, _)| *index);
        Ok(found.into_iter().map(|(_, answer)| answer).collect())
    }
}

impl Engine for LocalEngine {
    fn generate(
        &self,
        requests: Vec<GenerateRequest>,
        cancel: &Cancel,
        on_token: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Generation>, EngineError> {
        let prepare = |request: GenerateRequest| {
            let prompt = self.writer.prompt(&request.messages)?;
            self.writer.check_length(prompt.len(), request.max_tokens)?;
            Ok((prompt, Work::Write(request)))
        };
        self.ask(requests, cancel, prepare, |answer| match answer {
            Answer::Piece(index, piece) if on_token(index, &piece).is_break() => Err(EngineError::Cancelled),
            Answer::Written(index, generation) => Ok(Some((index, generation))),
            _ => Ok(None),
        })
    }

    fn score(&self, requests: Vec<ScoreRequest>, cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        let prepare = |request: ScoreRequest| {
            let prompt = self.writer.prompt(&request.messages)?;
            let answer = self.writer.tokenize(&request.answer)?;
            self.writer.check_length(prompt.len(), answer.len())?;
            Ok((prompt, Work::Score(answer)))
        };
        self.ask(requests, cancel, prepare, |answer| match answer {
            Answer::Scored(index, scores) => Ok(Some((index, scores))),
            _ => Ok(None),
        })
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
