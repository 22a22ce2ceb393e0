//! The models' answers, kept in a file, so that another fit or table takes seconds. A line holds the answers about one
//! claim under a hash of all that they depend on.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::engine::{Cancel, Engine};
use crate::summarize::scoring::{Answers, Claim, answers};

/// How many claims are asked about in one call.
const CLAIMS_A_CALL: usize = 16;

/// Answers that are known.
#[derive(Debug)]
pub struct Cache {
    /// Which models answer.
    models: String,
    path: Option<PathBuf>,
    known: HashMap<String, Answers>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    key: String,
    answers: Answers,
}

impl Cache {
    /// What a file holds of the answers of these models; nothing when there is no such file. Without a path nothing is kept.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(path: Option<&Path>, models: &str) -> anyhow::Result<Self> {
        let mut known = HashMap::new();
        if let Some(path) = path.filter(|path| path.exists()) {
            let cannot = || format!("cannot read `{}`", path.display());
            for line in BufReader::new(File::open(path).with_context(cannot)?).lines() {
                // A last line that was cut off is asked for again.
                if let Ok(line) = serde_json::from_str::<Line>(&line.with_context(cannot)?) {
                    known.insert(line.key, line.answers);
                }
            }
        }
        Ok(Self {
            models: models.to_owned(),
            path: path.map(Path::to_owned),
            known,
        })
    }

    /// The answers about a claim, if they are known.
    pub fn get(&self, claim: &Claim) -> Option<&Answers> {
        self.known.get(&self.key(claim))
    }

    /// Asks about all claims that are not known, a few at a time; `done` is told how many more are known.
    ///
    /// # Errors
    /// When the models or the file cannot be used.
    pub fn fill(
        &mut self,
        claims: &[&Claim],
        engine: &dyn Engine,
        mut done: impl FnMut(usize),
    ) -> anyhow::Result<()> {
        let missing: Vec<&Claim> = claims
            .iter()
            .filter(|claim| self.get(claim).is_none())
            .copied()
            .collect();
        done(claims.len() - missing.len());
        for claims in missing.chunks(CLAIMS_A_CALL) {
            let answers = answers::ask(claims, engine, &Cancel::new())?;
            for (claim, answers) in claims.iter().zip(answers) {
                let key = self.key(claim);
                self.keep(&key, &answers)?;
                self.known.insert(key, answers);
            }
            done(claims.len());
        }
        Ok(())
    }

    fn keep(&self, key: &str, answers: &Answers) -> anyhow::Result<()> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let line = Line {
            key: key.to_owned(),
            answers: answers.clone(),
        };
        let cannot = || format!("cannot write `{}`", path.display());
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .with_context(cannot)?;
        // The line break comes first, so that a line that was cut off does not spoil the next.
        write!(file, "\n{}", serde_json::to_string(&line)?).with_context(cannot)
    }

    fn key(&self, claim: &Claim) -> String {
        let mut hash = Sha256::new();
        let sources = claim.sources.iter().map(|source| source.text.as_str());
        for part in [answers::VERSION, &self.models, &claim.text].into_iter().chain(sources) {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        hex::encode(hash.finalize())
    }
}
