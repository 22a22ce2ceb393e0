//! A summary version: immutable once stored. Reading it back gives what was written.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{ArticleId, Bias, Coverage, StoryId};

/// The label that every representation of a summary carries (P18).
pub const AI_LABEL: &str = "AI-generated summary";

/// The version of the checks in `summarize::verify`; stored with each summary.
pub const CHECKS_VERSION: &str = "v3";

/// Where a story's summary stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SummaryStatus {
    /// There is text.
    Ready,
    /// None was made yet.
    Pending,
    /// There is too little to go on (P16); `reason` says what.
    InsufficientSources,
    /// Everything it said was withheld.
    Withheld,
    /// It could not be made; the job's last error says why.
    Failed,
}

/// Why a summary is shorter, or otherwise less, than a reader would expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SummaryReason {
    /// The story has no articles.
    NoArticles,
    /// Cleaned of boilerplate, the articles hold no sentence that can be quoted.
    NoUsableText,
    /// All articles are opinion pieces or newsletters.
    NoReports,
    /// Neither the model nor the rules serve the story's language: extracts only.
    UnsupportedLanguage,
    /// The articles are about more than one event; each statement is about one of them.
    SeveralStories,
}

/// One version of a story's summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The story.
    pub story_id: StoryId,
    /// Counts from 1; given by the store (0 before).
    pub version: u32,
    /// `ready` or `insufficient_sources`: the other states belong to the story, not to a version.
    pub status: SummaryStatus,
    /// Set with `insufficient_sources`, and where the text is extracts only.
    pub reason: Option<SummaryReason>,
    /// A BCP 47 language tag.
    pub language: Option<String>,
    /// The caller's headline, else the title of the most central article.
    pub headline: Option<String>,
    /// The best point, with place and date.
    pub lede: Option<Lede>,
    /// The other points, best first.
    pub bullets: Vec<Bullet>,
    /// What the outlets of each side stress (P11).
    #[serde(default)]
    pub lenses: Lenses,
    /// What outlets say differently (P8).
    #[serde(default)]
    pub conflicts: Vec<Conflict>,
    /// How the articles are spread.
    pub coverage: Coverage,
    /// How, when and from what it was made.
    pub made: Made,
}

/// What each side stresses that the others do not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Lenses {
    /// From the articles of left outlets only.
    pub left: Lens,
    /// From those of the center only.
    pub center: Lens,
    /// From those of right outlets only.
    pub right: Lens,
}

/// What one side stresses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Lens {
    /// Whether there is text.
    pub status: LensStatus,
    /// Why it is omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<LensReason>,
    /// What it says, most distinct first: checked as every bullet is, and cited from this side's articles only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bullets: Vec<Bullet>,
}

/// Where a lens stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LensStatus {
    /// There is text.
    Ready,
    /// There is none; `reason` says why.
    #[default]
    Omitted,
    /// Everything it said was withheld.
    Withheld,
}

/// Why a lens is omitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LensReason {
    /// Fewer than two independent outlets of this side wrote on the story.
    TooFewOutlets,
    /// The side says nothing that the summary or the other sides do not say.
    NothingDistinct,
    /// The rules do not serve the story's language.
    UnsupportedLanguage,
}

/// Different values of one thing, and who gives which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Conflict {
    /// What the values are of: `death toll`, `people injured`.
    pub about: String,
    /// The values, that of the newest article first; at least two.
    pub values: Vec<ConflictValue>,
}

/// One of several values of a thing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConflictValue {
    /// As a number in digits: `12`, `at least 12`.
    pub value: String,
    /// The outlets that give it, by name.
    pub outlets: Vec<String>,
}

/// The first sentence of a summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Lede {
    /// Where it happened, as the dateline of a cited article has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The day of the newest cited article.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub date: Option<Date>,
    /// What is said, checked and cited as every bullet is.
    #[serde(flatten)]
    pub bullet: Bullet,
}

