"""A team with people who have passwords, and the records they work on."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.api.whole_server import Said, WholeServer

PASSWORD = "a password of eleven words, or fewer"


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str
    id: str = ""
    access: str = ""
    refresh: str = ""

    @property
    def first(self) -> str:
        return self.name.split(maxsplit=1)[0]


class Office:
    """A team of its own for each test: a lead who owns it, and agents."""

    def __init__(self, server: WholeServer, owner: Person) -> None:
        self.server = server
        self.owner = owner

    async def hire(self, name: str, role: str = "agent") -> Person:
        email = address(name)
        invited = await self.ask(
            "POST", "/teams/current/invitations", body={"email": email, "role": role}
        )
        body = {"token": invited.data["token"], "full_name": name, "password": PASSWORD}
        joined = await self.server.ask("POST", "/v1/auth/invitations/accept", body=body)
        return signed(Person(name, email), joined)

    async def sign_in(self, person: Person) -> Person:
        """Another session of the same person: each window has its own."""
        body = {"email": person.email, "password": PASSWORD}
        return signed(person, await self.server.ask("POST", "/v1/auth/login", body=body))

    async def ask(
        self, method: str, path: str, *, by: Person | None = None, body: Any = None
    ) -> Said:
        headers = {"Authorization": f"Bearer {(by or self.owner).access}"}
        said = await self.server.ask(method, "/v1" + path, body=body, headers=headers)
        assert said.json["success"], said.json
        return said

    async def escrow(self, address: str = "12 Main St", **fields: Any) -> Any:
        closing = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
        body = {"property_address": address, "purchase_price": 450000, "closing_date": closing}
        return (await self.ask("POST", "/escrows", body=body | fields)).data

    async def listing(self, address: str = "7 Lake Ave", **fields: Any) -> Any:
        body = {"property_address": address, "list_price": 450000}
        return (await self.ask("POST", "/listings", body=body | fields)).data

    async def all(self, plural: str) -> list[Any]:
        """Every record that is not archived, as a fresh reader gets them."""
        found: list[Any] = []
        cursor = ""
        while True:
            page = await self.ask("GET", f"/{plural}?limit=100{cursor}")
            found += page.data
            if (after := page.json["pagination"]["next_cursor"]) is None:
                return found
            cursor = f"&cursor={after}"

    async def activity(self, *, by: Person | None = None) -> list[Any]:
        """The feed as a fresh reader gets it, as far back as one page goes."""
        path = "/activity?grouped=true&limit=200"
        entries: list[Any] = (await self.ask("GET", path, by=by)).data
        return entries

    async def head(self) -> int:
        """The number of the last event in the team's log."""
        entries = await self.ask("GET", "/activity?limit=1")
        head: int = entries.json["meta"]["as_of_seq"]
        return head


async def open_office(server: WholeServer, name: str = "Harbor Homes") -> Office:
    owner = Person("Olga Harbor", address("Olga Harbor"))
    body = {"email": owner.email, "password": PASSWORD, "full_name": owner.name, "team_name": name}
    registered = await server.ask("POST", "/v1/auth/register", body=body)
    return Office(server, signed(owner, registered))


def address(name: str) -> str:
    return f"{name.split(maxsplit=1)[0].lower()}.{uuid4().hex[:12]}@homes.example"


def signed(person: Person, said: Said) -> Person:
    data = said.data
    return replace(
        person,
        id=data["user"]["id"],
        access=data["access_token"],
        refresh=data["refresh_token"],
    )
