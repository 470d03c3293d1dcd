"""How what people change of themselves is told."""

from dataclasses import replace
from typing import Final

from domains.kit.words import Words, words_of
from domains.users.resource import USERS

USER: Final = replace(
    words_of(USERS),
    own="{whose} profile",
    deeds={
        "status_changed disabled": "disabled the account of {record}",
        "status_changed active": "enabled the account of {record}",
    },
)
WORDS: Final[tuple[Words, ...]] = (USER,)
