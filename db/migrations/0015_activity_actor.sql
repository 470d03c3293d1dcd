-- migrate: outside a transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_actor_idx
ON events (team_id, actor_id, seq)
INCLUDE (kind, entity, entity_id, audience, tx_i, tx_n, at);
