"""The card of a team lead: what is under way, what is due, who keeps the dates."""

from typing import Final

from domains.appointments.resource import APPOINTMENTS, REMINDED
from domains.escrows.resource import ESCROWS, SETTLED
from domains.home.figures import TODAY, Figures
from domains.home.models import ManagerQuery, Period
from domains.kit.actor import Actor
from domains.kit.policy import audiences_of, within
from domains.kit.scope import in_teams
from domains.leads.resource import LEADS

SHOWN: Final = 10  # of the things that are due
SINCE: Final = {
    Period.DAY: TODAY,
    Period.MONTH: f"({TODAY} - interval '1 month')::date",
    Period.YEAR: f"({TODAY} - interval '1 year')::date",
    Period.TO_DATE: f"date_trunc('year', {TODAY})::date",
}
# 48 hours on a Friday are Tuesday.
SECOND_WORKING_DAY: Final = f"""(
    SELECT d::date FROM generate_series({TODAY} + 1, {TODAY} + 7, interval '1 day') AS d
    WHERE extract(isodow FROM d) < 6 ORDER BY d LIMIT 1 OFFSET 1
)"""
# A date alone does not tell whether what it is for is done: where an escrow has contingencies, they
# tell, and only where it has none the dates of its fields stand for them.
DATES: Final = ("inspection_contingency", "appraisal_contingency", "loan_contingency")
NAMED: Final = ", ".join(f"('{name.replace('_', ' ')}', r.{name}_date)" for name in DATES)
OPEN: Final = "('pending', 'active')"
SETTLED_LIST: Final = ", ".join(f"'{status}'" for status in sorted(SETTLED))
OVER: Final = "('converted', 'lost', 'unqualified')"

DEADLINES: Final = f"""
    SELECT r.id, r.display_id, {ESCROWS.label} AS label, d.what, d.due, r.owner_id
    FROM escrows AS r
    CROSS JOIN LATERAL (
        SELECT 'closing' AS what, r.closing_date AS due
        UNION ALL
        SELECT (c ->> 'type') || ' contingency', (c ->> 'due_date')::date
        FROM jsonb_array_elements(r.contingencies) AS c
        WHERE c ->> 'status' NOT IN ({SETTLED_LIST})
        UNION ALL
        SELECT f.what, f.due
        FROM (VALUES {NAMED}) AS f (what, due)
        WHERE r.contingencies = '[]'
    ) AS d
    WHERE {{where}} AND r.escrow_status IN {OPEN} AND d.due <= {SECOND_WORKING_DAY}
"""

FOLLOW_UPS: Final = f"""
    SELECT r.id, r.display_id, {LEADS.label} AS label, r.next_follow_up AS due, r.owner_id
    FROM leads AS r
    WHERE {{where}} AND r.next_follow_up <= {TODAY} AND r.lead_status NOT IN {OVER}
"""

DEALS: Final = f"""
    SELECT
        count(*) FILTER (WHERE r.escrow_status IN {OPEN}) AS managed,
        count(*) FILTER (WHERE r.recorded_date >= {{since}}) AS closed,
        count(*) FILTER (WHERE r.recorded_date >= {{since}} AND r.recorded_date <= r.closing_date)
            AS on_time,
        count(*) FILTER (WHERE r.escrow_status IN {OPEN}
            AND r.closing_date >= {{since}} AND r.closing_date < {TODAY}) AS late
    FROM escrows AS r
    WHERE {{where}} AND r.escrow_status <> 'cancelled'
"""

PERSON: Final = """(
    SELECT row_to_json(p) FROM (
        SELECT u.id, u.full_name AS name FROM users AS u WHERE u.id = x.owner_id
    ) AS p
)"""


def manager(actor: Actor, query: ManagerQuery) -> Figures:
    figures = Figures(actor.team_id, query.wide(actor))
    since = SINCE[query.period]
    escrows = figures.rows(ESCROWS, actor, query.scope, query.user_id)
    leads = figures.rows(LEADS, actor, query.scope, query.user_id)
    figures.topics[APPOINTMENTS.name] = None
    figures.once("deals", DEALS.format(where=escrows, since=since))
    figures.once("deadlines", DEADLINES.format(where=escrows))
    figures.once("calls", FOLLOW_UPS.format(where=leads))
    figures.add("period", f"'{query.period}'")
    figures.add("since", since)
    figures.add("managed_count", "(SELECT managed FROM deals)")
    figures.add("closed_count", "(SELECT closed FROM deals)")
    figures.add("due_in_48h", f"(SELECT count(*) FROM deadlines WHERE due >= {TODAY})")
    figures.add("overdue_count", f"(SELECT count(*) FROM deadlines WHERE due < {TODAY})")
    figures.add("docs_pending", "NULL::int")
    figures.add(
        "compliance_rate",
        "(SELECT round(100.0 * on_time / nullif(closed + late, 0), 1) FROM deals)",
    )
    figures.add("deadlines_48h", _first("deadlines", ("what", "due"), f"due >= {TODAY}"))
    figures.add("follow_ups_needed", _first("calls", ("due",)))
    figures.add("follow_ups_count", "(SELECT count(*) FROM calls)")
    figures.add("reminders_sent_today", _reminders(figures, actor, query))
    return figures


def _first(rows: str, own: tuple[str, ...], having: str = "true") -> str:
    names = ", ".join(f"x.{name}" for name in ("id", "display_id", "label", *own))
    return f"""(
        SELECT coalesce(json_agg(row_to_json(y) ORDER BY y.due, y.label, y.id), '[]')
        FROM (
            SELECT {names}, {PERSON} AS owner
            FROM {rows} AS x
            WHERE {having}
            ORDER BY x.due, x.label, x.id
            LIMIT {SHOWN}
        ) AS y
    )"""


def _reminders(figures: Figures, actor: Actor, query: ManagerQuery) -> str:
    seen = figures.put(audiences_of(actor))
    whose = ""
    if query.personal or query.user_id is not None:
        owner = figures.put(str(actor.user_id if query.personal else query.user_id))
        whose = f"AND e.data ->> 'owner_id' = {owner}::text"
    return f"""(
        SELECT count(*)
        FROM events AS e
        WHERE {in_teams("e.team_id", "$1", wide=figures.wide)} AND e.kind = '{REMINDED}'
            AND e.at >= {TODAY}::timestamp AT TIME ZONE
                (SELECT t.time_zone FROM teams AS t WHERE t.id = $1)
            AND {within("e.audience", seen)} {whose}
    )"""
