-- Reports of readers, and the answers that a repeated POST gets again.

CREATE TABLE feedback (
    id            TEXT    NOT NULL PRIMARY KEY,
    -- No foreign key: the page that tells a reader what became of a report outlives the story.
    story_id      TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    bullet_id     TEXT,
    reason        TEXT    NOT NULL,
    -- Unicode code points of the bullet's text, half-open; both or neither.
    quoted_start  INTEGER,
    quoted_end    INTEGER,
    comment       TEXT,
    suggestion    TEXT,
    -- JSON list.
    evidence_urls TEXT    NOT NULL,
    role          TEXT,
    -- In a column of its own, so that it can be erased without touching the report.
    contact_email TEXT,
    status        TEXT    NOT NULL,
    public_note   TEXT,
    fixed_in      INTEGER,
    created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL,
    CHECK ((quoted_start IS NULL) = (quoted_end IS NULL))
) STRICT, WITHOUT ROWID;

-- Every summary that is read carries the number of its story's reports.
CREATE INDEX feedback_by_story ON feedback (story_id);

CREATE TABLE idempotency_keys (
    key          TEXT    NOT NULL,
    -- Method and path: anonymous callers share no key space, so one key may serve two routes.
    scope        TEXT    NOT NULL,
    body_hash    TEXT    NOT NULL,
    taken_at_ms  INTEGER NOT NULL,
    -- NULL while the request is being worked on.
    status       INTEGER,
    location     TEXT,
    content_type TEXT,
    body         BLOB,
    PRIMARY KEY (key, scope),
    CHECK ((status IS NULL) = (body IS NULL))
) STRICT;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (taken_at_ms);
