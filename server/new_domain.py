"""Writes a new domain: its files, its line in the list, its example for the tests, its page."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Final

from server.settings import CLONE

NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,30}")
PREFIX: Final = re.compile(r"[A-Z]{2,4}")
NUMBER: Final = "NNNN"  # of a migration that is only shown


class NotPossible(Exception):
    """Such a domain cannot be made; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value: in what comes in, in what goes out, in Postgres; and examples of it."""

    takes: str
    gives: str
    sql: str
    least: str
    change: str
    full: str
    sort: str = ""

    @property
    def is_text(self) -> bool:
        return self.gives == "str"


KINDS: Final[Mapping[str, Kind]] = {
    "line": Kind("Line", "str", "text", '"12 Main St"', '"14 Main St"', "LINE", "text"),
    "word": Kind("Word", "str", "text", '"one"', '"another"', "WORD", "text"),
    "note": Kind("Note", "str", "text", '"A word"', '"Another word"', "NOTE"),
    "money": Kind("Money", "Decimal", "numeric(14, 2)", "500000", "510000", "MONEY", "numeric"),
    "count": Kind("Count", "int", "integer", "3", "4", "999", "integer"),
    "day": Kind("Day", "date", "date", '"2026-11-02"', '"2026-11-03"', "DAY", "date"),
    "flag": Kind("bool", "bool", "boolean", "False", "True", "True"),
}


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    kind: Kind
    needed: bool

    @classmethod
    def read(cls, text: str) -> "Field":
        """From `price:money`, or `notes:note?` for one that may be empty."""
        name, _, kind = text.partition(":")
        found = KINDS.get(kind.removesuffix("?"))
        if not NAME.fullmatch(name) or found is None:
            raise NotPossible(f"{text} is no field: name:kind, where kind is {', '.join(KINDS)}")
        return cls(name, found, needed=not kind.endswith("?"))


@dataclass(frozen=True, slots=True)
class State:
    name: str
    reason: bool

    @classmethod
    def read(cls, text: str) -> "State":
        """From `accepted`, or `declined!` for one that asks for a reason."""
        name = text.removesuffix("!")
        if not NAME.fullmatch(name) or name == "all":
            raise NotPossible(f"{text} is no name for a state")
        return cls(name, reason=text.endswith("!"))


@dataclass(frozen=True, slots=True)
class Plan:
    """A domain to be: the first state is where a record begins, the others follow from it."""

    plural: str
    name: str
    prefix: str
    summary: str
    fields: tuple[Field, ...]
    states: tuple[State, ...]

    @classmethod
    def of(
        cls,
        plural: str,
        *,
        name: str | None = None,
        prefix: str | None = None,
        summary: str | None = None,
        fields: Sequence[str] = (),
        states: Sequence[str] = (),
    ) -> "Plan":
        name = name or _singular(plural)
        prefix = prefix or name.replace("_", "")[:3].upper()
        if not NAME.fullmatch(plural) or not NAME.fullmatch(name) or name == plural:
            raise NotPossible(f"{plural} is no plural of small letters: say also --singular")
        if not PREFIX.fullmatch(prefix):
            raise NotPossible(f"{prefix} is no prefix for display ids: two to four capitals")
        found = [Field.read(one) for one in fields or ("title:line", "notes:note?")]
        if not any(field.kind.is_text and field.needed for field in found):
            raise NotPossible("One field is needed and text: it is what people call the record")
        if not any(field.kind.is_text and not field.needed for field in found):
            found.append(Field("notes", KINDS["note"], needed=False))
        return cls(
            plural,
            name,
            prefix,
            summary or plural.replace("_", " ").capitalize(),
            tuple(found),
            tuple(State.read(one) for one in states or ("open", "done", "cancelled!")),
        )

    @property
    def title(self) -> str:
        return "".join(word.capitalize() for word in self.name.split("_"))

    @property
    def constant(self) -> str:
        return self.plural.upper()

    @property
    def status(self) -> str:
        return f"{self.name}_status"

    @property
    def label(self) -> str:
        return next(one.name for one in self.fields if one.kind.is_text and one.needed)


def make(plan: Plan, root: Path = CLONE) -> list[str]:
    """Write it all under the root; the paths of what was written or changed."""
    folder = root / "domains" / plan.plural
    if folder.exists():
        raise NotPossible(f"{folder.relative_to(root)} is there already")
    taken = re.compile(rf'prefix="{plan.prefix}"')
    for resource in (root / "domains").glob("*/resource.py"):
        if taken.search(resource.read_text()):
            raise NotPossible(f"{resource.parent.name} has the prefix {plan.prefix}: say --prefix")
    last = max(int(file.name[:4]) for file in (root / "db" / "migrations").glob("*.sql"))
    written = files(plan, f"{last + 1:04}")
    listing, examples = root / "domains" / "__init__.py", root / "tests" / "examples.py"
    changed = {
        listing: listed(listing.read_text(), plan),
        examples: with_example(examples.read_text(), plan),
    }
    folder.mkdir()
    for path, text in written.items():
        (root / path).write_text(text)
    for file, text in changed.items():
        file.write_text(text)
    return [*written, *(str(file.relative_to(root)) for file in changed)]


def files(plan: Plan, number: str = NUMBER) -> dict[str, str]:
    """The new files, by their paths."""
    folder = f"domains/{plan.plural}"
    return {
        f"db/migrations/{number}_{plan.plural}.sql": _migration(plan),
        f"{folder}/__init__.py": "",
        f"{folder}/models.py": _models(plan),
        f"{folder}/resource.py": _resource(plan),
        f"{folder}/endpoints.py": _endpoints(plan),
        f"docs/domains/{plan.plural}.md": f"# {_heading(plan.plural)}\n\n{plan.summary}.\n",
    }


def listed(text: str, plan: Plan) -> str:
    """domains/__init__.py with the domain in it: its imports in their order, its line last."""
    imports = [
        f"from domains.{plan.plural}.endpoints import endpoints as {plan.plural}_endpoints",
        f"from domains.{plan.plural}.resource import {plan.constant}",
    ]
    lines = text.splitlines()
    here = [i for i, line in enumerate(lines) if line.startswith("from domains.")]
    after = [i for i in here if lines[i].split()[1] > imports[0].split()[1]]
    place = after[0] if after else here[-1] + 1
    lines[place:place] = imports
    end = max(i for i, line in enumerate(lines) if line == ")")
    lines[end:end] = _line(plan)
    return "\n".join(lines) + "\n"


def with_example(text: str, plan: Plan) -> str:
    """tests/examples.py with an entry for it."""
    before, mark, after = text.partition("\nEXAMPLES: ")
    if not mark or not after.endswith("}\n"):
        raise NotPossible("tests/examples.py has no dict EXAMPLES at its end")
    entries = after.removesuffix("}\n")
    entry = f'    "{plan.plural}": {plan.name.upper()},'
    return f"{before}{example(plan)}\n{mark}{entries}{entry}\n}}\n"


# The files


def _migration(plan: Plan) -> str:
    own = [
        f"    {field.name} {field.kind.sql}{' NOT NULL' if field.needed else ''},"
        for field in plan.fields
    ]
    states = ", ".join(f"'{state.name}'" for state in plan.states)
    return f"""-- {plan.summary}.

