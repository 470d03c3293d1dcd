-- Contacts that somebody said are other people than this one, however alike they are; each names the other.
ALTER TABLE contacts ADD COLUMN distinct_from uuid[] NOT NULL DEFAULT '{}';