/// One checked statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Bullet {
    /// Stays the same over re-summaries as long as the evidence does.
    pub id: Uuid,
    /// One or two complete sentences; plain text, never markup.
    pub text: String,
    /// The lens that it belongs to; absent for the lede and the bullets of the summary itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lens: Option<Bias>,
    /// Who worded it.
    pub kind: BulletKind,
    /// How many independent outlets say it (P14): reprints and wire copies count once.
    pub outlets: u32,
    /// What the checks found.
    pub check: Check,
    /// The sentences that it rests on; never empty (P1).
    pub citations: Vec<Citation>,
    /// Parts of `text` that our code added and that stand outside the text checks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<Added>,
    /// SHA-256 (hex) over the evidence sentences that the writer was given.
    pub evidence_hash: String,
}

/// Who worded a bullet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BulletKind {
    /// The model, from the cited sentences.
    Abstractive,
    /// The outlet: a sentence of an article as it stands.
    Extractive,
    /// An editor.
    Edited,
}

/// What the checks found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Check {
    /// Whether it passed.
    pub verdict: Verdict,
    /// How well the evidence supports it, 0 to 1, where a scorer ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Why it failed, or why it was not checked.
    pub reasons: Vec<CheckReason>,
    /// Why the model's earlier wordings of this point were refused, in the order in which they were tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Vec<CheckReason>>,
}

/// Three different stored values (P21): a checker that breaks gives `not_checked`, never `verified`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every check passed.
    Verified,
    /// A check refused it.
    Failed,
    /// A check could not run.
    NotChecked,
}

/// Why a wording is refused. Each code belongs to one promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckReason {
    /// P1: it cites nothing.
    NoCitation,
    /// P2: a number, date, amount or unit is in no cited sentence.
    NumberNotInEvidence,
    /// P3: a person, organisation or place is in no cited sentence.
    NameNotInEvidence,
    /// P4: words in quotation marks are no verbatim span of a cited sentence.
    QuoteNotVerbatim,
    /// P4: a quotation has another speaker than in the cited sentences.
    QuoteMisattributed,
    /// P5: what the source only reports is told as a fact.
    AttributionDropped,
    /// P6: a negation or a modality appeared or vanished.
    PolarityChanged,
    /// P6: two names stand the other way round their verb than in the cited sentences.
    RolesSwapped,
    /// P1: too few of its words are in the cited sentences to call them its source.
    NotSupported,
    /// P1: an entailment model does not find that the cited sentences entail it.
    NotEntailed,
    /// P1: the learned score that the cited sentences prove it is below the threshold.
    LowScore,
    /// P7: no single cited sentence has its names and most of its words in their order.
    FactsMixed,
    /// P10: a word outside quotation marks judges what it tells.
    NotNeutral,
    /// P12: it repeats another bullet.
    RepeatsBullet,
    /// P12: it says one thing twice.
    RepeatsItself,
    /// P12: it only repeats the headline.
    RepeatsHeadline,
    /// P13: it shares too long a run of words with one article.
    CopiedRun,
    /// P16: the model said that nothing is usable.
    Abstained,
    /// P17: nothing, or too few words, came out.
    TooShort,
    /// P17: more than two sentences, or too many characters.
    TooLong,
    /// P17: it does not end as a sentence does.
    Unfinished,
    /// P17: a word in it points to a sentence before it, or it supposes something under a condition that it does not tell.
    NotSelfContained,
    /// P17: markup, lists, line breaks or stray symbols.
    Markup,
    /// P17: it is in another language than the story.
    WrongLanguage,
    /// P17, P20: it speaks of the task, the prompt or itself, or carries chat control tokens.
    PromptLeak,
    /// P21: the check itself broke.
    CheckError,
}

/// A cited sentence: `quote` is the slice `[start, end)` of the article's stored plain text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Citation {
    /// Which article of the story.
    pub article_id: ArticleId,
    /// Its outlet.
    pub outlet: Option<String>,
    /// Where it can be read.
    pub url: Option<String>,
    /// First Unicode code point of the sentence.
    pub start: u32,
    /// One past its last code point.
    pub end: u32,
    /// The sentence itself.
    pub quote: String,
    /// A relative date that our code made absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
}

