-- Found by looking at the plans of every list: who comes to an appointment is asked for by person.
CREATE INDEX appointment_attendees_user_idx ON appointment_attendees (user_id, team_id, appointment_id)
    WHERE user_id IS NOT NULL;
CREATE INDEX appointment_attendees_client_idx
    ON appointment_attendees (client_id, team_id, appointment_id) WHERE client_id IS NOT NULL;
CREATE INDEX appointment_attendees_lead_idx ON appointment_attendees (lead_id, team_id, appointment_id)
    WHERE lead_id IS NOT NULL;
CREATE INDEX appointment_showings_shown_idx
    ON appointment_showings (listing_id, team_id, appointment_id) WHERE listing_id IS NOT NULL;

-- One index where there were two of the same key: each event is written into one less.
ALTER TABLE events
    DROP CONSTRAINT events_pkey,
    ADD CONSTRAINT events_pkey PRIMARY KEY USING INDEX events_feed_idx;
