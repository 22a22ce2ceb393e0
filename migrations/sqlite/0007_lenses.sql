-- The lenses of a version. Their bullets are rows like all others, behind the summary's own, so that withholding and
-- citing need no second way; what is not in them (status, reason) is JSON {left, center, right}.

ALTER TABLE summary_versions ADD COLUMN lenses TEXT NOT NULL
    DEFAULT '{"left":{"status":"omitted"},"center":{"status":"omitted"},"right":{"status":"omitted"}}';

-- left, center, right; NULL for the lede and the bullets of the summary itself.
ALTER TABLE bullets ADD COLUMN lens TEXT;
