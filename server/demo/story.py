"""Turn real sales into the demo's records: what each agent did on which day, up to today.

Pure: the same sales, day and seed give the same stories. The future is simply not told, so a home
whose (moved) closing lies ahead is on the market, under contract or pending today. What is planned
today for the days to come is told where today is today: an appointment is made ahead of its time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from server.demo import words
from server.demo.ahead import ahead
from server.demo.circle import client_key, clients, contacts, diary, has_client, leads
from server.demo.deals import deals
from server.demo.homes import Home, Step, Story, homes, property_of
from server.demo.people import Team, id_of, record_id
from server.demo.sales import Sale

SEED = "homeroom"
TERM_DAYS = 183  # of a listing agreement
UNSEEN = frozenset({"incomplete", "coming_soon"})


def stories(
    team: Team, sales: list[Sale], today: date, seed: str = SEED, *, plans: bool = False
) -> list[Story]:
    """Every record of a team: the people first, then a sale's listing before its escrows.

    With `plans`, also what lies ahead of today.
    """
    its_homes = homes(team, sales, today, seed)
    told = [*_one_kept_quiet(listing(team, home) for home in its_homes), *deals(its_homes)]
    since = min(story.steps[0].on for story in told)
    people = [*contacts(team, since), *clients(its_homes), *leads(its_homes)]
    to_come = ahead(team, its_homes) if plans else ()
    return [*people, *told, *diary(team, its_homes), *to_come]


def _one_kept_quiet(listings: Iterable[Story]) -> Iterator[Story]:
    """An office exclusive: the first not yet on the market is for its agent and the lead alone."""
    quiet = False
    for story in listings:
        steps = story.steps
        if not quiet and steps and steps[-1].body.get("listing_status") in UNSEEN:
            quiet = True
            first = replace(steps[0], body={**steps[0].body, "is_private": True})
            yield replace(story, steps=(first, *steps[1:]))
        else:
            yield story


def listing(team: Team, home: Home) -> Story:
    steps = home.told(_life(home))
    if has_client(home):
        seller = record_id(id_of(team.name), "client", client_key(home))
        steps = (replace(steps[0], body={**steps[0].body, "client_ids": [seller]}), *steps[1:])
    if home.rest and home.is_for_sale:
        since = steps[-1].on
        body = {"listing_status": home.rest, "status_reason": "The seller asked for it (built)"}
        steps = (*steps, Step(since + (home.today - since) / 2, home.agent, body))
    return Story("listing", home.sale.key, steps)


def _life(home: Home) -> Iterator[Step]:
    line = home.timeline

    def on(day: date, **body: Any) -> Step:
        return Step(day, home.agent, body)

    def under_contract(day: date) -> Step:
        return on(day, listing_status="active_under_contract", purchase_contract_date=day)

    begun = line.announced or line.listed
    if begun > home.today:
        yield on(line.signed, **_agreement(home), listing_status="incomplete")
    elif line.announced:
        yield on(line.announced, **_agreement(home), listing_status="coming_soon")
        yield on(line.listed, listing_status="active", on_market_date=line.listed)
    else:
        market = {"listing_status": "active", "on_market_date": line.listed}
        yield on(line.listed, **_agreement(home), **market)
    for cut in line.cuts:
        reason = f"No offer after {(cut.on - line.listed).days} days (built)"
        yield on(cut.on, list_price=cut.price, price_change_reason=reason)
    if line.setback:
        yield under_contract(line.setback.accepted)
        yield on(line.setback.back, listing_status="active")
    yield under_contract(line.accepted)
    yield on(line.inspected, listing_status="pending", purchase_contract_date=line.accepted)
    yield on(
        line.closed, listing_status="closed", close_date=line.closed, close_price=home.sale.price
    )


def _agreement(home: Home) -> dict[str, Any]:
    sale, line = home.sale, home.timeline
    return {
        **property_of(sale),
        "list_price": line.first_price,
        "listing_contract_date": line.signed,
        "expiration_date": line.signed + timedelta(TERM_DAYS),
        "waterfront": sale.waterfront,
        "description": words.description(sale),
        "features": words.features(sale),
        "notes": words.provenance(sale, line.moved_days),
    }
