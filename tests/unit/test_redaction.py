"""What is cut out of a finished event, and what is left as it was."""

import json
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from channels.sockets import wire
from db.events import Event

TEAM = UUID(int=7)
words = st.text(max_size=12) | st.sampled_from(['"ch":', '","ch":{', '\\"ch\\":', 'x"ch', "\\"])
fields = st.dictionaries(words, st.tuples(words, words), max_size=3)


def event_of(text: str) -> Event:
    return Event(
        TEAM, 1, "0" * 32, "listing.updated", uuid4(), "all", text.encode(), "private:nobody"
    )


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@given(name=words, op=words, changes=fields, data=fields, tight=st.booleans())
def test_only_the_changes_are_cut_out_whatever_people_are_called(
    name: str, op: str, changes: dict[str, Any], data: dict[str, Any], *, tight: bool
) -> None:
    told = {"t": str(TEAM), "s": 1, "a": {"name": name}, "op": op, "ch": 0, "d": data}
    # Postgres writes the object without a space after a name, and the changes in it with some.
    inner = compact(changes) if tight else json.dumps(changes, ensure_ascii=False)
    event = event_of(compact(told).replace('"ch":0', f'"ch":{inner}', 1))
    assert json.loads(wire.without_changes(event)) == json.loads(json.dumps(told | {"ch": {}}))


def test_money_keeps_its_cents() -> None:
    event = event_of('{"ch":{"list_price" : [450000.10, 435000.00]},"d":{"list_price":435000.00}}')
    assert wire.without_changes(event) == b'{"ch":{},"d":{"list_price":435000.00}}'


def test_a_reference_has_nothing_to_cut_out() -> None:
    text = '{"s":1,"op":"x","ref":true}'
    assert wire.without_changes(event_of(text)) == text.encode()
