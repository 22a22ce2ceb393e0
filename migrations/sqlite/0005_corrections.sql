-- Corrections: what was said and no longer stands, since when, and how that ended. A row is opened in the transaction
-- that withholds the bullet and settled once, in the transaction of the version that does without it or has it back;
-- it is never taken away. Deleting a whole story takes its corrections along, with the texts that they repeat.

CREATE TABLE corrections (
    -- UUIDv7 of the moment of withholding: in the order of ids, corrections are in the order of time.
    id             TEXT    NOT NULL PRIMARY KEY,
    story_id       TEXT    NOT NULL,
    -- No key: the same bullet may be withheld, stand again, and be withheld once more.
    bullet_id      TEXT    NOT NULL,
    text           TEXT    NOT NULL,
    reason         TEXT    NOT NULL,
    -- The first version that said so; when, and how it was made, is read there.
    said_in        INTEGER NOT NULL,
    withheld_at_ms INTEGER NOT NULL,
    -- The version that no longer says so, or the one that says so again; neither while the correction is open.
    fixed_in       INTEGER,
    restored_in    INTEGER,
    settled_at_ms  INTEGER,
    -- What `fixed_in` says instead.
    replacement    TEXT,
    FOREIGN KEY (story_id, said_in) REFERENCES summary_versions (story_id, version) ON DELETE CASCADE,
    CHECK (fixed_in IS NULL OR restored_in IS NULL),
    CHECK ((settled_at_ms IS NULL) = (fixed_in IS NULL AND restored_in IS NULL)),
    CHECK (replacement IS NULL OR fixed_in IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX corrections_by_story ON corrections (story_id, id);

-- A bullet has one open correction; it is also what a tombstone leads to.
CREATE UNIQUE INDEX open_corrections ON corrections (story_id, bullet_id) WHERE settled_at_ms IS NULL;

CREATE TRIGGER corrections_keep_what_was_said
BEFORE UPDATE OF id, story_id, bullet_id, text, reason, said_in, withheld_at_ms ON corrections
BEGIN SELECT RAISE(ABORT, 'what a correction says is immutable'); END;

CREATE TRIGGER corrections_are_settled_once BEFORE UPDATE ON corrections WHEN OLD.settled_at_ms IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a settled correction is immutable'); END;
