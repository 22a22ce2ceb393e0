//! The promises of `trait Store`, as functions of an empty database: a second implementation runs them with one
//! line, `contract!(ItsDatabase)`. A function that the list below leaves out is an unused one, and the lints say so.

pub mod stories;
pub mod withdrawn;
pub mod corrections;
pub mod analyses;
pub mod summaries;
pub mod queue;
pub mod claims;
pub mod events;
pub mod reports;
pub mod keys;

use std::sync::Arc;

use async_trait::async_trait;
use nutgraf::domain::{Lane, StoryId, Summary};
use nutgraf::store::{Claim, Saved, Selector, Store, StoryChange};

use crate::support::at_ms;

/// An empty database.
#[async_trait]
pub trait Database: Send + Sync {
    /// Another handle, as another process would have it.
    async fn open(&self) -> Arc<dyn Store>;
}

/// Runs every promise on a type that has `async fn create() -> Self` and implements [`Database`].
macro_rules! contract {
    ($database:ident) => {
        contract!(@ $database, stories:
            a_new_story_reads_back_and_is_queued,
            every_field_of_an_article_reads_back,
            the_same_content_again_makes_no_job,
            a_change_keeps_what_it_does_not_name,
            a_change_of_the_headline_is_a_change,
            a_change_over_the_limit_changes_nothing,
            what_is_not_there_is_none,
            stories_are_listed_page_by_page,
            a_change_is_in_the_database_of_every_handle,
            counts_count_the_rows);
        contract!(@ $database, withdrawn:
            deleting_an_article_withholds_only_bullets_that_rest_on_it_alone,
            a_bullet_is_withheld_once_its_last_article_is_gone,
            replacing_the_articles_withholds_as_deleting_does,
            deleting_what_is_not_there_changes_nothing,
            a_summary_that_missed_a_withdrawal_is_stored_with_its_bullets_withheld,
            an_article_that_came_back_lifts_the_tombstone,
            a_bullet_that_stays_without_ground_stays_withheld);
        contract!(@ $database, corrections:
            a_withheld_bullet_opens_a_correction_of_what_was_said,
            a_version_without_the_bullet_fixes_its_correction,
            a_replacement_is_another_wording_or_nothing,
            a_bullet_that_stands_again_restores_its_correction,
            the_same_words_on_other_evidence_restore_a_correction,
            a_bullet_withheld_twice_has_two_corrections,
            a_correction_stays_open_while_a_version_still_carries_its_bullet,
            a_text_whose_cited_sentence_is_gone_withholds_what_rests_on_it_alone,
            a_text_changed_elsewhere_withholds_nothing,
            a_sentence_that_came_back_lifts_the_tombstone,
            a_summary_that_missed_a_change_is_stored_with_its_bullets_withheld,
            what_was_withheld_of_an_old_version_is_known,
            corrections_are_listed_newest_first_page_by_page,
            a_lost_lease_settles_nothing);
        contract!(@ $database, analyses:
            an_analysis_reads_back_to_the_last_bit,
            an_analysis_is_kept_once_and_for_its_key_only);
        contract!(@ $database, summaries:
            every_field_of_a_summary_reads_back,
            versions_count_without_gaps_and_are_listed_newest_first,
            a_summary_that_says_the_same_makes_no_version,
            a_summary_is_stale_once_the_articles_change,
            a_served_story_counts_its_reports_and_shows_its_job,
            a_lost_lease_stores_nothing);
        contract!(@ $database, queue:
            a_change_keeps_the_earlier_start_of_a_queued_job,
            a_change_moves_a_batch_job_to_the_readers_lane,
            a_change_while_the_job_runs_queues_it_again_once_it_ends,
            a_summary_of_an_older_article_set_queues_the_job_again,
            a_dead_job_is_revived_by_a_change,
            selectors_select_and_enqueue_what_they_say,
            enqueueing_leaves_live_jobs_as_they_are_and_revives_dead_ones,
            jobs_are_listed_by_state_page_by_page);
        contract!(@ $database, claims:
            claims_go_by_lane_then_by_start_and_never_early,
            a_lease_that_ran_out_can_be_claimed_by_another,
            a_heartbeat_prolongs_the_lease,
            a_failed_job_waits_for_its_retry,
            a_dirty_job_does_not_die,
            a_released_job_loses_neither_its_place_nor_an_attempt,
            who_lost_the_lease_changes_nothing,
            the_next_due_time_is_the_earliest_start_or_lease_end,
            two_claimers_never_get_the_same_job);
        contract!(@ $database, events:
            events_come_in_order_and_from_a_number_on,
            a_pruned_number_is_never_given_again);
        contract!(@ $database, reports:
            every_field_of_a_report_reads_back);
        contract!(@ $database, keys:
            a_key_is_fresh_then_in_flight_then_replayed,
            another_body_under_a_key_is_a_mismatch,
            an_abandoned_key_is_fresh_again_and_an_answered_one_is_not,
            a_key_whose_process_died_is_fresh_again,
            two_requests_with_one_key_are_worked_on_once,
            old_keys_are_forgotten);
    };
    (@ $database:ident, $group:ident: $($promise:ident),+) => {
        mod $group {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $promise() {
                    let database = super::$database::create().await;
                    $crate::store::contract::$group::$promise(&database).await;
                }
            )+
        }
    };
}
pub(crate) use contract;

/// Long enough for every test.
pub const LEASE_MS: i64 = 60_000;

/// Applies a change that must be possible.
pub async fn change(store: &dyn Store, change: StoryChange) {
    store.change_story(&change).await.unwrap();
}

/// Claims the next job at `at_ms(now)`, which must be there.
pub async fn claim(store: &dyn Store, now: i64) -> Claim {
    let claim = store.claim_job(at_ms(now), at_ms(now + LEASE_MS)).await.unwrap();
    claim.expect("a job is due")
}

/// Claims the story's job and finishes it with a summary.
pub async fn publish(store: &dyn Store, summary: &Summary, now: i64) -> Saved {
    let story = Selector::Ids(vec![summary.story_id.clone()]);
    store.enqueue(&story, Lane::Reader, at_ms(now)).await.unwrap();
    let claim = claim(store, now).await;
    assert_eq!(
        claim.job.story_id, summary.story_id,
        "one story a test, or publish in order"
    );
    store.finish_job(&claim, summary, at_ms(now)).await.unwrap()
}

/// The kinds and the details of a story's events, in order.
pub async fn event_log(store: &dyn Store, story_id: &StoryId) -> Vec<(&'static str, serde_json::Value)> {
    let events = store
        .list_events(std::slice::from_ref(story_id), 0, 1_000)
        .await
        .unwrap();
    events
        .into_iter()
        .map(|event| (event.kind.as_str(), event.data))
        .collect()
}
