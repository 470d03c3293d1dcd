"""People are kept as they are typed, and compared in one form."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from domains.kit.people import Language, PersonFields, Tags, has_a_name
from domains.kit.phone import Telephone, e164, with_e164


def read(kind: Any, value: Any) -> Any:
    return TypeAdapter(kind).validate_json(json.dumps(value), strict=True)


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("206-555-0100", "+12065550100"),
        ("(206) 555 0100", "+12065550100"),
        ("1.206.555.0100", "+12065550100"),
        ("+1 (206) 555-0100 ext. 7", "+12065550100"),
        ("+44 20 7946 0958", "+442079460958"),
        ("+49 (0)30 123456", "+4930123456"),
        ("1-800-FLOWERS", "+18003569377"),
        ("\uff12\uff10\uff16-555-0100", "+12065550100"),  # as Japanese keys type it
        ("\uff0b44 20 7946 0958", "+442079460958"),
        ("011 44 20 7946 0958", "+442079460958"),
    ],
)
def test_a_telephone_number_is_kept_as_typed_and_compared_as_e164(typed: str, normal: str) -> None:
    assert read(Telephone, f"  {typed} ") == typed
    assert e164(typed) == normal
    assert with_e164({"phone": typed}) == {"phone": typed, "phone_e164": normal}


@pytest.mark.parametrize(
    "typed",
    ["", "911", "555-0100", "call me", "12", "+1", "1" * 41, "1\n2\n3", 7, None, "++"],
)
def test_what_is_no_whole_telephone_number_is_refused(typed: Any) -> None:
    with pytest.raises(ValidationError):
        read(Telephone, typed)


@given(st.text(max_size=60))
def test_any_text_is_a_number_or_refused_and_never_a_fault(text: str) -> None:
    try:
        kept = read(Telephone, text)
    except (ValidationError, UnicodeEncodeError):
        return
    assert kept == text.strip()
    assert e164(kept).startswith("+")


def test_a_number_that_is_taken_away_leaves_no_normal_form() -> None:
    assert with_e164({"phone": None}) == {"phone": None, "phone_e164": None}
    assert with_e164({"first_name": "Mai"}) == {"first_name": "Mai"}


def test_names_are_kept_as_typed_and_an_address_of_mail_in_lower_case() -> None:
    someone = PersonFields(first_name="  Thị Mai ", last_name="O'Brien", email="Mai@Homes.Example")
    assert (someone.first_name, someone.last_name) == ("Thị Mai", "O'Brien")
    assert someone.email == "mai@homes.example"


@pytest.mark.parametrize(
    "named", [{"first_name": "Mai"}, {"last_name": "Li"}, {"company": "Puget"}]
)
def test_any_one_name_will_do(named: dict[str, str]) -> None:
    assert list(has_a_name(named, "company")) == []


def test_somebody_without_a_name_is_refused() -> None:
    (problem,) = has_a_name({"first_name": None, "last_name": None}, "company")
    assert problem["message"] == "is needed where first_name and company are empty"


def test_a_tag_is_kept_once_in_its_first_spelling() -> None:
    assert read(Tags, ["VIP", "vip", "Buyer", "buyer", "VIP"]) == ["VIP", "Buyer"]


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("es", True),
        ("zh-Hant", True),
        ("pt-BR", True),
        ("es-419", True),
        ("English", False),
        ("EN", False),
    ],
)
def test_a_language_is_told_by_its_tag(tag: str, fits: bool) -> None:  # noqa: FBT001
    if fits:
        assert read(Language, tag) == tag
        return
    with pytest.raises(ValidationError):
        read(Language, tag)
