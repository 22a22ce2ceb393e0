//! A reader's report on one version of a summary.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{FieldError, StoryId};

const MAX_COMMENT_CHARS: usize = 2_000;
const MAX_EVIDENCE_URLS: usize = 5;
const MAX_URL_CHARS: usize = 2_000;
const MAX_EMAIL_CHARS: usize = 254;

/// What a reader finds wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReasonCode {
    /// It is not so.
    FactualError,
    /// No cited source says it.
    NotInSources,
    /// A quotation is not what was said, or not by whom.
    Misquote,
    /// A claim is told as a fact.
    MissingAttribution,
    /// The citation points at the wrong place.
    WrongSource,
    /// Two events were mixed.
    MixedUpStories,
    /// It is no longer so.
    Outdated,
    /// It misleads by what it leaves out.
    MissingContext,
    /// It takes sides.
    BiasedOrEditorialized,
    /// It copies a source.
    CopiedText,
    /// It repeats itself or does not belong.
    RepetitiveOrIrrelevant,
    /// It harms somebody, is private, or is unlawful.
    HarmfulPrivateOrLegal,
    /// It is badly written.
    LanguageQuality,
    /// Something else.
    Other,
}

/// Who reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReporterRole {
    /// A reader.
    Reader,
    /// The publisher of a source.
    Publisher,
    /// Somebody the story is about.
    Subject,
    /// An editor.
    Editor,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FeedbackStatus {
    /// Stored.
    Received,
    /// Seen.
    Triaged,
    /// The reader is right.
    Confirmed,
    /// The reader is wrong.
    Rejected,
    /// Reported before.
    Duplicate,
    /// Put right in a later version.
    Fixed,
}

/// A span of a bullet's text, in Unicode code points, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuotedSpan {
    /// First code point.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

/// What a reader sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FeedbackInput {
    /// The version that the reader saw.
    pub version: u32,
    /// The bullet; absent when it is about the whole summary.
    #[serde(default)]
    pub bullet_id: Option<Uuid>,
    /// What is wrong.
    pub reason: ReasonCode,
    /// The part of the bullet that is meant.
    #[serde(default)]
    pub quoted: Option<QuotedSpan>,
    /// In the reader's own words; at most 2,000 characters.
    #[serde(default)]
    pub comment: Option<String>,
    /// How it should read; at most 2,000 characters.
    #[serde(default)]
    pub suggestion: Option<String>,
    /// At most five http(s) URLs.
    #[serde(default)]
    pub evidence_urls: Vec<String>,
    /// Who reports.
    #[serde(default)]
    pub role: Option<ReporterRole>,
    /// Never returned.
    #[serde(default)]
    pub contact_email: Option<String>,
}

/// A stored report.
#[derive(Debug, Clone, PartialEq)]
pub struct Feedback {
    /// Its id.
    pub id: Uuid,
    /// The story it is about.
    pub story_id: StoryId,
    /// What the reader sent.
    pub input: FeedbackInput,
    /// Where it stands.
    pub status: FeedbackStatus,
    /// What readers are told about the outcome.
    pub public_note: Option<String>,
    /// The version in which it was put right.
    pub fixed_in: Option<u32>,
    /// When it came.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl FeedbackInput {
    /// Checks the limits that the type does not hold.
    pub fn validate(&self) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut wrong = |pointer: String, detail: String| errors.push(FieldError { pointer, detail });
        if self.version == 0 {
            wrong("/version".to_owned(), "versions count from 1".to_owned());
        }
        for (field, value) in [("comment", &self.comment), ("suggestion", &self.suggestion)] {
            if value
                .as_ref()
                .is_some_and(|value| value.chars().count() > MAX_COMMENT_CHARS)
            {
                wrong(
                    format!("/{field}"),
                    format!("more than {MAX_COMMENT_CHARS} characters"),
                );
            }
        }
        if self.evidence_urls.len() > MAX_EVIDENCE_URLS {
            wrong(
                "/evidence_urls".to_owned(),
                format!("more than {MAX_EVIDENCE_URLS} URLs"),
            );
        }
        for (index, text) in self.evidence_urls.iter().enumerate().take(MAX_EVIDENCE_URLS) {
            let web = url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !web || text.len() > MAX_URL_CHARS {
                wrong(
                    format!("/evidence_urls/{index}"),
                    "not an absolute http or https URL".to_owned(),
                );
            }
        }
        if self.quoted.is_some_and(|quoted| quoted.start >= quoted.end) {
            wrong("/quoted".to_owned(), "`start` must be less than `end`".to_owned());
        }
        if self.quoted.is_some() && self.bullet_id.is_none() {
            wrong(
                "/quoted".to_owned(),
                "a quoted span needs a `bullet_id`".to_owned(),
            );
        }
        if self
            .contact_email
            .as_ref()
            .is_some_and(|email| !is_plausible_email(email))
        {
            wrong("/contact_email".to_owned(), "not an e-mail address".to_owned());
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

fn is_plausible_email(email: &str) -> bool {
    let plain = email.len() <= MAX_EMAIL_CHARS && !email.chars().any(|c| c.is_whitespace() || c.is_control());
    plain
        && email
            .split_once('@')
            .is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
}
