//! Summary versions as rows: a version, its bullets (the lede at position 0), their citations. Written once, read
//! back as they were written.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::{FromRow, SqliteConnection};

use super::rows::{
    corrupt, from_code, from_json, from_ms, to_article_id, to_code, to_json, to_ms, to_story_id, to_u32,
    to_uuid,
};
use crate::domain::{Bullet, Check, Citation, Lede, Lenses, Made, Resolved, StoryId, Summary};
use crate::store::StoreError;

/// Where the lede stands among the bullets.
const LEDE_POSITION: i64 = 0;

/// Above every version.
pub(super) const NEWEST: i64 = i64::MAX;

#[derive(FromRow)]
struct VersionRow {
    story_id: String,
    version: i64,
    status: String,
    reason: Option<String>,
    language: Option<String>,
    headline: Option<String>,
    lede_place: Option<String>,
    lede_date: Option<String>,
    coverage: String,
    conflicts: String,
    lenses: String,
    made_by: String,
    label: String,
    model: String,
    model_sha256: String,
    prompt: String,
    checks: String,
    made_at_ms: i64,
    took_ms: i64,
    article_set_hash: String,
    covers_until_ms: Option<i64>,
    seed: i64,
}

#[derive(FromRow)]
struct BulletRow {
    version: i64,
    position: i64,
    id: String,
    text: String,
    lens: Option<String>,
    kind: String,
    outlets: i64,
    verdict: String,
    score: Option<f64>,
    reasons: String,
    refused: String,
    added: String,
    evidence_hash: String,
}

#[derive(FromRow)]
struct CitationRow {
    version: i64,
    bullet_position: i64,
    article_id: String,
    outlet: Option<String>,
    url: Option<String>,
    start: i64,
    end: i64,
    quote: String,
    resolved_text: Option<String>,
    resolved_date: Option<String>,
}

/// A summary as it reads back once it is stored: its number, and times cut to milliseconds.
pub(super) fn as_stored(summary: &Summary, version: u32) -> Summary {
    let cut = |at: Timestamp| Timestamp::from_millisecond(to_ms(at)).unwrap_or(at);
    let mut stored = summary.clone();
    stored.version = version;
    stored.made.at = cut(stored.made.at);
    stored.made.covers_until = stored.made.covers_until.map(cut);
    stored
}

/// Up to `limit` versions below `before`, newest first.
pub(super) async fn read(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    before: i64,
    limit: u32,
) -> Result<Vec<Summary>, StoreError> {
    let versions: Vec<VersionRow> = sqlx::query_as(
        "SELECT story_id, version, status, reason, language, headline, lede_place, lede_date, coverage,
                made_by, label, model, model_sha256, prompt, checks, made_at_ms, took_ms, article_set_hash,
                covers_until_ms, seed, conflicts, lenses
         FROM summary_versions WHERE story_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3",
    )
    .bind(story_id.as_str())
    .bind(before)
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    let (Some(newest), Some(oldest)) = (versions.first(), versions.last()) else {
        return Ok(Vec::new());
    };
    let mut bullets = read_bullets(connection, story_id, oldest.version, newest.version).await?;
    versions
        .into_iter()
        .map(|row| {
            let bullets = bullets.remove(&row.version).unwrap_or_default();
            row.into_summary(bullets)
        })
        .collect()
}

/// Stores a version; its number must be free.
pub(super) async fn insert(connection: &mut SqliteConnection, summary: &Summary) -> Result<(), StoreError> {
    insert_version(connection, summary).await?;
    if let Some(lede) = &summary.lede {
        insert_bullet(connection, summary, LEDE_POSITION, &lede.bullet).await?;
    }
    let bullets = summary.bullets.iter().chain(summary.lenses.bullets());
    for (position, bullet) in (LEDE_POSITION + 1..).zip(bullets) {
        insert_bullet(connection, summary, position, bullet).await?;
    }
    Ok(())
}

