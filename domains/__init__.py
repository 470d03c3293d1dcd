"""The one list of domains; the server walks it, and adding a domain is one line here."""

from typing import Final

from domains.activity.endpoints import endpoints as activity
from domains.auth.endpoints import endpoints as auth
from domains.escrows.endpoints import endpoints as escrows
from domains.escrows.resource import ESCROWS
from domains.kit.domain import Domain
from domains.listings.endpoints import endpoints as listings
from domains.listings.resource import LISTINGS
from domains.teams.endpoints import endpoints as teams

DOMAINS: Final = (
    Domain("auth", auth, "Registering, signing in and out"),
    Domain("teams", teams, "The team, its members and invitations"),
    Domain("escrows", escrows, "Deals from acceptance to the recorded deed", ESCROWS),
    Domain("listings", listings, "Property on the market, its price and its days", LISTINGS),
    Domain("activity", activity, "What the team did, from the log"),
)
