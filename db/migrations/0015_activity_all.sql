-- migrate: outside a transaction
-- All that the feed filters by: whatever is asked of it is found without the events themselves.
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_feed_idx
ON events (team_id, seq)
INCLUDE (kind, entity, entity_id, actor_id, audience, tx_i, tx_n, at);
