-- Clients: one row a person or entity the team works for. Escrows and listings name theirs.

-- What somebody is called: an entity by its own name, a person by first and last.
CREATE FUNCTION person_name(p_first text, p_last text, p_entity text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(nullif(p_entity, ''), concat_ws(' ', nullif(p_first, ''), nullif(p_last, '')));
$$;

CREATE TABLE clients (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL REFERENCES teams (id),
    display_id text NOT NULL,
    owner_id uuid NOT NULL,
    is_private boolean NOT NULL DEFAULT false,
    grants jsonb NOT NULL DEFAULT '[]',
    audience text NOT NULL
        GENERATED ALWAYS AS (record_audience(is_private, owner_id, grants)) STORED,
    client_type text NOT NULL
        CHECK (client_type IN ('buyer', 'seller', 'both', 'investor', 'referral')),
    client_status text NOT NULL
        CHECK (client_status IN ('active', 'inactive', 'closed', 'expired', 'cancelled')),
    contract_status_change_date date,
    status_change_timestamp timestamptz,
    status_reason text,
    first_name text,
    last_name text,
    email text,
    phone text,
    phone_e164 text,
    address text,
    city text,
    state text,
    zip_code text,
    entity_type text NOT NULL DEFAULT 'individual' CHECK (entity_type IN (
        'individual', 'trust', 'corporation', 'llc', 'partnership', 'estate', 'power_of_attorney')),
    entity_name text,
    representative_title text,
    full_name text NOT NULL GENERATED ALWAYS AS (person_name(first_name, last_name, entity_name)) STORED
        CHECK (full_name <> ''),
    budget_min numeric(14, 2),
    budget_max numeric(14, 2),
    commission numeric(6, 3),
    agreement_start_date date,
    agreement_end_date date,
    tags text[] NOT NULL DEFAULT '{}',
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by uuid NOT NULL REFERENCES users (id),
    last_modified_by uuid NOT NULL REFERENCES users (id),
    archived_at timestamptz,
    deleted_at timestamptz,
    deleted_by uuid REFERENCES users (id),
    UNIQUE (team_id, display_id),
    FOREIGN KEY (team_id, owner_id) REFERENCES members (team_id, user_id)
);

CREATE INDEX clients_created_idx ON clients (team_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX clients_status_idx ON clients (team_id, client_status) WHERE deleted_at IS NULL;
CREATE INDEX clients_tags_idx ON clients USING gin (tags);
-- An address is stored in lower case (domains/kit/email.py), so equal is the same.
CREATE UNIQUE INDEX clients_email_key ON clients (team_id, email) WHERE deleted_at IS NULL;

-- No foreign key reaches into an array: domains/kit/links.py looks before it is written.
ALTER TABLE escrows ADD COLUMN client_ids uuid[] NOT NULL DEFAULT '{}';
ALTER TABLE listings ADD COLUMN client_ids uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX escrows_clients_idx ON escrows USING gin (client_ids);
CREATE INDEX listings_clients_idx ON listings USING gin (client_ids);
