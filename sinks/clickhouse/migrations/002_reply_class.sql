-- What a reply counts as, by its source, its headers or its text, which the body need not hold.

ALTER TABLE events ADD COLUMN IF NOT EXISTS reply_class LowCardinality(String) AFTER body;