/// Bullets with their citations, by version, in order of position.
async fn read_bullets(
    connection: &mut SqliteConnection,
    story_id: &StoryId,
    oldest: i64,
    newest: i64,
) -> Result<HashMap<i64, Vec<(i64, Bullet)>>, StoreError> {
    let rows: Vec<CitationRow> = sqlx::query_as(
        r#"SELECT version, bullet_position, article_id, outlet, url, start, "end", quote, resolved_text,
                  resolved_date
           FROM citations WHERE story_id = $1 AND version BETWEEN $2 AND $3
           ORDER BY version, bullet_position, position"#,
    )
    .bind(story_id.as_str())
    .bind(oldest)
    .bind(newest)
    .fetch_all(&mut *connection)
    .await?;
    let mut citations: HashMap<(i64, i64), Vec<Citation>> = HashMap::new();
    for row in rows {
        let bullet = (row.version, row.bullet_position);
        citations.entry(bullet).or_default().push(row.into_citation()?);
    }

    let rows: Vec<BulletRow> = sqlx::query_as(
        "SELECT version, position, id, text, lens, kind, outlets, verdict, score, reasons, refused, added,
                evidence_hash
         FROM bullets WHERE story_id = $1 AND version BETWEEN $2 AND $3 ORDER BY version, position",
    )
    .bind(story_id.as_str())
    .bind(oldest)
    .bind(newest)
    .fetch_all(connection)
    .await?;
    let mut bullets: HashMap<i64, Vec<(i64, Bullet)>> = HashMap::new();
    for row in rows {
        let (version, position) = (row.version, row.position);
        let cited = citations.remove(&(version, position)).unwrap_or_default();
        let bullet = row.into_bullet(cited)?;
        bullets.entry(version).or_default().push((position, bullet));
    }
    Ok(bullets)
}

async fn insert_version(connection: &mut SqliteConnection, summary: &Summary) -> Result<(), StoreError> {
    const TABLE: &str = "summary_versions";
    let made = &summary.made;
    let lede = summary.lede.as_ref();
    sqlx::query(
        "INSERT INTO summary_versions (story_id, version, status, reason, language, headline, lede_place,
                lede_date, coverage, made_by, label, model, model_sha256, prompt, checks, made_at_ms, took_ms,
                article_set_hash, covers_until_ms, seed, conflicts, lenses)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                 $22)",
    )
    .bind(summary.story_id.as_str())
    .bind(summary.version)
    .bind(to_code(TABLE, &summary.status)?)
    .bind(summary.reason.map(|reason| to_code(TABLE, &reason)).transpose()?)
    .bind(&summary.language)
    .bind(&summary.headline)
    .bind(lede.and_then(|lede| lede.place.clone()))
    .bind(lede.and_then(|lede| lede.date).map(|date| date.to_string()))
    .bind(to_json(TABLE, &summary.coverage)?)
    .bind(&made.by)
    .bind(&made.label)
    .bind(&made.model)
    .bind(&made.model_sha256)
    .bind(&made.prompt)
    .bind(&made.checks)
    .bind(to_ms(made.at))
    .bind(made.took_ms.cast_signed())
    .bind(&made.article_set_hash)
    .bind(made.covers_until.map(to_ms))
    .bind(made.seed.cast_signed())
    .bind(to_json(TABLE, &summary.conflicts)?)
    .bind(to_json(TABLE, &without_bullets(&summary.lenses))?)
    .execute(connection)
    .await?;
    Ok(())
}

/// What is kept beside the rows of their bullets.
fn without_bullets(lenses: &Lenses) -> Lenses {
    let mut plain = lenses.clone();
    for (_, lens) in plain.sides_mut() {
        lens.bullets.clear();
    }
    plain
}

async fn insert_bullet(
    connection: &mut SqliteConnection,
    summary: &Summary,
    position: i64,
    bullet: &Bullet,
) -> Result<(), StoreError> {
    const TABLE: &str = "bullets";
    sqlx::query(
        "INSERT INTO bullets (story_id, version, position, id, text, kind, outlets, verdict, score, reasons,
                              refused, added, evidence_hash, lens)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(summary.story_id.as_str())
    .bind(summary.version)
    .bind(position)
    .bind(bullet.id.to_string())
    .bind(&bullet.text)
    .bind(to_code(TABLE, &bullet.kind)?)
    .bind(bullet.outlets)
    .bind(to_code(TABLE, &bullet.check.verdict)?)
    .bind(bullet.check.score)
    .bind(to_json(TABLE, &bullet.check.reasons)?)
    .bind(to_json(TABLE, &bullet.check.refused)?)
    .bind(to_json(TABLE, &bullet.added)?)
    .bind(&bullet.evidence_hash)
    .bind(bullet.lens.map(|lens| to_code(TABLE, &lens)).transpose()?)
    .execute(&mut *connection)
    .await?;
    for (index, citation) in (0i64..).zip(&bullet.citations) {
        insert_citation(connection, summary, (position, index), citation).await?;
    }
    Ok(())
}

