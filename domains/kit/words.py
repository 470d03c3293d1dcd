"""What people call things: kinds of record, their fields, and values; from the definitions."""

import re
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel

from domains.kit.fields import Kind
from domains.kit.resource import Resource

ACRONYMS: Final = {word: word.upper() for word in ("apn", "coe", "emd", "hoa", "id", "mls", "rsvp")}
LONGEST: Final = 80  # characters of a value in a sentence
MOST: Final = 3  # items that a sentence names

# Finds the name of what an id stands for; None where the reader may not know.
NameOf = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Clock:
    """By which clocks instants are said.

    Which zone that is, is said where it is `named`; the year, where it is another than `year`.
    """

    zone: tzinfo = UTC
    named: bool = True
    year: int | None = None


@dataclass(frozen=True, slots=True)
class FieldWords:
    """A field: what people call it, what its values are, and what is inside where they are lists.

    A field that is not `told` follows from others, and is not worth a sentence of its own.
    """

    name: str
    title: str
    kind: Kind = Kind.TEXT
    of: Kind = Kind.TEXT
    told: bool = True


@dataclass(frozen=True)
class Words:
    """How the events of one entity are told.

    `deeds` are sentences without who did it, by what follows the dot of an event's kind: {record}
    is the record, {name} what a field holds now, {name.old} what it held, {a name} the same with
    its article; what stands in [ ] is left out where one of its fields is empty. Where " self"
    follows, it is of what somebody did to themselves; " many", of {many} records at once; a status,
    of the move into that. `flags` say what it is to turn a field on, and off. `called` is what the
    record is called in a sentence, `own` where it is that of who did it, with {whose} for "their".
    """

    entity: str
    fields: Mapping[str, FieldWords] = field(default_factory=dict)
    status: str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)
    deeds: Mapping[str, str] = field(default_factory=dict)
    plural: str = ""
    flags: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    called: str = "{record}"
    own: str = ""

    @property
    def noun(self) -> str:
        return plain(self.entity)

    @property
    def nouns(self) -> str:
        return plain(self.plural or f"{self.entity}s")

    def of(self, name: str) -> FieldWords:
        """The words for a field; for one of an older release, its name."""
        return self.fields.get(name) or FieldWords(name, title_of(name), told=False)


def words_of(resource: Resource) -> Words:
    """The words for a resource, from its models."""
    return Words(
        resource.name,
        dict(_fields(resource)),
        resource.status,
        {resource.status: "status_reason", **resource.reasons},
        resource.deeds,
        resource.plural,
    )


def fields_of(
    model: type[BaseModel], titles: Mapping[str, str] | None = None
) -> dict[str, FieldWords]:
    """The words for what may be set by a model, for what is no resource."""
    titles = titles or {}
    return {
        name: FieldWords(
            name, titles.get(name, title_of(name)), *kind_of(found.annotation, found.metadata)
        )
        for name, found in model.model_fields.items()
        if name != "version"
    }


def _fields(resource: Resource) -> Iterable[tuple[str, FieldWords]]:
    given = {**resource.move.model_fields, **resource.create.model_fields}
    given |= resource.patch.model_fields
    children = {child.plural for child in resource.children}
    for name in resource.names:
        found = given.get(name) or resource.image.model_fields[name]
        kind, of = kind_of(found.annotation, found.metadata)
        if name in resource.links:
            kind, of = (kind, Kind.RECORD) if kind is Kind.LIST else (Kind.RECORD, of)
        title = resource.titles.get(name) or ("status" if name == resource.status else None)
        told = name in children or (name in given and name not in resource.computed)
        yield name, FieldWords(name, title or title_of(name), kind, of, told)


def kind_of(annotation: Any, metadata: Iterable[Any] = ()) -> tuple[Kind, Kind]:
    """What values of a type are to people; and what is inside, where that is a list."""
    marked = next((said for said in metadata if isinstance(said, Kind)), None)
    if marked is not None:
        return marked, Kind.TEXT
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return kind_of(args[0], args[1:])
    if origin in (Union, types.UnionType):
        return kind_of(next(arg for arg in args if arg is not types.NoneType))
    if origin in (list, tuple, set, frozenset):
        inside, _ = kind_of(args[0])
        return (Kind.ITEMS if inside is Kind.ITEMS else Kind.LIST), inside
    return _kind_of_class(origin or annotation), Kind.TEXT


# In this order: a datetime is a date, and a bool an int.
CLASSES: Final = (
    (Enum, Kind.CHOICE),
    (bool, Kind.FLAG),
    (datetime, Kind.INSTANT),
    (date, Kind.DATE),
    (time, Kind.TIME),
    ((int, float, Decimal), Kind.NUMBER),
    (UUID, Kind.PERSON),
    ((BaseModel, dict), Kind.ITEMS),
)


def _kind_of_class(annotation: Any) -> Kind:
    if annotation is Literal:
        return Kind.CHOICE
    if isinstance(annotation, type):
        for classes, kind in CLASSES:
            if issubclass(annotation, classes):
                return kind
    return Kind.TEXT


