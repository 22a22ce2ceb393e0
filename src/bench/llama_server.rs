//! llama.cpp as whoever summarizes with one prompt runs it: its own server, several prompts at once.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::json;
use tempfile::TempDir;

use super::llama_cpp::{HOW_TO_GET_IT, as_text};
use crate::engine::Message;

/// How many prompts it works on at once.
const SLOTS: usize = 4;
/// How long it may take to load its model.
const LOADING: Duration = Duration::from_secs(120);
/// How long one answer may take.
const ANSWERING: Duration = Duration::from_secs(600);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A server that runs until this is dropped.
#[derive(Debug)]
pub struct LlamaServer {
    process: Child,
    client: Client,
    /// Holds what it says.
    folder: TempDir,
}

#[derive(Deserialize)]
struct Answer {
    usage: Usage,
}

#[derive(Deserialize)]
struct Usage {
    completion_tokens: u64,
}

impl LlamaServer {
    /// Starts it with so many threads and room for so many tokens in each slot, and waits until it answers.
    ///
    /// # Errors
    /// When the program is not there or does not come up.
    pub fn start(model: &Path, threads: usize, context_tokens: usize) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let said = File::create(folder.path().join(SAID))?;
        // Nothing else takes the port in the moment until the server does, as far as anybody can tell.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let process = Command::new("llama-server")
            .args(["-m", as_text(model)?, "--host", "127.0.0.1"])
            .args(["--port", &port.to_string(), "-t", &threads.to_string()])
            .args([
                "-np",
                &SLOTS.to_string(),
                "-c",
                &(SLOTS * context_tokens).to_string(),
            ])
            .stdin(Stdio::null())
            .stdout(said.try_clone()?)
            .stderr(said)
            .spawn()
            .with_context(|| format!("`llama-server` cannot be run: {HOW_TO_GET_IT}"))?;
        let mut server = Self {
            process,
            client: Client::new(port),
            folder,
        };
        server.wait()?;
        Ok(server)
    }

    fn wait(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        while started.elapsed() < LOADING {
            if self.client.is_ready() {
                return Ok(());
            }
            if let Some(status) = self.process.try_wait()? {
                bail!("`llama-server` ended ({status}): {}", self.last_words());
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        bail!(
            "`llama-server` did not come up in {} s: {}",
            LOADING.as_secs(),
            self.last_words()
        )
    }

    fn last_words(&self) -> String {
        let said = std::fs::read(self.folder.path().join(SAID)).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let last = said.lines().rev().find(|line| !line.trim().is_empty());
        last.unwrap_or("it says nothing").to_owned()
    }

    /// Answers all chats, greedily and as many at once as there are slots; returns how many tokens it wrote.
    ///
    /// # Errors
    /// When one of them is not answered.
    pub fn answer(&self, chats: &[Vec<Message>], max_tokens: usize) -> anyhow::Result<u64> {
        let answered = self.client.answer(chats, max_tokens);
        answered.with_context(|| format!("`llama-server`: {}", self.last_words()))
    }
}

/// How the server is asked.
#[derive(Debug)]
struct Client {
    address: String,
    agent: ureq::Agent,
}

impl Client {
    fn new(port: u16) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWERING))
            .proxy(None)
            .build();
        Self {
            address: format!("http://127.0.0.1:{port}"),
            agent: agent.into(),
        }
    }

    fn is_ready(&self) -> bool {
        self.agent.get(format!("{}/health", self.address)).call().is_ok()
    }

    fn answer(&self, chats: &[Vec<Message>], max_tokens: usize) -> anyhow::Result<u64> {
        let (next, tokens) = (AtomicUsize::new(0), AtomicU64::new(0));
        let work = || -> anyhow::Result<()> {
            while let Some(chat) = chats.get(next.fetch_add(1, Ordering::Relaxed)) {
                tokens.fetch_add(self.answer_one(chat, max_tokens)?, Ordering::Relaxed);
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..SLOTS).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| match thread.join() {
                Ok(answered) => answered,
                Err(panic) => std::panic::resume_unwind(panic),
            })
        })?;
        Ok(tokens.into_inner())
    }

    fn answer_one(&self, chat: &[Message], max_tokens: usize) -> anyhow::Result<u64> {
        let body = json!({"messages": chat, "max_tokens": max_tokens, "temperature": 0}).to_string();
        let url = format!("{}/v1/chat/completions", self.address);
        let answer = self.agent.post(url).content_type("application/json").send(body)?;
        let answer = answer.into_body().read_to_string()?;
        let answer: Answer = serde_json::from_str(&answer).context("its answer cannot be read")?;
        ensure!(answer.usage.completion_tokens > 0, "it wrote nothing");
        Ok(answer.usage.completion_tokens)
    }
}

impl Drop for LlamaServer {
    fn drop(&mut self) {
        // It may have ended by itself; either way nobody needs it any more.
        let _ended = self.process.kill();
        let _collected = self.process.wait();
    }
}

/// The file that has what it says.
const SAID: &str = "said.txt";

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::sync::mpsc::{Receiver, channel};

    use super::*;
    use crate::engine::Role;

    /// A server that gives every request the same answer and tells what it was asked.
    fn server(status: &'static str, answer: &'static str) -> (Client, Receiver<String>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = Client::new(listener.local_addr().unwrap().port());
        let (asked, questions) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if let Some((_, value)) = line.to_lowercase().split_once("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let _test_has_ended = asked.send(String::from_utf8(body).unwrap());
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    answer.len()
                );
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        (client, questions)
    }

    fn chats(count: usize) -> Vec<Vec<Message>> {
        let chat = |number: usize| {
            vec![Message {
                role: Role::User,
                content: format!("Summarize {number}."),
            }]
        };
        (0..count).map(chat).collect()
    }

    #[test]
    fn every_chat_is_asked_once_and_the_tokens_are_counted() {
        let (client, questions) = server("200 OK", r#"{"choices": [], "usage": {"completion_tokens": 7}}"#);
        assert_eq!(client.answer(&chats(6), 220).unwrap(), 42);
        let mut asked: Vec<String> = questions.try_iter().collect();
        asked.sort();
        let question = |number: usize| {
            let content = format!("Summarize {number}.");
            json!({"messages": [{"role": "user", "content": content}], "max_tokens": 220, "temperature": 0})
                .to_string()
        };
        assert_eq!(asked, (0..6).map(question).collect::<Vec<_>>());
    }

    #[test]
    fn a_chat_that_is_not_answered_is_an_error() {
        for (status, answer) in [
            ("500 Internal Server Error", "{}"),
            ("200 OK", "{}"),
            ("200 OK", r#"{"usage": {"completion_tokens": 0}}"#),
        ] {
            let (client, _questions) = server(status, answer);
            assert!(client.answer(&chats(1), 220).is_err(), "{status} {answer}");
        }
    }
}
