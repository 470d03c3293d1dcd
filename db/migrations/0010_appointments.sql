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

-- Appointments, with the rows that belong to them.

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- When and how a property may be shown. Times of day are its own.
ALTER TABLE listings
    ADD COLUMN is_showable boolean NOT NULL DEFAULT true,
    ADD COLUMN showing_status text NOT NULL DEFAULT 'accepting_requests' CHECK (showing_status IN (
        'accepting_requests', 'no_showings', 'on_hold', 'restricted_showings')),
    ADD COLUMN auto_confirm boolean NOT NULL DEFAULT false,
    ADD COLUMN min_notice_hours integer,
    ADD COLUMN max_daily_showings integer,
    ADD COLUMN showing_start time,
    ADD COLUMN showing_end time,
    ADD COLUMN blackout_times jsonb NOT NULL DEFAULT '[]';

CREATE TABLE appointments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL REFERENCES teams (id),
    display_id text NOT NULL,
    owner_id uuid NOT NULL,
    is_private boolean NOT NULL DEFAULT false,
    grants jsonb NOT NULL DEFAULT '[]',
    -- Of the private lead that it is about: it is seen by whom that lead is seen by.
    lead_audience text,
    audience text NOT NULL GENERATED ALWAYS AS (
        coalesce(lead_audience, record_audience(is_private, owner_id, grants))) STORED,
    title text NOT NULL,
    appointment_type text NOT NULL CHECK (appointment_type IN (
        'listing_presentation', 'buyer_consultation', 'property_showing', 'open_house', 'closing',
        'inspection', 'other')),
    appointment_status text NOT NULL CHECK (appointment_status IN (
        'requested', 'scheduled', 'confirmed', 'rescheduled', 'completed', 'cancelled', 'denied',
        'no_show')),
    contract_status_change_date date,
    status_change_timestamp timestamptz,
    status_reason text,
    location text,
    description text,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    -- The same in `time_zone`, where it takes place; duration in minutes.
    time_zone text NOT NULL,
    appointment_date date NOT NULL,
    start_time time NOT NULL,
    end_time time NOT NULL,
    duration integer NOT NULL,
    times_set_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    previous_starts_at timestamptz,
    previous_ends_at timestamptz,
    times_moved integer NOT NULL DEFAULT 0,
    client_id uuid REFERENCES clients (id),
    lead_id uuid, -- of leads, which are made by the migration after this one
    listing_id uuid REFERENCES listings (id),
    overlap_reason text,
    agreement_override_reason text,
    reminder_minutes integer[] NOT NULL DEFAULT '{60,1440}',
    reminders_sent integer[] NOT NULL DEFAULT '{}',
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

CREATE INDEX appointments_created_idx ON appointments (team_id, created_at DESC, id DESC)
    WHERE deleted_at IS NULL;
CREATE INDEX appointments_starts_idx ON appointments (team_id, starts_at DESC, id DESC)
    WHERE deleted_at IS NULL;
CREATE INDEX appointments_client_idx ON appointments (team_id, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX appointments_lead_idx ON appointments (team_id, lead_id) WHERE lead_id IS NOT NULL;
CREATE INDEX appointments_listing_idx ON appointments (team_id, listing_id)
    WHERE listing_id IS NOT NULL;
-- Those that may still have to remind somebody, of all teams.
CREATE INDEX appointments_to_come_idx ON appointments (starts_at)
    WHERE deleted_at IS NULL AND archived_at IS NULL
        AND appointment_status IN ('requested', 'scheduled', 'confirmed', 'rescheduled');

CREATE TABLE appointment_stops (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL REFERENCES teams (id),
    appointment_id uuid NOT NULL REFERENCES appointments (id),
    stop_order integer NOT NULL,
    location_address text NOT NULL,
    city text,
    state text,
    zip_code text,
    latitude double precision,
    longitude double precision,
    scheduled_time timestamptz,
    estimated_duration integer NOT NULL DEFAULT 30,
    actual_arrival_time timestamptz,
    actual_departure_time timestamptz,
    status text NOT NULL,
    notes text,
    version integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by uuid NOT NULL REFERENCES users (id),
    UNIQUE (team_id, appointment_id, stop_order) DEFERRABLE INITIALLY IMMEDIATE
);

CREATE TABLE appointment_attendees (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL REFERENCES teams (id),
    appointment_id uuid NOT NULL REFERENCES appointments (id),
    attendee_type text NOT NULL,
    client_id uuid REFERENCES clients (id),
    lead_id uuid,
    contact_id uuid,
    user_id uuid,
    display_name text NOT NULL,
    email text,
    phone text,
    phone_e164 text,
    rsvp_status text NOT NULL,
    is_primary boolean NOT NULL DEFAULT false,
    version integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by uuid NOT NULL REFERENCES users (id),
    FOREIGN KEY (team_id, user_id) REFERENCES members (team_id, user_id),
    UNIQUE (team_id, appointment_id, user_id)
);

CREATE UNIQUE INDEX appointment_attendees_primary_key
    ON appointment_attendees (team_id, appointment_id) WHERE is_primary;

CREATE TABLE appointment_showings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL REFERENCES teams (id),
    appointment_id uuid NOT NULL REFERENCES appointments (id),
    stop_id uuid REFERENCES appointment_stops (id) ON DELETE SET NULL,
    listing_id uuid REFERENCES listings (id),
    property_address text,
    showing_order integer NOT NULL,
    showing_status text NOT NULL CHECK (showing_status IN (
        'requested', 'confirmed', 'denied', 'cancelled', 'completed')),
    showing_type text NOT NULL,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    confirmed_at timestamptz,
    confirmation_number text,
    access_type text,
    lockbox_code text,
    access_notes text,
    client_interest_level text,
    agent_notes text,
    client_feedback text,
    version integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by uuid NOT NULL REFERENCES users (id),
    UNIQUE (team_id, appointment_id, showing_order) DEFERRABLE INITIALLY IMMEDIATE
);

