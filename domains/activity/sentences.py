"""An event as a sentence: who did what to which record, from what to what."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from domains.activity.pieces import Part, set_off
from domains.kit.fields import Kind
from domains.kit.words import (
    MOST,
    Clock,
    FieldWords,
    NameOf,
    Words,
    a,
    item_name,
    item_value,
    plain,
    several,
    shortened,
    title_of,
    value,
)

Json = Mapping[str, Any]

LABEL: Final = 120
REASON: Final = 200
MEASURED: Final = frozenset({Kind.MONEY, Kind.NUMBER, Kind.PERCENT})
ITSELF: Final = frozenset({"version"})  # of an item, moved by every change of it
# The past tense where it is not the participle that a kind ends with.
TENSES: Final = {"undone": "undid", "taken": "took", "given": "gave", "written": "wrote"}
PARTICIPLE: Final = re.compile(r"(ed|made|sent|set|put|won|lost|met|undone|taken|given|written)$")
OF: Final = {
    "added": "to",
    "removed": "from",
    "deleted": "from",
    "moved": "of",
    "updated": "of",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A field, what it held and what it holds, as JSON carries it."""

    words: FieldWords
    old: Any
    new: Any

    @property
    def withheld(self) -> bool:
        """Whether what it held and holds is not for the reader to see."""
        return self.old is None and self.new is None


@dataclass(frozen=True, slots=True)
class Told:
    """An event as its reader may see it. `holds` are fields of the record after it."""

    kind: str
    entity: str
    label: str
    who: str
    about_self: bool
    changes: Mapping[str, Sequence[Any]]
    holds: Json

    @property
    def verb(self) -> str:
        return self.kind.partition(".")[2] or self.kind


