-- Notes on records of any kind; which one, the id alone tells. Their writes lock and touch the record.

CREATE TABLE notes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL REFERENCES teams (id),
    record_id uuid NOT NULL,
    content text NOT NULL,
    type text NOT NULL CHECK (type IN ('general', 'conversation', 'meeting', 'follow_up', 'internal')),
    version integer NOT NULL, -- the record's, with which the note was written last
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by uuid NOT NULL REFERENCES users (id)
);

CREATE INDEX notes_last_idx ON notes (team_id, record_id, version DESC);
