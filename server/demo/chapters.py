"""Cut the stories of a team into pieces that are each written in one transaction."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from server.demo.homes import Step, Story
from server.demo.people import Person

RECENT = timedelta(days=21)  # told day by day, so that the feed reads like a team at work
YEAR = timedelta(days=400)  # told month by month; what lies before, year by year


@dataclass(frozen=True, slots=True)
class Deed:
    """One step of one story; `first` makes the record."""

    story: Story
    step: Step
    first: bool


@dataclass(frozen=True, slots=True)
class Chapter:
    """What one person did in one stretch of time. `name` is the same in every run."""

    name: str
    who: Person
    deeds: tuple[Deed, ...]


def chapters(stories: Iterable[Story], today: date) -> Iterator[Chapter]:
    """In the order of time. A record's steps keep their order: they are all of one person."""
    deeds = [
        Deed(story, step, number == 0)
        for story in stories
        for number, step in enumerate(story.steps)
    ]

    def place(deed: Deed) -> tuple[str, str]:
        return _stretch(deed.step.on, today), deed.step.who.email

    deeds.sort(key=lambda deed: (*place(deed), deed.step.on))
    for (stretch, email), group in groupby(deeds, place):
        told = tuple(group)
        yield Chapter(f"demo {stretch} {email}", told[0].step.who, told)


def _stretch(day: date, today: date) -> str:
    if today - day < RECENT:
        return day.isoformat()
    return day.isoformat()[:7] if today - day < YEAR else day.isoformat()[:4]
