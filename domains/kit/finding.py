"""Words that are looked for become SQL over the column `search_text`: one rule for every search.

Each word must be in a record's line, in any order and any of its fields; one or two letters only
where a word begins. search_fold in db/migrations/0014_search.sql says when two words are the same.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from domains.kit.folding import fold
from domains.kit.phone import e164

MOST_WORDS = 12  # beyond them the longest are asked for
SHORTEST_TYPO = 4  # letters of a word in which one may be wrong
LEAST_DIGITS = 4  # of a telephone number; and of a whole one, with its country
WHOLE_NUMBER = 10

_TELEPHONE = re.compile(r"^[\s+()\d./-]+$")


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody typed: its words, and the digits of the telephone number it may be."""

    text: str
    words: tuple[str, ...]
    digits: str | None

    @property
    def whole(self) -> str:
        """What a field would have to say to be just what was asked for."""
        return self.digits if self.digits and len(self.digits) >= WHOLE_NUMBER else self.text

    @classmethod
    def of(cls, text: str) -> "Asked | None":
        """None for blanks, which ask for nothing."""
        if not text.strip():
            return None
        words = dict.fromkeys(word for word in text.split() if fold(word).strip())
        longest = sorted(words, key=len, reverse=True)[:MOST_WORDS]
        return cls(text, tuple(word for word in words if word in longest), _digits(text))


def _digits(text: str) -> str | None:
    if not _TELEPHONE.match(text):
        return None
    digits = "".join(c for c in text if c.isdecimal())
    if len(digits) < LEAST_DIGITS:
        return None
    with suppress(ValueError):
        return e164(text)[1:]
    return digits.lstrip("0") or None


def found(line: str, asked: Asked, put: Callable[[str], str], *, typos: bool = False) -> str:
    """The condition that finds it in a line; `put` takes a value and gives its parameter.

    A pattern is made in a query of its own, once and not for each row.
    """
    if not asked.words:
        return "false"  # signs alone are in no word
    each = " AND ".join(_one(line, word, put(word), typos=typos) for word in asked.words)
    if asked.digits is None:
        return f"({each})"
    return f"({each} OR {line} LIKE {put(f'%{asked.digits}%')})"


def _one(line: str, word: str, place: str, *, typos: bool) -> str:
    there = f"{line} LIKE (SELECT search_like({place}))"
    if not (typos and _may_be_mistyped(word)):
        return there
    return f"({there} OR {line} %> (SELECT search_fold({place})))"


def _may_be_mistyped(word: str) -> bool:
    # A wrong digit is another number; and of scripts without our letters too few trigrams differ.
    plain = fold(word).strip()
    return len(plain) >= SHORTEST_TYPO and plain.isascii() and plain.isalpha()