CREATE INDEX appointment_showings_listing_idx ON appointment_showings (team_id, listing_id)
    WHERE listing_id IS NOT NULL;

-- When who of the team is taken: the owner of an appointment, and members who attend and have not
-- declined. Nobody is at two appointments at once, whoever writes: the constraint says so, and the
-- triggers keep the rows, so that no verb and no operator's own UPDATE can forget them.
CREATE TABLE appointment_bookings (
    appointment_id uuid NOT NULL REFERENCES appointments (id),
    team_id uuid NOT NULL,
    user_id uuid NOT NULL,
    span tstzrange NOT NULL,
    PRIMARY KEY (appointment_id, user_id),
    CONSTRAINT appointment_bookings_clash
        EXCLUDE USING gist (team_id WITH =, user_id WITH =, span WITH &&)
);

-- Whether an appointment takes its people's time. One with a reason to overlap does not: it neither
-- gives way nor stands in the way.
CREATE FUNCTION takes_time(a appointments) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT a.deleted_at IS NULL AND a.archived_at IS NULL AND a.overlap_reason IS NULL
        AND a.appointment_status NOT IN ('cancelled', 'denied', 'no_show');
$$;

CREATE FUNCTION book_appointment(p_id uuid) RETURNS void LANGUAGE sql AS $$
    DELETE FROM appointment_bookings WHERE appointment_id = p_id;
    INSERT INTO appointment_bookings (appointment_id, team_id, user_id, span)
    SELECT a.id, a.team_id, u.user_id, tstzrange(a.starts_at, a.ends_at)
    FROM appointments AS a
    CROSS JOIN LATERAL (
        SELECT a.owner_id AS user_id
        UNION
        SELECT t.user_id
        FROM appointment_attendees AS t
        WHERE t.team_id = a.team_id AND t.appointment_id = a.id
            AND t.user_id IS NOT NULL AND t.rsvp_status <> 'declined'
    ) AS u
    WHERE a.id = p_id AND takes_time(a);
$$;

CREATE FUNCTION book_written_appointment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM book_appointment(NEW.id);
    RETURN NULL;
END
$$;

CREATE TRIGGER appointments_book AFTER INSERT ON appointments
FOR EACH ROW EXECUTE FUNCTION book_written_appointment();

CREATE TRIGGER appointments_book_anew AFTER UPDATE ON appointments
FOR EACH ROW WHEN (
    (OLD.owner_id, OLD.starts_at, OLD.ends_at, takes_time(OLD))
    IS DISTINCT FROM (NEW.owner_id, NEW.starts_at, NEW.ends_at, takes_time(NEW)))
EXECUTE FUNCTION book_written_appointment();

CREATE FUNCTION book_attended_appointment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM book_appointment(coalesce(NEW.appointment_id, OLD.appointment_id));
    RETURN NULL;
END
$$;

CREATE TRIGGER appointment_attendees_book AFTER INSERT OR DELETE ON appointment_attendees
FOR EACH ROW EXECUTE FUNCTION book_attended_appointment();

CREATE TRIGGER appointment_attendees_book_anew AFTER UPDATE OF user_id, rsvp_status
ON appointment_attendees FOR EACH ROW EXECUTE FUNCTION book_attended_appointment();
