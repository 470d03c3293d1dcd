-- Who people are beside their sign-in, and brokerages: companies of several teams, whose brokers may act
-- in each of them without being members.

-- Nobody is a broker or an administrator by being a member.
ALTER TABLE members DROP CONSTRAINT members_role_check;
ALTER TABLE members ADD CONSTRAINT members_role_check CHECK (role IN (
    'owner', 'lead', 'coordinator', 'agent', 'viewer'));

-- A profile, in the trade's words (RESO Member). `phone` as it was typed, `phone_e164` to call it.
-- Whoever has `system_admin_at` may act in every team; only an operator's command sets it.
ALTER TABLE users
    ADD COLUMN first_name text,
    ADD COLUMN last_name text,
    ADD COLUMN phone text,
    ADD COLUMN phone_e164 text,
    ADD COLUMN title text,
    ADD COLUMN member_type text,
    ADD COLUMN license_number text,
    ADD COLUMN license_state text,
    ADD COLUMN specialties text[] NOT NULL DEFAULT '{}',
    ADD COLUMN languages text[] NOT NULL DEFAULT '{}',
    ADD COLUMN bio text,
    ADD COLUMN avatar_url text,
    ADD COLUMN time_zone text,
    ADD COLUMN locale text,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN system_admin_at timestamptz;

