-- migrate: outside a transaction
-- All that the feed filters by: whatever is asked of it is found without the events themselves. It has
-- the key of the primary key, and takes its place in 0015_plans.
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS events_feed_idx
ON events (team_id, seq)
INCLUDE (kind, entity, entity_id, actor_id, audience, tx_i, tx_n, at);