CREATE TABLE {plan.plural} (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id uuid NOT NULL REFERENCES teams (id),
    display_id text NOT NULL,
    owner_id uuid NOT NULL,
    is_private boolean NOT NULL DEFAULT false,
    grants jsonb NOT NULL DEFAULT '[]',
    audience text NOT NULL
        GENERATED ALWAYS AS (record_audience(is_private, owner_id, grants)) STORED,
{_joined(own)}
    {plan.status} text NOT NULL CHECK ({plan.status} IN ({states})),
    status_reason text,
    contract_status_change_date date,
    status_change_timestamp timestamptz,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_by uuid NOT NULL REFERENCES users (id),
    last_modified_by uuid NOT NULL REFERENCES users (id),
    archived_at timestamptz,
    deleted_at timestamptz,
    deleted_by uuid REFERENCES users (id),
    UNIQUE (team_id, display_id),
    FOREIGN KEY (team_id, owner_id) REFERENCES members (team_id, user_id)
);

CREATE INDEX {plan.plural}_created_idx ON {plan.plural} (team_id, created_at DESC, id DESC)
    WHERE deleted_at IS NULL;

SELECT make_searchable('{plan.plural}', '{{{",".join(_searched(plan))}}}');
"""


def _models(plan: Plan) -> str:
    status, start = f"{plan.title}Status", plan.states[0].name.upper()
    given = {field.kind.gives for field in plan.fields}
    takes = sorted({"Line", *(field.kind.takes for field in plan.fields)} - {"bool"})
    imports = [
        *(["from datetime import date"] if "date" in given else []),
        *(["from decimal import Decimal"] if "Decimal" in given else []),
        "from enum import StrEnum",
        "from typing import Literal",
    ]
    create = [
        f"    {one.name}: {one.kind.takes}{'' if one.needed else ' | None = None'}"
        for one in plan.fields
    ]
    patch = [
        f"    {one.name}: {one.kind.takes}{' = UNSET' if one.needed else ' | None = None'}"
        for one in plan.fields
    ]
    image = [
        f"    {one.name}: {one.kind.gives}{'' if one.needed else ' | None'}" for one in plan.fields
    ]
    return f'''"""{_heading(plan.plural)}: their fields, their shapes at the edge, their queries."""

{_joined(imports)}

from pydantic import BaseModel

from domains.kit.fields import {", ".join(takes)}
from domains.kit.record import UNSET, NewRecord, RecordImage, RecordPatch
from domains.kit.select import ListQuery
from domains.kit.status import Move


class {status}(StrEnum):
{_joined(f'    {state.name.upper()} = "{state.name}"' for state in plan.states)}


class {plan.title}Create(NewRecord):
    """A new one; whose it is, and whether it is private, come with every record."""

{_joined(create)}
    {plan.status}: {status} = {status}.{start}
    status_reason: Line | None = None


class {plan.title}Patch(RecordPatch):
    """Fields to change. null empties a field that may be empty."""

{_joined(patch)}
    {plan.status}: {status} = UNSET
    status_reason: Line | None = None


class {plan.title}Move(Move):
    """A move to another status."""

    status: {status}


class {plan.title}(RecordImage):
    """One of them as every reader and every screen gets it."""

{_joined(image)}
    {plan.status}: {status}
    status_reason: str | None
    allowed_transitions: list[{status}]


class {plan.title}Query(ListQuery):
    """What a list may be asked."""

    sort: {_choice(["created_at", "updated_at", *_sorted_by(plan)])} = "created_at"
    status: {_choice(["all", *(state.name for state in plan.states)])} = "all"


class {plan.title}Stats(BaseModel):
    """Counts."""

    total: int
{_joined(f"    {state.name}: int" for state in plan.states)}
'''


def _searched(plan: Plan) -> list[str]:
    """What such a record is known by."""
    return [*(one.name for one in plan.fields if one.kind.is_text and one.needed), "display_id"]


def _resource(plan: Plan) -> str:
    first, *others = plan.states
    steps = ", ".join(
        f'"{state.name}": {"Step(reason=True)" if state.reason else "Step()"}' for state in others
    )
    transitions = [
        f'        "{first.name}": {{{steps}}},',
        *(f'        "{state.name}": {{}},' for state in others),
    ]
    search = ", ".join(f'"{name}"' for name in _searched(plan))
    sorts = [
        f'        "{one.name}": ("r.{one.name}", "{one.kind.sort}"),'
        for one in plan.fields
        if one.name in _sorted_by(plan)
    ]
    shapes = ["", "Create", "Move", "Patch", "Query", "Stats"]
    own = _joined(f"    {plan.title}{shape}," for shape in shapes)
    imports = [
        f"from domains.{plan.plural}.models import (\n{own}\n)",
        "from domains.kit.resource import Moment, Record, Resource, Step",
        "from domains.kit.rules import status_columns",
    ]
    return f'''"""The definition: states, what a list is searched and sorted by, what is counted."""

from collections.abc import Mapping
from typing import Any

{_by_module(imports)}


def _derive(before: Record | None, after: Record, moment: Moment) -> Mapping[str, Any]:
    return status_columns("{plan.status}", before, after, moment)


def _count(status: str) -> str:
    return f"count(*) FILTER (WHERE r.{plan.status} = '{{status}}')"


{plan.constant} = Resource(
    name="{plan.name}",
    plural="{plan.plural}",
    prefix="{plan.prefix}",
    image={plan.title},
    create={plan.title}Create,
    patch={plan.title}Patch,
    move={plan.title}Move,
    query={plan.title}Query,
    status="{plan.status}",
    transitions={{
{_joined(transitions)}
    }},
    entry={{"{first.name}": Step()}},
    label="r.{plan.label}",
    computed={{}},
    search=({search}),
    where={{}},
    sorts={{
{_joined(sorts)}
    }},
    stats={{
        "total": "count(*)",
{_joined(f'        "{state.name}": _count("{state.name}"),' for state in plan.states)}
    }},
    stats_model={plan.title}Stats,
    derive=_derive,
)
'''


def _endpoints(plan: Plan) -> str:
    imports = [
        f"from domains.{plan.plural}.resource import {plan.constant}",
        "from domains.kit.crud import crud",
        "from domains.kit.endpoint import Endpoint",
        "from domains.kit.services import Services",
    ]
    return f'''"""What {plan.plural.replace("_", " ")} offer to the outside."""

{_by_module(imports)}


def endpoints(services: Services) -> list[Endpoint]:
    return crud(services.db, {plan.constant})
'''


def _line(plan: Plan) -> list[str]:
    parts = [f'"{plan.plural}"', f"{plan.plural}_endpoints", f'"{plan.summary}"', plan.constant]
    whole = f"    Domain({', '.join(parts)}),"
    if len(whole) <= 100:
        return [whole]
    return ["    Domain(", *(f"        {part}," for part in parts), "    ),"]


def line(plan: Plan) -> str:
    """The domain's line in the list, as the guide shows it."""
    return dedent("\n".join(_line(plan))).removesuffix(",")


