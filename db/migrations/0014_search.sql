-- What is searched of a record, folded to plain words in one column with one index, so that the search
-- box and every list's `search` find the same by the same rule. domains/kit/finding.py asks.

CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA public;

-- Text as it is compared: no case, no accents, no apostrophes, words parted by single spaces. What is
-- not ASCII by then (王, Ж, م) becomes its code point in hex: whatever a database's locale calls a
-- letter, an index of trigrams then holds it, and LIKE finds it anywhere in a word.
-- Immutable, for the dictionary is named and its rules come with Postgres.
CREATE FUNCTION search_fold(p_text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
DECLARE
    folded text := translate(
        lower(public.unaccent('public.unaccent'::regdictionary, normalize(p_text, NFKC))),
        '''’‘`´ʼ', '');
BEGIN
    folded := btrim(regexp_replace(folded,
        '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u0300-\u036f\u1680\u2000-\u206f\u3000-\u303f]+',
        ' ', 'g'));
    IF folded ~ '[^\u0001-\u007f]' THEN
        SELECT string_agg(CASE WHEN c ~ '[\u0001-\u007f]' THEN c
            ELSE 'x' || lpad(to_hex(ascii(c)), 5, '0') END, '' ORDER BY i)
        INTO folded
        FROM string_to_table(folded, NULL) WITH ORDINALITY AS t (c, i);
    END IF;
    RETURN folded;
END
$$;

-- Several fields as one line, each once and between bars:
-- '| mai nguyen | clt 2026 0001 | mai mail example | 12065550100 |'.
CREATE FUNCTION search_line(p_fields text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
DECLARE
    field text;
    line text := '|';
BEGIN
    FOREACH field IN ARRAY p_fields LOOP
        field := search_fold(field);
        IF field <> '' AND position('| ' || field || ' |' IN line) = 0 THEN
            line := line || ' ' || field || ' |';
        END IF;
    END LOOP;
    RETURN line;
END
$$;

-- The pattern of one word that is asked for: anywhere in a line, but one or two letters only where a
-- word begins, for they are everywhere. A folded word has no character that LIKE takes for a sign.
CREATE FUNCTION search_like(p_word text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
    SELECT CASE WHEN length(w) < 3 THEN '% ' ELSE '%' END || w || '%' FROM search_fold(p_word) AS w;
$$;

-- Gives a table its line and the index of it: what a record is called (the SQL of its label, over the
-- table's own columns), these columns, and what `p_more` says, an SQL expression of text[]. A later
-- migration calls it for its own table; where the first column is the label, it need not be named.
-- A search reads all that waits to be sorted into the index: 256 kB of it and no more.
CREATE FUNCTION make_searchable(
    p_table regclass, p_columns text[], p_more text DEFAULT NULL, p_label text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'ALTER TABLE %s ADD COLUMN search_text text NOT NULL'
        ' GENERATED ALWAYS AS (search_line(ARRAY[%s%s]%s)) STORED',
        p_table,
        p_label || ', ',
        (SELECT string_agg(quote_ident(c), ', ') FROM unnest(p_columns) AS c),
        ' || ' || p_more);
    EXECUTE format(
        'CREATE INDEX %I ON %s USING gin (search_text gin_trgm_ops) WITH (gin_pending_list_limit = 256)',
        p_table::text || '_search_idx', p_table);
END
$$;

SELECT make_searchable(
    'escrows',
    '{display_id,property_address,display_address,city,zip_code,escrow_number,mls_number}',
    'buyers || sellers',
    'coalesce(nullif(display_address, ''''), property_address)');
SELECT make_searchable(
    'listings', '{display_id,property_address,display_address,city,zip_code,mls_number}',
    NULL, 'coalesce(nullif(display_address, ''''), property_address)');
SELECT make_searchable(
    'clients', '{display_id,last_name,first_name,email,phone_e164,city}',
    NULL, 'person_name(first_name, last_name, entity_name)');
SELECT make_searchable(
    'leads', '{display_id,last_name,first_name,email,phone_e164,city}',
    NULL, 'person_name(first_name, last_name, NULL)');
SELECT make_searchable(
    'contacts', '{display_id,last_name,first_name,company,email,phone_e164,city,license_number}',
    'other_emails || other_phones_e164',
    'coalesce(first_name || '' '' || last_name, first_name, last_name, company)');
SELECT make_searchable('appointments', '{title,location,display_id}');
