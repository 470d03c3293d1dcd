"""The SQL of what people write about themselves; what is read goes by the kit."""

from domains.users.resource import USERS

LOCK = "SELECT * FROM users WHERE id = $1 FOR NO KEY UPDATE"

# What each team sees of somebody.
IMAGES = f"""
    SELECT r.team_id, r.version, {USERS.image_sql} AS image
    FROM {USERS.table} AS r
    WHERE r.id = $1
    ORDER BY r.team_id
"""

# One's own, also in a team that has no row of one: an administrator's.
PROFILE = """
    SELECT row_to_json(x)::text
    FROM (
        SELECT u.id, $2::uuid AS team_id, u.full_name, u.first_name, u.last_name, a.role, u.title,
            u.member_type, u.phone, u.phone_e164, u.license_number, u.license_state, u.specialties,
            u.languages, u.bio, u.avatar_url, u.time_zone, u.locale,
            CASE WHEN u.disabled_at IS NULL THEN 'active' ELSE 'disabled' END AS status,
            u.disabled_at, a.since AS joined_at, u.version, u.created_at, u.updated_at, u.email
        FROM users AS u
        JOIN acting_role($2, u.id) AS a ON true
        WHERE u.id = $1
    ) AS x
"""

ACCOUNT = """
    SELECT row_to_json(x)::text
    FROM (
        SELECT u.id, CASE WHEN u.disabled_at IS NULL THEN 'active' ELSE 'disabled' END AS status,
            u.disabled_at, u.version
        FROM users AS u
        WHERE u.id = $1
    ) AS x
"""

DISABLE = """
    UPDATE users SET disabled_at = CASE WHEN $2 THEN now() END, version = version + 1,
        updated_at = clock_timestamp()
    WHERE id = $1
"""


def change(names: list[str]) -> str:
    """Set these columns, which are the profile's own."""
    sets = ", ".join(f"{name} = ${place}" for place, name in enumerate(names, 2))
    return f"""
        UPDATE users SET {sets}, version = version + 1, updated_at = clock_timestamp()
        WHERE id = $1
    """
