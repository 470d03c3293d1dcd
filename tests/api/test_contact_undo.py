"""A merge taken back from the log: both contacts have what they had, but for what changed since."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.database import Database
from db.transaction import Answer as Written
from domains.contacts.merging import merge as merge_contacts
from domains.contacts.models import ContactRole, Merge, Unmerge
from domains.contacts.resource import CONTACTS, ROLES
from domains.contacts.unmerging import unmerge as unmerge_contacts
from domains.kit import children, reads, writes
from domains.kit.actor import Actor, Role
from domains.kit.errors import Conflict, DomainError
from domains.kit.resource import Moment
from tests.api.client import Answer, Api, Client
from tests.api.test_contact_merge import FULL, OTHER, add, merge, roles_of
from tests.factories import Team, new_member, new_team
from tests.screens import Screen
from tests.walk import head, told

# What every write moves, and what follows from it.
MOVED = {"version", "updated_at", "last_modified_by"}


def steady(contact: Any) -> dict[str, Any]:
    return {name: value for name, value in contact.items() if name not in MOVED}


async def unmerge(by: Client, one: Any, merged: Answer | str, **said: Any) -> Answer:
    named = merged if isinstance(merged, str) else merged.meta["seq"]
    return await by.post(f"/contacts/{one['id']}/unmerge", {"merge": named, **said})


async def read(by: Client, contact: Any) -> Any:
    return (await by.get(f"/contacts/{contact['id']}")).data


CHOICES: list[dict[str, Any]] = [
    {},
    dict.fromkeys(("first_name", "last_name", "email", "phone", "notes", "tags"), "other"),
    {"email": "else@mail.example", "phone": "+44 20 7946 0958", "primary_role": "agent"},
    {"email": None, "phone": None, "title": None, "other_emails": [], "tags": []},
    {"primary_role": "other", "company": "this", "birthday": "1999-12-31"},
]


@pytest.mark.parametrize("choose", CHOICES, ids=str)
async def test_an_undo_right_after_a_merge_gives_both_back_exactly(
    agent: Client, lead: Client, choose: dict[str, Any]
) -> None:
    one, other = await add(agent, **FULL), await add(agent, **OTHER)
    merged = await merge(agent, one, other, choose=choose)
    undone = await unmerge(lead, one, merged)
    assert undone.status == 200, undone.body
    assert undone.data["kept"] == []
    for before, now in ((one, undone.data["contact"]), (other, undone.data["other"])):
        assert steady(now) == steady(before)
        assert now == await read(agent, before)
    listed = await agent.all(CONTACTS)
    assert {each["id"] for each in listed} == {one["id"], other["id"]}


async def test_a_merge_is_named_by_its_operation_or_any_of_its_events(agent: Client) -> None:
    one, other = await add(agent), await add(agent)
    for name in ("operation", "first", "last"):
        merged = await merge(agent, one, other, key=f"merge-{name}")
        last = merged.meta["seq"]
        named = {"operation": f"merge-{name}", "first": last - 1, "last": last}[name]
        body = {"merge": named}
        assert (await agent.post(f"/contacts/{one['id']}/unmerge", body)).status == 200


async def test_what_was_changed_since_stays_and_is_told(agent: Client, lead: Client) -> None:
    one, other = await add(agent, **FULL), await add(agent, **OTHER)
    merged = await merge(agent, one, other, choose={"email": "other", "last_name": "other"})
    path = f"/contacts/{one['id']}"
    changes = {
        "email": "new@mail.example",
        "company": "Another Bank",
        "tags": [*merged.data["tags"], "New"],
        "city": "Tacoma",
    }
    assert (await lead.patch(path, changes)).status == 200
    undone = (await unmerge(agent, one, merged)).data
    now = undone["contact"]
    assert {each["field"] for each in undone["kept"]} == {"email", "company"}
    assert {(each["entity"], each["id"]) for each in undone["kept"]} == {("contact", one["id"])}
    assert (now["email"], now["company"]) == ("new@mail.example", "Another Bank")
    assert now["other_emails"] == ["mai@mail.example"]  # else nothing would hold it any more
    assert (now["last_name"], now["birthday"], now["city"]) == ("Nguyen", None, "Tacoma")
    assert now["tags"] == ["VIP", "Bank", "New"]
    assert steady(undone["other"]) == steady(other)


async def test_a_role_that_was_touched_since_stays(agent: Client) -> None:
    one, other = await add(agent, **FULL), await add(agent, **OTHER)
    path = f"/contacts/{one['id']}"
    merged = await merge(agent, one, other)
    await agent.put(f"{path}/roles/primary", {"role": "agent"})  # which the other one brought
    undone = (await unmerge(agent, one, merged)).data
    assert [each["field"] for each in undone["kept"]] == ["roles"]
    assert roles_of(undone["contact"]) == ["agent", "loan_officer", "client"]
    merged = await merge(agent, one, other)
    await agent.post(f"{path}/roles", {"role": "appraiser"})
    undone = (await unmerge(agent, one, merged)).data
    assert undone["kept"] == []
    assert roles_of(undone["contact"]) == ["agent", "loan_officer", "client", "appraiser"]
    assert roles_of(undone["other"]) == ["agent", "client"]


async def test_a_primary_role_that_was_chosen_is_given_back(agent: Client) -> None:
    one, other = await add(agent, **FULL), await add(agent, **OTHER)
    merged = await merge(agent, one, other, choose={"primary_role": "other"})
    (row,) = [row for row in merged.data["roles"] if row["is_primary"]]
    assert row["role"] == "agent"
    assert (await agent.delete(f"/contacts/{one['id']}/roles/{row['id']}")).status == 200
    # The brought role was removed since, so whatever became primary then stays primary.
    undone = (await unmerge(agent, one, merged)).data
    assert sum(row["is_primary"] for row in undone["contact"]["roles"]) == 1
    assert roles_of(undone["contact"]) == ["loan_officer", "client"]


async def test_a_contact_without_a_name_of_its_own_keeps_the_one_it_was_given(
    agent: Client,
) -> None:
    one = await add(agent, last_name=None, company="Puget Bank")
    merged = await merge(agent, one, await add(agent, **OTHER))
    assert (await agent.patch(f"/contacts/{one['id']}", {"company": None})).status == 200
    undone = (await unmerge(agent, one, merged)).data
    assert undone["contact"]["full_name"] == "Thị Mai Nguyễn"
    assert {"first_name", "last_name"} <= {each["field"] for each in undone["kept"]}


async def test_a_second_undo_is_refused_and_undoes_nothing(
    api: Api, team: Team, agent: Client
) -> None:
    one, first, second = [await add(agent, last_name=name) for name in ("Aa", "Bb", "Cc")]
    earlier = await merge(agent, one, first)
    later = await merge(agent, one, second)
    assert (await unmerge(agent, one, later)).status == 200
    before = await head(api.db, team)
    refused = await unmerge(agent, one, later)
    assert refused.refused == (409, "CONFLICT")
    assert refused.error["details"][0]["code"] == "taken_back"
    assert await head(api.db, team) == before
    assert (await unmerge(agent, one, earlier)).status == 200
    assert (await unmerge(agent, one, earlier)).error["details"][0]["code"] == "taken_back"


async def test_the_last_merge_is_taken_back_first(agent: Client) -> None:
    one, first, second = [await add(agent, last_name=name) for name in ("Aa", "Bb", "Cc")]
    earlier = await merge(agent, one, first)
    later = await merge(agent, one, second)
    refused = await unmerge(agent, one, earlier)
    assert refused.refused == (409, "CONFLICT")
    (detail,) = refused.error["details"]
    assert (detail["code"], detail["seq"]) == ("not_last", later.meta["seq"] - 1)
    for merged in (later, earlier):
        assert (await unmerge(agent, one, merged)).status == 200
    assert steady(await read(agent, one)) == steady(one)


async def test_merges_of_merges_are_taken_back_from_the_outside(agent: Client) -> None:
    a, b, c = [await add(agent, **FULL), await add(agent, **OTHER), await add(agent)]
    inner = await merge(agent, b, a)
    outer = await merge(agent, c, b)
    assert (await unmerge(agent, b, inner)).refused == (410, "MERGED")
    assert (await unmerge(agent, c, inner)).fields == ["merge"]
    assert (await unmerge(agent, c, outer)).status == 200
    assert (await unmerge(agent, b, inner)).status == 200
    for contact in (a, b, c):
        assert steady(await read(agent, contact)) == steady(contact)


@pytest.mark.parametrize("named", [1, 2**62, "no such operation"])
async def test_what_is_no_merge_into_the_contact_is_refused(agent: Client, named: Any) -> None:
    one, other = await add(agent), await add(agent)
    await merge(agent, one, other)
    refused = await agent.post(f"/contacts/{one['id']}/unmerge", {"merge": named})
    assert refused.refused == (400, "VALIDATION_ERROR")
    assert refused.fields == ["merge"]
    without = await agent.post(f"/contacts/{one['id']}/unmerge", {})
    assert (without.refused, without.fields) == ((400, "VALIDATION_ERROR"), ["merge"])


async def test_what_the_log_was_made_to_forget_cannot_be_taken_back(
    api: Api, team: Team, agent: Client
) -> None:
    one, other = await add(agent), await add(agent)
    merged = await merge(agent, one, other)
    async with api.db.transaction() as rows:  # as a person is erased from it
        await rows.execute(
            "UPDATE events SET data = NULL, changes = NULL, salt = NULL WHERE team_id = $1", team.id
        )
    refused = await unmerge(agent, one, merged)
    assert refused.refused == (409, "CONFLICT")
    assert refused.error["details"][0]["code"] == "forgotten"


async def test_of_two_undos_at_once_one_wins(agent: Client, lead: Client) -> None:
    for _ in range(5):
        one, other = await add(agent), await add(agent)
        merged = await merge(agent, one, other)
        answers = await asyncio.gather(*(unmerge(by, one, merged) for by in (agent, lead)))
        assert sorted(answer.status for answer in answers) == [200, 409]
        assert (await read(agent, other))["contact_status"] == "active"


async def test_an_undo_is_one_group_of_events(api: Api, team: Team, agent: Client) -> None:
    one, other = await add(agent, **FULL), await add(agent, **OTHER)
    merged = await merge(agent, one, other)
    before = await head(api.db, team)
    undone = await unmerge(agent, one, merged)
    group = await told(api.db, team, before)
    assert [(event["k"], event["id"]) for event in group] == [
        ("contact.unmerged", one["id"]),
        ("contact.restored", other["id"]),
    ]
    assert [event["d"] for event in group] == [undone.data["contact"], undone.data["other"]]


async def test_a_merge_is_taken_back_by_who_may_see_and_change_both(
    api: Api, team: Team, agent: Client, lead: Client, viewer: Client
) -> None:
    ben = await api.sign_in(await new_member(api.db, team.id, Role.AGENT, "Ben Agent"))
    hidden, shared = await add(agent, is_private=True), await add(ben)
    merged = await merge(agent, shared, hidden)
    assert (await unmerge(ben, shared, merged)).refused == (403, "FORBIDDEN")
    assert (await unmerge(viewer, shared, merged)).refused == (403, "FORBIDDEN")
    undone = await unmerge(lead, shared, merged)
    assert undone.data["other"]["is_private"] is True
    assert (await ben.get(f"/contacts/{hidden['id']}")).refused == (404, "NOT_FOUND")


async def test_a_colleague_s_screen_follows_a_merge_and_its_undo_each_as_one_group(
    api: Api, team: Team, agent: Client, lead: Client
) -> None:
    one, other = await add(agent, **FULL), await add(agent, **OTHER)
    async with (
        aiohttp.ClientSession() as session,
        Screen(session, api.url.rstrip("/"), lead.token, team.id) as screen,
    ):
        listed = await screen.call("contacts:list", {})
        screen.records["contact"] = {each["id"]: each for each in listed["data"]}
        merged = await merge(agent, one, other, key="merge")
        first = await screen.sees("contact.merged", id=one["id"])
        second = await screen.sees("contact.deleted", id=other["id"])
        assert (first.event["op"], first.event["i"], first.event["n"]) == ("merge", 1, 2)
        assert (second.event["op"], second.event["i"], second.event["n"]) == ("merge", 2, 2)
        assert screen.records["contact"].keys() == {one["id"]}
        undone = await unmerge(agent, one, merged)
        first = await screen.sees("contact.unmerged", id=one["id"])
        second = await screen.sees("contact.restored", id=other["id"])
        assert [(seen.event["i"], seen.event["n"]) for seen in (first, second)] == [(1, 2), (2, 2)]
        assert [seen.event["d"] for seen in (first, second)] == [
            as_sent(undone.data["contact"]), as_sent(undone.data["other"])
        ]  # fmt: skip
        assert screen.records["contact"].keys() == {one["id"], other["id"]}


def as_sent(contact: Any) -> Any:
    """Of what REST answered, as a screen reads it."""
    return json.loads(json.dumps(contact, default=float))


# Whatever is done before, between and after: an undo gives back, and nothing is lost.


WORDS = st.sampled_from(["Mai", "Nguyen", "O'Brien", "ツ", "Anna Lee"])
EMAILS = st.sampled_from([f"{name}@mail.example" for name in "abcd"])
PHONES = st.sampled_from(["206-555-0100", "+1 206 555 0100", "425 555 0101", "+44 20 7946 0958"])
ROLE = st.sampled_from(list(ContactRole)[:5])
SCALARS = {
    "first_name": WORDS | st.none(),
    "title": WORDS | st.none(),
    "company": WORDS | st.none(),
    "email": EMAILS | st.none(),
    "phone": PHONES | st.none(),
    "notes": WORDS | st.none(),
    "birthday": st.sampled_from(["1980-02-29", "1999-12-31"]) | st.none(),
}
LISTS = {
    "other_emails": st.lists(EMAILS, max_size=3),
    "other_phones": st.lists(PHONES, max_size=3),
    "tags": st.lists(WORDS, max_size=3),
}
FIELDS = st.fixed_dictionaries({}, optional={**SCALARS, **LISTS})
CHOOSE = st.dictionaries(
    st.sampled_from([*SCALARS, *LISTS, "last_name"]), st.sampled_from(["this", "other"]), max_size=6
)
WHO = st.integers(0, 3)
STEPS = st.one_of(
    st.tuples(st.just("edit"), WHO, FIELDS),
    st.tuples(st.just("role"), WHO, ROLE, st.booleans()),
    st.tuples(st.just("unrole"), WHO, st.integers(0, 4)),
    st.tuples(st.just("merge"), WHO, WHO, CHOOSE, st.sampled_from([None, "this", "other"])),
    st.tuples(st.just("undo"), WHO),
)


class Book:
    """Four contacts of a team, the merges that stand, and what was there before each."""

    def __init__(self, db: Database, actor: Actor, contacts: list[Any]) -> None:
        self.db = db
        self.actor = actor
        self.ids = [contact["id"] for contact in contacts]
        self.merges: dict[str, list[tuple[str, int, dict[str, Any]]]] = {i: [] for i in self.ids}

    @classmethod
    async def opened(cls, db: Database, given: Iterable[dict[str, Any]]) -> "Book":
        actor = (await new_team(db)).agent
        contacts = []
        for fields in given:
            body = CONTACTS.create.model_validate_json(json.dumps({"last_name": "Xx", **fields}))
            made = await writes.create(db, CONTACTS, actor, body.model_dump(), None)
            contacts.append(json.loads(made.data))
        return cls(db, actor, contacts)

    async def read(self, contact_id: str) -> dict[str, Any] | None:
        try:
            found = await reads.get(self.db, CONTACTS, self.actor, contact_id)
        except DomainError:
            return None
        image: dict[str, Any] = json.loads(found.data)
        return image

    async def state(self) -> dict[str, Any]:
        """All living contacts as they stand."""
        found = {each: await self.read(each) for each in self.ids}
        return {each: steady(image) for each, image in found.items() if image is not None}

    async def do(self, step: tuple[Any, ...]) -> None:
        match step:
            case ("edit", who, fields):
                body = CONTACTS.patch.model_validate_json(json.dumps(fields))
                given = body.model_dump(exclude_unset=True)
                await self._tried(
                    writes.edit(
                        self.db, CONTACTS, self.actor, self.ids[who], given,
                        base=None, moment=Moment.given(), op=None,
                    )
                )  # fmt: skip
            case ("role", who, role, primary):
                given = {"role": role, "is_primary": primary}
                await self._in_tx(
                    lambda tx: children.add(tx, CONTACTS, ROLES, self.actor, self.ids[who], given)
                )
            case ("unrole", who, place):
                image = await self.read(self.ids[who])
                if image is not None and place < len(image["roles"]):
                    row = image["roles"][place]["id"]
                    await self._in_tx(
                        lambda tx: children.drop(
                            tx, CONTACTS, ROLES, self.actor, self.ids[who], row
                        )
                    )
            case ("merge", one, other, choose, primary):
                await self.merge(self.ids[one], self.ids[other], choose, primary)
            case ("undo", who):
                await self.undo(self.ids[who], exactly=False)

    async def merge(self, one: str, other: str, choose: Any, primary: str | None) -> None:
        before = await self.state()
        if primary:
            choose = {**choose, "primary_role": primary}
        body = Merge(other_id=other, choose=choose)
        merged = await self._tried(merge_contacts(self.db, self.actor, one, body, None, None))
        if merged is None:
            assert await self.state() == before
            return
        assert merged.seq is not None
        self.merges[one].append((other, merged.seq, before))
        after = await self.state()
        assert after.keys() == before.keys() - {other}
        assert nothing_lost(before[one], before[other], after[one], choose)
        # Taken back at once, everything is as it was; done again, everything as it is.
        await self.undo(one, exactly=True)
        again = await merge_contacts(self.db, self.actor, one, body, None, None)
        assert again.seq is not None
        self.merges[one].append((other, again.seq, before))
        assert without_row_ids(await self.state()) == without_row_ids(after)

    async def undo(self, one: str, *, exactly: bool) -> None:
        if not self.merges[one] or await self.read(one) is None:
            return
        other, seq, before = self.merges[one].pop()
        body = Unmerge(merge=seq)
        undone = json.loads(
            (await unmerge_contacts(self.db, self.actor, one, body, None, None)).data
        )
        assert steady(undone["other"]) == before[other]  # nobody could change it meanwhile
        assert undone["contact"]["merged_from"] == [each for each, _, _ in self.merges[one]]
        if exactly:
            assert undone["kept"] == []
            assert steady(undone["contact"]) == before[one]
        with pytest.raises(Conflict):
            await unmerge_contacts(self.db, self.actor, one, body, None, None)

    async def _tried(self, write: Any) -> Written | None:
        try:
            written: Written = await write
        except DomainError:
            return None  # out of turn: merged, itself, or without a name
        return written

    async def _in_tx(self, act: Any) -> None:
        async def work(tx: Any) -> Written:
            await act(tx)
            return Written("null")

        await self._tried(self.db.write(writes.writer(self.actor, None), work))


def nothing_lost(one: Any, other: Any, merged: Any, choose: dict[str, Any]) -> bool:
    """Every role of both is there, and every address, number and tag nobody chose to leave out."""
    roles = {row["role"] for each in (one, other) for row in each["roles"]}
    assert {row["role"] for row in merged["roles"]} == roles
    assert sum(row["is_primary"] for row in merged["roles"]) == bool(roles)
    if "other_emails" not in choose:
        known = {a for each in (one, other) for a in (each["email"], *each["other_emails"]) if a}
        assert {a for a in (merged["email"], *merged["other_emails"]) if a} == known
    if "other_phones" not in choose:
        known = {
            number
            for each in (one, other)
            for number in (each["phone_e164"], *each["other_phones_e164"])
            if number
        }
        assert {n for n in (merged["phone_e164"], *merged["other_phones_e164"]) if n} == known
    if "tags" not in choose:
        tags = {tag.casefold() for each in (one, other) for tag in each["tags"]}
        assert {tag.casefold() for tag in merged["tags"]} == tags
    return True


def without_row_ids(state: dict[str, Any]) -> dict[str, Any]:
    """Rows that a merge adds again are other rows."""
    return {
        contact_id: {
            **contact,
            "roles": [(row["role"], row["is_primary"]) for row in contact["roles"]],
        }
        for contact_id, contact in state.items()
    }


@given(contacts=st.lists(FIELDS, min_size=4, max_size=4), steps=st.lists(STEPS, max_size=14))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_done_an_undo_gives_back_and_nothing_is_lost(
    db: Database, contacts: list[dict[str, Any]], steps: list[tuple[Any, ...]]
) -> None:
    book = await Book.opened(db, contacts)
    for step in steps:
        await book.do(step)
    # In the end every merge is taken back, whatever came between: nobody is missing.
    while any(book.merges.values()):
        for one in book.ids:
            await book.undo(one, exactly=False)
    assert (await book.state()).keys() == set(book.ids)
