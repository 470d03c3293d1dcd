"""What is measured: each measure is a job that can be made for any of the servers."""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from bench import data
from bench.data import Person
from bench.jobs import Burst, Calls, Herd, Idle, Log, Pause, Request, Room, Some
from bench.servers import Running

CALLERS = 16
GOTTEN = 5  # records that each caller reads in turn
NEW_LISTS = 150  # that each caller asks for in turn: more than any cache keeps
SPELLINGS = 2  # of all 500 ids, the same
LONG_AGO: Final = datetime(1990, 1, 1, tzinfo=UTC)
MEMBERS = "/v1/teams/current/members"
RECORDS_TO = (
    1000  # screens; a whole record to more of them tells nothing that a small event does not
)
AT_ONCE = 10  # changes of a burst
MISSED = 20  # events, by those who were cut off


_fresh = itertools.count()  # for the whole run: what one job asks for, no later one does


class Part(StrEnum):
    REST = "rest"
    ROOMS = "rooms"
    HERD = "herd"
    MEMORY = "memory"
    PAUSE = "pause"


@dataclass(frozen=True, slots=True)
class Measure:
    name: str
    part: Part
    job: Callable[[Running], Some]
    probed: bool = False  # needs bench/probe.py in the server


def rest(seconds: float) -> Iterator[Measure]:
    """What is asked `anew` was not asked before, so no server can have it ready."""
    for limit in (20, 50):
        yield Measure(f"list {limit}, anew", Part.REST, _new_lists(limit, seconds))
    yield Measure("list 50, again", Part.REST, _reads("/v1/escrows?limit=50", seconds))
    known = _reads("/v1/escrows?limit=50", seconds, knows=True)
    yield Measure("list 50, known (304)", Part.REST, known)
    yield Measure("get, anew", Part.REST, _new_gets(seconds))
    yield Measure("get, again", Part.REST, _gets(seconds))
    yield Measure("create", Part.REST, _creates(seconds))


def rooms(clients: Sequence[int], seconds: float) -> Iterator[Measure]:
    for count in clients:
        yield Measure(f"small event, {count}", Part.ROOMS, _roles(count, seconds))
        if count <= RECORDS_TO:
            yield Measure(f"record event, {count}", Part.ROOMS, _notes(count, seconds))
        yield Measure(f"burst of {AT_ONCE}, {count}", Part.ROOMS, _bursts(count, seconds))


def herd(count: int) -> Iterator[Measure]:
    yield Measure(f"herd, {count}", Part.HERD, _herd(count))


def memory(count: int) -> Iterator[Measure]:
    yield Measure(f"idle, {count}", Part.MEMORY, _idle(count))


def memory_of_browsers(count: int) -> Iterator[Measure]:
    """Every browser offers to compress; a server that takes it up keeps a window for each."""
    yield Measure(f"idle, {count}, compression offered", Part.MEMORY, _idle(count, compress=True))


def idle(count: int, seconds: float) -> Iterator[Measure]:
    """Long enough for every connection to be pinged."""
    name = f"idle, {count}, for {seconds:.0f} s"
    yield Measure(name, Part.MEMORY, _idle(count, seconds=seconds))


def pause(count: int) -> Iterator[Measure]:
    yield Measure(f"full collection, {count}", Part.PAUSE, _pause(count), probed=True)


def _reads(path: str, seconds: float, *, knows: bool = False) -> Callable[[Running], Calls]:
    def job(server: Running) -> Calls:
        headers = server.subject.headers
        people = [Person(data.OFFICE, 1 + n % data.OFFICE_PEOPLE) for n in range(CALLERS)]
        callers = [[Request(method="GET", path=path, headers=headers(p))] for p in people]
        return Calls(target=server.target, callers=callers, seconds=seconds, knows=knows)

    return job


def _new_lists(limit: int, seconds: float) -> Callable[[Running], Calls]:
    """Each request asks for what was created since another second of long ago: for everything."""

    def job(server: Running) -> Calls:
        callers = []
        for n in range(CALLERS):
            headers = server.subject.headers(Person(data.OFFICE, 1 + n % data.OFFICE_PEOPLE))
            sinces = [LONG_AGO + timedelta(seconds=next(_fresh)) for _ in range(NEW_LISTS)]
            path = f"/v1/escrows?limit={limit}&created_since="
            callers.append(
                [
                    Request(method="GET", path=f"{path}{since:%Y-%m-%dT%H:%M:%SZ}", headers=headers)
                    for since in sinces
                ]
            )
        return Calls(target=server.target, callers=callers, seconds=seconds)

    return job


def _gets(seconds: float) -> Callable[[Running], Calls]:
    def job(server: Running) -> Calls:
        callers = []
        for n in range(CALLERS):
            headers = server.subject.headers(Person(data.OFFICE, 1 + n % data.OFFICE_PEOPLE))
            ids = [data.escrow(data.OFFICE, 1 + n * GOTTEN + i) for i in range(GOTTEN)]
            callers.append(
                [Request(method="GET", path=f"/v1/escrows/{id_}", headers=headers) for id_ in ids]
            )
        return Calls(target=server.target, callers=callers, seconds=seconds)

    return job


def _new_gets(seconds: float) -> Callable[[Running], Calls]:
    """The letters of a UUID may be large or small: what is spelled anew was not asked before."""

    def job(server: Running) -> Calls:
        numbers = [next(_fresh) for _ in range(SPELLINGS)]
        callers = []
        for n in range(CALLERS):
            headers = server.subject.headers(Person(data.OFFICE, 1 + n % data.OFFICE_PEOPLE))
            callers.append(
                [
                    Request(
                        method="GET", path=f"/v1/escrows/{_spelled(id_, number)}", headers=headers
                    )
                    for number in numbers
                    for id_ in (data.escrow(data.OFFICE, i + 1) for i in range(data.ESCROWS))
                ]
            )
        return Calls(target=server.target, callers=callers, seconds=seconds)

    return job


