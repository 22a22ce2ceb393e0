//! Readers' reports.

use nutgraf::domain::{FeedbackStatus, QuotedSpan, ReasonCode, ReporterRole};

use super::Database;
use crate::support::{at_ms, feedback, uuid};

/// A report must be found again as it was sent.
pub async fn every_field_of_a_report_reads_back(database: &dyn Database) {
    let store = database.open().await;
    let plain = feedback(1, "s", 1);
    let mut full = feedback(2, "s", 3);
    full.input.bullet_id = Some(uuid(7));
    full.input.reason = ReasonCode::BiasedOrEditorialized;
    full.input.quoted = Some(QuotedSpan {
        start: 0,
        end: 4_000_000_000,
    });
    full.input.comment = Some("It was “Tuesday”.\n🦀".to_owned());
    full.input.suggestion = Some(String::new());
    full.input.evidence_urls = vec![
        "https://example.org/1".to_owned(),
        "https://example.org/2".to_owned(),
    ];
    full.input.role = Some(ReporterRole::Publisher);
    full.input.contact_email = Some("reader@example.org".to_owned());
    full.status = FeedbackStatus::Fixed;
    full.public_note = Some("Thank you.".to_owned());
    full.fixed_in = Some(4);
    full.updated_at = at_ms(99);
    store.create_feedback(&plain).await.unwrap();
    store.create_feedback(&full).await.unwrap();
    assert_eq!(store.find_feedback(plain.id).await.unwrap(), Some(plain.clone()));
    assert_eq!(store.find_feedback(full.id).await.unwrap(), Some(full));
    assert!(
        store.create_feedback(&plain).await.is_err(),
        "an id is given once"
    );
}
