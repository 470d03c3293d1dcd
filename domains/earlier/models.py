"""Bodies as the earlier system's programs send them."""

from typing import Annotated

from pydantic import AfterValidator, AliasChoices, Field

from domains.kit.batch import LARGEST
from domains.kit.fields import Input, Line, Money, Version, Word


def _once(ids: list[str]) -> list[str]:
    if len(set(ids)) != len(ids):
        raise ValueError("names a record twice")
    return ids


class Ids(Input):
    """The records that are meant."""

    ids: Annotated[list[Word], Field(min_length=1, max_length=LARGEST), AfterValidator(_once)]


class PriceReduction(Input):
    """A new price, and why."""

    new_price: Money = Field(validation_alias=AliasChoices("newPrice", "new_price"))
    reason: Line | None = None
    version: Version | None = None
