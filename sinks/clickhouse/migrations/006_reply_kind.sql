-- What a reply was found to be more exactly than its class: to unsubscribe is a negative reply, and ends every clock.
ALTER TABLE events ADD COLUMN IF NOT EXISTS reply_kind LowCardinality(String) AFTER reply_class;
