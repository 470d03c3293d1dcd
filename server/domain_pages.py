"""The parts of docs/domains that follow from the definitions: states, fields, lists, ways in."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from domains import DOMAINS
from domains.kit.actor import EVERYONE, WRITERS, Role
from domains.kit.child import Child
from domains.kit.domain import Domain
from domains.kit.endpoint import Endpoint
from domains.kit.job import Job
from domains.kit.record import RecordImage
from domains.kit.resource import Resource, Step
from domains.kit.select import ListQuery
from server import catalogue, new_domain
from server.asyncapi_parts import kinds_of
from server.settings import CLONE

Json = Mapping[str, Any]

FOLDER: Final = CLONE / "docs" / "domains"
GUIDE: Final = CLONE / "docs" / "adding-a-domain.md"
BEGIN: Final = "<!-- generated: begin -->"
END: Final = "<!-- generated: end -->"
FEW: Final = 12  # values of a choice that are all named in a table
WHO: Final = {EVERYONE: "everybody", WRITERS: "all but viewers"}
KINDS: Final = {"string": "text", "boolean": "yes or no"}
EVERY_RECORD: Final = frozenset(RecordImage.model_fields)
SHARED: Final = frozenset(ListQuery.model_fields)


def write(folder: Path = FOLDER) -> list[str]:
    """Bring the pages and their index up to date; the names of those that were not."""
    changed = []
    for path, text in pages(folder):
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            changed.append(path.name)
    return changed


def pages(folder: Path = FOLDER) -> Iterator[tuple[Path, str]]:
    """Each page with the text that it should have."""
    found = catalogue.described()
    for domain in DOMAINS:
        mine = [one for one in found if one.tag == domain.name]
        text = f"# {_title(domain.name)}\n\n{domain.summary}.\n"
        yield _filled(folder / f"{domain.name}.md", text, "\n\n".join(_page(domain, mine)))
    lines = [f"- [{_title(one.name)}]({one.name}.md): {one.summary}" for one in DOMAINS]
    yield _filled(GUIDE, "", "\n\n".join(new_domain.guide()))
    yield _filled(folder / "README.md", "# The domains\n", "\n".join(lines))


def _filled(path: Path, fresh: str, part: str) -> tuple[Path, str]:
    """The page as it is, or a fresh one, with this between its marks; at its end if it has none."""
    text = path.read_text() if path.exists() else fresh
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest:
        before, after = f"{text.rstrip()}\n\n", "\n"
    return path, f"{before}{BEGIN}\n{part}\n{END}{after}"


def _page(domain: Domain, endpoints: Sequence[Endpoint]) -> Iterator[str]:
    resource: Resource | None = domain.resource
    if resource is not None:
        yield from _states(resource)
        yield from _fields(resource)
        yield from _lists(resource)
    yield from _ways_in(endpoints)
    if resource is not None:
        kinds = ", ".join(f"`{kind}`" for kind in kinds_of(resource))
        yield f"Events: {kinds}."
    if domain.jobs:
        yield from _jobs(domain.jobs)


# States


def _states(resource: Resource) -> Iterator[str]:
    ways = {"[*]": resource.entry, **resource.transitions}
    arrows = [f"    {old} --> {new}" for old, steps in ways.items() for new in steps]
    yield "## States"
    yield "```mermaid\nstateDiagram-v2\n" + "\n".join(arrows) + "\n```"
    rows = []
    for old, steps in ways.items():
        for new, step in steps.items():
            if asked := _asks(step):
                rows.append((_new(old), f"`{new}`", asked))
    if rows:
        yield _table(("from", "to", "what it needs"), _merged(rows))


def _new(state: str) -> str:
    return "a new one" if state == "[*]" else f"`{state}`"


def _asks(step: Step) -> str:
    said = [f"`{name}`" for name in step.needs]
    if step.reason:
        said.append("`status_reason`, given with it")
    if step.dated and step.dated not in step.needs:
        said.append(f"sets `{step.dated}`")
    if step.roles != WRITERS:
        said.append(f"by {_who(step.roles)}")
    if step.guard is not None and step.guard.__doc__:
        said.append(_sentence(step.guard.__doc__))
    return ", ".join(said)


def _merged(rows: Sequence[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """One row for the steps into a state that ask for the same."""
    starts: dict[tuple[str, str], list[str]] = {}
    for old, new, asked in rows:
        starts.setdefault((new, asked), []).append(old)
    for (new, asked), olds in starts.items():
        yield ", ".join(olds), new, asked


# Fields


def _fields(resource: Resource) -> Iterator[str]:
    yield "## Fields"
    yield _shape(resource.image, resource.create, resource.patch, resource.guarded)
    yield (
        "As every record also: " + ", ".join(f"`{name}`" for name in RecordImage.model_fields) + "."
    )
    for child in resource.children:
        yield from _children(child, resource.guarded)


def _children(child: Child, guarded: Mapping[str, str]) -> Iterator[str]:
    yield f"### {_title(child.plural)}"
    prefix = f"{child.plural}[]."
    mine = {
        name.removeprefix(prefix): right
        for name, right in guarded.items()
        if name.startswith(prefix)
    }
    yield _shape(child.image, child.create, child.patch, mine)


def _shape(
    image: type[BaseModel],
    create: type[BaseModel],
    patch: type[BaseModel],
    guarded: Mapping[str, str],
) -> str:
    shown, asked = _schema(image), _schema(create)
    needed = {name for name, field in create.model_fields.items() if field.is_required()}
    rows = []
    for name in dict.fromkeys([*image.model_fields, *create.model_fields]):
        if name in EVERY_RECORD and issubclass(image, RecordImage):
            continue
        schema = shown["properties"].get(name) or asked["properties"].get(name, {})
        within = shown if name in shown["properties"] else asked
        given = (
            "needed" if name in needed else "may be given" if name in create.model_fields else ""
        )
        if not given and name in patch.model_fields:
            given = "by a change"
        field = image.model_fields.get(name) or create.model_fields[name]
        said = [field.description or ""]
        if right := guarded.get(name):
            said.append(f"Shown to those with `{right}`.")
        rows.append((f"`{name}`", _type(schema, within), given, " ".join(filter(None, said))))
    return _table(("field", "type", "given", "what"), rows)


def _schema(model: type[BaseModel]) -> Json:
    found: Json = model.model_json_schema()
    return {"properties": {}, **found}


def _type(schema: Json, within: Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _type(within["$defs"][name], within)
    if "anyOf" in schema:
        kinds = [_type(one, within) for one in schema["anyOf"]]
        real = list(dict.fromkeys(kind for kind in kinds if kind != "null"))
        return " or ".join(_numbers(real)) + (", null" if "null" in kinds else "")
    if "enum" in schema:
        values = [f"`{value}`" for value in schema["enum"]]
        return ", ".join(values) if len(values) <= FEW else f"one of {len(values)} words"
    if "const" in schema:
        return f"`{schema['const']}`"
    kind = schema.get("type", "any")
    if kind == "array":
        of = _type(schema.get("items", {}), within)
        return "list" if of == "any" else f"list of {of}"
    formats = {"date": "date", "date-time": "instant", "uuid": "id"}
    return formats.get(schema.get("format", "")) or KINDS.get(kind, str(kind))


def _numbers(kinds: list[str]) -> list[str]:
    """A decimal may come as a number or as a text; it is a number."""
    return ["number"] if set(kinds) == {"number", "text"} else kinds


# Lists


def _lists(resource: Resource) -> Iterator[str]:
    yield "## Lists and statistics"
    asked = _schema(resource.query)
    own = [
        (
            f"`{name}`",
            _type(asked["properties"].get(name, {}), asked).removesuffix(", null"),
            field.description or "",
        )
        for name, field in resource.query.model_fields.items()
        if name not in SHARED
    ]
    if own:
        yield _table(("filter", "type", "what"), own)
    statuses = _choices(resource.query, "status")
    shared = ", ".join(f"`{name}`" for name in ListQuery.model_fields if name != "sort")
    yield f"Besides these, as every list: {shared}."
    yield f"`status`: {statuses}. `sort`: {_choices(resource.query, 'sort')}."
    stats = [
        (
            f"`{name}`",
            f"Shown to those with `{resource.guarded_stats[name]}`."
            if name in resource.guarded_stats
            else "",
        )
        for name in resource.stats_model.model_fields
    ]
    guarded = [(name, note) for name, note in stats if note]
    yield "Statistics: " + ", ".join(name for name, _ in stats) + "."
    if guarded:
        yield " ".join(f"{name}: {note}" for name, note in guarded)


def _choices(query: type[BaseModel], name: str) -> str:
    schema = _schema(query)["properties"][name]
    return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("default")]))


# Ways in


def _ways_in(endpoints: Sequence[Endpoint]) -> Iterator[str]:
    rows = [
        (
            f"`{one.method} /v1{one.path}`",
            f"`{one.name}`" if one.socket else "",
            one.summary,
            "anybody" if one.roles is None else _who(one.roles),
        )
        for one in endpoints
    ]
    yield "## Requests and commands"
    yield _table(("request", "socket command", "what", "who"), rows)


def _who(roles: frozenset[Role]) -> str:
    return WHO.get(roles) or ", ".join(role.value for role in Role if role in roles)


def _jobs(jobs: Sequence[Job]) -> Iterator[str]:
    yield "## Jobs"
    rows = [
        (
            f"`{job.name}`",
            f"`{job.cron}` (UTC)" if job.cron else "when it is asked for",
            str(job.attempts),
        )
        for job in jobs
    ]
    yield _table(("job", "when", "attempts"), rows)


# Markdown


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _sentence(text: str) -> str:
    return text.strip().splitlines()[0].rstrip(".").lower()
