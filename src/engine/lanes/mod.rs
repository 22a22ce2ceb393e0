//! Continuous batching (Yu et al. 2022, "Orca"): the texts of all calls are written together, on a few lanes, each a thread of
//! its own. A step of a lane runs the next token of every text that is on its way there, so that the weights are read once for
//! all of them; texts join and leave between steps. Lanes wait for nothing but the list of tasks, so that one that is held up
//! holds up no other.
//!
//! What somebody waits for is taken before what runs in the background; otherwise tasks are taken in the order in which they
//! came, but for prompts: one that a lane has read goes to that lane where possible. A lane takes no more texts than its share
//! of all there are, than [`MOST_TEXTS`] allows, or than [`MOST_CACHE_BYTES`] have room for: the others wait. A text whose
//! caller is slow waits in its place. Who calls is in [`super::local`].

mod lane;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use self::lane::{Lane, Tally};
use super::EngineError;
use super::calls::Task;
use super::decoder::Shelf;
use super::writer::Writer;

/// Most texts on their way, on all lanes: each step takes longer the more there are.
const MOST_TEXTS: usize = 24;
/// Most memory for what they look back at, on all lanes, where a lane has more than one: 11,000 tokens of SmolLM2 135M.
const MOST_CACHE_BYTES: usize = 512 << 20;

/// The lanes. Dropping them ends their threads once the running steps are done.
pub(super) struct Lanes {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    writer: Arc<Writer>,
    lanes: usize,
    // std Mutex: held for a look through the list, not while a model runs.
    list: Mutex<List>,
    changed: Condvar,
}

#[derive(Default)]
struct List {
    /// In order of priority, then as they came.
    waiting: VecDeque<Task>,
    /// What is on its way: the lane and the prompt of each text.
    running: Vec<(usize, Arc<Vec<u32>>)>,
    closed: bool,
}

impl Lanes {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`EngineError::Compute`] when the system has no thread left.
    pub(super) fn start(writer: Arc<Writer>) -> Result<Self, EngineError> {
        let lanes = writer.decoder.lanes();
        let shared = Arc::new(Shared {
            writer,
            lanes,
            list: Mutex::default(),
            changed: Condvar::new(),
        });
        let mut started = Self {
            shared,
            threads: Vec::new(),
        };
        for number in 0..lanes {
            let shared = Arc::clone(&started.shared);
            let thread = std::thread::Builder::new()
                .name(format!("lane-{number}"))
                .spawn(move || work(&shared, number))
                .map_err(|error| EngineError::Compute(format!("no thread for the engine: {error}")))?;
            started.threads.push(thread);
        }
        Ok(started)
    }

    /// Puts tasks on the list.
    pub(super) fn submit(&self, tasks: impl IntoIterator<Item = Task>) {
        let mut list = self.shared.list();
        tasks.into_iter().for_each(|task| list.add(task));
        drop(list);
        self.shared.changed.notify_all();
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.shared.list().closed = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            // Lanes catch their own panics; there is nothing left to report.
            let _ended = thread.join();
        }
    }
}

impl Shared {
    fn list(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a task; false when no more will come.
    fn wait(&self) -> bool {
        let is_idle = |list: &mut List| list.waiting.is_empty() && !list.closed;
        let list = self.changed.wait_while(self.list(), is_idle);
        !list.unwrap_or_else(PoisonError::into_inner).closed
    }
}

impl List {
    /// Puts a task behind those of the same priority.
    fn add(&mut self, task: Task) {
        let is_before = |waiting: &Task| waiting.priority() <= task.priority();
        let place = self.waiting.partition_point(is_before);
        self.waiting.insert(place, task);
    }

    /// Takes the next task for a lane, if there is one that it may have.
    fn take(&mut self, lane: &Lane<'_>) -> Option<Task> {
        self.waiting.retain(|task| task.call.goes_on());
        let all = self.running.len() + self.waiting.len();
        if self.closed || lane.members.len() >= all.div_ceil(lane.shared.lanes).min(lane.most_texts()) {
            return None;
        }
        let most_urgent = self.waiting.front()?.priority();
        let urgent = self
            .waiting
            .iter()
            .take_while(|task| task.priority() == most_urgent);
        let prompts: Vec<&Arc<Vec<u32>>> = urgent.map(|task| &task.prompt).collect();
        let is_known = |prompt: &&Arc<Vec<u32>>| lane.shelf.has(prompt);
        let is_new = |prompt: &&Arc<Vec<u32>>| self.running.iter().all(|(_, running)| running != *prompt);
        let place = (prompts.iter().position(is_known))
            .or_else(|| prompts.iter().position(is_new))
            .unwrap_or(0);
        if !lane.has_room(self.waiting.get(place)?) {
            return None;
        }
        let task = self.waiting.remove(place)?;
        self.running.push((lane.number, Arc::clone(&task.prompt)));
        Some(task)
    }

    /// A text of a lane ended.
    fn give_back(&mut self, lane: usize, prompt: &Arc<Vec<u32>>) {
        let is_it = |(other, running): &(usize, Arc<Vec<u32>>)| *other == lane && running == prompt;
        if let Some(place) = self.running.iter().position(is_it) {
            self.running.swap_remove(place);
        }
    }

    /// Whether one text is all there is.
    fn is_lone(&self) -> bool {
        self.running.len() <= 1 && self.waiting.is_empty()
    }
}

/// What the thread of a lane does.
fn work(shared: &Shared, number: usize) {
    let mut shelf = Shelf::new(1);
    while shared.wait() {
        let mut lane = Lane {
            shared,
            writer: &shared.writer,
            number,
            shelf,
            members: Vec::new(),
            tally: Tally::default(),
        };
        lane.work();
        lane.tally.tell();
        lane.shelf.tidy();
        shelf = lane.shelf;
    }
}

/// Turns a panic in the model's code into an error.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let detail = text
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("unknown");
        Err(EngineError::Compute(format!("panic: {detail}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::calls::{Call, Place, Work};
    use crate::engine::{Cancel, GenerateRequest, Priority};

    #[test]
    fn what_somebody_waits_for_goes_first_and_else_tasks_stay_in_their_order() {
        use Priority::{Background, Interactive};
        let (call, _answers) = Call::new(&Cancel::new(), Place::any(), 5);
        let mut list = List::default();
        for (index, priority) in [Background, Interactive, Background, Interactive]
            .into_iter()
            .enumerate()
        {
            let request = GenerateRequest {
                priority,
                ..GenerateRequest::default()
            };
            list.add(Task {
                call: Arc::clone(&call),
                index,
                prompt: Arc::default(),
                work: Work::Write(request),
            });
        }
        let order: Vec<usize> = list.waiting.iter().map(|task| task.index).collect();
        assert_eq!(order, [1, 3, 0, 2]);
    }
}
