-- Whether a lead has more events than the worker keeps, so that its facts are those of the earliest.
ALTER TABLE lead_facts ADD COLUMN IF NOT EXISTS truncated Bool AFTER last_event_at;
