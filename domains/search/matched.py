"""Where in a record's fields the words were found."""

from collections.abc import Mapping
from typing import Any

from domains.kit.finding import Asked
from domains.kit.folding import fold, folded

SHORT = 3  # words below it count where a word begins

Range = tuple[int, int]


def matched(asked: Asked, fields: Mapping[str, Any]) -> dict[str, Any] | None:
    """The field that holds most of the words, with their places; one at all for a typo."""
    words = [word for typed in asked.words for word in fold(typed).split()]
    if asked.digits is not None:
        words.append(asked.digits)
    best: tuple[int, str, str, list[Range]] | None = None
    for name, value in fields.items():
        for text in value if isinstance(value, list) else [value]:
            if not text:
                continue
            number, ranges = _places(text, words)
            if best is None or number > best[0]:
                best = number, name, text, ranges
    if best is None:
        return None
    _, name, text, ranges = best
    return {"field": name, "text": text, "ranges": ranges}


def _places(text: str, words: list[str]) -> tuple[int, list[Range]]:
    """How many of the words are in it, and where, in characters of the text."""
    letters = folded(text)
    line = "".join(letter for letter, _ in letters)
    number, ranges = 0, set()
    for word in words:
        start, there = 0, False
        while (at := line.find(word, start)) >= 0:
            start = at + len(word)
            if len(word) < SHORT and word.isascii() and at > 0 and line[at - 1] != " ":
                continue
            there = True
            ranges.add((letters[at][1], letters[start - 1][1] + 1))
        number += there
    return number, _joined(sorted(ranges))


def _joined(ranges: list[Range]) -> list[Range]:
    """Ranges that touch are one."""
    whole: list[Range] = []
    for start, end in ranges:
        if whole and start <= whole[-1][1]:
            whole[-1] = whole[-1][0], max(end, whole[-1][1])
        else:
            whole.append((start, end))
    return whole
