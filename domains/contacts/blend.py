"""Two contacts become one: whose value stays in which field."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_jsonable_python

from domains.contacts.models import ContactFields, ContactPatch
from domains.kit.errors import Invalid
from domains.kit.fields import sent
from domains.kit.phone import e164
from domains.kit.resource import Record
from domains.kit.validated import validated

THIS, OTHER = "this", "other"

# One value each; the notes are those of both where nobody says otherwise.
SINGLE = tuple(name for name in ContactFields.model_fields if name != "status_reason")
# Lists of those of both.
SEVERAL = ("other_emails", "other_phones", "tags")
CHOOSABLE = (*SINGLE, *SEVERAL, "primary_role")


def blend(this: Record, other: Record, choose: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the merged contact, as a patch of `this` would give them.

    Raise Invalid for a choice that is none, and for what no contact may hold: notes of both that
    are too long together want one to be chosen.
    """
    unknown = sorted(choose.keys() - set(CHOOSABLE))
    if unknown:
        field = f"choose.{unknown[0]:.40}"
        raise Invalid.field(field, f"is no field to choose; there are {', '.join(CHOOSABLE)}")
    fields = {name: _single(name, this, other, choose) for name in SINGLE}
    for name in SEVERAL:
        if name in choose:
            fields[name] = _chosen(choose[name], this[name], other[name])
    fields.setdefault("tags", [*this["tags"], *other["tags"]])
    if "other_emails" not in choose:
        fields["other_emails"] = _other_emails(this, other, fields["email"])
    if "other_phones" not in choose:
        fields["other_phones"] = _other_phones(this, other, fields["phone"])
    return sent(validated(ContactPatch, to_jsonable_python(fields), "choose"))


def _chosen(choice: Any, mine: Any, theirs: Any) -> Any:
    return {THIS: mine, OTHER: theirs}.get(choice, choice) if isinstance(choice, str) else choice


def _single(name: str, this: Record, other: Record, choose: Mapping[str, Any]) -> Any:
    mine, theirs = this[name], other[name]
    if name in choose:
        return _chosen(choose[name], mine, theirs)
    if mine is None or (name == "notes" and theirs is not None and mine in theirs):
        return theirs
    if name == "notes" and theirs is not None and theirs not in mine:
        return f"{mine}\n\n{theirs}"
    return mine


def _other_emails(this: Record, other: Record, chosen: Any) -> list[str]:
    known = _known(this, other, "email", "other_emails")
    return [address for address in dict.fromkeys(known) if address != chosen]


def _other_phones(this: Record, other: Record, chosen: Any) -> list[str]:
    """However it was typed, the number that stands first is not repeated."""
    first = _normal(chosen)
    known = _known(this, other, "phone", "other_phones")
    return [typed for typed in known if _normal(typed) != first]


def _known(this: Record, other: Record, first: str, others: str) -> list[str]:
    known = [*this[others], this[first], other[first], *other[others]]
    return [each for each in known if each is not None]


def _normal(typed: Any) -> str | None:
    try:
        return e164(typed)
    except (TypeError, ValueError):
        return None  # the patch model says what is wrong with it
