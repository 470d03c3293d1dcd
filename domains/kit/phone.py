"""A telephone number as it was typed, and in the one form that is kept beside it to compare."""

from collections.abc import Mapping
from typing import Annotated, Any

import phonenumbers
from phonenumbers import PhoneNumberFormat, ValidationResult
from pydantic import AfterValidator, StringConstraints

HOME = "US"  # a number without a country code is dialled from here


def e164(typed: str) -> str:
    """The number as E.164 has it ("+12065550100"), without its extension.

    Raise ValueError for what cannot be a whole number, area code included.
    """
    try:
        number = phonenumbers.parse(typed, HOME)
    except phonenumbers.NumberParseException as error:
        raise ValueError("is no telephone number") from error
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise ValueError("is no whole telephone number; write one from abroad as +44 20 ...")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _checked(typed: str) -> str:
    e164(typed)
    return typed


# More than any keypad has, for people write "ext. 7"; what it means is for the library to say.
Telephone = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=3,
        max_length=40,
        pattern=r"^[+\uff0b(\d][\w ().,;=/#*-]*$",
    ),
    AfterValidator(_checked),
]


def with_e164(given: Mapping[str, Any], name: str = "phone") -> dict[str, Any]:
    """The columns of a number that is given: as typed, and as <name>_e164."""
    columns = dict(given)
    if name in columns:
        typed = columns[name]
        columns[f"{name}_e164"] = None if typed is None else e164(typed)
    return columns
