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
    -- In the pond a lead is kept by a lead of the team, and claimed by whoever comes first.
    in_pond boolean NOT NULL DEFAULT false CHECK (NOT (in_pond AND is_private)),
    claimed_at timestamptz,
    assigned_at timestamptz,
    assignment_reason text,
    routing_rule_id uuid,
    -- A lead names its client in the statement before the client is made.
    converted_to_client_id uuid REFERENCES clients (id) DEFERRABLE INITIALLY DEFERRED,
    converted_to_escrow_id uuid REFERENCES escrows (id) DEFERRABLE INITIALLY DEFERRED,
    client_was_known boolean NOT NULL DEFAULT false,
    -- The score is stored, so that lists sort by it and screens show the same one all day: a write
    -- that touches what it is made of makes it again, and a nightly job lets it decay.
    activity_points smallint NOT NULL DEFAULT 0,
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
CREATE INDEX leads_owner_idx ON leads (team_id, owner_id, lead_status) WHERE deleted_at IS NULL;
CREATE INDEX leads_pond_idx ON leads (team_id, created_at DESC) WHERE in_pond AND deleted_at IS NULL;
CREATE INDEX leads_follow_up_idx ON leads (team_id, next_follow_up)
    WHERE deleted_at IS NULL AND next_follow_up IS NOT NULL;
CREATE INDEX leads_client_idx ON leads (converted_to_client_id)
    WHERE converted_to_client_id IS NOT NULL;

-- What was done with a lead. Their writes lock and touch the lead.
CREATE TABLE lead_activities (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL REFERENCES teams (id),
    lead_id uuid NOT NULL REFERENCES leads (id),
    activity_type text NOT NULL
        CHECK (activity_type IN ('call', 'email', 'text', 'meeting', 'showing', 'note')),
    direction text NOT NULL CHECK (direction IN ('outgoing', 'incoming')),
    notes text,
    at timestamptz NOT NULL,
    version integer NOT NULL, -- the lead's, with which it was written last
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by uuid NOT NULL REFERENCES users (id)
);

CREATE INDEX lead_activities_last_idx ON lead_activities (team_id, lead_id, version DESC);

-- Who gets a new lead: the first rule, in their order, that is for it. `last_agent_id` is whose turn
-- it was last; it moves under the row's lock, which is what keeps turns fair.
CREATE TABLE lead_rules (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL REFERENCES teams (id),
    name text NOT NULL,
    strategy text NOT NULL,
    enabled boolean NOT NULL,
    position integer NOT NULL,
    sources text[] NOT NULL,
    lead_types text[] NOT NULL,
    territories text[] NOT NULL,
    languages text[] NOT NULL,
    price_min numeric(14, 2),
    price_max numeric(14, 2),
    agents uuid[] NOT NULL,
    last_agent_id uuid,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX lead_rules_team_idx ON lead_rules (team_id, position);

CREATE TABLE lead_agents (
    team_id uuid NOT NULL,
    user_id uuid NOT NULL,
    takes_leads boolean,
    capacity integer,
    claim_limit integer,
    territories text[],
    languages text[],
    version integer NOT NULL DEFAULT 0,
    PRIMARY KEY (team_id, user_id),
    FOREIGN KEY (team_id, user_id) REFERENCES members (team_id, user_id)
);