class Teller:
    """Says what happened, for one reader: `name_of` knows the names that the reader may know.

    Its sentences are set off in pieces: see pieces.py.
    """

    def __init__(
        self, words: Callable[[str], Words], name_of: NameOf, clock: Clock | None = None
    ) -> None:
        self._words = words
        self._name_of = name_of
        self._clock = clock or Clock()

    # One event

    def sentence(self, told: Told) -> str:
        return f"{set_off(Part.WHO, told.who)} {self.deed(told)}"

    def diff(self, told: Told) -> list[dict[str, Any]]:
        """Every changed field with its title and kind; the values as they are, and as said."""
        words = self._words(told.entity)
        return [
            {
                "field": name,
                "title": words.of(name).title,
                "kind": words.of(name).kind,
                "old": old,
                "new": new,
                "old_text": self._value(words.of(name), old) or None,
                "new_text": self._value(words.of(name), new) or None,
            }
            for name, (old, new) in told.changes.items()
        ]

    def deed(self, told: Told) -> str:
        """The sentence without who did it."""
        words = self._words(told.entity)
        record = _record(words, told)
        template = _template(words, told)
        if template is not None:
            return self._filled(template, words, told, record)
        because = self._because(words, told)
        if told.verb == "status_changed":
            return self._moved(words, told, record) + because
        changes = self._changes(words, told)
        changed = told.verb == "updated" or told.verb.endswith("changed")
        if not changed and len(changes) != 1:
            return self._other(told.verb, record, changes) + because
        if not told.changes:
            # To who could not see it before, the event that shows a record tells no more.
            return f"shared {record}"
        return self._changed(words, record, changes) + because

    def _changes(self, words: Words, told: Told) -> list[Change]:
        why = set(words.reasons.values())
        found = [
            Change(words.of(name), old, new)
            for name, (old, new) in told.changes.items()
            if name not in why and words.of(name).told and old != new  # or it is withheld
        ]
        standing = [each for each in found if each.words.name != words.status]
        return standing if told.verb == "status_changed" else found

    def _filled(self, template: str, words: Words, told: Told, record: str) -> str:
        """A deed with its fields filled in."""

        def held(match: re.Match[str]) -> str:
            said, _, old = match[1].partition(".")
            name = said.removeprefix("a ")
            if name in ("record", "noun"):
                return record if name == "record" else words.noun
            if name in told.changes:
                value = self._value(words.of(name), told.changes[name][0 if old else 1])
                if words.of(name).kind not in (Kind.TEXT, Kind.LONG):
                    value = set_off(Part.OLD if old else Part.NEW, value)
            else:
                value = "" if old else self._value(words.of(name), told.holds.get(name))
            return a(value) if value and said != name else value

        def part(match: re.Match[str]) -> str:
            names = FIELD.findall(match[1])
            filled = FIELD.sub(held, match[1])
            empty = any(not FIELD.sub(held, f"{{{name}}}") for name in names)
            return "" if empty else filled

        return FIELD.sub(held, OPTIONAL.sub(part, template))

    def _moved(self, words: Words, told: Told, record: str) -> str:
        old, new = told.changes.get(words.status or "", (None, None))
        status = words.of(words.status or "")
        start = f" from {_old(self._status(status, old))}" if old else ""
        end = f" to {_new(self._status(status, new))}" if new else " on"
        rest = [
            f"{change.words.title} {_new(text)}"
            for change in self._changes(words, told)
            if change.words.kind in (Kind.MONEY, Kind.DATE, Kind.CHOICE)
            and (text := self._value(change.words, change.new))
        ]
        also = f", with {several(rest)}" if rest else ""
        return f"moved {record}{start}{end}{also}"

    def _status(self, words: FieldWords, held: Any) -> str:
        return self._value(words, held).title()

    def _because(self, words: Words, told: Told) -> str:
        for name, why in words.reasons.items():
            if name in told.changes and (reason := told.changes.get(why, (None, None))[1]):
                return f": “{shortened(str(reason), REASON)}”"
        return ""

    def _changed(self, words: Words, record: str, changes: Sequence[Change]) -> str:
        if not changes:
            return f"changed {record}"
        if len(changes) == 1 and not changes[0].withheld:
            return self._one(words, record, changes[0])
        parts = []
        for change in changes[:MOST]:
            if change.withheld:
                parts.append(change.words.title)
                continue
            old, new = self._both(change)
            start = f" from {old}" if old and change.words.kind is not Kind.LONG else ""
            end = "" if change.words.kind in UNSAID else f" to {new or 'nothing'}"
            parts.append(f"{change.words.title}{start if end else ''}{end}")
        more = len(changes) - MOST
        return f"changed {record}: {', '.join(parts)}{f' and {more} more' if more > 0 else ''}"

    def _one(self, words: Words, record: str, change: Change) -> str:
        title, kind = change.words.title, change.words.kind
        if flag := words.flags.get(change.words.name) or FLAGS.get(change.words.name):
            return flag[0 if change.new else 1].format(record=record)
        if kind is Kind.LONG:
            deed = "edited" if change.old and change.new else "added" if change.new else "removed"
            return f"{deed} the {title} {'to' if deed == 'added' else 'of'} {record}"
        if kind in (Kind.LIST, Kind.ITEMS) and (said := self._listed(record, change)):
            return said
        old, new = self._both(change)
        if not old:
            return f"set the {title} of {record} to {new}"
        if not new:
            return f"cleared the {title} of {record}, which was {old}"
        return f"{_way(change)} the {title} of {record} from {old} to {new}"

    def _listed(self, record: str, change: Change) -> str:
        """What came into a list and what left it; "" where neither is to be told apart."""
        old, new = change.old or [], change.new or []
        if not isinstance(old, list) or not isinstance(new, list):
            return ""
        words = change.words
        if words.kind is Kind.LIST:
            inside = FieldWords(words.name, words.title, words.of)
            came = [self._value(inside, each) for each in new if each not in old]
            left = [self._value(inside, each) for each in old if each not in new]
            edited: list[str] = []
        else:
            was, now = _by_key(old), _by_key(new)
            came = [self._item(now[key]) for key in now if key not in was]
            left = [self._item(was[key]) for key in was if key not in now]
            edited = [
                f"{self._item(now[key])}{self._edited(was[key], now[key])}"
                for key in now
                if key in was and was[key] != now[key]
            ]
        title = words.title
        parts = [
            *([f"added {_new(several(came))} to the {title} of {record}"] if came else []),
            *([f"removed {_old(several(left))} from the {title} of {record}"] if left else []),
            *([f"changed the {title} of {record}: {several(edited)}"] if edited else []),
        ]
        return " and ".join(parts)

    def _item(self, item: Any) -> str:
        return item_name(item, self._name_of)

    def _edited(self, old: Any, new: Any) -> str:
        """What of an item changed, where it is one plain value."""
        if not isinstance(old, Mapping) or not isinstance(new, Mapping):
            return ""
        names = [
            name
            for name in new
            if old.get(name) != new[name] and name not in ITSELF and not name.endswith("_at")
        ]
        if len(names) != 1 or isinstance(new[names[0]], (dict, list)):
            return ""
        was, now = old.get(names[0]), new[names[0]]
        title = "" if names[0].endswith("status") else f" {title_of(names[0])}"
        if names[0].startswith("is_"):
            return f" is{title} now" if now else f" is not{title} any more"
        start = f" from {_old(item_value(was, self._clock))}" if was else ""
        return f"{title}{start} to {_new(item_value(now, self._clock))}"

    def _other(self, verb: str, record: str, changes: Sequence[Change]) -> str:
        """A verb of a domain's own: "claimed", "attendee_added"."""
        *things, last = verb.split("_")
        if not PARTICIPLE.search(last):
            return f"changed {record}: {plain(verb)}"
        done = TENSES.get(last, last)
        if things:
            thing = " ".join(things)
            return f"{done} {a(thing)} {OF.get(last, 'of')} {record}"
        rest = [
            f"{change.words.title} {_new(new)}"
            for change in changes
            if change.words.kind not in (Kind.LONG, Kind.ITEMS)
            and (new := self._value(change.words, change.new))
        ]
        return f"{done} {record}{f', with {several(rest)}' if rest else ''}"

    def _both(self, change: Change) -> tuple[str, str]:
        if change.words.kind is Kind.LONG:
            return "", ""
        old, new = (self._value(change.words, held) for held in (change.old, change.new))
        return _old(old), _new(new)

    def _value(self, words: FieldWords, held: Any) -> str:
        return value(words, held, self._name_of, self._clock)

    # Many events

    def group(
        self,
        told: Told,
        *,
        count: int,
        records: int,
        labels: Sequence[str],
        kinds: Sequence[str],
        status: str | None,
        fields: Sequence[str],
    ) -> str:
        """What one person did to many: `told` is the newest of them.

        `status` is where all were moved to, `fields` what was changed in them.
        """
        words, who = self._words(told.entity), set_off(Part.WHO, told.who)
        if records == 1 and kinds == [f"{told.entity}.updated"]:
            return f"{who} changed {_record(words, told)} {_times(count)}"
        if records == 1 or len(kinds) > 1:
            more = "1 more change" if count == 2 else f"{count - 1} more changes"
            return f"{who} {self.deed(told)}, and {more}"
        names = f": {several([shortened(label, LABEL) for label in labels], records)}"
        deed = self._many(words, told.verb, f"{records} {words.nouns}", status, fields)
        return f"{who} {deed}{names if labels else ''}"

    def _many(
        self, words: Words, verb: str, many: str, status: str | None, fields: Sequence[str]
    ) -> str:
        own = words.deeds.get(f"{verb} many")
        if own or verb in DEEDS:
            return (own or MANY.get(verb, f"{verb} {{many}}")).format(many=many)
        if verb == "status_changed":
            where = self._status(words.of(words.status or ""), status) if status else ""
            return f"moved {many}{f' to {_new(where)}' if where else ''}"
        *things, last = verb.split("_")
        if things and last in OF:
            return f"{last} {_several_of(' '.join(things))} {OF[last]} {many}"
        shown = [words.of(name).title for name in fields if words.of(name).told]
        if 0 < len(shown) <= MOST:
            return f"changed the {several(shown)} of {many}"
        if PARTICIPLE.search(verb) and not things and verb != "updated":
            return f"{TENSES.get(verb, verb)} {many}"
        return f"changed {many}"


