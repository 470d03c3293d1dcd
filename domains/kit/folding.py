"""Text as it is compared, by the letter: what Postgres says of a line, to show where it matched."""

import unicodedata

_PLAIN = {"đ": "d", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "\u0131": "i", "ħ": "h", "ð": "d"}
_NOTHING = frozenset("'`\u2018\u2019\u00b4\u02bc")  # all that is typed for an apostrophe


def fold(text: str) -> str:
    return "".join(letters for letters, _ in folded(text))


def folded(text: str) -> list[tuple[str, int]]:
    """Each folded letter with the place in the text that it comes from; signs become blanks."""
    letters: list[tuple[str, int]] = []
    for place, typed in enumerate(text):
        for each in unicodedata.normalize("NFKD", typed).casefold():
            if each in _NOTHING or unicodedata.category(each) == "Mn":
                continue
            plain = _PLAIN.get(each, each)
            letters += [(c if c.isalnum() else " ", place) for c in plain]
    return letters
