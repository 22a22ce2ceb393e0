//! An engine that says what a test wants it to say, and embeds by hashing words.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nutgraf::engine::{
    Cancel, Engine, EngineError, FinishReason, GenerateRequest, Generation, ModelInfo, ScoreRequest,
};

const DIMENSION: usize = 256;

type Script = dyn Fn(&GenerateRequest) -> Result<String, EngineError> + Send + Sync;

/// Answers each request with what the script returns, and counts what it is asked for.
#[derive(Clone)]
pub struct ScriptedEngine {
    script: Arc<Script>,
    writer: ModelInfo,
    embedder: ModelInfo,
    log_probability: f64,
    generated: Arc<AtomicUsize>,
    embedded: Arc<AtomicUsize>,
}

impl ScriptedEngine {
    /// An engine that answers by the script.
    pub fn new(
        script: impl Fn(&GenerateRequest) -> Result<String, EngineError> + Send + Sync + 'static,
    ) -> Self {
        let info = |name: &str| ModelInfo {
            name: name.to_owned(),
            sha256: "0".repeat(64),
            context_tokens: 2048,
            prompt: None,
        };
        Self {
            script: Arc::new(script),
            writer: info("scripted-writer"),
            embedder: info("scripted-embedder"),
            log_probability: -1.0,
            generated: Arc::default(),
            embedded: Arc::default(),
        }
    }

    /// An engine whose every answer fails the checks, so that every bullet is an extract.
    pub fn gibberish() -> Self {
        Self::new(|_| Ok("zzz".to_owned()))
    }

    /// The same as a model that was taught with this prompt.
    pub fn taught(mut self, prompt: &str) -> Self {
        self.writer.prompt = Some(prompt.to_owned());
        self
    }

    /// The same, whose every token is so likely.
    pub fn sure_by(mut self, log_probability: f64) -> Self {
        self.log_probability = log_probability;
        self
    }

    /// How many texts were written.
    pub fn generated(&self) -> usize {
        self.generated.load(Ordering::SeqCst)
    }

    /// How many texts were embedded.
    pub fn embedded(&self) -> usize {
        self.embedded.load(Ordering::SeqCst)
    }
}

impl Engine for ScriptedEngine {
    fn generate(
        &self,
        requests: Vec<GenerateRequest>,
        cancel: &Cancel,
        on_token: &mut dyn FnMut(usize, &str) -> ControlFlow<()>,
    ) -> Result<Vec<Generation>, EngineError> {
        let mut generations = Vec::new();
        for (index, request) in requests.iter().enumerate() {
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            self.generated.fetch_add(1, Ordering::SeqCst);
            let text = (self.script)(request)?;
            if on_token(index, &text).is_break() {
                return Err(EngineError::Cancelled);
            }
            let generated_tokens = text.split_whitespace().count();
            generations.push(Generation {
                text,
                finish: FinishReason::Stop,
                prompt_tokens: 0,
                generated_tokens,
                mean_log_probability: self.log_probability,
                least_log_probability: self.log_probability,
            });
        }
        Ok(generations)
    }

    /// Every word of every answer has the same likelihood.
    fn score(&self, requests: Vec<ScoreRequest>, _cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        let words = |request: &ScoreRequest| request.answer.split_whitespace().count();
        Ok(requests
            .iter()
            .map(|request| vec![-1.0; words(request)])
            .collect())
    }

    fn embed(&self, texts: &[&str], _cancel: &Cancel) -> Result<Vec<Vec<f32>>, EngineError> {
        self.embedded.fetch_add(texts.len(), Ordering::SeqCst);
        Ok(texts.iter().map(|text| hashed_words(text)).collect())
    }

    fn writer(&self) -> &ModelInfo {
        &self.writer
    }

    fn embedder(&self) -> &ModelInfo {
        &self.embedder
    }
}

/// Texts that share many words are close; unrelated texts are nearly orthogonal.
fn hashed_words(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0f32; DIMENSION];
    for word in text
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 3)
    {
        let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        vector[(hash % DIMENSION as u64) as usize] += 1.0;
    }
    vector[0] += 0.01;
    let norm = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    vector.iter().map(|x| x / norm).collect()
}
