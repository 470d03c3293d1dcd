-- Teams, people, and the log that everything else hangs on.

CREATE TABLE teams (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    is_demo boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL,
    full_name text NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz
);

CREATE UNIQUE INDEX users_email_key ON users (lower(email));

CREATE TABLE members (
    team_id uuid NOT NULL REFERENCES teams (id),
    user_id uuid NOT NULL REFERENCES users (id),
    role text NOT NULL CHECK (role IN ('owner', 'lead', 'agent', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    PRIMARY KEY (team_id, user_id)
);

CREATE INDEX members_user_id_idx ON members (user_id);

-- The only counter of a team. Its row lock is what makes sequence order equal commit order:
-- a Postgres sequence would let a reader see n+1 before n, and rollbacks would leave holes.
-- The fill factor keeps the updates of this hot row on its own page.
CREATE TABLE team_heads (
    team_id uuid PRIMARY KEY REFERENCES teams (id),
    seq bigint NOT NULL DEFAULT 0,
    h bytea NOT NULL,
    topics jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);

-- The hash before a team's first event.
CREATE FUNCTION first_hash(p_team uuid) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT substring(sha256(convert_to('homeroom:' || p_team, 'UTF8')) FOR 16);
$$;

CREATE FUNCTION start_team_head() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO team_heads (team_id, h) VALUES (NEW.id, first_hash(NEW.id));
    RETURN NEW;
END
$$;

CREATE TRIGGER teams_start_head AFTER INSERT ON teams
FOR EACH ROW EXECUTE FUNCTION start_team_head();

-- One row for each committed change. `data` is the whole record after it, `changes` what differed
-- ({field: [old, new]}); both are json, not jsonb, so that the text that was hashed is the text kept.
-- The chain hashes a salted digest of them: erasing a person means dropping data, changes and salt,
-- and the chain still verifies.
-- Not partitioned yet, on purpose: a time-partitioned table needs `at` in its key, and the database
-- would no longer refuse a second row with the same (team, seq). docs/decisions/0003 has the way over.
CREATE TABLE events (
    team_id uuid NOT NULL REFERENCES teams (id),
    seq bigint NOT NULL,
    h bytea NOT NULL,
    at timestamptz NOT NULL,
    kind text NOT NULL,
    entity text NOT NULL,
    entity_id uuid NOT NULL,
    version integer NOT NULL,
    actor_id uuid NOT NULL,
    op text NOT NULL,
    tx_i integer NOT NULL,
    tx_n integer NOT NULL,
    audience text NOT NULL DEFAULT 'all',
    changes json,
    data json,
    salt bytea,
    digest bytea NOT NULL,
    PRIMARY KEY (team_id, seq)
);

CREATE INDEX events_entity_idx ON events (team_id, entity_id, seq);

CREATE TABLE idempotency_keys (
    team_id uuid NOT NULL REFERENCES teams (id),
    user_id uuid NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status integer,
    body text,
    meta json,
    seq bigint,
    expires_at timestamptz NOT NULL DEFAULT now() + interval '24 hours',
    PRIMARY KEY (team_id, user_id, key)
);

CREATE INDEX idempotency_keys_expires_at_idx ON idempotency_keys (expires_at);

-- Numbers for people (ESC-2026-0001). Counted by row lock, so two writers never get the same one.
CREATE TABLE display_numbers (
    team_id uuid NOT NULL REFERENCES teams (id),
    prefix text NOT NULL,
    year integer NOT NULL,
    last integer NOT NULL,
    PRIMARY KEY (team_id, prefix, year)
);

CREATE FUNCTION next_display_id(p_team uuid, p_prefix text) RETURNS text LANGUAGE sql AS $$
    INSERT INTO display_numbers AS d (team_id, prefix, year, last)
    VALUES (p_team, p_prefix, extract(year FROM now())::int, 1)
    ON CONFLICT (team_id, prefix, year) DO UPDATE SET last = d.last + 1
    RETURNING p_prefix || '-' || year || '-' || lpad(last::text, greatest(4, length(last::text)), '0');
$$;

-- What changed between two images of a record: {field: [old, new]}, null when nothing did.
CREATE FUNCTION json_changes(p_before json, p_after json, p_volatile text[]) RETURNS json
LANGUAGE sql IMMUTABLE AS $$
    SELECT json_object_agg(n.key, json_build_array(o.value, n.value))
    FROM json_each(p_after) AS n
    JOIN json_each(p_before) AS o USING (key)
    WHERE n.value::text IS DISTINCT FROM o.value::text AND n.key <> ALL (p_volatile);
$$;

CREATE FUNCTION event_digest(p_salt bytea, p_changes json, p_data json) RETURNS bytea
LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(p_salt || convert_to(
        coalesce(p_changes::text, '') || E'\n' || coalesce(p_data::text, ''), 'UTF8'));
$$;

CREATE FUNCTION event_hash(p_previous bytea, e events) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT substring(sha256(p_previous || convert_to(concat_ws('|',
        e.team_id, e.seq, (extract(epoch FROM e.at) * 1000000)::bigint, e.kind, e.entity, e.entity_id,
        e.version, e.actor_id, e.op, e.tx_i, e.tx_n, e.audience), 'UTF8') || e.digest) FOR 16);
$$;

-- The event as screens get it. An image over 16 KB travels as a reference, so that no message can
-- outgrow the buffers of Redis or of a slow client.
CREATE FUNCTION event_wire(e events) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN coalesce(octet_length(e.data::text), 16385) <= 16384 THEN (
            SELECT row_to_json(w)::text FROM (
                SELECT e.team_id AS t, e.seq AS s, encode(e.h, 'hex') AS h, e.at, e.kind AS k,
                    e.entity AS e, e.entity_id AS id, e.version AS ver, a.person AS a, e.op,
                    e.tx_i AS i, e.tx_n AS n, coalesce(e.changes, '{}') AS ch, e.data AS d
            ) AS w)
        ELSE (
            SELECT row_to_json(w)::text FROM (
                SELECT e.team_id AS t, e.seq AS s, encode(e.h, 'hex') AS h, e.at, e.kind AS k,
                    e.entity AS e, e.entity_id AS id, e.version AS ver, a.person AS a, e.op,
                    e.tx_i AS i, e.tx_n AS n, true AS ref
            ) AS w)
        END
    FROM (SELECT (
        SELECT row_to_json(p) FROM (
            SELECT u.id, u.full_name AS name FROM users AS u WHERE u.id = e.actor_id
        ) AS p
    ) AS person) AS a;
$$;

-- Appends n events in one call. What can be computed before the head is locked, is.
CREATE FUNCTION append_events(
    p_team uuid, p_actor uuid, p_op text, p_kinds text[], p_entities text[], p_ids uuid[],
    p_versions integer[], p_audiences text[], p_datas text[], p_befores text[], p_volatile text[]
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
        e.data := p_datas[i]::json;
        e.changes := CASE WHEN p_befores[i] IS NOT NULL
            THEN json_changes(p_befores[i]::json, e.data, p_volatile) END;
        e.salt := uuid_send(gen_random_uuid());
        e.digest := event_digest(e.salt, e.changes, e.data);
        rows[i] := e;
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

-- The first event whose row was altered, is missing, or does not follow from the one before; null when
-- the whole chain holds, from the first event to the head.
CREATE FUNCTION first_bad_event(p_team uuid) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    expected bigint := 0;
    previous bytea := first_hash(p_team);
    head team_heads;
    e events;
BEGIN
    SELECT * INTO STRICT head FROM team_heads WHERE team_id = p_team;
    FOR e IN SELECT * FROM events WHERE team_id = p_team ORDER BY seq LOOP
        expected := expected + 1;
        IF e.seq <> expected
            OR (e.salt IS NOT NULL AND e.digest <> event_digest(e.salt, e.changes, e.data))
            OR (e.salt IS NULL AND (e.data IS NOT NULL OR e.changes IS NOT NULL))
            OR e.h <> event_hash(previous, e)
        THEN
            RETURN expected;
        END IF;
        previous := e.h;
    END LOOP;
    IF head.seq <> expected OR head.h <> previous THEN
        RETURN least(head.seq, expected) + 1;
    END IF;
    RETURN NULL;
END
$$;
