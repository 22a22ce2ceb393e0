-- Summary versions. What was once live can be read again for ever, so that a reader's report and a correction can
-- point at it: triggers refuse every change. Deleting a whole story takes its versions along.

CREATE TABLE summary_versions (
    story_id         TEXT    NOT NULL REFERENCES stories (id) ON DELETE CASCADE,
    version          INTEGER NOT NULL CHECK (version >= 1),
    status           TEXT    NOT NULL,
    reason           TEXT,
    language         TEXT,
    headline         TEXT,
    lede_place       TEXT,
    lede_date        TEXT,
    -- JSON: shown as a whole, never searched.
    coverage         TEXT    NOT NULL,
    made_by          TEXT    NOT NULL,
    label            TEXT    NOT NULL,
    model            TEXT    NOT NULL,
    model_sha256     TEXT    NOT NULL,
    prompt           TEXT    NOT NULL,
    checks           TEXT    NOT NULL,
    made_at_ms       INTEGER NOT NULL,
    took_ms          INTEGER NOT NULL,
    article_set_hash TEXT    NOT NULL,
    covers_until_ms  INTEGER,
    -- The 64 bits of an unsigned number: SQLite has only signed ones.
    seed             INTEGER NOT NULL,
    PRIMARY KEY (story_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE bullets (
    story_id      TEXT    NOT NULL,
    version       INTEGER NOT NULL,
    -- 0 is the lede; the bullets follow from 1.
    position      INTEGER NOT NULL CHECK (position >= 0),
    -- The same over versions as long as the evidence is, so no key by itself.
    id            TEXT    NOT NULL,
    text          TEXT    NOT NULL,
    kind          TEXT    NOT NULL,
    outlets       INTEGER NOT NULL,
    verdict       TEXT    NOT NULL,
    score         REAL,
    -- JSON lists of codes; `refused` holds one list a refused wording.
    reasons       TEXT    NOT NULL,
    refused       TEXT    NOT NULL,
    -- JSON [{start, end, text}, ...].
    added         TEXT    NOT NULL,
    evidence_hash TEXT    NOT NULL,
    PRIMARY KEY (story_id, version, position),
    FOREIGN KEY (story_id, version) REFERENCES summary_versions (story_id, version) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE citations (
    story_id        TEXT    NOT NULL,
    version         INTEGER NOT NULL,
    bullet_position INTEGER NOT NULL,
    position        INTEGER NOT NULL,
    -- No foreign key: the article may be withdrawn, the version stays.
    article_id      TEXT    NOT NULL,
    outlet          TEXT,
    url             TEXT,
    -- Unicode code points of the article's stored text, half-open.
    start           INTEGER NOT NULL,
    "end"           INTEGER NOT NULL,
    quote           TEXT    NOT NULL,
    resolved_text   TEXT,
    resolved_date   TEXT,
    PRIMARY KEY (story_id, version, bullet_position, position),
    FOREIGN KEY (story_id, version, bullet_position)
        REFERENCES bullets (story_id, version, position) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TRIGGER summary_versions_are_immutable BEFORE UPDATE ON summary_versions
BEGIN SELECT RAISE(ABORT, 'a summary version is immutable'); END;

CREATE TRIGGER bullets_are_immutable BEFORE UPDATE ON bullets
BEGIN SELECT RAISE(ABORT, 'a bullet of a summary version is immutable'); END;

CREATE TRIGGER citations_are_immutable BEFORE UPDATE ON citations
BEGIN SELECT RAISE(ABORT, 'a citation of a summary version is immutable'); END;

-- Tombstones beside the versions, not in them: withholding a bullet must act at once and leave the record as it was.
CREATE TABLE withheld_bullets (
    story_id  TEXT    NOT NULL REFERENCES stories (id) ON DELETE CASCADE,
    bullet_id TEXT    NOT NULL,
    reason    TEXT    NOT NULL,
    at_ms     INTEGER NOT NULL,
    PRIMARY KEY (story_id, bullet_id)
) STRICT, WITHOUT ROWID;
