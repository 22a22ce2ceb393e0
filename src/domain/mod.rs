//! The nouns: plain types and the invariants that hold for them. No I/O, no clock, no model.

mod ids;
mod published;
mod article;
mod analysis;
mod story;
mod summary;
mod correction;
mod feedback;
mod job;
mod event;

pub use analysis::{Analysis, Sentence, SentenceChoice};
pub use article::{
    Article, ArticleInput, ArticleLimits, ArticleMeta, Bias, FieldError, MAX_ARTICLES_PER_REQUEST,
    NOT_A_LANGUAGE_TAG, is_invisible, language_tag, one_line,
};
pub use correction::{
    ComparableText, Correction, CorrectionOutcome, CorrectionReason, CorrectionStatus, Said, lost_ground,
};
pub use event::{Event, EventKind};
pub use feedback::{Feedback, FeedbackInput, FeedbackStatus, QuotedSpan, ReasonCode, ReporterRole};
pub use ids::{ArticleId, InvalidId, StoryId};
pub use job::{Job, JobPurpose, JobState, Lane};
pub use published::{PublishedAt, UnreadableDate};
pub use story::{Coverage, FirstReport, LeftOut, LeftOutReason, Story, StoryInput, article_set_hash};
pub use summary::{
    AI_LABEL, Added, Bullet, BulletKind, CHECKS_VERSION, Check, CheckReason, Citation, Conflict,
    ConflictValue, Lede, Lens, LensReason, LensStatus, Lenses, Made, Resolved, Summary, SummaryReason,
    SummaryStatus, Verdict,
};
