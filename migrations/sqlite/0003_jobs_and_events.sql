-- The queue and the event log. Both are written in the transaction of the change that causes them, so neither a
-- change without its job nor a job without its change survives a crash.

-- One row a story and purpose: the key is what keeps a story from being done twice at once. Done means no row.
CREATE TABLE jobs (
    story_id       TEXT    NOT NULL REFERENCES stories (id) ON DELETE CASCADE,
    purpose        TEXT    NOT NULL,
    -- 0 reader, 1 batch: lower goes first, so a number and not a word.
    lane           INTEGER NOT NULL CHECK (lane IN (0, 1)),
    state          TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'dead')),
    run_after_ms   INTEGER NOT NULL,
    attempts       INTEGER NOT NULL,
    dirty          INTEGER NOT NULL,
    last_error     TEXT,
    enqueued_at_ms INTEGER NOT NULL,
    -- Who holds the job, and until when without a heartbeat.
    token          TEXT,
    lease_until_ms INTEGER,
    PRIMARY KEY (story_id, purpose),
    CHECK ((state = 'running') = (token IS NOT NULL)),
    CHECK ((state = 'running') = (lease_until_ms IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- Claiming walks a lane from the longest due on and stops at the first job that can be had.
CREATE INDEX jobs_by_lane ON jobs (lane, run_after_ms);

-- When the next job is due, and how many are in which state, without reading the queue.
CREATE INDEX jobs_by_state ON jobs (state, run_after_ms, lease_until_ms);

CREATE TABLE events (
    -- AUTOINCREMENT: a number is never given twice, not even after the newest events were pruned. Clients resume
    -- after the last number that they saw.
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    -- No foreign key: a worker may still report on a story that is being deleted; events are pruned by age.
    story_id TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    at_ms    INTEGER NOT NULL,
    -- JSON, as it is sent.
    data     TEXT    NOT NULL
) STRICT;

CREATE INDEX events_by_story ON events (story_id, seq);
CREATE INDEX events_by_age ON events (at_ms);
