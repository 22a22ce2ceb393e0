//! What a model writes for each group at the first try, and what the gate says of it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::examples::licensed;
use super::groups::Group;
use crate::domain::{Check, CheckReason, Verdict};
use crate::engine::{Cancel, Engine, GenerateRequest, Generation, Sampling};
use crate::eval::rouge::{self, Rouge};
use crate::summarize::abstention::{self, ABSTENTION};
use crate::summarize::grounding::Automaton;
use crate::summarize::prompt::Prompt;
use crate::summarize::verify::copying::CopyIndex;
use crate::summarize::verify::{self, Candidate, Cited, Rules};
use crate::summarize::{Settings, candidates, parse, scoring};

/// How many groups are written together.
const GROUPS_A_CALL: usize = 16;

/// The model's first answer for one group: the most likely text that grounding allows.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    /// The group's id.
    pub id: String,
    /// The sentences.
    pub evidence: Vec<String>,
    /// The editor's bullet.
    pub bullet: Option<String>,
    /// The text.
    pub text: String,
    /// Why the gate refuses it; empty when it passes.
    pub reasons: Vec<CheckReason>,
    /// The mean natural logarithm of the probability of its tokens.
    pub mean_log_probability: f64,
    /// The least of these logarithms.
    pub least_log_probability: f64,
    /// How close it is to the editor's bullet.
    pub rouge: Option<Rouge>,
}

/// A table's row: what became of a model's first answers. Shares are 0 to 1.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The model.
    pub model: String,
    /// Groups for which the editor wrote a bullet.
    pub usable: usize,
    /// Groups for which the editor wrote none.
    pub junk: usize,
    /// Share of the junk for which the model wrote nothing.
    pub junk_abstained: f64,
    /// Share of the usable groups for which it wrote nothing.
    pub usable_abstained: f64,
    /// Share of what it wrote for usable groups that the gate refuses.
    pub refused: f64,
    /// Why: how often each reason, the most frequent first.
    pub reasons: Vec<(CheckReason, usize)>,
    /// Mean over what it wrote for usable groups.
    pub rouge: Rouge,
    /// Mean, of the wall clock, groups run together.
    pub seconds_a_group: f64,
}

/// The first answers of a model, in the order of the groups, and how long they took. `done` is told of each group.
///
/// # Errors
/// When the model cannot be used.
pub fn answers(
    groups: &[Group],
    engine: &dyn Engine,
    settings: &Settings,
    mut done: impl FnMut(),
) -> anyhow::Result<(Vec<Answer>, f64)> {
    let prompt = Prompt::for_model(engine.writer())?;
    let instructions = prompt.instruction_words()?;
    let started = Instant::now();
    let mut answers = Vec::with_capacity(groups.len());
    for groups in groups.chunks(GROUPS_A_CALL) {
        let written = write(groups, &prompt, engine, settings)?;
        for (group, generation) in groups.iter().zip(written) {
            let text = parse::bullet(&generation.text, "en");
            answers.push(Answer {
                reasons: check(&text, group, engine, settings, &instructions).reasons,
                rouge: group.bullet.as_deref().map(|bullet| score(&text, bullet)),
                evidence: group.evidence.iter().map(|line| line.text.clone()).collect(),
                bullet: group.bullet.clone(),
                id: group.id.clone(),
                mean_log_probability: generation.mean_log_probability,
                least_log_probability: generation.least_log_probability,
                text,
            });
            done();
        }
    }
    Ok((answers, started.elapsed().as_secs_f64()))
}

/// The first texts.
fn write(
    groups: &[Group],
    prompt: &Prompt,
    engine: &dyn Engine,
    settings: &Settings,
) -> anyhow::Result<Vec<Generation>> {
    let request = |group: &Group, licensed: Automaton| -> anyhow::Result<GenerateRequest> {
        Ok(GenerateRequest {
            messages: prompt.messages(&group.evidence)?,
            sampling: Sampling::default(),
            max_tokens: settings.max_bullet_tokens,
            constraint: Some(Arc::new(licensed)),
            ..GenerateRequest::default()
        })
    };
    let without = |group: &Group| request(group, licensed(&group.evidence));
    let with_choice = |group: &Group| request(group, licensed(&group.evidence).or(ABSTENTION));
    let generate = |requests| {
        let mut keep_on = |_: usize, _: &str| ControlFlow::Continue(());
        Ok(engine.generate(requests, &Cancel::new(), &mut keep_on)?)
    };
    if prompt.is_taught() {
        abstention::answers(groups, with_choice, without, generate)
    } else {
        generate(groups.iter().map(without).collect::<anyhow::Result<_>>()?)
    }
}

fn check(
    text: &str,
    group: &Group,
    engine: &dyn Engine,
    settings: &Settings,
    instructions: &[String],
) -> Check {
    let evidence: Vec<&str> = group.evidence.iter().map(|line| line.text.as_str()).collect();
    let copies = CopyIndex::of_texts(&evidence, settings.max_copied_words);
    let rules = Rules {
        headline: None,
        language: Some("en"),
        instructions,
        copies: &copies,
        max_chars: settings.max_bullet_chars,
    };
    let candidate = Candidate {
        text,
        evidence: &evidence,
        accepted: &[],
        rules: &rules,
    };
    let mut checks = [verify::run(&candidate, verify::ABSTRACTIVE)];
    let cited = [Cited {
        text,
        evidence: evidence.iter().map(|sentence| (*sentence).to_owned()).collect(),
    }];
    scoring::gate::score(&mut checks, &cited, engine, &Cancel::new());
    let [mut check] = checks;
    if check.verdict == Verdict::Verified && !candidates::is_reworded(text, &evidence) {
        check.reasons.push(CheckReason::CopiedRun);
    }
    check
}

