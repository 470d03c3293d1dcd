-- Who may do what, and see what: the roles, a member's permissions, and grants on single records.

ALTER TABLE members DROP CONSTRAINT members_role_check;
ALTER TABLE members ADD CONSTRAINT members_role_check CHECK (role IN (
    'system_admin', 'broker', 'owner', 'lead', 'coordinator', 'agent', 'viewer'));

ALTER TABLE invitations DROP CONSTRAINT invitations_role_check;
ALTER TABLE invitations ADD CONSTRAINT invitations_role_check CHECK (role IN (
    'system_admin', 'broker', 'owner', 'lead', 'coordinator', 'agent', 'viewer'));

-- From a role, and from what was said of the member beside it: null is what the role brings. Nobody
-- takes anything from an owner or who is above one, and a viewer never writes. domains/kit/actor.py
-- has the same for members of whom nothing was said.
CREATE FUNCTION member_rights(
    p_role text, p_delete boolean, p_edit boolean, p_financials boolean, p_manage boolean
) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(array_agg(r.name ORDER BY r.name), '{}')
    FROM (
        SELECT p_role IN ('system_admin', 'broker', 'owner') AS above, p_role <> 'viewer' AS writes
    ) AS m
    CROSS JOIN LATERAL (VALUES
        ('access_codes', m.writes),
        ('delete', m.above OR m.writes AND coalesce(p_delete, p_role = 'lead')),
        ('edit_team_data', m.above OR m.writes AND coalesce(p_edit, true)),
        ('financials', m.above OR coalesce(p_financials, true)),
        ('manage_team', m.above OR m.writes AND coalesce(p_manage, p_role = 'lead'))
    ) AS r (name, has)
    WHERE r.has;
$$;

ALTER TABLE members
    ADD COLUMN can_delete boolean,
    ADD COLUMN can_edit_team_data boolean,
    ADD COLUMN can_view_financials boolean,
    ADD COLUMN can_manage_team boolean,
    ADD COLUMN rights text[] NOT NULL GENERATED ALWAYS AS (member_rights(
        role, can_delete, can_edit_team_data, can_view_financials, can_manage_team)) STORED;

DROP TRIGGER members_move_epoch ON members;
CREATE TRIGGER members_move_epoch AFTER UPDATE ON members
FOR EACH ROW WHEN (OLD.role <> NEW.role OR OLD.rights <> NEW.rights
    OR OLD.removed_at IS DISTINCT FROM NEW.removed_at)
EXECUTE FUNCTION move_epoch_of_user();

-- Grants live with their record ([{user_id | team | broker, can_view, can_edit, can_delete, ...}]), so
-- that they travel in its image and its history. A private record's audience names, after its owner,
-- whom a grant shows it to: `private:<owner>,<user>,...`; what the whole team may see is not private.
CREATE FUNCTION record_audience(p_private boolean, p_owner uuid, p_grants jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_private THEN 'private:' || concat_ws(',', p_owner, (
        SELECT string_agg(g ->> 'user_id', ',' ORDER BY g ->> 'user_id')
        FROM jsonb_array_elements(p_grants) AS g
        WHERE (g ->> 'can_view')::boolean AND g ->> 'user_id' <> p_owner::text
    )) ELSE 'all' END;
$$;

-- An audience as the words a reader may be of: `private:a,b` is for those of `private:a` or `private:b`.
CREATE FUNCTION audience_words(p_audience text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT string_to_array(replace(p_audience, ',', ',private:'), ',');
$$;

ALTER TABLE escrows
    DROP COLUMN audience,
    ADD COLUMN grants jsonb NOT NULL DEFAULT '[]';
ALTER TABLE escrows ADD COLUMN audience text NOT NULL
    GENERATED ALWAYS AS (record_audience(is_private, owner_id, grants)) STORED;

ALTER TABLE listings
    DROP COLUMN audience,
    ADD COLUMN grants jsonb NOT NULL DEFAULT '[]';
ALTER TABLE listings ADD COLUMN audience text NOT NULL
    GENERATED ALWAYS AS (record_audience(is_private, owner_id, grants)) STORED;

DROP FUNCTION record_audience(boolean, uuid);
