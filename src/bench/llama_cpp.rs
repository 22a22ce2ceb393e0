//! llama.cpp as a peer: its own benchmark programs, on the same file with as many threads. `tools/peer/llama_cpp.sh` builds
//! them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use tempfile::TempDir;

use super::engine::{PASTS, PROMPTS, STEPS, TEXTS, Task};

pub(super) const HOW_TO_GET_IT: &str = "build llama.cpp with tools/peer/llama_cpp.sh and put it on PATH";

/// One file in llama.cpp's hands.
#[derive(Debug)]
pub struct LlamaCpp {
    /// How the table names it.
    pub name: String,
    model: PathBuf,
    threads: usize,
    /// Whether only reading is measured.
    reads_only: bool,
    /// Holds `model`, where that was made for the purpose.
    _folder: Option<TempDir>,
}

/// A line of `llama-bench -o json`.
#[derive(Deserialize)]
struct Bench {
    n_prompt: usize,
    n_depth: usize,
    avg_ts: f64,
}

/// A line of `llama-batched-bench --output-format jsonl`.
#[derive(Deserialize)]
struct Batched {
    pp: usize,
    pl: usize,
    speed_tg: f64,
}

impl LlamaCpp {
    /// The file as it is.
    ///
    /// # Errors
    /// When the programs cannot be run.
    pub fn same_file(model: &Path, threads: usize) -> anyhow::Result<Self> {
        output("llama-bench", &["--help"])?;
        output("llama-batched-bench", &["--help"])?;
        Ok(Self {
            name: "llama.cpp".to_owned(),
            model: model.to_owned(),
            threads,
            reads_only: false,
            _folder: None,
        })
    }

    /// The same weights in another of its formats, made with its own program; only reading is measured.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn requantized(model: &Path, kind: &str, threads: usize) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let made = folder.path().join("model.gguf");
        let (from, to) = (as_text(model)?, as_text(&made)?);
        output("llama-quantize", &["--allow-requantize", from, to, kind])?;
        Ok(Self {
            name: format!("llama.cpp, {kind}"),
            model: made,
            threads,
            reads_only: true,
            _folder: Some(folder),
        })
    }

    /// Everything that it can do of what we measure, once, in tokens a second: with flash attention and without.
    ///
    /// # Errors
    /// When a program fails or prints something else than it did.
    pub(super) fn measure(&self) -> anyhow::Result<Vec<(Task, [f64; 2])>> {
        let with = self.measure_with("on")?;
        let without = self.measure_with("off")?;
        ensure!(
            with.len() == without.len(),
            "llama.cpp measured other things with flash attention than without"
        );
        let pairs = with.into_iter().zip(without);
        Ok(pairs
            .map(|((task, with), (_, without))| (task, [with, without]))
            .collect())
    }

    fn measure_with(&self, flash_attention: &str) -> anyhow::Result<Vec<(Task, f64)>> {
        let mut found = Vec::new();
        let prompts = PROMPTS.map(|tokens| tokens.to_string()).join(",");
        for line in self.bench(&["-p", &prompts, "-n", "0", "-fa", flash_attention])? {
            found.push((
                Task::Read {
                    tokens: line.n_prompt,
                },
                line.avg_ts,
            ));
        }
        if self.reads_only {
            return Ok(found);
        }
        let pasts = PASTS.map(|past| past.to_string()).join(",");
        let steps = STEPS.to_string();
        for line in self.bench(&["-p", "0", "-n", &steps, "-d", &pasts, "-fa", flash_attention])? {
            let task = Task::Write {
                past: line.n_depth,
                texts: 1,
            };
            found.push((task, line.avg_ts));
        }
        for line in self.batched_bench(&steps, flash_attention)? {
            let past = if line.pp > 1 { line.pp } else { 0 };
            found.push((Task::Write { past, texts: line.pl }, line.speed_tg));
        }
        Ok(found)
    }

    fn bench(&self, arguments: &[&str]) -> anyhow::Result<Vec<Bench>> {
        let threads = self.threads.to_string();
        let own = [
            "-m",
            as_text(&self.model)?,
            "-t",
            &threads,
            "-r",
            "1",
            "-o",
            "json",
        ];
        let printed = output("llama-bench", &[&own, arguments].concat())?;
        serde_json::from_str(&printed).context("what `llama-bench -o json` printed")
    }

    /// Several texts after a prompt that they share.
    fn batched_bench(&self, steps: &str, flash_attention: &str) -> anyhow::Result<Vec<Batched>> {
        let threads = self.threads.to_string();
        // A prompt has at least one token.
        let pasts = PASTS.map(|past| past.max(1).to_string()).join(",");
        let several = TEXTS.into_iter().filter(|texts| *texts > 1);
        let texts = several
            .map(|texts| texts.to_string())
            .collect::<Vec<_>>()
            .join(",");
        // Each text has a cache of its own.
        let most = |of: &[usize]| of.iter().copied().max().unwrap_or(0);
        let context = (most(&TEXTS) * (most(&PASTS) + STEPS + 1)).to_string();
        let arguments = [
            ["-m", as_text(&self.model)?],
            ["-t", &threads],
            ["-c", &context],
            ["-npp", &pasts],
            ["-ntg", steps],
            ["-npl", &texts],
            ["-fa", flash_attention],
            ["--output-format", "jsonl"],
        ];
        let printed = output(
            "llama-batched-bench",
            &[arguments.as_flattened(), &["-pps"]].concat(),
        )?;
        let lines = printed.lines().filter(|line| line.starts_with('{'));
        lines
            .map(|line| serde_json::from_str(line).context("what `llama-batched-bench` printed"))
            .collect()
    }
}

/// What the program printed.
fn output(program: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let ran = Command::new(program).args(arguments).output();
    let ran = ran.with_context(|| format!("`{program}` cannot be run: {HOW_TO_GET_IT}"))?;
    if !ran.status.success() {
        let complaint = String::from_utf8_lossy(&ran.stderr);
        let last = complaint.lines().rev().find(|line| !line.trim().is_empty());
        bail!("`{program}` failed: {}", last.unwrap_or("it says nothing"));
    }
    Ok(String::from_utf8_lossy(&ran.stdout).into_owned())
}

pub(super) fn as_text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("the model's path is not UTF-8")
}
