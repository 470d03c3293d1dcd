"""The kinds of work that come up, and how often."""

from collections.abc import Mapping
from dataclasses import dataclass

from server.demo import diary_work, escrow_work, listing_work, people_work
from server.demo.acts import Choose


@dataclass(frozen=True, slots=True)
class Errand:
    """Where its records are found, and what is done with one of them; None is nothing."""

    weight: int
    plural: str
    query: Mapping[str, str]
    choose: Choose


# The weights keep the stock about level: what comes to market, goes under contract and closes is
# about the same number.
ERRANDS = (
    Errand(6, "listings", {"status": "active"}, listing_work.cut_price),
    Errand(3, "listings", {"status": "active"}, listing_work.accept_offer),
    Errand(4, "listings", {"status": "active_under_contract"}, listing_work.finish_inspection),
    Errand(3, "listings", {"status": "pending"}, listing_work.close_listing),
    Errand(2, "listings", {"status": "coming_soon"}, listing_work.open_to_market),
    Errand(1, "listings", {"status": "active"}, listing_work.rest),
    Errand(1, "listings", {"status": "hold"}, listing_work.open_to_market),
    Errand(3, "listings", {"status": "closed", "sort": "close_date"}, listing_work.relist),
    Errand(4, "listings", {"status": "active"}, listing_work.instruct),
    Errand(4, "escrows", {"status": "active"}, escrow_work.remark),
    Errand(12, "escrows", {"status": "active"}, escrow_work.settle),
    Errand(3, "escrows", {"status": "pending"}, escrow_work.open_escrow),
    Errand(3, "listings", {"status": "active"}, people_work.enter),
    Errand(3, "leads", {"status": "new"}, people_work.call),
    Errand(3, "leads", {"status": "contacted"}, people_work.call),
    Errand(3, "leads", {"status": "contacted"}, people_work.judge),
    Errand(3, "clients", {"status": "active"}, people_work.note),
    Errand(1, "contacts", {}, people_work.remark),
    Errand(2, "listings", {"status": "active"}, diary_work.plan),
    Errand(2, "listings", {"status": "active"}, diary_work.show),
    Errand(3, "appointments", {"status": "scheduled"}, diary_work.confirm),
    Errand(2, "appointments", {"status": "confirmed", "order": "asc"}, diary_work.complete),
)
