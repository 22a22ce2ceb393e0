//! A call that waits for texts or scores, as the threads that make them see it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Cancel, EngineError, GenerateRequest, Generation, Priority};

/// How many pieces of text may wait for a slow caller before its texts wait for it.
const PIECES_AHEAD: usize = 256;

/// What a caller is told: which of its requests, and what of it.
pub(super) enum Answer {
    Piece(usize, String),
    Written(usize, Generation),
    Scored(usize, Vec<f32>),
    Failed(EngineError),
}

/// One of several calls that may be under way; given back when dropped.
pub(super) struct Place(Arc<AtomicUsize>);

impl Place {
    /// A place among so many; `None` when all are taken.
    pub(super) fn take(taken: &Arc<AtomicUsize>, capacity: usize) -> Option<Self> {
        let one_more = |taken: usize| (taken < capacity).then_some(taken + 1);
        let found = taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        found.is_ok().then(|| Self(Arc::clone(taken)))
    }
}

impl Place {
    /// One that nobody counts.
    pub(super) fn any() -> Self {
        Self(Arc::new(AtomicUsize::new(1)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A call, shared by the threads that work for it.
pub(super) struct Call {
    cancel: Cancel,
    answers: Sender<Answer>,
    /// Requests that have no answer yet.
    open: AtomicUsize,
    caller: Arc<Caller>,
    /// Nobody waits any more.
    is_over: AtomicBool,
    /// Given back before the last answer: whoever has that may call again at once. std Mutex: held to take it.
    place: Mutex<Option<Place>>,
}

/// What is known of whoever takes the answers.
#[derive(Default)]
struct Caller {
    /// Pieces that it has not seen yet.
    ahead: AtomicUsize,
    is_gone: AtomicBool,
}

/// The caller's end.
pub(super) struct Answers {
    incoming: Receiver<Answer>,
    caller: Arc<Caller>,
}

impl Answers {
    /// The next answer; `None` when there can be none.
    pub(super) fn next(&self) -> Option<Answer> {
        let answer = self.incoming.recv().ok()?;
        if let Answer::Piece(..) = answer {
            self.caller.ahead.fetch_sub(1, Ordering::AcqRel);
        }
        Some(answer)
    }
}

impl Drop for Answers {
    /// Texts that wait for this caller learn that it is gone.
    fn drop(&mut self) {
        self.caller.is_gone.store(true, Ordering::Release);
    }
}

impl Call {
    pub(super) fn new(cancel: &Cancel, place: Place, requests: usize) -> (Arc<Self>, Answers) {
        let (answers, incoming) = channel();
        let caller = Arc::default();
        let call = Self {
            cancel: cancel.clone(),
            answers,
            open: AtomicUsize::new(requests),
            caller: Arc::clone(&caller),
            is_over: AtomicBool::new(false),
            place: Mutex::new(Some(place)),
        };
        (Arc::new(call), Answers { incoming, caller })
    }

    /// Whether somebody still waits; one that was cancelled learns it here.
    pub(super) fn goes_on(&self) -> bool {
        if self.cancel.is_cancelled() {
            self.fail(EngineError::Cancelled);
        }
        if self.caller.is_gone.load(Ordering::Acquire) {
            self.end();
        }
        !self.is_over.load(Ordering::Acquire)
    }

    /// Whether the caller has room for another piece.
    pub(super) fn keeps_up(&self) -> bool {
        self.caller.ahead.load(Ordering::Acquire) < PIECES_AHEAD
    }

    /// Hands on a piece of a text.
    pub(super) fn tell(&self, index: usize, piece: String) {
        self.caller.ahead.fetch_add(1, Ordering::AcqRel);
        // A caller that is gone needs none.
        let _nobody_waits = self.answers.send(Answer::Piece(index, piece));
    }

    /// Hands on the answer to one request.
    pub(super) fn answer(&self, answer: Answer) {
        if self.open.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.end();
        }
        // A caller that is gone needs none.
        let _nobody_waits = self.answers.send(answer);
    }

    /// Ends all of the call with an error, unless it is over.
    pub(super) fn fail(&self, error: EngineError) {
        if self.end() {
            let _nobody_waits = self.answers.send(Answer::Failed(error));
        }
    }

    /// False when it was over before.
    fn end(&self) -> bool {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(place);
        !self.is_over.swap(true, Ordering::AcqRel)
    }
}

/// One request of a call, with its prompt.
pub(super) struct Task {
    pub(super) call: Arc<Call>,
    pub(super) index: usize,
    pub(super) prompt: Arc<Vec<u32>>,
    pub(super) work: Work,
}

/// What is to be done after the prompt.
pub(super) enum Work {
    Write(GenerateRequest),
    /// The answer whose tokens are scored.
    Score(Vec<u32>),
}

impl Task {
    pub(super) fn priority(&self) -> Priority {
        match &self.work {
            Work::Write(request) => request.priority,
            Work::Score(_) => Priority::Background,
        }
    }

    /// Most tokens after the prompt.
    pub(super) fn most_tokens(&self) -> usize {
        match &self.work {
            Work::Write(request) => request.max_tokens,
            Work::Score(answer) => answer.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(requests: usize) -> (Arc<Call>, Answers, Arc<AtomicUsize>) {
        let taken = Arc::default();
        let place = Place::take(&taken, 1).unwrap();
        assert!(Place::take(&taken, 1).is_none());
        let (call, answers) = Call::new(&Cancel::new(), place, requests);
        (call, answers, taken)
    }

    #[test]
    fn texts_wait_for_a_slow_caller_and_end_when_it_is_gone() {
        let (call, answers, taken) = call(1);
        for _ in 0..PIECES_AHEAD {
            assert!(call.keeps_up());
            call.tell(0, "a".to_owned());
        }
        assert!(!call.keeps_up() && call.goes_on());
        assert!(matches!(answers.next(), Some(Answer::Piece(0, _))));
        assert!(call.keeps_up());
        drop(answers);
        assert!(!call.goes_on());
        assert_eq!(taken.load(Ordering::Acquire), 0, "its place is taken for ever");
    }

    #[test]
    fn the_place_is_given_back_before_the_last_answer_and_errors_come_once() {
        let (call, answers, taken) = call(2);
        call.answer(Answer::Scored(1, Vec::new()));
        assert_eq!(taken.load(Ordering::Acquire), 1);
        call.answer(Answer::Scored(0, Vec::new()));
        assert_eq!(taken.load(Ordering::Acquire), 0);
        call.fail(EngineError::Stopped);
        drop(call);
        assert!(matches!(answers.next(), Some(Answer::Scored(1, _))));
        assert!(matches!(answers.next(), Some(Answer::Scored(0, _))));
        assert!(answers.next().is_none());
    }
}
