"""The SQL of brokerages; a statement names the brokerage, or the team that is of it."""

# What all of its teams see of a brokerage, and their logs keep.
_BROKERAGE = """
    b.id, b.name, b.license_number, b.license_state, b.version, b.created_at, b.updated_at,
    (
        SELECT coalesce(json_agg(x ORDER BY x.name, x.id), '[]')
        FROM (SELECT t.id, t.name FROM teams AS t WHERE t.brokerage_id = b.id) AS x
    ) AS teams
"""

# Of a broker as one of its teams sees them: in a team that is of it no more, they are out.
_BROKER = """
    b.user_id AS id, b.user_id, u.full_name, 'broker' AS role, b.brokerage_id, b.version,
    greatest(b.joined_at, t.brokerage_joined_at) AS joined_at,
    CASE WHEN t.brokerage_id = b.brokerage_id THEN b.removed_at ELSE now() END AS removed_at,
    (
        SELECT row_to_json(x)
        FROM (SELECT a.role, a.rights FROM acting_role(t.id, b.user_id) AS a) AS x
    ) AS acts_as
"""

OF_TEAM = "SELECT brokerage_id FROM teams WHERE id = $1"

# Everything that becomes of a brokerage waits in one line, before any other row is locked.
LOCK = "SELECT id FROM brokerages WHERE id = $1 FOR NO KEY UPDATE"

LOCK_TEAM = "SELECT brokerage_id FROM teams WHERE id = $1 FOR NO KEY UPDATE"

TEAMS = "SELECT array_agg(id ORDER BY id) FROM teams WHERE brokerage_id = $1"

BROKERS = """
    SELECT user_id
    FROM brokers
    WHERE brokerage_id = $1 AND removed_at IS NULL
    ORDER BY user_id
    FOR NO KEY UPDATE
"""

FOUND = """
    INSERT INTO brokerages (name, license_number, license_state)
    VALUES ($1, $2, $3)
    RETURNING id
"""

JOIN = """
    INSERT INTO brokers AS b (brokerage_id, user_id)
    VALUES ($1, $2)
    ON CONFLICT (brokerage_id, user_id) DO UPDATE
    SET removed_at = NULL, joined_at = now(), version = b.version + 1
    WHERE b.removed_at IS NOT NULL
    RETURNING b.version
"""

REMOVE = """
    UPDATE brokers SET removed_at = now(), version = version + 1
    WHERE brokerage_id = $1 AND user_id = $2
"""

# They are seen in another team, or in one less.
TOUCH_BROKERS = """
    UPDATE brokers SET version = version + 1
    WHERE brokerage_id = $1 AND removed_at IS NULL
"""

MOVE_IN = """
    UPDATE teams SET brokerage_id = $2, brokerage_joined_at = clock_timestamp(),
        version = version + 1, updated_at = clock_timestamp()
    WHERE id = $1
"""

MOVE_OUT = """
    UPDATE teams SET brokerage_id = NULL, brokerage_joined_at = NULL,
        version = version + 1, updated_at = clock_timestamp()
    WHERE id = $1
"""

TOUCH = """
    UPDATE brokerages SET version = version + 1, updated_at = clock_timestamp()
    WHERE id = $1
    RETURNING version
"""

ROW = "SELECT name, license_number, license_state, version FROM brokerages WHERE id = $1"

CHANGE = """
    UPDATE brokerages SET name = $2, license_number = $3, license_state = $4,
        version = version + 1, updated_at = clock_timestamp()
    WHERE id = $1
    RETURNING version
"""

IMAGE = f"""
    SELECT row_to_json(x)::text
    FROM (SELECT {_BROKERAGE} FROM brokerages AS b WHERE b.id = $1) AS x
"""

# Who is none of its brokers sees no more of its other teams than what they are called.
CURRENT = f"""
    SELECT row_to_json(x)::text
    FROM (
        SELECT {_BROKERAGE}
        FROM brokerages AS b
        JOIN teams AS o ON o.brokerage_id = b.id
        WHERE o.id = $1
    ) AS x
"""

# One row for each broker and team: what is told of the broker in that team's log.
BROKER_IMAGES = f"""
    SELECT b.user_id, b.version, t.id AS team_id,
        (SELECT row_to_json(x)::text FROM (SELECT {_BROKER}) AS x) AS image
    FROM brokers AS b
    JOIN users AS u ON u.id = b.user_id
    JOIN teams AS t ON t.id = ANY ($3::uuid[])
    WHERE b.brokerage_id = $1 AND b.user_id = ANY ($2::uuid[])
    ORDER BY t.id, b.user_id
"""

CURRENT_BROKERS = f"""
    SELECT coalesce(json_agg(x ORDER BY lower(x.full_name), x.id), '[]')::text
    FROM (
        SELECT {_BROKER}
        FROM teams AS t
        JOIN brokers AS b ON b.brokerage_id = t.brokerage_id AND b.removed_at IS NULL
        JOIN users AS u ON u.id = b.user_id
        WHERE t.id = $1
    ) AS x
"""

# Both sides say so in any order. $3 is the team's word, $4 the brokerage's.
ASK = """
    INSERT INTO brokerage_moves AS a (brokerage_id, team_id, asked_by_team, asked_by_broker)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (brokerage_id, team_id) DO UPDATE
    SET asked_by_team = coalesce(excluded.asked_by_team, a.asked_by_team),
        asked_by_broker = coalesce(excluded.asked_by_broker, a.asked_by_broker),
        asked_at = now()
    RETURNING asked_by_team IS NOT NULL AND asked_by_broker IS NOT NULL AS agreed
"""

# What a team asks for is void once it is in a brokerage; so is what it was offered.
ASKED = "DELETE FROM brokerage_moves WHERE team_id = $1"

TAKE_BACK = """
    WITH taken AS (
        DELETE FROM brokerage_moves
        WHERE team_id = $1 AND asked_by_team IS NOT NULL
        RETURNING true AS one
    )
    SELECT bool_or(one) FROM taken
"""

DECLINE = "DELETE FROM brokerage_moves WHERE brokerage_id = $1 AND team_id = $2 RETURNING true"

# A team's name is told to a brokerage once its owner asked to be in it.
MOVES = """
    SELECT coalesce(json_agg(x ORDER BY x.asked_at, x.team_id), '[]')::text
    FROM (
        SELECT a.brokerage_id, a.team_id,
            CASE WHEN a.asked_by_team IS NOT NULL THEN o.name END AS team_name,
            CASE WHEN a.asked_by_team IS NOT NULL THEN 'team' ELSE 'brokerage' END AS asked_by,
            a.asked_at
        FROM brokerage_moves AS a
        LEFT JOIN teams AS o ON o.id = a.team_id
        WHERE a.brokerage_id = (SELECT t.brokerage_id FROM teams AS t WHERE t.id = $1)
    ) AS x
"""

ADD_TEAM = """
    INSERT INTO teams (id, name, time_zone)
    SELECT $1, $2, coalesce($3, t.time_zone)
    FROM teams AS t
    WHERE t.id = $4
"""

# A member of one of its teams, or a broker.
IS_OF = """
    SELECT EXISTS (
        SELECT FROM brokers WHERE brokerage_id = $1 AND user_id = $2 AND removed_at IS NULL
        UNION ALL
        SELECT
        FROM members AS m
        JOIN teams AS t ON t.id = m.team_id
        WHERE t.brokerage_id = $1 AND m.user_id = $2 AND m.removed_at IS NULL
    )
"""
