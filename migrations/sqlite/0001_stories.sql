-- Stories, their articles, and what is computed of a text once.
--
-- Every table is STRICT: a value of another type is refused when it is written, not found when it is read.
-- Times are INTEGER milliseconds since 1970 UTC (suffix `_ms`): they compare and sort as numbers, in PostgreSQL too.
-- Ids are TEXT: callers choose those of stories and articles, and what stands in a URL or a log line can be pasted
-- into a query. Codes (status, kind, ...) are the words that the API uses; the Rust enums say which there are.

CREATE TABLE stories (
    id               TEXT    NOT NULL PRIMARY KEY,
    headline         TEXT,
    language         TEXT,
    -- What a summary was made from is compared with this: another hash, and the summary is stale.
    article_set_hash TEXT    NOT NULL,
    created_at_ms    INTEGER NOT NULL,
    updated_at_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What an article says of its outlet (name, lens, factuality, owner) stays with the article: it is the caller's
-- word at that time and must read back as it was sent. See docs/adr/0003-store.md.
CREATE TABLE articles (
    story_id     TEXT NOT NULL REFERENCES stories (id) ON DELETE CASCADE,
    id           TEXT NOT NULL,
    url          TEXT,
    title        TEXT,
    outlet       TEXT,
    author       TEXT,
    -- RFC 3339 with the outlet's own offset, or a bare date: the only time that is no instant, hence no number.
    published_at TEXT,
    language     TEXT,
    bias         TEXT,
    factuality   TEXT,
    owner        TEXT,
    text_hash    TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    -- Last, so that reading the other columns does not walk through the pages of a long text.
    text         TEXT NOT NULL,
    PRIMARY KEY (story_id, id)
) STRICT;

-- Sentences and embeddings, one row a text: a story of 405 articles is read in 405 rows instead of 16,000.
-- Keyed by the text, not by the article: a reprint is computed once, and a title may change without new work.
CREATE TABLE analyses (
    -- Version of the rules, and the embedder: another one computes anew beside the old.
    key           TEXT    NOT NULL,
    text_hash     TEXT    NOT NULL,
    -- JSON [[start byte, end byte, paragraph], ...] in reading order.
    sentences     TEXT    NOT NULL,
    -- Floats in one embedding.
    dimension     INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    -- 32-bit little-endian floats, one embedding after the other.
    embeddings    BLOB    NOT NULL,
    PRIMARY KEY (key, text_hash)
) STRICT;
