"""What clients offer to the outside."""

from domains.clients.resource import CLIENTS
from domains.kit.crud import crud
from domains.kit.endpoint import Endpoint
from domains.kit.services import Services
from domains.kit.tags import tagging


def endpoints(services: Services) -> list[Endpoint]:
    return [*crud(services.db, CLIENTS), tagging(services.db, CLIENTS)]
