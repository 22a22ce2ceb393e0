//! The models' answers, kept in a file, so that another fit or table takes seconds. A line holds one answer about one claim
//! under a hash of all that it depends on.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::engine::{Cancel, Engine};
use crate::summarize::scoring::Claim;
use crate::summarize::scoring::answers::{self, Cosines, Likelihood};

/// How many claims are asked about in one call.
const CLAIMS_A_CALL: usize = 16;

/// Answers that are known.
#[derive(Debug, Default)]
pub struct Cache {
    /// Which models answer.
    models: String,
    path: Option<PathBuf>,
    cosines: HashMap<String, Cosines>,
    likelihoods: HashMap<String, Likelihood>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    #[serde(flatten)]
    answer: Answer,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Cosines(Cosines),
    Likelihood(Likelihood),
}

impl Cache {
    /// What a file holds of the answers of these models; nothing when there is no such file. Without a path nothing is
    /// kept.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(path: Option<&Path>, models: &str) -> anyhow::Result<Self> {
        let mut cache = Self {
            models: models.to_owned(),
            path: path.map(Path::to_owned),
            ..Self::default()
        };
        if let Some(path) = path.filter(|path| path.exists()) {
            let cannot = || format!("cannot read `{}`", path.display());
            for line in BufReader::new(File::open(path).with_context(cannot)?).lines() {
                // A last line that was cut off is asked for again.
                if let Ok(line) = serde_json::from_str::<Line>(&line.with_context(cannot)?) {
                    cache.know(line);
                }
            }
        }
        Ok(cache)
    }

    /// How close a claim is to its sources; nothing when it was not asked.
    pub fn cosines(&self, claim: &Claim) -> Cosines {
        self.cosines.get(&self.key(claim)).cloned().unwrap_or_default()
    }

    /// How likely a claim is; nothing when it was not asked.
    pub fn likelihood(&self, claim: &Claim) -> Likelihood {
        self.likelihoods
            .get(&self.key(claim))
            .cloned()
            .unwrap_or_default()
    }

    /// Asks the embedder about all claims that are not known, a few at a time; `done` is told how many more are known.
    ///
    /// # Errors
    /// When the models or the file cannot be used.
    pub fn ask_cosines(
        &mut self,
        claims: &[&Claim],
        engine: &dyn Engine,
        mut done: impl FnMut(usize),
    ) -> anyhow::Result<()> {
        for claims in claims.chunks(CLAIMS_A_CALL) {
            let mut missing = claims.to_vec();
            missing.retain(|claim| !self.cosines.contains_key(&self.key(claim)));
            let found = answers::cosines(&missing, engine, &Cancel::new())?;
            for (claim, cosines) in missing.iter().zip(found) {
                self.keep(claim, Answer::Cosines(cosines))?;
            }
            done(claims.len());
        }
        Ok(())
    }

    /// Asks the writer about all claims that are not known, after [`Cache::ask_cosines`].
    ///
    /// # Errors
    /// As [`Cache::ask_cosines`].
    pub fn ask_likelihoods(
        &mut self,
        claims: &[&Claim],
        engine: &dyn Engine,
        mut done: impl FnMut(usize),
    ) -> anyhow::Result<()> {
        for claims in claims.chunks(CLAIMS_A_CALL) {
            let mut missing = claims.to_vec();
            missing.retain(|claim| !self.likelihoods.contains_key(&self.key(claim)));
            let cosines: Vec<Cosines> = missing.iter().map(|claim| self.cosines(claim)).collect();
            let pairs: Vec<(&Claim, &Cosines)> = missing.iter().copied().zip(&cosines).collect();
            let found = answers::likelihoods(&pairs, engine, &Cancel::new())?;
            for (claim, likelihood) in missing.iter().zip(found) {
                self.keep(claim, Answer::Likelihood(likelihood))?;
            }
            done(claims.len());
        }
        Ok(())
    }

    fn know(&mut self, line: Line) {
        match line.answer {
            Answer::Cosines(cosines) => {
                self.cosines.insert(line.key, cosines);
            }
            Answer::Likelihood(likelihood) => {
                self.likelihoods.insert(line.key, likelihood);
            }
        }
    }

    fn keep(&mut self, claim: &Claim, answer: Answer) -> anyhow::Result<()> {
        let line = Line {
            key: self.key(claim),
            answer,
        };
        if let Some(path) = &self.path {
            let cannot = || format!("cannot write `{}`", path.display());
            let mut file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .with_context(cannot)?;
            // The line break comes first, so that a line that was cut off does not spoil the next.
            write!(file, "\n{}", serde_json::to_string(&line)?).with_context(cannot)?;
        }
        self.know(line);
        Ok(())
    }

    fn key(&self, claim: &Claim) -> String {
        let mut hash = Sha256::new();
        let sources = claim.sources.iter().map(|source| source.text.as_str());
        for part in [answers::VERSION, &self.models, &claim.text]
            .into_iter()
            .chain(sources)
        {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        hex::encode(hash.finalize())
    }
}
