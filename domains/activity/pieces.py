"""A sentence in pieces: who, which record, from what, to what: for a screen to set off."""

import re
from enum import StrEnum
from typing import Final


class Part(StrEnum):
    """What a piece of a sentence is. WHOSE is "their", of who did it."""

    TEXT = "text"
    WHO = "who"
    WHOSE = "whose"
    RECORD = "record"
    OLD = "old"
    NEW = "new"


# Characters that no text in a record may hold (see kit/fields.py): they are taken out again below.
STARTS: Final = {
    Part.WHO: "\x01",
    Part.WHOSE: "\x02",
    Part.RECORD: "\x03",
    Part.OLD: "\x04",
    Part.NEW: "\x05",
}
END: Final = "\x06"
PARTS: Final = {mark: part for part, mark in STARTS.items()}
PIECE: Final = re.compile(r"([\x01-\x05])([^\x01-\x06]*)\x06|([^\x01-\x06]+)")
MARK: Final = re.compile(r"[\x01-\x06]")


def set_off(part: Part, text: str) -> str:
    return f"{STARTS[part]}{text}{END}" if text else ""


def pieces(sentence: str) -> list[dict[str, str]]:
    return [
        {"kind": PARTS.get(mark, Part.TEXT), "text": inside or text}
        for mark, inside, text in PIECE.findall(sentence)
    ]


def text_of(sentence: str) -> str:
    """The sentence itself."""
    return MARK.sub("", sentence)
