//! Readers' reports.

use sqlx::FromRow;
use uuid::Uuid;

use super::SqliteStore;
use super::rows::{from_code, from_json, from_ms, to_code, to_json, to_ms, to_story_id, to_u32, to_uuid};
use crate::domain::{Feedback, FeedbackInput, QuotedSpan};
use crate::store::StoreError;

const TABLE: &str = "feedback";

#[derive(FromRow)]
struct FeedbackRow {
    id: String,
    story_id: String,
    version: i64,
    bullet_id: Option<String>,
    reason: String,
    quoted_start: Option<i64>,
    quoted_end: Option<i64>,
    comment: Option<String>,
    suggestion: Option<String>,
    evidence_urls: String,
    role: Option<String>,
    contact_email: Option<String>,
    status: String,
    public_note: Option<String>,
    fixed_in: Option<i64>,
    created_at_ms: i64,
    updated_at_ms: i64,
}

pub(super) async fn create_feedback(store: &SqliteStore, feedback: &Feedback) -> Result<(), StoreError> {
    let input = &feedback.input;
    sqlx::query(
        "INSERT INTO feedback (id, story_id, version, bullet_id, reason, quoted_start, quoted_end, comment,
                suggestion, evidence_urls, role, contact_email, status, public_note, fixed_in, created_at_ms,
                updated_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
    )
    .bind(feedback.id.to_string())
    .bind(feedback.story_id.as_str())
    .bind(input.version)
    .bind(input.bullet_id.map(|id| id.to_string()))
    .bind(to_code(TABLE, &input.reason)?)
    .bind(input.quoted.map(|quoted| quoted.start))
    .bind(input.quoted.map(|quoted| quoted.end))
    .bind(&input.comment)
    .bind(&input.suggestion)
    .bind(to_json(TABLE, &input.evidence_urls)?)
    .bind(input.role.map(|role| to_code(TABLE, &role)).transpose()?)
    .bind(&input.contact_email)
    .bind(to_code(TABLE, &feedback.status)?)
    .bind(&feedback.public_note)
    .bind(feedback.fixed_in)
    .bind(to_ms(feedback.created_at))
    .bind(to_ms(feedback.updated_at))
    .execute(&store.writer)
    .await?;
    Ok(())
}

pub(super) async fn find_feedback(store: &SqliteStore, id: Uuid) -> Result<Option<Feedback>, StoreError> {
    let row: Option<FeedbackRow> = sqlx::query_as(
        "SELECT id, story_id, version, bullet_id, reason, quoted_start, quoted_end, comment, suggestion,
                evidence_urls, role, contact_email, status, public_note, fixed_in, created_at_ms, updated_at_ms
         FROM feedback WHERE id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(&store.readers)
    .await?;
    row.map(FeedbackRow::into_feedback).transpose()
}

impl FeedbackRow {
    fn into_feedback(self) -> Result<Feedback, StoreError> {
        let number = |number: i64| to_u32(TABLE, number);
        let quoted = match (self.quoted_start, self.quoted_end) {
            (Some(start), Some(end)) => Some(QuotedSpan {
                start: number(start)?,
                end: number(end)?,
            }),
            _ => None,
        };
        let bullet_id = self.bullet_id.as_deref().map(|id| to_uuid(TABLE, id));
        let role = self.role.as_deref().map(|role| from_code(TABLE, role));
        Ok(Feedback {
            id: to_uuid(TABLE, &self.id)?,
            story_id: to_story_id(TABLE, self.story_id)?,
            input: FeedbackInput {
                version: number(self.version)?,
                bullet_id: bullet_id.transpose()?,
                reason: from_code(TABLE, &self.reason)?,
                quoted,
                comment: self.comment,
                suggestion: self.suggestion,
                evidence_urls: from_json(TABLE, &self.evidence_urls)?,
                role: role.transpose()?,
                contact_email: self.contact_email,
            },
            status: from_code(TABLE, &self.status)?,
            public_note: self.public_note,
            fixed_in: self.fixed_in.map(number).transpose()?,
            created_at: from_ms(TABLE, self.created_at_ms)?,
            updated_at: from_ms(TABLE, self.updated_at_ms)?,
        })
    }
}
