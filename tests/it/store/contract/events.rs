//! The event log: what a stream resumes from.

use nutgraf::domain::EventKind;
use serde_json::{Value, json};

use super::Database;
use crate::support::{at_ms, story_id};

/// Numbers grow over all stories; a stream of some stories sees only theirs.
pub async fn events_come_in_order_and_from_a_number_on(database: &dyn Database) {
    let store = database.open().await;
    assert_eq!(store.last_event_seq().await.unwrap(), 0);
    let (a, b, c) = (story_id("a"), story_id("b"), story_id("c"));
    let mut numbers = Vec::new();
    for (story, kind) in [
        (&a, EventKind::Queued),
        (&b, EventKind::Bullet),
        (&c, EventKind::Withheld),
        (&a, EventKind::Summary),
        (&b, EventKind::Corrected),
    ] {
        let data = json!({"text": "“a”\nb", "nested": [1, null]});
        numbers.push(store.append_event(story, kind, &data, at_ms(3)).await.unwrap());
    }
    assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}");
    assert_eq!(store.last_event_seq().await.unwrap(), numbers[4]);

    let both = [b.clone(), a.clone()];
    let events = store.list_events(&both, 0, 10).await.unwrap();
    let seen: Vec<_> = events.iter().map(|event| (event.seq, event.kind)).collect();
    assert_eq!(
        seen,
        [
            (numbers[0], EventKind::Queued),
            (numbers[1], EventKind::Bullet),
            (numbers[3], EventKind::Summary),
            (numbers[4], EventKind::Corrected),
        ]
    );
    assert_eq!((&events[0].story_id, events[0].at), (&a, at_ms(3)));
    assert_eq!(events[0].data, json!({"text": "“a”\nb", "nested": [1, null]}));

    let page = store.list_events(&both, numbers[0], 2).await.unwrap();
    assert_eq!(
        page.iter().map(|event| event.seq).collect::<Vec<_>>(),
        [numbers[1], numbers[3]]
    );
    assert_eq!(store.list_events(&both, numbers[4], 10).await.unwrap(), []);
    assert_eq!(store.list_events(&[], 0, 10).await.unwrap(), []);
}

/// A client that saw number 2 must not be told of a new number 2.
pub async fn a_pruned_number_is_never_given_again(database: &dyn Database) {
    let store = database.open().await;
    let story = story_id("a");
    let mut last = 0;
    for ms in [1, 2, 3] {
        last = store
            .append_event(&story, EventKind::Queued, &Value::Null, at_ms(ms))
            .await
            .unwrap();
    }
    assert_eq!(store.prune_events(at_ms(3)).await.unwrap(), 2);
    let kept = store
        .list_events(std::slice::from_ref(&story), 0, 10)
        .await
        .unwrap();
    assert_eq!(kept.iter().map(|event| event.seq).collect::<Vec<_>>(), [last]);
    assert_eq!(store.prune_events(at_ms(4)).await.unwrap(), 1);
    let next = store
        .append_event(&story, EventKind::Queued, &Value::Null, at_ms(5))
        .await
        .unwrap();
    assert!(next > last, "{next} after {last}");
}
