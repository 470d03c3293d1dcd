"""Words that are looked for become SQL over the column `search_text`: one rule for every search.

Each word must be in a record's line, in any order and any of its fields; one or two letters only
where a word begins. search_fold in db/migrations/0014_search.sql says when two words are the same.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from domains.kit.folding import fold
from domains.kit.phone import e164

MOST_WORDS = 12  # beyond them the longest are asked for
MOST_MISTYPED = 8  # of more words than these each is looked for as it stands
SHORTEST_TYPO = 4  # letters of a word in which one may be wrong
SHORTEST = SHORTEST_TYPO - 1  # of what is left of it where one is missing
SHORTEST_ALIKE = 6  # of one that is found by what is alike: of a shorter one too much is
LONGEST_TYPO = 24  # letters: a pattern of a longer word costs more than it finds
LETTER = "[a-z0-9]"
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


class Typos(StrEnum):
    """What a word may be in the line instead of itself: nothing, one letter off, or also alike.

    Only the last is a condition that an index finds.
    """

    NONE = "none"
    ONE_LETTER = "one letter"
    ALIKE = "alike"


def found(line: str, asked: Asked, put: Callable[[str], str], *, typos: Typos = Typos.NONE) -> str:
    """The condition that finds it in a line; `put` takes a value and gives its parameter.

    A pattern is made in a query of its own, once and not for each row.
    """
    if not asked.words:
        return "false"  # signs alone are in no word
    parts = [fold(word).split() for word in asked.words]
    if sum(map(len, parts)) > MOST_MISTYPED:
        typos = Typos.NONE
    words = zip(asked.words, parts, strict=True)
    each = " AND ".join(_one(line, word, inside, put, typos) for word, inside in words)
    if asked.digits is None:
        return f"({each})"
    return f"({each} OR {line} LIKE {put(f'%{asked.digits}%')})"


def _one(line: str, word: str, parts: list[str], put: Callable[[str], str], typos: Typos) -> str:
    there = _there(line, word, put)
    if typos is Typos.NONE or not any(map(_may_be_mistyped, parts)):
        return there
    if len(parts) == 1:
        return f"({there} OR {_mistyped(line, parts[0], put, typos)})"
    each = " AND ".join(
        f"({_there(line, part, put)} OR {_mistyped(line, part, put, typos)})"
        if _may_be_mistyped(part)
        else _there(line, part, put)
        for part in parts
    )
    return f"({there} OR {each})"


def _there(line: str, word: str, put: Callable[[str], str]) -> str:
    return f"{line} LIKE (SELECT search_like({put(word)}))"


def _may_be_mistyped(word: str) -> bool:
    # A wrong digit is another number; and other scripts are kept as the hex of their letters.
    return len(word) >= SHORTEST and word.isascii() and word.isalpha()


def _mistyped(line: str, word: str, put: Callable[[str], str], typos: Typos) -> str:
    ways = []
    if len(word) <= LONGEST_TYPO:
        pattern = put(f" ({'|'.join(_one_letter_off(word))}) ")
        off = f"regexp_like({line}, (SELECT {pattern}::text))"
        if typos is Typos.ALIKE:
            halves = (f"{line} LIKE (SELECT {put(half)}::text)" for half in _halves(word))
            off = f"({' OR '.join(halves)}) AND {off}"
        ways.append(off)
    if typos is Typos.ALIKE and len(word) >= SHORTEST_ALIKE:
        ways.append(f"{line} %> (SELECT {put(word)}::text)")
    return f"({' OR '.join(ways) or 'false'})"


def _one_letter_off(word: str) -> list[str]:
    """Patterns of all words that differ from this one by one letter."""
    if len(word) < SHORTEST_TYPO:
        return _one_more(word)
    return [*_one_more(word), *_one_other(word), *_two_swapped(word)]


def _halves(word: str) -> list[str]:
    """What an index finds of them, for of the patterns it finds nothing.

    One letter is in one half of the word, and the other half is right; or two letters changed
    places across the middle.
    """
    if len(word) < SHORTEST_TYPO:
        return [f"% {word[:2]}%", f"%{word[1:]} %"]
    half = len(word) // 2
    start, end = word[:half], word[half:]
    across = f"{start[:-1]}{end[0]}{start[-1]}{end[1:]}"
    return [f"% {start}%", f"%{end} %", f"% {across} %"]


def _one_more(word: str) -> list[str]:
    """Words that have a letter which was not typed."""
    return [f"{word[:i]}{LETTER}{word[i:]}" for i in range(len(word) + 1)]


def _one_other(word: str) -> list[str]:
    """Words that have another letter in a place, or none."""
    return [f"{word[:i]}{LETTER}?{word[i + 1 :]}" for i in range(len(word))]


def _two_swapped(word: str) -> list[str]:
    return [f"{word[:i]}{word[i + 1]}{word[i]}{word[i + 2 :]}" for i in range(len(word) - 1)]