def _spelled(id_: UUID, number: int) -> str:
    """With a capital wherever a binary digit of the number is set."""
    spelled = list(str(id_))
    letters = (place for place, letter in enumerate(spelled) if letter.isalpha())
    for bit, place in enumerate(letters):
        if number >> bit & 1:
            spelled[place] = spelled[place].upper()
    return "".join(spelled)


def _creates(seconds: float) -> Callable[[Running], Calls]:
    body = json.dumps(
        {
            "property_address": "12 Main Street, Seattle",
            "purchase_price": 500000,
            "closing_date": "2027-03-01",
            "buyers": ["Ann Buyer"],
            "sellers": ["Bob Seller"],
        }
    )

    def job(server: Running) -> Calls:
        callers = [
            [
                Request(
                    method="POST",
                    path="/v1/escrows",
                    headers=server.subject.headers(Person(team)),
                    body=body,
                )
            ]
            for team in itertools.islice(data.MAKERS, CALLERS)
        ]
        return Calls(target=server.target, callers=callers, seconds=seconds, status=201)

    return job


def _roles(count: int, seconds: float) -> Callable[[Running], Room]:
    """A colleague becomes viewer and agent again by turns: an event of a few hundred bytes."""

    def writes(server: Running, team: int) -> list[Request]:
        path = f"{MEMBERS}/{Person(team, 2).user_id}"
        return _patches(server, team, path, [{"role": "viewer"}, {"role": "agent"}])

    def job(server: Running) -> Room:
        return Room(
            target=server.target,
            enters=_screens(server, count),
            hello=server.subject.hello,
            event=server.subject.member_event,
            holds=str(Person(data.ROOM, 2).user_id),
            loud=writes(server, data.ROOM),
            silent=writes(server, data.SILENT),
            seconds=seconds,
        )

    return job


def _notes(count: int, seconds: float) -> Callable[[Running], Room]:
    """An escrow's notes change: each server tells its whole record."""

    def writes(server: Running, team: int) -> list[Request]:
        notes = [{"notes": "The north gutter is mended."}, {"notes": "The dryer stays."}]
        return _patches(server, team, f"/v1/escrows/{data.escrow(team)}", notes)

    def job(server: Running) -> Room:
        return Room(
            target=server.target,
            enters=_screens(server, count),
            hello=server.subject.hello,
            event=server.subject.escrow_event,
            holds=str(data.escrow(data.ROOM)),
            loud=writes(server, data.ROOM),
            silent=writes(server, data.SILENT),
            seconds=seconds,
        )

    return job


def _bursts(count: int, seconds: float) -> Callable[[Running], Burst]:
    """Ten colleagues become viewers and agents again; with us another node tells of ten changes."""

    def writes(server: Running, team: int) -> list[Request]:
        if server.subject.resumes:
            return []
        ids = [str(Person(team, n).user_id) for n in range(2, 2 + AT_ONCE)]
        bodies = [{"ids": ids, "role": role} for role in ("viewer", "agent")]
        return _patches(server, team, MEMBERS, bodies)

    def job(server: Running) -> Burst:
        subject, ours = server.subject, server.subject.resumes
        author = Person(data.ROOM)
        log = Log(
            database_url=server.database_url,
            redis_url=server.redis_url,
            team_id=author.team_id,
            user_id=author.user_id,
        )
        return Burst(
            target=server.target,
            enters=_screens(server, count),
            hello=subject.hello,
            event=subject.member_event,
            holds='"k":"bench.changed"' if ours else "member:updated",
            events=AT_ONCE,
            log=log if ours else None,
            loud=writes(server, data.ROOM),
            silent=writes(server, data.SILENT),
            seconds=seconds,
        )

    return job


def _herd(count: int) -> Callable[[Running], Herd]:
    def job(server: Running) -> Herd:
        path = f"{MEMBERS}/{Person(data.ROOM, 2).user_id}"
        return Herd(
            target=server.target,
            enters=_screens(server, count),
            hello=server.subject.hello,
            event=server.subject.member_event,
            resumes=server.subject.resumes,
            missed=MISSED,
            loud=_patches(server, data.ROOM, path, [{"role": "viewer"}, {"role": "agent"}]),
        )

    return job


def _idle(count: int, *, compress: bool = False, seconds: float = 0.0) -> Callable[[Running], Idle]:
    def job(server: Running) -> Idle:
        return Idle(
            target=server.target,
            enters=_screens(server, count),
            hello=server.subject.hello,
            compress=compress,
            seconds=seconds,
        )

    return job


def _pause(count: int) -> Callable[[Running], Pause]:
    def job(server: Running) -> Pause:
        return Pause(
            target=server.target,
            enters=_screens(server, count),
            hello=server.subject.hello,
            file=server.probe,
        )

    return job


def _patches(
    server: Running, team: int, path: str, bodies: Sequence[Mapping[str, Any]]
) -> list[Request]:
    headers = server.subject.headers(Person(team))
    return [
        Request(method="PATCH", path=path, headers=headers, body=json.dumps(body))
        for body in bodies
    ]


def _screens(server: Running, count: int) -> list[dict[str, str]]:
    """Everybody but the writer and the colleague who changes; some with a second screen."""
    numbers = itertools.cycle(range(3, data.ROOM_PEOPLE + 1))
    people = [Person(data.ROOM, number) for number in itertools.islice(numbers, count)]
    return [
        {**server.subject.enters(person), "inst": f"screen-{number}"}  # as our clients name a tab
        for number, person in enumerate(people)
    ]