async fn insert_citation(
    connection: &mut SqliteConnection,
    summary: &Summary,
    (bullet_position, position): (i64, i64),
    citation: &Citation,
) -> Result<(), StoreError> {
    let resolved = citation.resolved.as_ref();
    sqlx::query(
        r#"INSERT INTO citations (story_id, version, bullet_position, position, article_id, outlet, url, start,
                                  "end", quote, resolved_text, resolved_date)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"#,
    )
    .bind(summary.story_id.as_str())
    .bind(summary.version)
    .bind(bullet_position)
    .bind(position)
    .bind(citation.article_id.as_str())
    .bind(&citation.outlet)
    .bind(&citation.url)
    .bind(citation.start)
    .bind(citation.end)
    .bind(&citation.quote)
    .bind(resolved.map(|resolved| resolved.text.clone()))
    .bind(resolved.map(|resolved| resolved.date.to_string()))
    .execute(connection)
    .await?;
    Ok(())
}

fn to_date(table: &'static str, date: &str) -> Result<Date, StoreError> {
    date.parse().map_err(|error| corrupt(table, &error))
}

impl VersionRow {
    fn into_summary(self, bullets: Vec<(i64, Bullet)>) -> Result<Summary, StoreError> {
        const TABLE: &str = "summary_versions";
        let date = self.lede_date.as_deref().map(|date| to_date(TABLE, date));
        let (place, date) = (self.lede_place, date.transpose()?);
        let (ledes, bullets): (Vec<_>, Vec<_>) = bullets
            .into_iter()
            .partition(|(position, _)| *position == LEDE_POSITION);
        let lede = ledes.into_iter().next();
        let mut lenses: Lenses = from_json(TABLE, &self.lenses)?;
        let mut own = Vec::new();
        for (_, bullet) in bullets {
            match lenses
                .sides_mut()
                .into_iter()
                .find(|(side, _)| Some(*side) == bullet.lens)
            {
                Some((_, lens)) => lens.bullets.push(bullet),
                None => own.push(bullet),
            }
        }
        let reason = self.reason.as_deref().map(|reason| from_code(TABLE, reason));
        Ok(Summary {
            story_id: to_story_id(TABLE, self.story_id)?,
            version: to_u32(TABLE, self.version)?,
            status: from_code(TABLE, &self.status)?,
            reason: reason.transpose()?,
            language: self.language,
            headline: self.headline,
            lede: lede.map(|(_, bullet)| Lede { place, date, bullet }),
            bullets: own,
            lenses,
            conflicts: from_json(TABLE, &self.conflicts)?,
            coverage: from_json(TABLE, &self.coverage)?,
            made: Made {
                by: self.made_by,
                label: self.label,
                model: self.model,
                model_sha256: self.model_sha256,
                prompt: self.prompt,
                checks: self.checks,
                at: from_ms(TABLE, self.made_at_ms)?,
                took_ms: self.took_ms.cast_unsigned(),
                article_set_hash: self.article_set_hash,
                covers_until: self.covers_until_ms.map(|ms| from_ms(TABLE, ms)).transpose()?,
                seed: self.seed.cast_unsigned(),
            },
        })
    }
}

impl BulletRow {
    fn into_bullet(self, citations: Vec<Citation>) -> Result<Bullet, StoreError> {
        const TABLE: &str = "bullets";
        Ok(Bullet {
            id: to_uuid(TABLE, &self.id)?,
            text: self.text,
            lens: self.lens.map(|lens| from_code(TABLE, &lens)).transpose()?,
            kind: from_code(TABLE, &self.kind)?,
            outlets: to_u32(TABLE, self.outlets)?,
            check: Check {
                verdict: from_code(TABLE, &self.verdict)?,
                score: self.score,
                reasons: from_json(TABLE, &self.reasons)?,
                refused: from_json(TABLE, &self.refused)?,
            },
            citations,
            added: from_json(TABLE, &self.added)?,
            evidence_hash: self.evidence_hash,
        })
    }
}

impl CitationRow {
    fn into_citation(self) -> Result<Citation, StoreError> {
        const TABLE: &str = "citations";
        let resolved = match (self.resolved_text, self.resolved_date) {
            (Some(text), Some(date)) => Some(Resolved {
                text,
                date: to_date(TABLE, &date)?,
            }),
            _ => None,
        };
        Ok(Citation {
            article_id: to_article_id(TABLE, self.article_id)?,
            outlet: self.outlet,
            url: self.url,
            start: to_u32(TABLE, self.start)?,
            end: to_u32(TABLE, self.end)?,
            quote: self.quote,
            resolved,
        })
    }
}
