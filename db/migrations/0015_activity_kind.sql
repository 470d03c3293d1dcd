-- migrate: outside a transaction
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_kind_idx
ON events (team_id, kind, seq)
INCLUDE (entity, entity_id, actor_id, audience, tx_i, tx_n, at);
