-- Contacts: the people a team deals with, whatever they are to it, and what makes two of them alike.

CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA public;
CREATE EXTENSION IF NOT EXISTS fuzzystrmatch SCHEMA public;

-- The words of a name in the one order and spelling that is compared: "Nguyễn, Thị Mai" and
-- "thi mai NGUYEN" are {mai,nguyen,thi}. Immutable, because the dictionary is named.
CREATE FUNCTION name_words(p_name text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(w ORDER BY w), '{}')
    FROM regexp_split_to_table(
        translate(
            lower(public.unaccent('public.unaccent'::regdictionary, normalize(p_name, NFKC))),
            '''’`´', ''),
        '[^[:alnum:]]+') AS w
    WHERE w <> '';
$$;

CREATE FUNCTION name_key(p_name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_to_string(name_words(p_name), ' ');
$$;

-- Two records that share one of these may be the same person's: an address, a number, a licence, the
-- name, its sound, or one word of it with the first letter of another. They begin with the team, so
-- that one index serves all teams.
CREATE FUNCTION match_keys(
    p_team uuid, p_name text, p_emails text[], p_phones text[], p_license text
) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH words AS (
        SELECT w.word, w.i, public.dmetaphone(w.word) AS sound
        FROM unnest((name_words(p_name))[1:6]) WITH ORDINALITY AS w (word, i)
    ),
    keys AS (
        SELECT 'e' || email AS key FROM unnest(p_emails) AS email
        UNION SELECT 'p' || phone FROM unnest(p_phones) AS phone
        UNION SELECT 'l' || lower(regexp_replace(p_license, '[^[:alnum:]]', '', 'g'))
            WHERE p_license ~ '[[:alnum:]]'
        UNION SELECT 'n' || string_agg(word, ' ' ORDER BY i) FROM words HAVING count(*) > 0
        UNION SELECT 's' || string_agg(sound, ' ' ORDER BY sound) FROM words
            HAVING count(*) > 1 AND bool_and(sound <> '')
        UNION SELECT 'w' || a.word || ' ' || left(b.word, 1) FROM words AS a, words AS b
            WHERE a.i <> b.i AND length(a.word) > 1
    )
    SELECT coalesce(array_agg(left(p_team::text, 8) || key ORDER BY key), '{}')
    FROM keys
    WHERE key IS NOT NULL;
$$;

CREATE TABLE contacts (
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
    company text,
    full_name text NOT NULL GENERATED ALWAYS AS (coalesce(
        first_name || ' ' || last_name, first_name, last_name, company)) STORED,
    title text,
    email text,
    other_emails text[] NOT NULL DEFAULT '{}',
    phone text,
    phone_e164 text,
    other_phones text[] NOT NULL DEFAULT '{}',
    other_phones_e164 text[] NOT NULL DEFAULT '{}',
    address text,
    city text,
    state text,
    zip_code text,
    license_number text,
    website text,
    birthday date,
    preferred_language text,
    preferred_channel text,
    tags text[] NOT NULL DEFAULT '{}',
    notes text,
    contact_status text NOT NULL CHECK (contact_status IN ('active', 'inactive', 'merged')),
    status_reason text,
    contract_status_change_date date,
    status_change_timestamp timestamptz,
    -- A merged record names the one it went into, and is out of every list; the other one names
    -- those that went into it, the last one last.
    merged_into uuid REFERENCES contacts (id),
    merged_from uuid[] NOT NULL DEFAULT '{}',
    name_key text NOT NULL GENERATED ALWAYS AS (name_key(
        coalesce(first_name || ' ' || last_name, first_name, last_name, company))) STORED,
    match_keys text[] NOT NULL GENERATED ALWAYS AS (match_keys(
        team_id, coalesce(first_name || ' ' || last_name, first_name, last_name, company),
        other_emails || email, other_phones_e164 || phone_e164, license_number)) STORED,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by uuid NOT NULL REFERENCES users (id),
    last_modified_by uuid NOT NULL REFERENCES users (id),
    archived_at timestamptz,
    deleted_at timestamptz,
    deleted_by uuid REFERENCES users (id),
    CHECK ((merged_into IS NOT NULL) = (contact_status = 'merged')),
    CHECK (merged_into IS NULL OR deleted_at IS NOT NULL),
    CHECK (merged_into <> id),
    UNIQUE (team_id, display_id),
    FOREIGN KEY (team_id, owner_id) REFERENCES members (team_id, user_id)
);

CREATE INDEX contacts_created_idx ON contacts (team_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX contacts_name_idx ON contacts (team_id, full_name, id) WHERE deleted_at IS NULL;
-- Each new contact is looked for at once: a list of entries still to be filed would be read each time.
CREATE INDEX contacts_match_idx ON contacts USING gin (match_keys) WITH (fastupdate = off)
    WHERE deleted_at IS NULL;

-- Who signs for a client that is a trust, a company or an estate.
ALTER TABLE clients ADD COLUMN representative_contact_id uuid REFERENCES contacts (id);
CREATE INDEX clients_representative_idx ON clients (representative_contact_id)
    WHERE representative_contact_id IS NOT NULL;

-- What a contact is to the team: one row a role, exactly one of them primary where there is any.
CREATE TABLE contact_roles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL REFERENCES teams (id),
    contact_id uuid NOT NULL REFERENCES contacts (id),
    role text NOT NULL CHECK (role IN (
        'lead_buyer', 'lead_seller', 'client', 'loan_officer', 'escrow_officer', 'home_inspector',
        'termite_inspector', 'agent', 'broker', 'transaction_coordinator', 'handyman', 'contractor',
        'photographer', 'appraiser')),
    is_primary boolean NOT NULL DEFAULT false,
    version integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by uuid NOT NULL REFERENCES users (id),
    UNIQUE (contact_id, role)
);

CREATE UNIQUE INDEX contact_roles_primary_key ON contact_roles (contact_id) WHERE is_primary;
CREATE INDEX contact_roles_role_idx ON contact_roles (team_id, role, contact_id);

-- The first role is the primary one; when the primary one goes, the oldest left takes its place.
CREATE FUNCTION first_role_is_primary() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM contact_roles WHERE contact_id = NEW.contact_id AND is_primary) THEN
        NEW.is_primary := true;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER contact_roles_first BEFORE INSERT ON contact_roles
FOR EACH ROW EXECUTE FUNCTION first_role_is_primary();

CREATE FUNCTION next_role_is_primary() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE contact_roles SET is_primary = true WHERE id = (
        SELECT id FROM contact_roles
        WHERE contact_id = OLD.contact_id
            AND NOT EXISTS (SELECT FROM contact_roles WHERE contact_id = OLD.contact_id AND is_primary)
        ORDER BY created_at, id
        LIMIT 1
    );
    RETURN NULL;
END
$$;

CREATE TRIGGER contact_roles_next AFTER DELETE ON contact_roles
FOR EACH ROW WHEN (OLD.is_primary) EXECUTE FUNCTION next_role_is_primary();