DEEDS: Final = {
    "created": "added the {noun} {record}",
    "deleted": "deleted the {noun} {record}",
    "archived": "archived {record}",
    "restored": "brought {record} back",
    "withdrawn": "made {record} private",
    "grants_changed": "changed who else may see {record}",
}
MANY: Final = {
    "created": "added {many}",
    "restored": "brought {many} back",
    "grants_changed": "changed who else may see {many}",
}
# What it is to turn a flag on, and off.
FLAGS: Final = {"is_private": ("made {record} private", "shared {record} with the team")}
UNSAID: Final = (Kind.LONG, Kind.ITEMS)  # where many fields are told
FIELD: Final = re.compile(r"\{((?:a )?[a-z_]+(?:\.old)?)\}")
OPTIONAL: Final = re.compile(r"\[([^\]]*)\]")


def _template(words: Words, told: Told) -> str | None:
    """The deed for it: of who did it to themselves, of the status it came into, or of its verb."""
    _, status = told.changes.get(words.status or "", (None, None))
    keys = [f"{told.verb} self"] if told.about_self else []
    keys += [f"{told.verb} {status}", told.verb]
    return next((words.deeds[key] for key in keys if key in words.deeds), DEEDS.get(told.verb))


def _record(words: Words, told: Told) -> str:
    if told.about_self and words.own:
        return words.own.format(whose=set_off(Part.WHOSE, "their"))
    label = set_off(Part.RECORD, shortened(told.label, LABEL))
    return words.called.format(record=label) if label else a(words.noun)


def _old(text: str) -> str:
    return set_off(Part.OLD, text)


def _new(text: str) -> str:
    return set_off(Part.NEW, text)


def _several_of(thing: str) -> str:
    return f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"


def _way(change: Change) -> str:
    if change.words.kind not in MEASURED:
        return "changed"
    try:
        rise = Decimal(str(change.new)) - Decimal(str(change.old))
    except InvalidOperation:
        return "changed"
    return "raised" if rise > 0 else "lowered"


def _by_key(items: Sequence[Any]) -> dict[str, Any]:
    """Items by what tells them apart: their id, or what they are known by."""
    found: dict[str, Any] = {}
    for number, item in enumerate(items):
        key = (
            str(item.get("id") or item_name(item, _nobody))
            if isinstance(item, Mapping)
            else str(item)
        )
        found[key if key not in found else f"{key} {number}"] = item
    return found


def _nobody(_: str) -> None:
    """Nobody is known by an id."""


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
