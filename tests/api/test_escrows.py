"""An escrow's life, from acceptance to the recorded deed, as a client lives it."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from domains.escrows.resource import ESCROWS, SETTLED
from domains.kit.actor import Role
from tests.api.client import Api, Client
from tests.api.moves import asked, for_leads, illegal, legal
from tests.examples import ESCROW
from tests.factories import Team, fields, new_member
from tests.walk import head, told

STATUSES = list(ESCROWS.transitions)
LOAN = {"type": "loan", "due_date": "2026-02-01", "status": "pending"}


# The machine


@pytest.mark.parametrize(("old", "new"), legal(ESCROWS))
async def test_a_lead_makes_every_legal_move(lead: Client, old: str, new: str) -> None:
    escrow = await lead.make(ESCROWS, old)
    moved = await lead.move(ESCROWS, escrow["id"], new)
    assert (moved.status, moved.data["escrow_status"]) == (200, new)
    assert moved.data["allowed_transitions"] == list(ESCROWS.transitions[new])


@pytest.mark.parametrize("verb", ["status", "patch", "put"])
@pytest.mark.parametrize(("old", "new"), illegal(ESCROWS))
async def test_an_illegal_move_is_refused_with_the_legal_ones(
    api: Api, team: Team, lead: Client, old: str, new: str, verb: str
) -> None:
    escrow = await lead.make(ESCROWS, old)
    before, one = await head(api.db, team), f"/escrows/{escrow['id']}"
    if verb == "status":
        answer = await lead.move(ESCROWS, escrow["id"], new)
    else:
        answer = await lead.ask(verb.upper(), one, {"escrow_status": new})
    assert answer.refused == (409, "INVALID_TRANSITION")
    allowed = list(ESCROWS.transitions[old])
    assert answer.error["details"] == [
        {"field": "escrow_status", "from": old, "to": new, "allowed": allowed}
    ]
    assert (await lead.get(one)).data == escrow
    assert await head(api.db, team) == before


@pytest.mark.parametrize(("old", "new", "name"), asked(ESCROWS))
async def test_a_move_without_what_it_needs_names_it(
    lead: Client, old: str, new: str, name: str
) -> None:
    escrow = await lead.make(ESCROWS, old)
    answer = await lead.move(ESCROWS, escrow["id"], new, **{name: None})
    assert answer.refused == (400, "VALIDATION_ERROR")
    assert answer.fields == [name]
    assert (await lead.get(f"/escrows/{escrow['id']}")).data == escrow


async def test_a_move_names_all_that_it_misses_at_once(agent: Client) -> None:
    escrow = await agent.make(ESCROWS)
    answer = await agent.patch(f"/escrows/{escrow['id']}/status", {"status": "active"})
    assert answer.fields == ["acceptance_date", "buyers", "sellers"]
    answer = await agent.patch(f"/escrows/{escrow['id']}/status", {"status": "cancelled"})
    assert answer.fields == ["deposit_disposition", "status_reason"]


async def test_what_an_escrow_holds_already_need_not_be_sent_again(agent: Client) -> None:
    held = {**ESCROW.moves["active"]}
    del held["reason"]
    escrow = await agent.make(ESCROWS, **held)
    moved = await agent.patch(f"/escrows/{escrow['id']}/status", {"status": "active"})
    assert moved.data["escrow_status"] == "active"


@pytest.mark.parametrize("status", ["pending", "waived", "removed", "satisfied"])
async def test_an_escrow_closes_when_every_contingency_is_signed_away(
    agent: Client, status: str
) -> None:
    # Its due date has passed: that alone removes nothing.
    escrow = await agent.make(ESCROWS, "active", contingencies=[{**LOAN, "status": status}])
    answer = await agent.move(ESCROWS, escrow["id"], "closed")
    if status in SETTLED:
        assert answer.data["escrow_status"] == "closed"
        return
    assert answer.refused == (400, "VALIDATION_ERROR")
    assert answer.fields == ["contingencies"]
    done = [{**LOAN, "status": "removed"}]
    closed = await agent.move(ESCROWS, escrow["id"], "closed", contingencies=done)
    assert closed.data["contingencies"] == done


async def test_a_contingency_that_says_no_status_is_pending(agent: Client) -> None:
    escrow = await agent.make(ESCROWS, "active")
    one = f"/escrows/{escrow['id']}"
    changed = await agent.patch(one, {"contingencies": [{"type": "loan"}]})
    assert changed.data["contingencies"] == [
        {"type": "loan", "due_date": None, "status": "pending"}
    ]
    assert (await agent.move(ESCROWS, escrow["id"], "closed")).fields == ["contingencies"]
    moved = {"contingencies": [{"type": "loan"}]}
    assert (await agent.move(ESCROWS, escrow["id"], "closed", **moved)).status == 400


# Reopening


@pytest.mark.parametrize(("old", "new"), for_leads(ESCROWS))
async def test_an_agent_cannot_reopen_an_escrow_and_a_lead_or_owner_can_with_a_reason(
    owner: Client, lead: Client, agent: Client, old: str, new: str
) -> None:
    for who in (lead, owner):
        escrow = await agent.make(ESCROWS, old)
        assert (await agent.move(ESCROWS, escrow["id"], new)).refused == (403, "FORBIDDEN")
        answer = await who.move(ESCROWS, escrow["id"], new, reason=None)
        assert answer.fields == ["status_reason"]
        back = await who.move(ESCROWS, escrow["id"], new, reason="The sale was rescinded")
        assert back.data["escrow_status"] == "active"
        assert back.data["status_reason"] == "The sale was rescinded"


def test_the_moves_kept_for_leads_are_the_ones_back_from_an_end() -> None:
    assert set(for_leads(ESCROWS)) == {("closed", "active"), ("cancelled", "active")}


@pytest.mark.parametrize("name", ["reason", "status_reason"])
async def test_a_reason_goes_by_the_name_a_refusal_gives_it_too(agent: Client, name: str) -> None:
    escrow = await agent.make(ESCROWS)
    body = {"status": "cancelled", "deposit_disposition": "split", name: "The buyer left"}
    moved = await agent.patch(f"/escrows/{escrow['id']}/status", body)
    assert moved.data["status_reason"] == "The buyer left"


async def test_a_reason_is_for_its_move_alone(lead: Client) -> None:
    escrow = await lead.make(ESCROWS, "cancelled")
    assert escrow["status_reason"] == "The loan was refused"
    again = await lead.patch(f"/escrows/{escrow['id']}/status", {"status": "active"})
    assert again.fields == ["status_reason"]  # the reason of the cancelling is none for this
    await lead.move(ESCROWS, escrow["id"], "active")
    closed = await lead.move(ESCROWS, escrow["id"], "closed")
    assert closed.data["status_reason"] is None


# Dates


async def test_a_status_takes_effect_today_unless_the_move_says_when(agent: Client) -> None:
    escrow = await agent.make(ESCROWS)
    cancelled = (await agent.move(ESCROWS, escrow["id"], "cancelled")).data
    assert cancelled["contract_status_change_date"] == datetime.now(UTC).date().isoformat()
    escrow = await agent.make(ESCROWS)
    day = {"effective_date": "2026-02-03"}
    cancelled = (await agent.move(ESCROWS, escrow["id"], "cancelled", **day)).data
    assert cancelled["contract_status_change_date"] == "2026-02-03"
    recorded = datetime.fromisoformat(cancelled["status_change_timestamp"])
    assert (datetime.now(UTC) - recorded).total_seconds() < 60


async def test_the_effective_date_is_the_contract_date_where_none_is_sent(agent: Client) -> None:
    escrow = await agent.make(ESCROWS)
    move = {"acceptance_date": None, "effective_date": "2026-01-07"}
    opened = (await agent.move(ESCROWS, escrow["id"], "active", **move)).data
    assert opened["acceptance_date"] == "2026-01-07"
    move = {"recorded_date": "2026-03-01", "effective_date": "2026-03-04"}
    closed = (await agent.move(ESCROWS, escrow["id"], "closed", **move)).data
    assert closed["recorded_date"] == "2026-03-01"
    assert closed["contract_status_change_date"] == "2026-03-04"


async def test_the_contract_date_says_when_a_move_took_effect(agent: Client) -> None:
    escrow = await agent.make(ESCROWS, "closed")
    assert escrow["recorded_date"] == escrow["contract_status_change_date"] == "2026-03-02"
    entered = await agent.make(
        ESCROWS,
        escrow_status="active",
        acceptance_date="2026-01-05",
        buyers=["B"],
        sellers=["S"],
    )
    assert entered["contract_status_change_date"] == "2026-01-05"


# Entering a deal that is under way


@pytest.mark.parametrize("status", STATUSES)
async def test_an_escrow_may_be_entered_as_it_stands_with_what_that_needs(
    api: Api, team: Team, agent: Client, status: str
) -> None:
    bare = await agent.post("/escrows", fields(ESCROWS, escrow_status=status))
    needs = {*ESCROWS.entry[status].needs}
    if ESCROWS.entry[status].reason:
        needs.add("status_reason")
    if needs:
        assert bare.refused == (400, "VALIDATION_ERROR")
        assert set(bare.fields) == needs
        assert await head(api.db, team) == 0
    enough = {name: value for step in ESCROW.moves.values() for name, value in step.items()}
    enough["status_reason"] = enough.pop("reason")
    made = await agent.post("/escrows", fields(ESCROWS, escrow_status=status, **enough))
    assert (made.status, made.data["escrow_status"]) == (201, status)


async def test_a_closed_deal_is_not_entered_with_an_open_contingency(agent: Client) -> None:
    closed = {"escrow_status": "closed", "recorded_date": "2026-03-02", "close_price": 1}
    answer = await agent.post("/escrows", fields(ESCROWS, contingencies=[LOAN], **closed))
    assert answer.fields == ["contingencies"]


# What a state asks for stays


@pytest.mark.parametrize(
    ("status", "name", "empty"),
    [
        ("active", "acceptance_date", None),
        ("active", "buyers", []),
        ("active", "sellers", []),
        ("closed", "recorded_date", None),
        ("closed", "close_price", None),
        ("closed", "contingencies", [LOAN]),
        ("cancelled", "deposit_disposition", None),
    ],
)
async def test_what_a_status_needs_may_be_corrected_but_not_taken_away(
    agent: Client, status: str, name: str, empty: Any
) -> None:
    escrow = await agent.make(ESCROWS, status)
    one = f"/escrows/{escrow['id']}"
    answer = await agent.patch(one, {name: empty})
    assert answer.refused == (400, "VALIDATION_ERROR")
    assert answer.fields == [name]
    corrected = {
        "acceptance_date": "2026-01-06",
        "buyers": ["Bo Buyer"],
        "sellers": ["Sam Seller"],
        "recorded_date": "2026-03-03",
        "close_price": 0,
        "contingencies": [{**LOAN, "status": "waived"}],
        "deposit_disposition": "split",
    }[name]
    assert (await agent.patch(one, {name: corrected})).data[name] == corrected


async def test_what_only_the_next_status_needs_may_be_taken_away(agent: Client) -> None:
    escrow = await agent.make(ESCROWS, acceptance_date="2026-01-05", buyers=["B"])
    emptied = await agent.patch(f"/escrows/{escrow['id']}", {"acceptance_date": None, "buyers": []})
    assert emptied.status == 200


# Rules of the whole record


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"earnest_money_deposit": 500000.01}, "earnest_money_deposit"),
        ({"loan_amount": 1000000.01}, "loan_amount"),
        ({"acceptance_date": "2027-03-02"}, "closing_date"),
        ({"acceptance_date": "2026-03-02", "recorded_date": "2026-03-01"}, "recorded_date"),
        ({"inspection_contingency_date": "2027-03-02"}, "inspection_contingency_date"),
        ({"appraisal_contingency_date": "2027-03-02"}, "appraisal_contingency_date"),
        ({"loan_contingency_date": "2027-03-02"}, "loan_contingency_date"),
        ({"all_contingency_removal_date": "2027-03-02"}, "all_contingency_removal_date"),
        ({"year_built": datetime.now(UTC).year + 3}, "year_built"),
    ],
)
async def test_an_escrow_that_contradicts_itself_is_refused(
    agent: Client, changes: dict[str, Any], named: str
) -> None:
    made = await agent.post("/escrows", fields(ESCROWS, **changes))
    assert (made.refused, made.fields) == ((400, "VALIDATION_ERROR"), [named])
    escrow = await agent.make(ESCROWS)
    patched = await agent.patch(f"/escrows/{escrow['id']}", changes)
    assert (patched.refused, patched.fields) == ((400, "VALIDATION_ERROR"), [named])


@pytest.mark.parametrize(
    "changes",
    [
        {"earnest_money_deposit": 500000},
        {"acceptance_date": "2027-03-01"},
        {"loan_contingency_date": "2027-03-01"},
        {"year_built": datetime.now(UTC).year + 2},
    ],
)
async def test_a_bound_itself_is_allowed(agent: Client, changes: dict[str, Any]) -> None:
    assert (await agent.post("/escrows", fields(ESCROWS, **changes))).status == 201


async def test_a_rule_is_asked_of_what_a_change_touches_alone(api: Api, agent: Client) -> None:
    escrow = await agent.make(ESCROWS, earnest_money_deposit=5000)
    async with api.db.transaction() as rows:  # as an older release may have left it
        await rows.execute(
            "UPDATE escrows SET earnest_money_deposit = 600000 WHERE display_id = $1 AND id = $2",
            escrow["display_id"],
            escrow["id"],
        )
    one = f"/escrows/{escrow['id']}"
    assert (await agent.patch(one, {"notes": "Called"})).status == 200
    assert (await agent.patch(one, {"purchase_price": 550000})).fields == ["earnest_money_deposit"]


# Names, owners, numbers


async def test_one_buyer_or_seller_may_be_given_by_name_alone(agent: Client) -> None:
    escrow = await agent.make(ESCROWS, buyer_name="Bea Buyer", seller_name="Sal Seller")
    assert (escrow["buyers"], escrow["sellers"]) == (["Bea Buyer"], ["Sal Seller"])
    both = await agent.patch(
        f"/escrows/{escrow['id']}", {"buyer_name": "Ignored", "buyers": ["Bo", "Bea"]}
    )
    assert (both.data["buyers"], both.data["buyer_name"]) == (["Bo", "Bea"], "Bo")


async def test_a_new_escrow_is_its_maker_s_unless_it_names_a_member(
    api: Api, team: Team, agent: Client
) -> None:
    mine = await agent.make(ESCROWS)
    assert mine["owner_id"] == str(team.agent.user_id)
    theirs = await agent.make(ESCROWS, owner_id=str(team.lead.user_id))
    assert theirs["owner_id"] == str(team.lead.user_id)
    gone = await new_member(api.db, team.id, Role.AGENT)
    async with api.db.transaction() as rows:
        await rows.execute("UPDATE members SET removed_at = now() WHERE user_id = $1", gone.user_id)
    named = fields(ESCROWS, owner_id=str(gone.user_id))
    assert (await agent.post("/escrows", named)).fields == ["owner_id"]
    one = f"/escrows/{mine['id']}"
    assert (await agent.patch(one, {"owner_id": str(gone.user_id)})).fields == ["owner_id"]


@pytest.mark.parametrize(
    ("status", "name"),
    [
        ("pending", "Pending"),
        ("active", "Pending"),
        ("closed", "Closed"),
        ("cancelled", "Canceled"),
    ],
)
async def test_an_escrow_says_its_status_as_reso_does(
    agent: Client, status: str, name: str
) -> None:
    assert (await agent.make(ESCROWS, status))["standard_status"] == name


# Any road


@pytest.mark.parametrize("seed", range(4))
async def test_no_road_of_moves_leads_where_the_machine_does_not(
    api: Api, team: Team, lead: Client, agent: Client, seed: int
) -> None:
    rng = Random(seed)
    escrow = await agent.make(ESCROWS)
    for _ in range(12):
        who, to = rng.choice([lead, agent]), rng.choice(STATUSES)
        left_out = {name: None for name in ESCROW.moves.get(to, {}) if rng.random() < 0.1}
        answer = await who.move(ESCROWS, escrow["id"], to, **left_out)
        assert answer.status in (200, 400, 403, 409)
        old = escrow["escrow_status"]
        escrow = (await agent.get(f"/escrows/{escrow['id']}")).data
        if answer.status != 200:
            assert escrow["escrow_status"] == old
        elif to != old:
            assert to in ESCROWS.transitions[old]
            step = ESCROWS.transitions[old][to]
            assert all(escrow[name] not in (None, []) for name in step.needs)
    moves = [
        e["ch"]["escrow_status"] for e in await told(api.db, team) if "escrow_status" in e["ch"]
    ]
    assert all(new in ESCROWS.transitions[old] for old, new in moves)
