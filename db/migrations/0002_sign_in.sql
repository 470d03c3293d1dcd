-- Signing in: who joined which team when, the sessions that are open, and invitations.

-- A member's record has a version like every record that travels in the log. `joined_at` moves when
-- somebody who was removed comes back; a session from before it stays dead.
ALTER TABLE members
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN joined_at timestamptz NOT NULL DEFAULT now();

-- One sign-in on one device, in one team: the family of the refresh tokens that follow each other.
CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    team_id uuid NOT NULL REFERENCES teams (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    remote inet,
    revoked_at timestamptz
);

CREATE INDEX sessions_user_id_idx ON sessions (user_id);

-- Tokens are kept as sha-256 only. A row stays after its token was exchanged, so that a second use of
-- it is seen for what it is. With `nonce` and the old token, which only the client has, the server can
-- make the same successor again for a client that lost the answer.
CREATE TABLE refresh_tokens (
    hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    rotated_at timestamptz,
    nonce bytea
);

CREATE INDEX refresh_tokens_session_id_idx ON refresh_tokens (session_id);

CREATE TABLE invitations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL REFERENCES teams (id),
    email text NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'lead', 'agent', 'viewer')),
    token_hash bytea NOT NULL UNIQUE,
    invited_by uuid NOT NULL REFERENCES users (id),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    accepted_at timestamptz,
    accepted_by uuid REFERENCES users (id),
    revoked_at timestamptz
);

-- One open invitation per address: a new one takes the place of the old.
CREATE UNIQUE INDEX invitations_open_key ON invitations (team_id, email)
WHERE accepted_at IS NULL AND revoked_at IS NULL;
