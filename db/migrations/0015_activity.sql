-- What one person did in one go, or of one kind within the same ten minutes, is one entry of the feed:
-- events with the same number here are shown as a group. A transaction with several events is one by
-- itself, for what is done together is told together.
CREATE FUNCTION event_group(
    p_seq bigint, p_tx_i integer, p_tx_n integer, p_actor uuid, p_kind text, p_at timestamptz
) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_tx_n > 1 THEN hashint8extended(p_seq - p_tx_i, 0)
        ELSE hashtextextended(p_kind, uuid_hash_extended(p_actor,
            floor(extract(epoch FROM p_at) / 600)::bigint))
    END;
$$;
