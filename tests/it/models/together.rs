//! Two that fetch the same model at the same time: one downloads, the other waits and takes what is there.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};

use nutgraf::engine::models::{FetchProgress, FetchSettings, LineProgress, ensure_manifest};

use super::hub::{Answer, Hub};
use super::pip::Pip;
use super::{Place, WEIGHTS, content, manifest};

const TEST: &str = "models::together::two_processes_ask_the_hub_once";
const BYTES: usize = 50_000;

/// A hub that says when it is asked, and answers when it is told to.
fn hub_on_command(weights: Vec<u8>) -> (Hub, Receiver<()>, Sender<()>) {
    let (asked, was_asked) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let may_go = Mutex::new(may_go);
    let hub = Hub::start(move |request| {
        asked.send(()).unwrap();
        // Once the test is over there is nothing to wait for.
        let _ = may_go.lock().unwrap().recv();
        Answer::rest(&weights, request)
    });
    (hub, was_asked, go)
}

/// Says when the fetch waits for another.
struct Waiting(Sender<()>);

impl FetchProgress for Waiting {
    fn started(&self, _file: &str, _source: &str, _total_bytes: Option<u64>) {}
    fn advanced(&self, _bytes: u64) {}
    fn source_failed(&self, _source: &str, _reason: &str) {}
    fn notice(&self, message: &str) {
        assert!(message.contains("waiting for it"), "{message}");
        self.0.send(()).unwrap();
    }
    fn finished(&self, _file: &str) {}
}

#[test]
fn two_threads_ask_the_hub_once() {
    let weights = content(BYTES);
    let (hub, was_asked, go) = hub_on_command(weights.clone());
    let place = Place::new(&hub, &Pip::failing("ERROR: no network"));
    let manifest = manifest(&weights);

    std::thread::scope(|scope| {
        let first = scope.spawn(|| place.fetch(&manifest));
        was_asked.recv().unwrap();
        let (waits, is_waiting) = mpsc::channel();
        let (manifest, place) = (&manifest, &place);
        let second = scope
            .spawn(move || ensure_manifest(manifest, place.folder.path(), &place.settings, &Waiting(waits)));
        is_waiting.recv().unwrap();
        go.send(()).unwrap();
        assert_eq!(first.join().unwrap().unwrap(), second.join().unwrap().unwrap());
    });

    assert_eq!(hub.requests().len(), 1);
    assert_eq!(place.read(WEIGHTS), weights);
}

#[test]
fn two_processes_ask_the_hub_once() {
    // The processes are this test again, told what to do.
    if let Some(folder) = std::env::var_os("FETCH_INTO") {
        return fetch_as_a_process(Path::new(&folder));
    }
    let weights = content(BYTES);
    let (hub, was_asked, go) = hub_on_command(weights.clone());
    let place = Place::new(&hub, &Pip::failing("ERROR: no network"));
    let process = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", TEST, "--nocapture"])
            .env("FETCH_INTO", place.folder.path())
            .env("HF_ENDPOINT", hub.endpoint())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };

    let mut first = process();
    was_asked.recv().unwrap();
    let mut second = process();
    let mut says = BufReader::new(second.stderr.take().unwrap()).lines();
    assert!(
        says.any(|line| line.unwrap().contains("waiting for it")),
        "the second process did not wait"
    );
    go.send(()).unwrap();

    assert!(first.wait().unwrap().success());
    let rest: Vec<String> = says.map(Result::unwrap).collect();
    assert!(second.wait().unwrap().success(), "{rest:?}");
    assert_eq!(hub.requests().len(), 1);
    assert_eq!(place.read(WEIGHTS), weights);
}

fn fetch_as_a_process(folder: &Path) {
    let settings = FetchSettings::from_vars(|name| std::env::var(name).ok());
    let progress = LineProgress::new(std::io::stderr());
    ensure_manifest(&manifest(&content(BYTES)), folder, &settings, &progress).unwrap();
}
