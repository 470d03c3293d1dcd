"""The SQL of teams; every statement names the team."""

from db.as_of import as_of

# What the whole team sees of a member, and the log keeps: no e-mail address, so that one can be
# changed or erased without touching history.
_MEMBER = """
    m.user_id AS id, m.user_id, u.full_name, m.role, m.rights, m.can_delete, m.can_edit_team_data,
    m.can_view_financials, m.can_manage_team, m.version, m.joined_at, m.removed_at,
    (
        SELECT row_to_json(x)
        FROM (SELECT a.role, a.rights FROM acting_role(m.team_id, m.user_id) AS a) AS x
    ) AS acts_as
"""

_TEAM = """
    t.id, t.name, t.time_zone,
    (
        SELECT row_to_json(x)
        FROM (SELECT b.id, b.name FROM brokerages AS b WHERE b.id = t.brokerage_id) AS x
    ) AS brokerage,
    t.version, t.created_at, t.updated_at
"""

_MEMBERS = """(
    SELECT count(*) FROM members AS m WHERE m.team_id = t.id AND m.removed_at IS NULL
)"""

TEAM = f"""
    SELECT row_to_json(x)::text
    FROM (
        SELECT {_TEAM}, a.role, {_MEMBERS} AS members
        FROM teams AS t
        JOIN acting_role(t.id, $2) AS a ON true
        WHERE t.id = $1
    ) AS x
"""

TEAM_IMAGE = f"""
    SELECT t.version, (SELECT row_to_json(x)::text FROM (SELECT {_TEAM}) AS x) AS image
    FROM teams AS t
    WHERE t.id = $1
"""

# Those that somebody is a member of and those of their brokerages; $2 is for who is everywhere.
TEAMS = f"""
    WITH mine AS MATERIALIZED (
        SELECT t.*
        FROM teams AS t
        WHERE ($2 OR t.id IN (
                SELECT m.team_id FROM members AS m WHERE m.user_id = $1 AND m.removed_at IS NULL
                UNION
                SELECT o.id
                FROM brokers AS b
                JOIN teams AS o ON o.brokerage_id = b.brokerage_id
                WHERE b.user_id = $1 AND b.removed_at IS NULL
            ))
            AND ($3::text IS NULL OR strpos(lower(t.name), lower($3)) > 0)
    )
    SELECT (SELECT count(*) FROM mine) AS total, (
        SELECT coalesce(json_agg(x ORDER BY lower(x.name), x.id), '[]')::text
        FROM (
            SELECT {_TEAM}, a.role, {_MEMBERS} AS members
            FROM (SELECT * FROM mine ORDER BY lower(name), id LIMIT $4 OFFSET $5) AS t
            JOIN acting_role(t.id, $1) AS a ON true
        ) AS x
    ) AS items
"""

LOCK_TEAM_ROW = "SELECT name, time_zone, version FROM teams WHERE id = $1 FOR NO KEY UPDATE"

CHANGE_TEAM = """
    UPDATE teams SET name = $2, time_zone = $3, version = version + 1,
        updated_at = clock_timestamp()
    WHERE id = $1
    RETURNING version
"""

ACTING = "SELECT role, rights FROM acting_role($1, $2)"

# Brokers come before members, wherever both are locked.
HOLD_BROKER = """
    SELECT
    FROM teams AS t
    JOIN brokers AS b ON b.brokerage_id = t.brokerage_id
    WHERE t.id = $1 AND b.user_id = $2
    FOR SHARE OF b
"""

HOLD_MEMBER = "SELECT FROM members WHERE team_id = $1 AND user_id = $2 FOR SHARE"

IMAGE = f"""
    SELECT row_to_json(x)::text
    FROM (
        SELECT {_MEMBER}
        FROM members AS m
        JOIN users AS u ON u.id = m.user_id
        WHERE m.team_id = $1 AND m.user_id = $2
    ) AS x
"""

CONTACT = f"""
    SELECT row_to_json(x)::text
    FROM (
        SELECT {_MEMBER}, CASE WHEN $3 THEN u.email END AS email
        FROM members AS m
        JOIN users AS u ON u.id = m.user_id
        WHERE m.team_id = $1 AND m.user_id = $2 AND m.removed_at IS NULL
    ) AS x
"""

# Rows and head in one statement are one snapshot: a client starts its stream at that head.
MEMBERS = f"""
    SELECT {as_of(("member", "broker", "user"))} AS as_of, coalesce((
        SELECT json_agg(x ORDER BY lower(x.full_name), x.id)
        FROM (
            SELECT {_MEMBER}
            FROM members AS m
            JOIN users AS u ON u.id = m.user_id
            WHERE m.team_id = $1 AND m.removed_at IS NULL
        ) AS x
    ), '[]')::text AS items
    FROM teams AS t
    WHERE t.id = $1
"""

# Newcomers come in one by one, so that the count, read by the next statement, is true.
LOCK_TEAM = "SELECT id FROM teams WHERE id = $1 FOR NO KEY UPDATE"

