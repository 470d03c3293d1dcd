"""Every verb of every resource by every role, with the permissions that may be beside it."""

from dataclasses import replace
from typing import Any

import pytest

from domains.kit.actor import LEADS, RIGHTS, Right, Role
from domains.kit.errors import DomainError, Forbidden
from domains.kit.resource import Resource
from server.keys import SERVICES
from tests.api.client import Api, Client
from tests.factories import Team
from tests.test_every_resource import a_call
from tests.walk import RESOURCES, endpoints_of

each_resource = pytest.mark.parametrize("resource", RESOURCES, ids=lambda r: r.plural)
EDIT, DELETE = Right.EDIT_TEAM_DATA, Right.DELETE
READERS = [
    *[(role, RIGHTS[role]) for role in Role],
    (Role.AGENT, RIGHTS[Role.AGENT] - {EDIT}),
    (Role.AGENT, RIGHTS[Role.AGENT] | {DELETE}),
    (Role.COORDINATOR, RIGHTS[Role.COORDINATOR] - {EDIT} | {DELETE}),
    (Role.LEAD, RIGHTS[Role.LEAD] - {EDIT, DELETE}),
]
ASKS = {  # of who does not own the record; `delete` comes last
    "get": None,
    "list": None,
    "stats": None,
    "export": None,
    "history": None,
    "grants": None,
    "update": EDIT,
    "put": EDIT,
    "status": EDIT,
    "archive": EDIT,
    "restore": EDIT,
    "grant": (EDIT,),  # which is what is granted
    "revoke": (),
    "delete": DELETE,
}


def may(role: Role, rights: frozenset[str], asks: Any) -> bool:
    if isinstance(asks, tuple):
        return role in LEADS and rights.issuperset(asks)
    return asks is None or asks in rights


@pytest.mark.parametrize("own", [False, True], ids=["others", "own"])
@pytest.mark.parametrize(
    ("role", "rights"), READERS, ids=[f"{role}-{len(rights)}" for role, rights in READERS]
)
@each_resource
async def test_a_verb_does_what_a_role_and_its_permissions_allow_and_no_more(
    api: Api,
    team: Team,
    lead: Client,
    resource: Resource,
    role: Role,
    rights: frozenset[str],
    *,
    own: bool,
) -> None:
    actor = replace(team.agent, role=role, rights=rights)
    owner = team.agent if own else team.lead
    record = await lead.make(resource, owner_id=str(owner.user_id))
    verbs = {each.name.split(":")[1]: each for each in endpoints_of(api.app[SERVICES], resource)}
    for verb, asks in ASKS.items():
        endpoint = verbs.get(verb)
        if endpoint is None or endpoint.roles is None:
            continue
        allowed = role in endpoint.roles and (own or may(role, rights, asks))
        forbidden = False
        try:
            await endpoint.run(a_call(endpoint, resource, actor, record))
        except Forbidden:
            forbidden = True
        except DomainError:
            pass  # not fit for this verb by now, but looked at
        assert forbidden is not allowed, verb
