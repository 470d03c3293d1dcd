"""The one list of domains; the server walks it, and adding a domain is one line here."""

from typing import Final

from domains.activity.endpoints import endpoints as activity_endpoints
from domains.appointments.endpoints import endpoints as appointments_endpoints
from domains.appointments.jobs import JOBS as APPOINTMENTS_JOBS
from domains.appointments.resource import APPOINTMENTS
from domains.auth.endpoints import endpoints as auth_endpoints
from domains.brokerages.endpoints import endpoints as brokerages_endpoints
from domains.brokerages.words import WORDS as BROKERAGES_WORDS
from domains.clients.endpoints import endpoints as clients_endpoints
from domains.clients.resource import CLIENTS
from domains.contacts.endpoints import endpoints as contacts_endpoints
from domains.contacts.resource import CONTACTS
from domains.earlier.endpoints import endpoints as earlier_endpoints
from domains.escrows.endpoints import endpoints as escrows_endpoints
from domains.escrows.resource import ESCROWS
from domains.home.endpoints import endpoints as home_endpoints
from domains.kit.domain import Domain
from domains.leads.endpoints import endpoints as leads_endpoints
from domains.leads.jobs import JOBS as LEADS_JOBS
from domains.leads.resource import LEADS
from domains.leads.routing_endpoints import endpoints as routing_endpoints
from domains.leads.routing_words import WORDS as ROUTING_WORDS
from domains.listings.endpoints import endpoints as listings_endpoints
from domains.listings.jobs import JOBS as LISTINGS_JOBS
from domains.listings.resource import LISTINGS
from domains.search.endpoints import endpoints as search_endpoints
from domains.teams.endpoints import endpoints as teams_endpoints
from domains.teams.words import WORDS as TEAMS_WORDS
from domains.users.endpoints import endpoints as users_endpoints
from domains.users.words import WORDS as USERS_WORDS

DOMAINS: Final = (
    Domain("auth", auth_endpoints, "Registering, signing in and out"),
    Domain("teams", teams_endpoints, "The team, its members and invitations", words=TEAMS_WORDS),
    Domain(
        "brokerages",
        brokerages_endpoints,
        "Companies of teams, and their brokers",
        words=BROKERAGES_WORDS,
    ),
    Domain(
        "users",
        users_endpoints,
        "The people of a team, and one's own profile",
        words=USERS_WORDS,
    ),
    Domain("escrows", escrows_endpoints, "Deals from acceptance to the recorded deed", ESCROWS),
    Domain(
        "listings",
        listings_endpoints,
        "Property on the market, its prices and days",
        LISTINGS,
        jobs=LISTINGS_JOBS,
    ),
    Domain("clients", clients_endpoints, "Whom the team works for, and their agreements", CLIENTS),
    Domain("leads", leads_endpoints, "People who may become clients", LEADS, jobs=LEADS_JOBS),
    Domain("lead_routing", routing_endpoints, "Who gets the team's new leads", words=ROUTING_WORDS),
    Domain("contacts", contacts_endpoints, "Whom the team deals with, in which role", CONTACTS),
    Domain(
        "appointments",
        appointments_endpoints,
        "Who meets whom, when and where",
        APPOINTMENTS,
        jobs=APPOINTMENTS_JOBS,
    ),
    Domain("home", home_endpoints, "Cards: a few figures of everything, and what is due"),
    Domain("search", search_endpoints, "Every kind of record by one box"),
    Domain("activity", activity_endpoints, "What the team did, from the log"),
    Domain("earlier", earlier_endpoints, "Paths that the earlier system's programs ask for"),
)
