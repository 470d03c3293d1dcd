"""A listing's life on the market, its prices and its days, as a client lives it."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from domains.kit.actor import Role
from domains.listings.resource import ENTRY, LISTINGS, STANDARD_STATUS
from tests.api.client import Api, Client
from tests.api.moves import asked, illegal, legal
from tests.examples import LISTING
from tests.factories import Team, fields, new_member
from tests.walk import head, told

STATUSES = list(LISTINGS.transitions)
TODAY = datetime.now(UTC).date()
CONTRACT = LISTING.moves["active"]


def ago(days: int) -> str:
    return (TODAY - timedelta(days)).isoformat()


async def status(by: Client, listing: Any, to: str, **said: Any) -> Any:
    """The listing after a move that must succeed."""
    return (await by.move(LISTINGS, listing["id"], to, **said)).data


# The machine


def test_the_machine_is_the_one_the_trade_has() -> None:
    assert {old: set(steps) for old, steps in LISTINGS.transitions.items()} == {
        "incomplete": {"coming_soon", "active", "cancelled"},
        "coming_soon": {"active", "withdrawn", "cancelled"},
        "active": {
            "active_under_contract",
            "pending",
            "hold",
            "withdrawn",
            "expired",
            "cancelled",
        },
        "active_under_contract": {"pending", "active", "closed", "cancelled"},
        "pending": {"closed", "active", "active_under_contract", "cancelled"},
        "hold": {"active", "withdrawn", "expired", "cancelled"},
        "withdrawn": {"active", "expired", "cancelled"},
        "closed": set(),
        "expired": set(),
        "cancelled": set(),
    }


@pytest.mark.parametrize(("old", "new"), legal(LISTINGS))
async def test_an_agent_makes_every_legal_move(agent: Client, old: str, new: str) -> None:
    listing = await agent.make(LISTINGS, old)
    moved = await status(agent, listing, new)
    assert moved["listing_status"] == new
    assert moved["allowed_transitions"] == list(LISTINGS.transitions[new])
    assert moved["standard_status"] == STANDARD_STATUS[new]


@pytest.mark.parametrize(("old", "new"), illegal(LISTINGS))
async def test_an_illegal_move_is_refused_with_the_legal_ones(
    api: Api, team: Team, agent: Client, old: str, new: str
) -> None:
    listing = await agent.make(LISTINGS, old)
    before, one = await head(api.db, team), f"/listings/{listing['id']}"
    for answer in (
        await agent.move(LISTINGS, listing["id"], new),
        await agent.put(one, {"listing_status": new}),
    ):
        assert answer.refused == (409, "INVALID_TRANSITION")
        allowed = list(LISTINGS.transitions[old])
        assert answer.error["details"] == [
            {"field": "listing_status", "from": old, "to": new, "allowed": allowed}
        ]
    assert (await agent.get(one)).data == listing
    assert await head(api.db, team) == before


# Back to active, the contract's dates are there already.
ASKED = [(old, new, name) for old, new, name in asked(LISTINGS) if name not in CONTRACT] + [
    (old, "active", name) for old in ("incomplete", "coming_soon") for name in CONTRACT
]


@pytest.mark.parametrize(("old", "new", "name"), ASKED)
async def test_a_move_without_what_it_needs_names_it(
    agent: Client, old: str, new: str, name: str
) -> None:
    listing = await agent.make(LISTINGS, old)
    answer = await agent.move(LISTINGS, listing["id"], new, **{name: None})
    if listing[name] is not None:  # a contract further on keeps its date
        assert answer.status == 200
        return
    assert answer.refused == (400, "VALIDATION_ERROR")
    assert answer.fields == [name]


@pytest.mark.parametrize("to", STATUSES)
async def test_a_new_listing_begins_before_or_on_the_market(agent: Client, to: str) -> None:
    enough = {name: value for step in LISTING.moves.values() for name, value in step.items()}
    made = await agent.post("/listings", fields(LISTINGS, listing_status=to, **enough))
    if to in ENTRY:
        assert made.data["listing_status"] == to
        return
    assert made.refused == (409, "INVALID_TRANSITION")
    assert made.error["details"] == [
        {"field": "listing_status", "from": None, "to": to, "allowed": list(ENTRY)}
    ]


async def test_a_new_active_listing_needs_its_contract(agent: Client) -> None:
    made = await agent.post("/listings", fields(LISTINGS, listing_status="active"))
    assert made.fields == ["listing_contract_date", "expiration_date"]


@pytest.mark.parametrize(
    ("at", "name"),
    [
        ("active", "listing_contract_date"),
        ("active", "expiration_date"),
        ("active_under_contract", "purchase_contract_date"),
        ("pending", "purchase_contract_date"),
        ("closed", "close_date"),
        ("closed", "close_price"),
    ],
)
async def test_what_a_status_needs_is_not_taken_away(agent: Client, at: str, name: str) -> None:
    listing = await agent.make(LISTINGS, at)
    answer = await agent.patch(f"/listings/{listing['id']}", {name: None})
    assert (answer.refused, answer.fields) == ((400, "VALIDATION_ERROR"), [name])


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"listing_contract_date": ago(1), "expiration_date": ago(1)}, "expiration_date"),
        ({"listing_contract_date": ago(1), "close_date": ago(2)}, "close_date"),
        ({"purchase_contract_date": ago(1), "close_date": ago(2)}, "close_date"),
        (
            {"listing_contract_date": ago(1), "purchase_contract_date": ago(2)},
            "purchase_contract_date",
        ),
        ({"square_feet": 49}, "list_price"),
        ({"year_built": TODAY.year + 3}, "year_built"),
    ],
)
async def test_a_listing_that_contradicts_itself_is_refused(
    agent: Client, changes: dict[str, Any], named: str
) -> None:
    made = await agent.post("/listings", fields(LISTINGS, **changes))
    assert (made.refused, made.fields) == ((400, "VALIDATION_ERROR"), [named])
    listing = await agent.make(LISTINGS)
    patched = await agent.patch(f"/listings/{listing['id']}", changes)
    assert (patched.refused, patched.fields) == ((400, "VALIDATION_ERROR"), [named])


# Days on market


async def test_days_on_market_count_what_was_shown_and_are_never_set_back(agent: Client) -> None:
    listing = await agent.make(LISTINGS)
    listing = await status(agent, listing, "active", effective_date=ago(30))
    assert (listing["days_on_market"], listing["on_market_date"]) == (30, ago(30))
    listing = await status(agent, listing, "hold", effective_date=ago(20))
    assert (listing["days_on_market"], listing["off_market_date"]) == (10, ago(20))
    listing = await status(agent, listing, "active", effective_date=ago(5))
    assert listing["days_on_market"] == listing["cumulative_days_on_market"] == 15
    assert listing["back_on_market_date"] == ago(5)
    assert listing["on_market_date"] == ago(30)
    assert listing["off_market_date"] is None
    assert listing["major_change_type"] == "Back On Market"


async def test_a_listing_back_from_a_contract_goes_on_counting(agent: Client) -> None:
    listing = await agent.make(LISTINGS)
    listing = await status(agent, listing, "active", effective_date=ago(30))
    under = {"purchase_contract_date": ago(20)}
    listing = await status(agent, listing, "active_under_contract", **under)
    assert listing["days_on_market"] == 30
    assert listing["contingent_date"] == ago(20)
    listing = await status(
        agent, listing, "pending", purchase_contract_date=None, effective_date=ago(10)
    )
    assert listing["purchase_contract_date"] == ago(20)  # it is the same contract
    assert listing["contract_status_change_date"] == ago(10)
    assert listing["pending_timestamp"] is not None
    assert listing["days_on_market"] == 20
    listing = await status(agent, listing, "active", back_on_market_date=ago(4))
    assert (listing["days_on_market"], listing["back_on_market_date"]) == (24, ago(4))
    assert (listing["purchase_contract_date"], listing["contingent_date"]) == (None, None)


async def test_the_day_it_came_to_market_may_be_sent_with_the_move_or_put_right_later(
    agent: Client,
) -> None:
    dates = {"on_market_date": ago(12), "listing_contract_date": ago(20)}
    entered = {"listing_status": "active", "expiration_date": "2027-06-30", **dates}
    assert (await agent.make(LISTINGS, **entered))["days_on_market"] == 12
    listing = await agent.make(LISTINGS)
    one = f"/listings/{listing['id']}"
    assert (await agent.patch(one, entered)).data["days_on_market"] == 12
    later = await agent.patch(one, {"on_market_date": ago(15)})
    assert later.data["days_on_market"] == 15


async def test_days_on_market_move_no_version_and_leave_no_event(
    api: Api, team: Team, agent: Client
) -> None:
    listing = await agent.make(LISTINGS, "active")
    async with api.db.transaction() as rows:  # a night passes
        await rows.execute(
            "UPDATE listings SET on_market_since = on_market_since - 1 WHERE id = $1",
            listing["id"],
        )
    later = (await agent.get(f"/listings/{listing['id']}")).data
    assert later["days_on_market"] == listing["days_on_market"] + 1
    assert later["version"] == listing["version"]
    await agent.patch(f"/listings/{listing['id']}", {"notes": "Quiet"})
    assert (await told(api.db, team))[-1]["ch"] == {"notes": [None, "Quiet"]}


# Prices


async def test_a_price_change_is_remembered_with_its_day_and_reason(
    api: Api, team: Team, agent: Client
) -> None:
    listing = await agent.make(LISTINGS, "active")
    said = {"list_price": 489000.5, "reason": "No offers", "effective_date": ago(3)}
    answer = await agent.post(f"/listings/{listing['id']}/price", said)
    changed = answer.data
    assert float(changed["list_price"]) == 489000.5
    assert (changed["previous_list_price"], changed["original_list_price"]) == (500000, 500000)
    assert (changed["price_change_date"], changed["price_change_reason"]) == (ago(3), "No offers")
    assert changed["major_change_type"] == "Price Change"
    assert changed["listing_status"] == "active"
    (event,) = await told(api.db, team, answer.meta["seq"] - 1)
    assert event["k"] == "listing.price_changed"
    assert event["ch"]["list_price"] == [500000, changed["list_price"]]


async def test_a_price_change_by_patch_is_the_same_change(
    api: Api, team: Team, agent: Client
) -> None:
    listing = await agent.make(LISTINGS, "active")
    changed = await agent.patch(f"/listings/{listing['id']}", {"list_price": 489000})
    assert changed.data["previous_list_price"] == 500000
    assert changed.data["price_change_date"] == TODAY.isoformat()
    assert (await told(api.db, team))[-1]["k"] == "listing.price_changed"


async def test_a_move_with_a_new_price_is_told_as_a_move(
    api: Api, team: Team, agent: Client
) -> None:
    listing = await agent.make(LISTINGS, "hold")
    back = await status(agent, listing, "active", list_price=470000)
    assert (back["list_price"], back["previous_list_price"]) == (470000, 500000)
    assert back["major_change_type"] == "Back On Market"
    event = (await told(api.db, team))[-1]
    assert (event["k"], event["ch"]["list_price"]) == ("listing.status_changed", [500000, 470000])


async def test_the_price_history_tells_every_price_newest_first(
    team: Team, agent: Client, lead: Client
) -> None:
    listing = await agent.make(LISTINGS, "active")
    one = f"/listings/{listing['id']}"
    first = {"list_price": 490000, "reason": "No offers", "effective_date": ago(9)}
    await agent.post(f"{one}/price", first)
    await agent.patch(one, {"notes": "No price at all"})
    await lead.patch(one, {"list_price": 480000})
    prices = (await agent.get(f"{one}/price-history")).data
    told = [(p["list_price"], p["previous_list_price"], p["reason"]) for p in prices]
    assert told == [(480000, 490000, None), (490000, 500000, "No offers"), (500000, None, None)]
    assert [p["effective_date"] for p in prices] == [TODAY.isoformat(), ago(9), None]
    assert [p["changed_by"]["name"] for p in prices] == ["Lea Lead", "Ana Agent", "Ana Agent"]
    assert prices[0]["changed_by"]["id"] == str(team.lead.user_id)
    assert prices == sorted(prices, key=lambda p: -p["seq"])


async def test_a_price_s_reason_is_for_that_change_alone(agent: Client) -> None:
    listing = await agent.make(LISTINGS, "active")
    one = f"/listings/{listing['id']}"
    await agent.post(f"{one}/price", {"list_price": 490000, "reason": "No offers"})
    assert (await agent.patch(one, {"notes": "x"})).data["price_change_reason"] == "No offers"
    unmoved = await agent.put(one, {"list_price": 490000, "notes": "y"})
    assert unmoved.data["price_change_reason"] == "No offers"
    assert (await agent.patch(one, {"list_price": 480000})).data["price_change_reason"] is None
    again = {"list_price": 470000, "reason": "No offers"}
    assert (await agent.post(f"{one}/price", again)).data["price_change_reason"] == "No offers"


@pytest.mark.parametrize("price", [-1, 0.001, 10**12, "x", None, True])
async def test_a_price_that_is_none_is_refused(agent: Client, price: Any) -> None:
    listing = await agent.make(LISTINGS, "active")
    answer = await agent.post(f"/listings/{listing['id']}/price", {"list_price": price})
    assert answer.refused == (400, "VALIDATION_ERROR")
    assert answer.fields[0].split(".")[0] == "list_price"


# Relisting


@pytest.mark.parametrize("end", ["expired", "cancelled", "withdrawn"])
async def test_a_relisted_property_is_a_new_contract_that_keeps_its_days(
    agent: Client, end: str
) -> None:
    old = await agent.make(LISTINGS, city="Kent", features=["view"], mls_number="MLS 7")
    old = await status(agent, old, "active", effective_date=ago(30))
    old = await status(agent, old, end, effective_date=ago(10))
    assert old["days_on_market"] == 20
    terms = {"list_price": 450000, "listing_contract_date": ago(4), "expiration_date": "2027-06-30"}
    made = await agent.post(f"/listings/{old['id']}/relist", terms)
    new = made.data
    assert made.status == 201
    assert (new["version"], new["listing_status"]) == (1, "incomplete")
    assert (new["relisted_from"], new["display_id"]) == (old["id"], "LST-2026-0002")
    assert (new["city"], new["features"], new["mls_number"]) == ("Kent", ["view"], None)
    assert (new["list_price"], new["original_list_price"]) == (450000, 450000)
    assert new["previous_list_price"] is None
    assert (new["days_on_market"], new["cumulative_days_on_market"]) == (0, 20)
    new = await status(agent, new, "active", effective_date=ago(3))
    assert (new["days_on_market"], new["cumulative_days_on_market"]) == (3, 23)
    assert (await agent.get(f"/listings/{old['id']}")).data == old
    new = await status(agent, new, "cancelled")
    third = (await agent.post(f"/listings/{new['id']}/relist", {})).data
    assert (third["list_price"], third["cumulative_days_on_market"]) == (450000, 23)


async def test_a_sale_ends_the_count_of_days(agent: Client) -> None:
    sold = await agent.make(LISTINGS)
    sold = await status(agent, sold, "active", effective_date=ago(30))
    sold = await status(agent, sold, "pending", purchase_contract_date=ago(10))
    sold = await status(agent, sold, "closed", close_date=ago(1))
    assert sold["days_on_market"] == 20
    new = (await agent.post(f"/listings/{sold['id']}/relist", {})).data
    assert new["cumulative_days_on_market"] == 0


@pytest.mark.parametrize(
    "at", sorted(set(STATUSES) - {"expired", "cancelled", "withdrawn", "closed"})
)
async def test_a_listing_still_on_its_way_is_not_relisted(
    api: Api, team: Team, agent: Client, at: str
) -> None:
    listing = await agent.make(LISTINGS, at)
    before = await head(api.db, team)
    answer = await agent.post(f"/listings/{listing['id']}/relist", {})
    assert answer.refused == (409, "CONFLICT")
    assert await head(api.db, team) == before


async def test_the_agent_of_a_relisted_property_is_the_old_one_while_in_the_team(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    ben = await new_member(api.db, team.id, Role.AGENT, "Ben Agent")
    old = await agent.make(LISTINGS, "cancelled", owner_id=str(ben.user_id))
    relist = f"/listings/{old['id']}/relist"
    assert (await lead.post(relist, {})).data["owner_id"] == str(ben.user_id)
    named = {"owner_id": str(team.agent.user_id)}
    assert (await lead.post(relist, named)).data["owner_id"] == str(team.agent.user_id)
    async with api.db.transaction() as rows:
        await rows.execute("UPDATE members SET removed_at = now() WHERE user_id = $1", ben.user_id)
    assert (await lead.post(relist, {})).data["owner_id"] == str(team.lead.user_id)
    gone = {"owner_id": str(ben.user_id)}
    assert (await lead.post(relist, gone)).fields == ["owner_id"]


async def test_relisting_takes_the_right_to_change_the_listing_and_another_agent_that_to_give_it(
    api: Api, team: Team, owner: Client, agent: Client, lead: Client
) -> None:
    old = await lead.make(LISTINGS, "cancelled")
    relist = f"/listings/{old['id']}/relist"
    named = {"owner_id": str(team.agent.user_id)}
    assert (await agent.post(relist, named)).refused == (403, "FORBIDDEN")
    assert (await agent.post(relist, {})).data["owner_id"] == str(team.lead.user_id)
    permissions = f"/teams/current/members/{team.agent.user_id}/permissions"
    await owner.put(permissions, {"can_edit_team_data": False})
    before = await head(api.db, team)
    assert (await agent.post(relist, {})).refused == (403, "FORBIDDEN")
    assert await head(api.db, team) == before


async def test_restoring_an_archived_listing_changes_no_status(agent: Client) -> None:
    listing = await agent.make(LISTINGS, "active")
    one = f"/listings/{listing['id']}"
    archived = (await agent.patch(f"{one}/archive")).data
    assert (archived["is_archived"], archived["listing_status"]) == (True, "active")
    back = (await agent.patch(f"{one}/restore")).data
    assert (back["is_archived"], back["archived_at"], back["listing_status"]) == (
        False,
        None,
        "active",
    )


# Any road


@pytest.mark.parametrize("seed", range(4))
async def test_no_road_of_moves_leads_where_the_machine_does_not(
    api: Api, team: Team, agent: Client, seed: int
) -> None:
    rng = Random(seed)
    listing, day, shown = await agent.make(LISTINGS), 200, 0
    for _ in range(25):
        old = listing["listing_status"]
        likely = rng.random() < 0.7 and LISTINGS.transitions[old]
        to = rng.choice(list(LISTINGS.transitions[old]) if likely else STATUSES)
        if old not in ("closed", "expired", "cancelled") and to in ("closed", "expired"):
            continue  # a long life shows more
        left_out = {name: None for name in LISTING.moves.get(to, {}) if rng.random() < 0.1}
        said = {"effective_date": ago(day), **left_out}
        answer = await agent.move(LISTINGS, listing["id"], to, **said)
        assert answer.status in (200, 400, 409)
        listing = (await agent.get(f"/listings/{listing['id']}")).data
        if answer.status != 200:
            assert listing["listing_status"] == old
        elif to != old:
            step = LISTINGS.transitions[old][to]
            assert all(listing[name] is not None for name in step.needs)
        wait = rng.randint(1, 7)
        day -= wait
        if listing["listing_status"] in ("active", "active_under_contract"):
            shown += wait
    counted = listing["days_on_market"]
    still = listing["listing_status"] in ("active", "active_under_contract")
    assert counted == shown + (day if still else 0)
    events = await told(api.db, team)
    moves = [e["ch"]["listing_status"] for e in events if "listing_status" in e["ch"]]
    assert all(new in LISTINGS.transitions[old] for old, new in moves)
