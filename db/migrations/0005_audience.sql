-- Who may see a record, and with it what the log says about it: `all` of the team, or
-- `private:<owner>`, which leads and owners of the team see too. domains/kit/policy.py has the rule.

CREATE FUNCTION record_audience(p_private boolean, p_owner uuid) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_private THEN 'private:' || p_owner::text ELSE 'all' END;
$$;

ALTER TABLE escrows
    ADD COLUMN is_private boolean NOT NULL DEFAULT false,
    ADD COLUMN audience text NOT NULL GENERATED ALWAYS AS (record_audience(is_private, owner_id)) STORED;

ALTER TABLE listings
    ADD COLUMN is_private boolean NOT NULL DEFAULT false,
    ADD COLUMN audience text NOT NULL GENERATED ALWAYS AS (record_audience(is_private, owner_id)) STORED;

-- `audience` is who may see the record after the event; `audience_before` who could before it, where
-- that was somebody else: those among them who may not any more are told to drop it.
ALTER TABLE events ADD COLUMN audience_before text;

-- One word each: they are hashed and packed side by side.
ALTER TABLE events ADD CONSTRAINT events_audience_check
    CHECK (audience !~ '[| \n]' AND audience_before !~ '[| \n]') NOT VALID;

-- concat_ws leaves out what is null, so the hashes of all events before this migration stand.
CREATE OR REPLACE FUNCTION event_hash(p_previous bytea, e events) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
    SELECT substring(sha256(p_previous || convert_to(concat_ws('|',
        e.team_id, e.seq, (extract(epoch FROM e.at) * 1000000)::bigint, e.kind, e.entity, e.entity_id,
        e.version, e.actor_id, e.op, e.tx_i, e.tx_n, e.audience, e.audience_before), 'UTF8')
        || e.digest) FOR 16);
$$;

-- The records that are private now, of whatever kind: the last word of the log about each. What tells
-- of records without being one (the feed, answers kept for a repeated request) asks here.
CREATE TABLE private_records (
    team_id uuid NOT NULL REFERENCES teams (id),
    record_id uuid NOT NULL,
    audience text NOT NULL,
    PRIMARY KEY (team_id, record_id)
);

-- As in 0001, with the audience before. The one without it stays for nodes that still run the release
-- before this one; they know no private records.
CREATE FUNCTION append_events(
    p_team uuid, p_actor uuid, p_op text, p_kinds text[], p_entities text[], p_ids uuid[],
    p_versions integer[], p_audiences text[], p_audiences_before text[], p_datas text[],
    p_befores text[], p_volatile text[]
) RETURNS SETOF events LANGUAGE plpgsql AS $$
DECLARE
    n integer := cardinality(p_kinds);
    rows events[];
    e events;
    head team_heads;
BEGIN
    FOR i IN 1..n LOOP
        e := NULL;
        e.team_id := p_team;
        e.kind := p_kinds[i];
        e.entity := p_entities[i];
        e.entity_id := p_ids[i];
        e.version := p_versions[i];
        e.actor_id := p_actor;
        e.op := p_op;
        e.tx_i := i;
        e.tx_n := n;
        e.audience := p_audiences[i];
        e.audience_before := nullif(p_audiences_before[i], e.audience);
        e.data := p_datas[i]::json;
        e.changes := CASE WHEN p_befores[i] IS NOT NULL
            THEN json_changes(p_befores[i]::json, e.data, p_volatile) END;
        e.salt := uuid_send(gen_random_uuid());
        e.digest := event_digest(e.salt, e.changes, e.data);
        rows[i] := e;
        IF e.audience <> 'all' THEN
            INSERT INTO private_records AS p VALUES (p_team, e.entity_id, e.audience)
            ON CONFLICT (team_id, record_id) DO UPDATE SET audience = excluded.audience
            WHERE p.audience <> excluded.audience;
        ELSIF e.audience_before IS NOT NULL THEN
            DELETE FROM private_records WHERE team_id = p_team AND record_id = e.entity_id;
        END IF;
    END LOOP;

    SELECT * INTO STRICT head FROM team_heads WHERE team_id = p_team FOR NO KEY UPDATE;
    FOR i IN 1..n LOOP
        e := rows[i];
        head.seq := head.seq + 1;
        e.seq := head.seq;
        e.at := clock_timestamp();
        e.h := event_hash(head.h, e);
        head.h := e.h;
        head.topics := head.topics || jsonb_build_object(e.entity, e.seq);
        INSERT INTO events SELECT e.*;
        RETURN NEXT e;
    END LOOP;
    UPDATE team_heads SET seq = head.seq, h = head.h, topics = head.topics WHERE team_id = p_team;
END
$$;

-- The records that a kept answer shows: it is given again only to who may see them by then.
ALTER TABLE idempotency_keys ADD COLUMN shows uuid[];
