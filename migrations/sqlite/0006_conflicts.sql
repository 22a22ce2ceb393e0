-- What outlets say differently, as JSON [{about, values: [{value, outlets}]}]: shown as a whole, never searched.

ALTER TABLE summary_versions ADD COLUMN conflicts TEXT NOT NULL DEFAULT '[]';