CREATE TABLE brokerages (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    license_number text,
    license_state text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE teams
    ADD COLUMN brokerage_id uuid REFERENCES brokerages (id),
    ADD COLUMN brokerage_joined_at timestamptz,
    ADD COLUMN time_zone text NOT NULL DEFAULT 'America/Los_Angeles',
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT teams_brokerage_check CHECK ((brokerage_id IS NULL) = (brokerage_joined_at IS NULL));

CREATE INDEX teams_brokerage_id_idx ON teams (brokerage_id) WHERE brokerage_id IS NOT NULL;

CREATE TABLE brokers (
    brokerage_id uuid NOT NULL REFERENCES brokerages (id),
    user_id uuid NOT NULL REFERENCES users (id),
    version integer NOT NULL DEFAULT 1,
    joined_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    PRIMARY KEY (brokerage_id, user_id)
);

CREATE INDEX brokers_user_id_idx ON brokers (user_id) WHERE removed_at IS NULL;

-- A team moves in when both sides have said so: its owner, and a broker. No foreign key to teams: who
-- names a team that is not there is not told so.
CREATE TABLE brokerage_moves (
    brokerage_id uuid NOT NULL REFERENCES brokerages (id) ON DELETE CASCADE,
    team_id uuid NOT NULL,
    asked_by_team uuid REFERENCES users (id),
    asked_by_broker uuid REFERENCES users (id),
    asked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (brokerage_id, team_id)
);

CREATE INDEX brokerage_moves_team_id_idx ON brokerage_moves (team_id);

-- An invitation to be a broker is one to a brokerage, given out in one of its teams.
ALTER TABLE invitations
    ADD COLUMN brokerage_id uuid REFERENCES brokerages (id),
    DROP CONSTRAINT invitations_role_check,
    ADD CONSTRAINT invitations_role_check CHECK (CASE WHEN brokerage_id IS NULL
        THEN role IN ('owner', 'lead', 'coordinator', 'agent', 'viewer') ELSE role = 'broker' END);

-- A session is one sign-in. Its tokens are for the team it began in, or for another one that was
-- chosen since: then, like a sign-in, the choice must be from after the user began to act there.
CREATE TABLE session_teams (
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    team_id uuid NOT NULL REFERENCES teams (id),
    chosen_at timestamptz NOT NULL,
    PRIMARY KEY (session_id, team_id)
);

-- The one answer to what a user may do in a team: the strongest role of those they have there with
-- its rights, and since when they have had any of them; no row for a stranger.
CREATE FUNCTION acting_role(p_team uuid, p_user uuid)
RETURNS TABLE (role text, rights text[], since timestamptz) LANGUAGE sql STABLE AS $$
    SELECT g.role, g.rights, min(g.since) OVER ()
    FROM (
        SELECT 1 AS rank, 'system_admin' AS role,
            member_rights('system_admin', NULL, NULL, NULL, NULL) AS rights,
            u.system_admin_at AS since
        FROM users AS u
        WHERE u.id = p_user AND u.system_admin_at IS NOT NULL
        UNION ALL
        SELECT 2, 'broker', member_rights('broker', NULL, NULL, NULL, NULL),
            greatest(b.joined_at, t.brokerage_joined_at)
        FROM teams AS t
        JOIN brokers AS b ON b.brokerage_id = t.brokerage_id
        WHERE t.id = p_team AND b.user_id = p_user AND b.removed_at IS NULL
        UNION ALL
        SELECT 3, m.role, m.rights, m.joined_at
        FROM members AS m
        WHERE m.team_id = p_team AND m.user_id = p_user AND m.removed_at IS NULL
    ) AS g
    ORDER BY g.rank
    LIMIT 1;
$$;

-- The teams that are one company with this one; itself alone where it is in no brokerage.
CREATE FUNCTION teams_beside(p_team uuid) RETURNS uuid[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(nullif(ARRAY(
        SELECT t.id
        FROM teams AS t
        WHERE t.brokerage_id = (SELECT o.brokerage_id FROM teams AS o WHERE o.id = p_team)
    ), '{}'), ARRAY[p_team]);
$$;

-- The people of each team as its records of them: its members, and the brokers who act in it.
-- `home` is the first of a person's rows within one company, where each is to be counted once.
CREATE VIEW team_users AS
SELECT p.team_id, p.user_id AS id, NULL::text AS display_id, p.user_id AS owner_id, 'all' AS audience,
    u.full_name, u.first_name, u.last_name, p.role, u.title, u.member_type, u.phone, u.phone_e164,
    u.license_number, u.license_state, u.specialties, u.languages, u.bio, u.avatar_url, u.time_zone,
    u.locale, CASE WHEN u.disabled_at IS NULL THEN 'active' ELSE 'disabled' END AS status,
    u.disabled_at, p.joined_at, p.home, u.version, u.created_at, u.updated_at,
    NULL::timestamptz AS archived_at, NULL::timestamptz AS deleted_at
FROM (
    SELECT m.team_id, m.user_id, m.role, m.joined_at, NOT EXISTS (
            SELECT
            FROM members AS o
            JOIN teams AS ot ON ot.id = o.team_id
            JOIN teams AS mt ON mt.id = m.team_id
            WHERE o.user_id = m.user_id AND o.removed_at IS NULL AND ot.brokerage_id = mt.brokerage_id
                AND (o.joined_at, o.team_id) < (m.joined_at, m.team_id)
        ) AS home
    FROM members AS m
    WHERE m.removed_at IS NULL
    UNION ALL
    SELECT t.id, b.user_id, 'broker', greatest(b.joined_at, t.brokerage_joined_at), NOT EXISTS (
            SELECT
            FROM members AS o
            JOIN teams AS ot ON ot.id = o.team_id
            WHERE o.user_id = b.user_id AND o.removed_at IS NULL
                AND ot.brokerage_id = b.brokerage_id
        ) AND NOT EXISTS (
            SELECT FROM teams AS ot WHERE ot.brokerage_id = b.brokerage_id AND ot.id < t.id
        )
    FROM brokers AS b
    JOIN teams AS t ON t.brokerage_id = b.brokerage_id
    WHERE b.removed_at IS NULL AND NOT EXISTS (
        SELECT
        FROM members AS m
        WHERE m.team_id = t.id AND m.user_id = b.user_id AND m.removed_at IS NULL
    )
) AS p
JOIN users AS u ON u.id = p.user_id;

-- As in 0006: whatever ends or changes what somebody may do moves their number. A name is shown with
-- what they do, so it counts, too.
DROP TRIGGER users_move_epoch ON users;

CREATE TRIGGER users_move_epoch
BEFORE UPDATE OF disabled_at, password_hash, system_admin_at, full_name ON users
FOR EACH ROW
WHEN (OLD.disabled_at IS DISTINCT FROM NEW.disabled_at OR OLD.password_hash <> NEW.password_hash
    OR OLD.system_admin_at IS DISTINCT FROM NEW.system_admin_at OR OLD.full_name <> NEW.full_name)
EXECUTE FUNCTION move_epoch();

CREATE TRIGGER brokers_move_epoch AFTER UPDATE OF removed_at ON brokers
FOR EACH ROW WHEN (OLD.removed_at IS DISTINCT FROM NEW.removed_at)
EXECUTE FUNCTION move_epoch_of_user();

CREATE TRIGGER brokers_begin_epoch AFTER INSERT ON brokers
FOR EACH ROW EXECUTE FUNCTION move_epoch_of_user();

-- Brokers of the company a team leaves, or comes to.
CREATE FUNCTION move_epoch_of_brokers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM users
    WHERE id IN (SELECT user_id FROM brokers
        WHERE brokerage_id IN (OLD.brokerage_id, NEW.brokerage_id) AND removed_at IS NULL)
    ORDER BY id
    FOR NO KEY UPDATE;
    UPDATE users SET epoch = epoch + 1
    WHERE id IN (SELECT user_id FROM brokers
        WHERE brokerage_id IN (OLD.brokerage_id, NEW.brokerage_id) AND removed_at IS NULL);
    RETURN NULL;
END
$$;

CREATE TRIGGER teams_move_epoch AFTER UPDATE OF brokerage_id ON teams
FOR EACH ROW WHEN (OLD.brokerage_id IS DISTINCT FROM NEW.brokerage_id)
EXECUTE FUNCTION move_epoch_of_brokers();
