"""What is known of a person, whatever they are to the team: names as typed, how to reach them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from domains.kit.email import Email
from domains.kit.errors import Detail
from domains.kit.fields import Line, Word
from domains.kit.phone import Telephone
from domains.kit.resource import Record


class Channel(StrEnum):
    """How somebody likes to hear from us."""

    EMAIL = "email"
    PHONE = "phone"
    TEXT = "text"
    MAIL = "mail"


# BCP 47, as far as people use it: "es", "zh-Hant", "pt-BR".
Language = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$")
]


class PersonFields(BaseModel):
    """Either name may be empty, not both; an e-mail is kept in lower case, a phone as typed."""

    first_name: Word | None = None
    last_name: Word | None = None
    email: Email | None = None
    phone: Telephone | None = None


class AddressFields(BaseModel):
    """Where mail reaches them."""

    address: Line | None = None
    city: Word | None = None
    state: Word | None = None
    zip_code: Word | None = None


class PreferenceFields(BaseModel):
    """How they like to be spoken to."""

    preferred_language: Language | None = Field(None, description="BCP 47: es, zh-Hant, pt-BR")
    preferred_channel: Channel | None = None


def _once(words: list[str]) -> list[str]:
    """The first spelling of each, in the order given."""
    first: dict[str, str] = {}
    for word in words:
        first.setdefault(word.casefold(), word)
    return list(first.values())


# A filter of several tags parts them by commas.
Tag = Annotated[Word, StringConstraints(pattern=r"^[^,]*$")]
MOST_TAGS = 50
Tags = Annotated[list[Tag], Field(max_length=MOST_TAGS), AfterValidator(_once)]


def full_name(*instead: str) -> str:
    """SQL: what the person of row `r` is called; these columns stand in where no name is known."""
    name = "nullif(concat_ws(' ', r.first_name, r.last_name), '')"
    return f"coalesce({', '.join([name, *(f'r.{column}' for column in instead)])})"


def has_a_name(record: Record, *instead: str) -> Iterable[Detail]:
    """A person is called something; one of `instead` will do as well."""
    names = ("first_name", "last_name", *instead)
    if not any(record.get(name) for name in names):
        others = [name for name in names if name != "last_name"]
        yield {
            "field": "last_name",
            "message": f"is needed where {' and '.join(others)} are empty",
            "code": "missing",
            "with": others,
        }
