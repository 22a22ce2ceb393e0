//! What a model is taught with: the prompts that the program itself makes, and the answers that it would let through, as
//! tokens, so that what is learned is what is asked later.

use serde::Serialize;

use super::groups::Group;
use crate::engine::constraint::admits;
use crate::engine::writer::Writer;
use crate::summarize::abstention::ABSTENTION;
use crate::summarize::grounding::Automaton;
use crate::summarize::prompt::{Line, Prompt};

/// A prompt with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrainingExample {
    /// The group's id; several examples may come of one group.
    pub id: String,
    /// Token ids of the prompt.
    pub prompt: Vec<u32>,
    /// Token ids of the answer, without an end token.
    pub answer: Vec<u32>,
    /// Whether the answer is that nothing is usable.
    pub abstains: bool,
}

/// Examples, and how many are left out because grounding forbids what the editor wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Examples {
    /// The examples, in the order of the groups.
    pub taught: Vec<TrainingExample>,
    /// How many bullets use words that their evidence does not license.
    pub forbidden: usize,
}

/// The examples of these groups: each with all of its evidence, and where the bullet rests on a part of it, also with that
/// part alone.
///
/// # Errors
/// When a prompt cannot be made.
pub fn of(groups: &[Group], writer: &Writer, prompt: &Prompt) -> anyhow::Result<Examples> {
    let mut examples = Examples::default();
    for group in groups {
        let used = |(index, _): &(usize, &Line)| group.uses.contains(index);
        let part: Vec<Line> = group
            .evidence
            .iter()
            .enumerate()
            .filter(used)
            .map(|(_, line)| line.clone())
            .collect();
        let mut views = vec![group.evidence.clone()];
        if !part.is_empty() && part.len() < group.evidence.len() {
            views.push(part);
        }
        for evidence in views {
            let answer = group.bullet.as_deref().unwrap_or(ABSTENTION);
            if group.bullet.is_some() && !admits(&licensed(&evidence), answer) {
                examples.forbidden += 1;
                continue;
            }
            examples.taught.push(TrainingExample {
                id: group.id.clone(),
                prompt: writer.prompt(&prompt.messages(&evidence)?)?,
                answer: writer.tokenize(answer)?,
                abstains: group.bullet.is_none(),
            });
        }
    }
    Ok(examples)
}

/// What may be written from these sentences.
pub fn licensed(evidence: &[Line]) -> Automaton {
    let sentences: Vec<&str> = evidence.iter().map(|line| line.text.as_str()).collect();
    Automaton::new(&sentences)
}