def example(plan: Plan) -> str:
    """Its example for the tests."""
    least = {one.name: one.kind.least for one in plan.fields if one.needed}
    changed = [one for one in plan.fields if one.needed][-1]
    other = next(one for one in plan.fields if one.kind.is_text and not one.needed)
    full = {
        **{one.name: one.kind.full for one in plan.fields},
        plan.status: f'"{plan.states[0].name}"',
        "status_reason": "LINE",
        "is_private": "True",
    }
    moves = [state.name for state in plan.states if state.reason]
    lines = [
        f"{plan.name.upper()} = Example(",
        f"    least={_dict(least)},",
        f"    change={_dict({changed.name: changed.kind.change})},",
        f"    other={_dict({other.name: other.kind.change})},",
        "    full={",
        *(f'        "{name}": {value},' for name, value in full.items()),
        "    },",
    ]
    if moves:
        told = ", ".join(f'"{name}": {{"reason": "It was asked for"}}' for name in moves)
        lines.append(f"    moves={{{told}}},")
    return "\n".join([*lines, ")"])


# Words


def _sorted_by(plan: Plan) -> list[str]:
    return [one.name for one in plan.fields if one.kind.sort and one.needed]


def _dict(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f'"{name}": {value}' for name, value in values.items()) + "}"