/// A relative date of a cited sentence ("on Monday") and the day it means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Resolved {
    /// As the sentence has it.
    pub text: String,
    /// The day.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
}

/// A part of a bullet's text that our code added: half-open, in code points of the bullet's text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Added {
    /// First code point.
    pub start: u32,
    /// One past the last.
    pub end: u32,
    /// The text itself.
    pub text: String,
}

/// How, when and from what a summary was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Made {
    /// `machine`.
    pub by: String,
    /// What to show readers (P18).
    pub label: String,
    /// The model that wrote.
    pub model: String,
    /// SHA-256 (hex) of its file.
    pub model_sha256: String,
    /// Name and version of the prompt.
    pub prompt: String,
    /// Version of the checks.
    pub checks: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How long that took, milliseconds.
    pub took_ms: u64,
    /// The article set it was made from (P15).
    pub article_set_hash: String,
    /// When its newest article was published, where that is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub covers_until: Option<Timestamp>,
    /// The sampling seed.
    pub seed: u64,
}

impl Bullet {
    /// The text without the parts that our code added.
    pub fn text_without_added(&self) -> String {
        let is_added = |position: usize| {
            let mut added = self.added.iter();
            added.any(|added| (added.start as usize..added.end as usize).contains(&position))
        };
        let characters = self.text.chars().enumerate();
        characters
            .filter(|(position, _)| !is_added(*position))
            .map(|(_, c)| c)
            .collect()
    }
}

impl Lenses {
    /// The lenses, from left to right.
    pub fn sides(&self) -> [(Bias, &Lens); 3] {
        [
            (Bias::Left, &self.left),
            (Bias::Center, &self.center),
            (Bias::Right, &self.right),
        ]
    }

    /// The lenses to change, from left to right.
    pub fn sides_mut(&mut self) -> [(Bias, &mut Lens); 3] {
        [
            (Bias::Left, &mut self.left),
            (Bias::Center, &mut self.center),
            (Bias::Right, &mut self.right),
        ]
    }

    /// What all of them say, from left to right.
    pub fn bullets(&self) -> impl Iterator<Item = &Bullet> {
        self.sides().into_iter().flat_map(|(_, lens)| &lens.bullets)
    }
}

impl Lens {
    /// One without text, and why.
    pub fn omitted(reason: LensReason) -> Self {
        Self {
            reason: Some(reason),
            ..Self::default()
        }
    }

    /// What a side says; omitted where it says nothing.
    pub fn of(bullets: Vec<Bullet>) -> Self {
        if bullets.is_empty() {
            return Self::omitted(LensReason::NothingDistinct);
        }
        Self {
            status: LensStatus::Ready,
            reason: None,
            bullets,
        }
    }
}

impl Summary {
    /// The lede, the bullets and those of the lenses, in reading order.
    pub fn statements(&self) -> impl Iterator<Item = &Bullet> {
        let own = self.lede.iter().map(|lede| &lede.bullet).chain(&self.bullets);
        own.chain(self.lenses.bullets())
    }

    /// Whether it says the same, from the same articles, made the same way: all but ids, version and times.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.without_stamps() == other.without_stamps()
    }

    fn without_stamps(&self) -> Self {
        let mut plain = self.clone();
        plain.version = 0;
        plain.made.at = Timestamp::UNIX_EPOCH;
        plain.made.took_ms = 0;
        for bullet in plain
            .lede
            .iter_mut()
            .map(|lede| &mut lede.bullet)
            .chain(&mut plain.bullets)
            .chain(
                plain
                    .lenses
                    .sides_mut()
                    .into_iter()
                    .flat_map(|(_, lens)| &mut lens.bullets),
            )
        {
            bullet.id = Uuid::nil();
        }
        plain
    }
}
