//! The rows of the table: each makes a summary of a case. nutgraf itself, one plain prompt, and extractive baselines.

use std::ops::ControlFlow;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::cases::Case;
use super::{extractive, plain};
use crate::clock::Clock;
use crate::domain::{BulletKind, CheckReason, Summary, article_set_hash};
use crate::engine::{Cancel, Engine, GenerateRequest, Sampling};
use crate::ingest::analyze::analyze;
use crate::summarize::{self, Gate, Grounding, Input, Source};
use crate::text::facts::written_day;

/// About how many words a bullet has.
const WORDS_A_BULLET: usize = 18;

/// A way to make a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Row {
    /// This program as it is configured.
    Nutgraf,
    /// The same, but the model may write anything.
    WithoutMask,
    /// The same, but nothing that the model writes is refused; the first candidates are all there are.
    WithoutGate,
    /// The same without either.
    WithoutBoth,
    /// The same model with one plain prompt over the beginnings of the articles.
    PlainPrompt,
    /// The first three sentences of the most central article.
    Lead3,
    /// First sentences of all articles.
    RoundRobin,
    /// Erkan & Radev 2004.
    Lexrank,
    /// Mihalcea & Tarau 2004.
    Textrank,
    /// Radev et al. 2004.
    Centroid,
    /// The best extracts for the reference, which it sees.
    Oracle,
}

impl Row {
    /// Its name in tables and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nutgraf => "nutgraf",
            Self::WithoutMask => "without-mask",
            Self::WithoutGate => "without-gate",
            Self::WithoutBoth => "without-both",
            Self::PlainPrompt => "plain-prompt",
            Self::Lead3 => "lead3",
            Self::RoundRobin => "round-robin",
            Self::Lexrank => "lexrank",
            Self::Textrank => "textrank",
            Self::Centroid => "centroid",
            Self::Oracle => "oracle",
        }
    }

    /// Whether it needs the models.
    pub fn needs_engine(self) -> bool {
        self.is_nutgraf() || self == Self::PlainPrompt
    }

    fn is_nutgraf(self) -> bool {
        matches!(
            self,
            Self::Nutgraf | Self::WithoutMask | Self::WithoutGate | Self::WithoutBoth
        )
    }

    /// How the row summarizes: as configured, with what it is without switched off, and with the bullets that a longer
    /// word budget has room for.
    pub fn settings(self, configured: &summarize::Settings, budget_words: usize) -> summarize::Settings {
        let mut settings = configured.clone();
        settings.max_bullets = settings.max_bullets.max(budget_words / WORDS_A_BULLET);
        if matches!(self, Self::WithoutMask | Self::WithoutBoth) {
            settings.grounding = Grounding::Off;
        }
        if matches!(self, Self::WithoutGate | Self::WithoutBoth) {
            settings.gate = Gate::Off;
        }
        settings
    }
}

/// One statement of a summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// As it is served.
    pub text: String,
    /// Without what code added.
    pub written: String,
    /// Who worded it.
    pub kind: BulletKind,
    /// How many independent outlets say it, where the row knows.
    pub outlets: Option<u32>,
    /// The days in it that code resolved ("on Monday"), as they are written there.
    #[serde(default)]
    pub resolved: Vec<String>,
}

/// A row's summary of one story: a line of `DIR/ROW.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Written {
    /// Which story.
    pub story_id: String,
    /// What it was made with: settings, models, word budget. Another recipe is not resumed from.
    pub recipe: String,
    /// Lede and bullets in reading order; uncut.
    pub statements: Vec<Statement>,
    /// Statements that were due and are not there: neither written nor quoted.
    pub omitted: usize,
    /// Why wordings were refused.
    pub refused: Vec<CheckReason>,
    /// How long it took.
    pub seconds: f64,
    /// What nutgraf made, with its evidence: for a person, and for programs that judge it by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
}

/// What the rows with a model work with.
pub struct Desk<'a> {
    /// The models.
    pub engine: &'a dyn Engine,
    /// How nutgraf summarizes.
    pub settings: &'a summarize::Settings,
    /// Dates the summaries.
    pub clock: &'a dyn Clock,
}

