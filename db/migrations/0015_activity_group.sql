-- migrate: outside a transaction
-- The columns beside the key are those that the feed filters by, and those that the group is made of:
-- without them Postgres would look at the events themselves.
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_group_idx
ON events (team_id, event_group(seq, tx_i, tx_n, actor_id, kind, at), seq)
INCLUDE (kind, entity, entity_id, actor_id, audience, tx_i, tx_n, at);
