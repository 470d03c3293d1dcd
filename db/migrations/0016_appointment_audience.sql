-- An appointment is for those who may see every private lead it is about, and, where it is private itself,
-- only for those of them who may see it for its own sake.

-- The readers whom all of these audiences have in common: `all` where none is narrower, and nobody but
-- those above the owners where no reader is of each. A null says nothing.
CREATE FUNCTION common_audience(p_audiences text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    WITH narrow AS (
        SELECT string_to_array(substr(a, length('private:') + 1), ',') AS readers, i
        FROM unnest(p_audiences) WITH ORDINALITY AS t (a, i)
        WHERE a <> 'all'
    )
    SELECT CASE WHEN NOT EXISTS (SELECT FROM narrow) THEN 'all'
        ELSE 'private:' || coalesce((
            SELECT string_agg(r.reader, ',' ORDER BY r.place)
            FROM (SELECT readers FROM narrow ORDER BY i LIMIT 1) AS first,
                unnest(first.readers) WITH ORDINALITY AS r (reader, place)
            WHERE (SELECT bool_and(r.reader = ANY (n.readers)) FROM narrow AS n)
        ), '00000000-0000-0000-0000-000000000000') END;
$$;

ALTER TABLE appointments DROP COLUMN audience;
ALTER TABLE appointments ADD COLUMN audience text NOT NULL GENERATED ALWAYS AS (common_audience(
    ARRAY[lead_audience, record_audience(is_private, owner_id, grants)])) STORED;

-- Those that named a private lead among their attendees alone were not hidden with it.
UPDATE appointments AS r
SET lead_audience = n.audience
FROM (
    SELECT a.id, nullif(common_audience(array_agg(l.audience)), 'all') AS audience
    FROM appointments AS a
    JOIN leads AS l ON l.team_id = a.team_id AND (l.id = a.lead_id OR EXISTS (
        SELECT FROM appointment_attendees AS c WHERE c.appointment_id = a.id AND c.lead_id = l.id))
    WHERE l.audience <> 'all'
    GROUP BY a.id
) AS n
WHERE n.id = r.id AND r.lead_audience IS DISTINCT FROM n.audience;

INSERT INTO private_records (team_id, record_id, audience)
SELECT r.team_id, r.id, r.audience FROM appointments AS r WHERE r.audience <> 'all'
ON CONFLICT (team_id, record_id) DO UPDATE SET audience = excluded.audience;
