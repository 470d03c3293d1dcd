"""What leads offer to the outside."""

from domains.kit.crud import crud
from domains.kit.endpoint import Endpoint
from domains.kit.services import Services
from domains.leads.resource import LEADS


def endpoints(services: Services) -> list[Endpoint]:
    return crud(services.db, LEADS)