/// Makes a row's summary. `None`: the row cannot, for want of a reference (the oracle) or of models.
///
/// # Errors
/// When the engine cannot be used.
pub fn write(
    row: Row,
    case: &Case,
    desk: Option<&Desk<'_>>,
    budget_words: usize,
    recipe: &str,
) -> anyhow::Result<Option<Written>> {
    let started = Instant::now();
    let mut written = Written {
        story_id: case.id.to_string(),
        recipe: recipe.to_owned(),
        statements: Vec::new(),
        omitted: 0,
        refused: Vec::new(),
        seconds: 0.0,
        summary: None,
    };
    let extracts = match (row, desk, &case.reference) {
        (row, Some(desk), _) if row.is_nutgraf() => {
            nutgraf(
                case,
                desk,
                &row.settings(desk.settings, budget_words),
                &mut written,
            )?;
            Vec::new()
        }
        (Row::PlainPrompt, Some(desk), _) => {
            let text = plain_prompt(case, desk)?;
            written.statements.push(statement(text, BulletKind::Abstractive));
            Vec::new()
        }
        (Row::Lead3, ..) => extractive::lead(&case.sentences),
        (Row::RoundRobin, ..) => extractive::round_robin(&case.sentences),
        (Row::Lexrank, ..) => extractive::lex_rank(&case.sentences),
        (Row::Textrank, ..) => extractive::text_rank(&case.sentences),
        (Row::Centroid, ..) => extractive::centroid(&case.sentences),
        (Row::Oracle, _, Some(reference)) => extractive::oracle(&case.sentences, reference, budget_words),
        _ => return Ok(None),
    };
    let extracts = extractive::cut_at(&extracts, budget_words);
    let extracts = extracts
        .into_iter()
        .map(|text| statement(text, BulletKind::Extractive));
    written.statements.extend(extracts);
    written.seconds = started.elapsed().as_secs_f64();
    Ok(Some(written))
}

fn statement(text: String, kind: BulletKind) -> Statement {
    Statement {
        written: text.clone(),
        text,
        kind,
        outlets: None,
        resolved: Vec::new(),
    }
}

fn nutgraf(
    case: &Case,
    desk: &Desk<'_>,
    settings: &summarize::Settings,
    written: &mut Written,
) -> anyhow::Result<()> {
    let cancel = Cancel::new();
    let analyses = analyze(
        &case.articles.iter().collect::<Vec<_>>(),
        settings,
        desk.engine,
        &cancel,
    )?;
    let source = |(article, analysis)| -> Source<'_> {
        let article: &crate::domain::Article = article;
        Source {
            meta: &article.meta,
            text: &article.text,
            analysis,
        }
    };
    let sources: Vec<Source<'_>> = case.articles.iter().zip(&analyses).map(source).collect();
    let hashes = case
        .articles
        .iter()
        .map(|article| (&article.meta.id, article.meta.content_hash.as_str()));
    let input = Input {
        story_id: &case.id,
        headline: case.headline.as_deref(),
        language: case.language.as_deref(),
        article_set_hash: &article_set_hash(case.headline.as_deref(), case.language.as_deref(), hashes),
        sources: &sources,
        previous: None,
    };
    let summary = summarize::summarize(&input, settings, desk.engine, desk.clock, &cancel, &mut |_| {})?;
    // References have no lenses.
    for bullet in summary.statements().filter(|bullet| bullet.lens.is_none()) {
        written.refused.extend(bullet.check.refused.iter().flatten());
        let resolved = bullet
            .citations
            .iter()
            .filter_map(|citation| citation.resolved.as_ref());
        written.statements.push(Statement {
            text: bullet.text.clone(),
            written: bullet.text_without_added(),
            kind: bullet.kind,
            outlets: Some(bullet.outlets),
            resolved: resolved.map(|resolved| written_day(resolved.date)).collect(),
        });
    }
    written.omitted = (settings.max_bullets + 1).saturating_sub(written.statements.len());
    written.summary = Some(summary);
    Ok(())
}

fn plain_prompt(case: &Case, desk: &Desk<'_>) -> anyhow::Result<String> {
    let request = GenerateRequest {
        messages: plain::messages(&case.articles, desk.engine.writer().context_tokens),
        sampling: Sampling::default(),
        seed: desk.settings.seed,
        max_tokens: plain::MOST_TOKENS,
        ..GenerateRequest::default()
    };
    let answers = desk.engine.generate(vec![request], &Cancel::new(), &mut |_, _| {
        ControlFlow::Continue(())
    })?;
    Ok(answers.into_iter().map(|answer| answer.text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_without_what_its_name_says_and_nothing_else() {
        let configured = summarize::Settings::default();
        assert_eq!(Row::Nutgraf.settings(&configured, 50), configured);
        let longer = Row::Nutgraf.settings(&configured, 220);
        assert_eq!(longer.max_bullets, 12);
        for (row, grounding, gate) in [
            (Row::WithoutMask, Grounding::Off, Gate::On),
            (Row::WithoutGate, Grounding::Evidence, Gate::Off),
            (Row::WithoutBoth, Grounding::Off, Gate::Off),
        ] {
            let expected = summarize::Settings {
                grounding,
                gate,
                ..configured.clone()
            };
            assert_eq!(row.settings(&configured, 50), expected);
        }
    }
}