def _choice(names: Iterable[str]) -> str:
    return "Literal[" + ", ".join(f'"{name}"' for name in names) + "]"


def _by_module(imports: Iterable[str]) -> str:
    return _joined(sorted(imports, key=lambda line: line.split()[1]))


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _heading(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _singular(plural: str) -> str:
    if plural.endswith("ies"):
        return f"{plural[:-3]}y"
    return plural.removesuffix("s")


OFFERS: Final = Plan.of(
    "offers",
    prefix="OFR",
    summary="Offers on a property",
    fields=("property_address:line", "price:money", "notes:note?"),
    states=("made", "accepted", "declined!"),
)

# What each file is, in the order of `files`.
SHOWN: Final[Mapping[str, str]] = {
    "The table": "Besides its own, it has the columns that `RecordImage` names, and `audience`, by"
    " which every read\ndecides who may see the row; they are the same in every domain.",
    "The shapes": "What comes in (strict, nothing unknown), what goes out, what a list may be"
    " asked.",
    "The definition": "Everything shared is read from it.",
    "The endpoints": "One for each common verb.",
}


def guide() -> Iterator[str]:
    """How all of a domain looks, for docs/adding-a-domain.md."""
    shown = [one for one in files(OFFERS).items() if one[0].endswith((".py", ".sql")) and one[1]]
    for number, ((path, text), (title, note)) in enumerate(
        zip(shown, SHOWN.items(), strict=True), 1
    ):
        language = "sql" if path.endswith(".sql") else "python"
        yield f"**{number}. {title}**: `{path}`. {note}"
        yield f"```{language}\n{text.rstrip()}\n```"
    yield "**5. The line** in `domains/__init__.py`, with two imports:"
    yield f"```python\n{line(OFFERS)}\n```"
    yield "**6. An example** for the tests, in `tests/examples.py`, and its entry in `EXAMPLES`:"
    yield f"```python\n{example(OFFERS)}\n```"
    yield f"**7. A page**: `docs/domains/{OFFERS.plural}.md`; `./run docs` adds states and fields."
