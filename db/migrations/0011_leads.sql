-- Leads: people who may become clients; one row an inquiry that somebody follows up.

CREATE TABLE leads (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL REFERENCES teams (id),
    display_id text NOT NULL,
    owner_id uuid NOT NULL,
    is_private boolean NOT NULL DEFAULT false,
    grants jsonb NOT NULL DEFAULT '[]',
    audience text NOT NULL
        GENERATED ALWAYS AS (record_audience(is_private, owner_id, grants)) STORED,
    first_name text,
    last_name text,
    email text,
    phone text,
    phone_e164 text,
    lead_status text NOT NULL CHECK (lead_status IN (
        'new', 'contacted', 'qualified', 'converted', 'lost', 'unqualified', 'deferred')),
    contract_status_change_date date,
    status_change_timestamp timestamptz,
    status_reason text,
    lead_source text NOT NULL,
    lead_type text,
    budget numeric(14, 2),
    budget_range text,
    budget_min numeric(14, 2),
    budget_max numeric(14, 2),
    timeline text,
    city text,
    state text,
    zip_code text,
    preferred_language text,
    next_follow_up date,
    last_contact_date date,
    -- The score is stored, so that lists sort by it and screens show the same one all day: a write
    -- that touches what it is made of makes it again, and a nightly job lets it decay.
    lead_score smallint NOT NULL DEFAULT 0 CHECK (lead_score BETWEEN 0 AND 100),
    score_parts jsonb NOT NULL DEFAULT '[]',
    tags text[] NOT NULL DEFAULT '{}',
    notes text,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by uuid NOT NULL REFERENCES users (id),
    last_modified_by uuid NOT NULL REFERENCES users (id),
    archived_at timestamptz,
    deleted_at timestamptz,
    deleted_by uuid REFERENCES users (id),
    UNIQUE (team_id, display_id),
    FOREIGN KEY (team_id, owner_id) REFERENCES members (team_id, user_id),
    CHECK (first_name IS NOT NULL OR last_name IS NOT NULL)
);

CREATE INDEX leads_created_idx ON leads (team_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX leads_status_idx ON leads (team_id, lead_status) WHERE deleted_at IS NULL;
CREATE INDEX leads_score_idx ON leads (team_id, lead_score DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX leads_follow_up_idx ON leads (team_id, next_follow_up)
    WHERE deleted_at IS NULL AND next_follow_up IS NOT NULL;
