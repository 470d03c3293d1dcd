-- migrate: outside a transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_at_idx ON events (team_id, at, seq);