fn score(text: &str, bullet: &str) -> Rouge {
    rouge::score(&rouge::tokens(text), &rouge::tokens(bullet))
}

/// The row of a model's answers, which took so many seconds.
pub fn row(model: &str, answers: &[Answer], seconds: f64) -> Row {
    let abstained = |answer: &&Answer| answer.reasons.contains(&CheckReason::Abstained);
    let share = |some: usize, all: usize| some as f64 / all.max(1) as f64;
    let (usable, junk): (Vec<&Answer>, Vec<&Answer>) =
        answers.iter().partition(|answer| answer.bullet.is_some());
    let written: Vec<&&Answer> = usable.iter().filter(|answer| !abstained(answer)).collect();
    let mut counts: BTreeMap<CheckReason, usize> = BTreeMap::new();
    for reason in written.iter().flat_map(|answer| &answer.reasons) {
        *counts.entry(*reason).or_default() += 1;
    }
    let mut reasons: Vec<(CheckReason, usize)> = counts.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mean = |of: fn(&Rouge) -> f64| {
        let values = written.iter().filter_map(|answer| answer.rouge.as_ref()).map(of);
        values.sum::<f64>() / written.len().max(1) as f64
    };
    Row {
        model: model.to_owned(),
        junk_abstained: share(junk.iter().filter(|answer| abstained(answer)).count(), junk.len()),
        usable_abstained: share(
            usable.iter().filter(|answer| abstained(answer)).count(),
            usable.len(),
        ),
        refused: share(
            written.iter().filter(|answer| !answer.reasons.is_empty()).count(),
            written.len(),
        ),
        reasons,
        rouge: Rouge {
            one: mean(|rouge| rouge.one),
            two: mean(|rouge| rouge.two),
            longest: mean(|rouge| rouge.longest),
        },
        seconds_a_group: seconds / answers.len().max(1) as f64,
        usable: usable.len(),
        junk: junk.len(),
    }
}

const COLUMNS: [&str; 7] = [
    "model",
    "nothing written: usable %",
    "nothing written: junk %",
    "refused %",
    "R-1/R-2/R-L",
    "s/group",
    "reasons",
];

/// The cells of a table of these rows, its head first.
pub fn cells(rows: &[Row]) -> Vec<Vec<String>> {
    let percent = |share: f64| format!("{:.1}", share * 100.0);
    let line = |row: &Row| {
        let reason = |(reason, count): &(CheckReason, usize)| {
            let code = serde_json::to_value(reason).ok()?;
            Some(format!("{} {count}", code.as_str()?))
        };
        let reasons: Vec<String> = row.reasons.iter().filter_map(reason).collect();
        let rouge = [row.rouge.one, row.rouge.two, row.rouge.longest].map(percent);
        vec![
            row.model.clone(),
            percent(row.usable_abstained),
            percent(row.junk_abstained),
            percent(row.refused),
            rouge.join("/"),
            format!("{:.2}", row.seconds_a_group),
            reasons.join(", "),
        ]
    };
    let head = COLUMNS.map(ToOwned::to_owned).to_vec();
    std::iter::once(head).chain(rows.iter().map(line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bullet: Option<&str>, reasons: &[CheckReason]) -> Answer {
        Answer {
            id: "a".to_owned(),
            evidence: Vec::new(),
            bullet: bullet.map(ToOwned::to_owned),
            text: "The ferry will stop.".to_owned(),
            reasons: reasons.to_vec(),
            mean_log_probability: 0.0,
            least_log_probability: 0.0,
            rouge: bullet.map(|bullet| score("The ferry will stop.", bullet)),
        }
    }

    #[test]
    fn what_is_not_written_is_neither_refused_nor_compared() {
        let nothing = [CheckReason::Abstained, CheckReason::TooShort];
        let answers = [
            answer(Some("The ferry will stop."), &[]),
            answer(
                Some("The ferry will stop."),
                &[CheckReason::FactsMixed, CheckReason::CopiedRun],
            ),
            answer(Some("Another text."), &nothing),
            answer(Some("The ferry will stop."), &[CheckReason::FactsMixed]),
            answer(None, &nothing),
            answer(None, &[]),
            answer(None, &[CheckReason::FactsMixed]),
        ];
        let row = row("tiny", &answers, 14.0);
        let near = |value: f64, wanted: f64| (value - wanted).abs() < 1e-9;
        assert_eq!((row.usable, row.junk), (4, 3));
        assert!(near(row.junk_abstained, 1.0 / 3.0) && near(row.usable_abstained, 0.25));
        assert!(near(row.refused, 2.0 / 3.0) && near(row.seconds_a_group, 2.0));
        assert_eq!(
            row.reasons,
            [(CheckReason::FactsMixed, 2), (CheckReason::CopiedRun, 1)]
        );
        assert!(near(row.rouge.one, 1.0));
    }
}