def plain(name: str) -> str:
    return name.replace("_", " ")


def title_of(name: str) -> str:
    """A field's name as words: "list price", "MLS number", "owner"."""
    if name.endswith("_ids"):
        name = f"{name[:-4]}s"
    words = name.removesuffix("_id").removeprefix("is_").split("_")
    return " ".join(ACRONYMS.get(word, word) for word in words)


def a(noun: str) -> str:
    return f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"


def several(names: list[str], count: int | None = None) -> str:
    """As people name them: A; A and B; A, B, C and 4 more."""
    count = len(names) if count is None else count
    shown = names[: min(count, MOST)]
    if count > len(shown):
        return f"{', '.join(shown)} and {count - len(shown)} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def shortened(text: str, longest: int = LONGEST) -> str:
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1].rstrip()}…"


# Values


def value(words: FieldWords, held: Any, name_of: NameOf, clock: Clock) -> str:
    """A value as people say it; "" for an empty one. `held` is as JSON carries it."""
    return _said(words.kind, words.of, held, name_of, clock)


def _said(kind: Kind, of: Kind, held: Any, name_of: NameOf, clock: Clock) -> str:
    if held in (None, "", []):
        return ""
    if kind in UNKNOWN:
        return name_of(str(held)) or UNKNOWN[kind]
    if kind is Kind.ITEMS or isinstance(held, (list, dict)):
        items = held if isinstance(held, list) else [held]
        if kind is Kind.LIST:
            return several([_said(of, Kind.TEXT, each, name_of, clock) for each in items])
        return several([item_name(item, name_of) for item in items])
    try:
        return SAID.get(kind, _text)(held, clock)
    except (ValueError, TypeError, ArithmeticError):
        return shortened(str(held))  # an older release kept it otherwise


# What is said where the reader may not know whom or what an id stands for.
UNKNOWN: Final = {Kind.PERSON: "somebody", Kind.RECORD: "another record"}


def _text(held: Any, _: Clock) -> str:
    return shortened(str(held))


def _money(held: Any, _: Clock) -> str:
    amount = Decimal(str(held))
    cents = amount != amount.to_integral_value()
    text = f"{abs(amount):,.2f}" if cents else f"{abs(amount):,.0f}"
    return f"-${text}" if amount < 0 else f"${text}"


def _number(held: Any, _: Clock) -> str:
    number = Decimal(str(held))
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _percent(held: Any, clock: Clock) -> str:
    return f"{_number(held, clock)}%"


def _date(held: Any, _: Clock) -> str:
    return day_text(date.fromisoformat(str(held)[:10]))


def _time(held: Any, _: Clock) -> str:
    return clock_text(time.fromisoformat(str(held)))


def _instant(held: Any, clock: Clock) -> str:
    at = datetime.fromisoformat(str(held)).astimezone(clock.zone)
    year = "" if at.year == clock.year else f", {at.year}"
    zone = f" {at:%Z}" if clock.named else ""
    return f"{at:%a, %b} {at.day}{year} at {clock_text(at.time())}{zone}"


def _flag(held: Any, _: Clock) -> str:
    return "yes" if held else "no"


def day_text(day: date) -> str:
    return f"{day:%b} {day.day}, {day.year}"


def clock_text(at: time) -> str:
    return f"{at.hour % 12 or 12}:{at:%M %p}"


SAID: Final[Mapping[Kind, Callable[[Any, Clock], str]]] = {
    Kind.MONEY: _money,
    Kind.NUMBER: _number,
    Kind.PERCENT: _percent,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.INSTANT: _instant,
    Kind.FLAG: _flag,
    Kind.CHOICE: lambda held, _: plain(str(held)),
    Kind.YEAR: lambda held, _: str(held),
}

# What an item of a list of items is known by.
NAMES: Final = (
    "label",
    "name",
    "display_name",
    "full_name",
    "title",
    "type",
    "address",
    "property_address",
    "location_address",
    "role",
)


def item_name(item: Any, name_of: NameOf) -> str:
    """What people call one of several items: its name, or that of the record it stands for."""
    if not isinstance(item, Mapping):
        return shortened(str(item))
    for name in NAMES:
        if isinstance(item.get(name), str) and item[name]:
            return shortened(plain(item[name]) if name in ("type", "role") else item[name])
    ids = (held for name, held in item.items() if name.endswith("_id") and held)
    names = (name_of(str(held)) for held in ids)
    return next((shortened(name) for name in names if name), "one")


INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
DAY: Final = re.compile(r"\d{4}-\d\d-\d\d$")


def item_value(held: Any, clock: Clock) -> str:
    """A value within an item, of which only its JSON is known."""
    if isinstance(held, bool):
        return _flag(held, clock)
    if not isinstance(held, str):
        return "nothing" if held is None else str(held)
    if INSTANT.match(held):
        return _instant(held, clock)
    return _date(held, clock) if DAY.match(held) else shortened(plain(held))
