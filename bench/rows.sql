-- The rows of every server that is measured. An id is the md5 of its name, so that bench/data.py
-- knows it without asking. Team 1 has the escrows that are read, team 2 the people in the room,
-- team 3 nobody who listens, and teams 4 to 23 get the escrows that are made.

CREATE TEMPORARY TABLE offices AS
SELECT
    n,
    md5('team ' || n)::uuid AS id,
    CASE n WHEN 1 THEN 16 WHEN 2 THEN 1002 WHEN 3 THEN 12 ELSE 2 END AS people,
    CASE n WHEN 1 THEN 500 ELSE 1 END AS deals
FROM generate_series(1, 23) AS n;

CREATE TEMPORARY TABLE people AS
SELECT
    o.id AS team_id,
    md5('user ' || o.n || ' ' || p)::uuid AS user_id,
    md5('session ' || o.n || ' ' || p)::uuid AS session_id,
    format('agent-%s-%s@bench.example', o.n, p) AS email,
    format('Agent %s of Team %s', p, o.n) AS full_name,
    CASE p WHEN 1 THEN 'lead' ELSE 'agent' END AS role
FROM offices AS o
CROSS JOIN LATERAL generate_series(1, o.people) AS p;

INSERT INTO teams (id, name)
SELECT id, 'Team ' || n
FROM offices;

INSERT INTO users (id, email, full_name, password_hash)
SELECT user_id, email, full_name, '!'
FROM people;

INSERT INTO members (team_id, user_id, role)
SELECT team_id, user_id, role
FROM people;

INSERT INTO sessions (id, user_id, team_id, expires_at)
SELECT session_id, user_id, team_id, now() + interval '7 days'
FROM people;

INSERT INTO escrows (
    id, team_id, display_id, owner_id, created_by, last_modified_by,
    property_address, display_address, city, state, zip_code, county, latitude, longitude, apn,
    property_type, bedrooms, bathrooms, square_feet, lot_size, year_built, stories,
    purchase_price, earnest_money_deposit, down_payment, loan_amount,
    commission_type, commission_percentage, gross_commission, net_commission,
    escrow_status, contract_status_change_date, status_change_timestamp, representation_type,
    escrow_number, acceptance_date, closing_date, emd_date, inspection_contingency_date,
    appraisal_contingency_date, loan_contingency_date, buyers, sellers, listing_agent,
    selling_agent, escrow_company, escrow_officer_name, escrow_officer_email,
    escrow_officer_phone, loan_officer_name, loan_officer_email, loan_officer_phone,
    title_company, lead_source, contingencies, notes, created_at, updated_at
)
SELECT
    md5('escrow ' || o.n || ' ' || d)::uuid,
    o.id,
    'ESC-' || extract(year FROM now()) || '-' || lpad(d::text, 4, '0'),
    a.user_id,
    a.user_id,
    a.user_id,
    d || ' Maple Street', d || ' Maple Street, Seattle', 'Seattle', 'WA',
    '981' || lpad((d % 100)::text, 2, '0'), 'King', 47.5 + d * 0.0003, -122.4 + d * 0.0004,
    lpad((d * 7919)::text, 10, '0'),
    'Single Family', 2 + d % 4, 1 + (d % 5) * 0.5, 1200 + d * 3, 4000 + d * 11, 1920 + d % 100,
    1 + d % 2,
    300000 + (d * 1370) % 900000, 10000, 60000 + d * 20, 240000 + (d * 1370) % 700000,
    'percentage', 2.5, 7500 + d * 25, 6750 + d * 22,
    (ARRAY['pending', 'active', 'active', 'closed', 'cancelled'])[1 + d % 5],
    date '2026-06-01' + d % 90, timestamptz '2026-06-01 09:00+00' + d * interval '7 minutes',
    'buyer', 'EN-' || d, date '2026-06-01' + d % 60, date '2026-08-01' + d % 120,
    date '2026-06-04' + d % 60, date '2026-06-18' + d % 60, date '2026-06-22' + d % 60,
    date '2026-06-26' + d % 60,
    ARRAY['Buyer Number ' || d], ARRAY['Seller Number ' || d], 'Lena Listing', 'Sam Selling',
    'Sound Escrow', 'Olive Officer', 'olive@escrow.example', '206-555-0103',
    'Loan Officer', 'loan@lender.example', '206-555-0113', 'Harbor Title', 'Referral',
    '[{"type": "inspection", "status": "removed", "due_date": "2026-06-18"},
      {"type": "appraisal", "status": "pending", "due_date": "2026-06-22"},
      {"type": "loan", "status": "pending", "due_date": "2026-06-26"}]',
    'The seller leaves the washer and the dryer, and repairs the north gutter before the close.',
    timestamptz '2026-06-01 09:00+00' + d * interval '11 minutes',
    timestamptz '2026-06-01 09:00+00' + d * interval '13 minutes'
FROM offices AS o
CROSS JOIN LATERAL generate_series(1, o.deals) AS d
JOIN people AS a ON a.team_id = o.id AND a.role = 'lead';

INSERT INTO display_numbers (team_id, prefix, year, last)
SELECT id, 'ESC', extract(year FROM now())::int, deals
FROM offices;

DROP TABLE offices, people;