COUNT_MEMBERS = "SELECT count(*) FROM members WHERE team_id = $1 AND removed_at IS NULL"

# A change of the newcomer's profile waits, or is told to this team, too.
LOCK_USER = "SELECT FROM users WHERE id = $1 FOR SHARE"

JOIN = """
    INSERT INTO members AS m (team_id, user_id, role)
    VALUES ($1, $2, $3)
    ON CONFLICT (team_id, user_id) DO UPDATE
    SET role = excluded.role, removed_at = NULL, joined_at = now(), version = m.version + 1
    WHERE m.removed_at IS NOT NULL
    RETURNING m.version
"""

LOCK = """
    SELECT user_id, role, version, can_delete, can_edit_team_data, can_view_financials,
        can_manage_team
    FROM members
    WHERE team_id = $1 AND removed_at IS NULL AND (user_id = ANY ($2) OR role = 'owner')
    ORDER BY user_id
    FOR NO KEY UPDATE
"""

CHANGE_ROLE = """
    UPDATE members SET role = $3, version = version + 1
    WHERE team_id = $1 AND user_id = $2
    RETURNING version
"""

CHANGE_PERMISSIONS = """
    UPDATE members SET can_delete = $3, can_edit_team_data = $4, can_view_financials = $5,
        can_manage_team = $6, version = version + 1
    WHERE team_id = $1 AND user_id = $2
    RETURNING version
"""

REMOVE = """
    UPDATE members SET removed_at = now(), version = version + 1
    WHERE team_id = $1 AND user_id = $2
    RETURNING version
"""

_INVITATION = """
    i.id, i.email, i.role, i.created_at, i.expires_at,
    (SELECT row_to_json(p) FROM (SELECT u.id, u.full_name AS name) AS p) AS invited_by
"""

_OPEN = "i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()"

INVITATIONS = f"""
    SELECT coalesce(json_agg(x ORDER BY x.created_at DESC, x.id), '[]')::text
    FROM (
        SELECT {_INVITATION}
        FROM invitations AS i
        JOIN users AS u ON u.id = i.invited_by
        WHERE i.team_id = $1 AND {_OPEN}
    ) AS x
"""

# A member of the team; where a brokerage is named, a broker of that.
IS_IN = """
    SELECT EXISTS (
        SELECT
        FROM users AS u
        WHERE lower(u.email) = $2 AND CASE WHEN $3::uuid IS NULL
            THEN EXISTS (
                SELECT FROM members AS m
                WHERE m.team_id = $1 AND m.user_id = u.id AND m.removed_at IS NULL
            )
            ELSE EXISTS (
                SELECT FROM brokers AS b
                WHERE b.brokerage_id = $3 AND b.user_id = u.id AND b.removed_at IS NULL
            )
        END
    )
"""

BROKERAGE = "SELECT brokerage_id FROM teams WHERE id = $1"

COUNT_OPEN = f"SELECT count(*) FROM invitations AS i WHERE i.team_id = $1 AND {_OPEN}"

REPLACE = """
    UPDATE invitations SET revoked_at = now()
    WHERE team_id = $1 AND email = $2 AND accepted_at IS NULL AND revoked_at IS NULL
"""

INVITE = f"""
    WITH i AS (
        INSERT INTO invitations
            (team_id, email, role, token_hash, invited_by, expires_at, brokerage_id)
        VALUES ($1, $2, $3, $4, $5, now() + $6::interval, $7)
        ON CONFLICT DO NOTHING
        RETURNING *
    )
    SELECT row_to_json(x)::text
    FROM (
        SELECT {_INVITATION}
        FROM i
        JOIN users AS u ON u.id = i.invited_by
    ) AS x
"""

REVOKE = f"""
    WITH i AS (
        UPDATE invitations AS i SET revoked_at = now()
        WHERE i.team_id = $1 AND i.id = $2 AND {_OPEN}
        RETURNING *
    )
    SELECT row_to_json(x)::text
    FROM (
        SELECT {_INVITATION}
        FROM i
        JOIN users AS u ON u.id = i.invited_by
    ) AS x
"""

WITHDRAW = """
    UPDATE invitations SET revoked_at = now()
    WHERE team_id = $1 AND invited_by = $2 AND role = ANY ($3)
        AND accepted_at IS NULL AND revoked_at IS NULL
"""

# By the token's hash alone: who holds the token has not named a team, it names one.
INVITATION = """
    SELECT i.id, i.team_id, i.email, i.role, i.brokerage_id, i.accepted_at IS NOT NULL AS used,
        i.revoked_at IS NOT NULL OR i.expires_at <= now() AS over,
        u.id AS user_id, u.password_hash, u.disabled_at IS NOT NULL AS disabled
    FROM invitations AS i
    LEFT JOIN users AS u ON lower(u.email) = i.email
    WHERE i.token_hash = $1
"""

TAKE_UP = f"""
    UPDATE invitations AS i SET accepted_at = now(), accepted_by = $3
    WHERE i.team_id = $1 AND i.id = $2 AND {_OPEN}
    RETURNING true
"""
