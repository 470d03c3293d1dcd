"""The WebSocket reader takes what RFC 6455 allows, however it is cut, and nothing else."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.sockets import frames
from channels.sockets.frames import Broken, Opcode, Reader
from tests.raw_socket import KEY, masked

LIMIT = 1_000


def read(data: bytes, *cuts: int) -> list[tuple[int, Any]]:
    reader = Reader(LIMIT)
    found: list[tuple[int, Any]] = []
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        found += reader.feed(data[start:end])
    assert reader.idle
    return found


TEXTS = st.text(max_size=200)
PINGS = st.binary(max_size=125)
KEYS = st.binary(min_size=4, max_size=4)


@given(st.lists(st.tuples(TEXTS, PINGS, KEYS), max_size=5), st.lists(st.integers(0), max_size=20))
def test_messages_arrive_whole_however_they_are_cut(
    said: list[tuple[str, bytes, bytes]], cuts: list[int]
) -> None:
    sent = b"".join(
        masked(Opcode.TEXT, text.encode(), key=key) + masked(Opcode.PING, ping, key=key)
        for text, ping, key in said
    )
    wanted = [
        message for text, ping, _ in said for message in ((Opcode.TEXT, text), (Opcode.PING, ping))
    ]
    assert read(sent, *cuts) == wanted


@given(st.text(min_size=1, max_size=200), st.lists(st.integers(0), max_size=5))
def test_pieces_are_joined_and_pings_between_them_come_first(text: str, cuts: list[int]) -> None:
    data = text.encode()
    edges = [0, *sorted(cut % len(data) for cut in cuts), len(data)]
    pieces = [data[start:end] for start, end in itertools.pairwise(edges)]
    sent = b""
    for number, piece in enumerate(pieces):
        opcode = Opcode.CONTINUATION if number else Opcode.TEXT
        sent += masked(opcode, piece, final=number == len(pieces) - 1)
        if number < len(pieces) - 1:
            sent += masked(Opcode.PING, b"%d" % number)
    pings = [(Opcode.PING, b"%d" % number) for number in range(len(pieces) - 1)]
    assert read(sent, *cuts) == [*pings, (Opcode.TEXT, text)]


def test_a_frame_byte_by_byte_is_looked_at_seldom() -> None:
    sent = masked(Opcode.TEXT, b"x" * LIMIT)
    assert read(sent, *range(len(sent))) == [(Opcode.TEXT, "x" * LIMIT)]


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (frames.text("not masked"), 1002),
        (b"\xc1\x80" + KEY, 1002),  # RSV1: compressed, which was not agreed on
        (b"\xa1\x80" + KEY, 1002),
        (b"\x91\x80" + KEY, 1002),
        (masked(3, b""), 1002),
        (masked(11, b""), 1002),
        (masked(Opcode.CONTINUATION, b"of nothing"), 1002),
        (masked(Opcode.TEXT, b"a", final=False) + masked(Opcode.TEXT, b"b"), 1002),
        (masked(Opcode.PING, b"", final=False), 1002),
        (masked(Opcode.PING, b"x" * 126), 1002),
        (masked(Opcode.BINARY, b"x"), 1003),
        (masked(Opcode.TEXT, b"\xff"), 1007),
        (masked(Opcode.TEXT, b"\xed\xa0\x80"), 1007),  # half a surrogate pair
        (masked(Opcode.TEXT, b"x" * (LIMIT + 1))[:8], 1009),  # its header alone is enough
        (b"\x81\xff" + b"\x7f" * 8 + KEY, 1009),
        (
            masked(Opcode.TEXT, b"x" * LIMIT, final=False) + masked(Opcode.CONTINUATION, b"x")[:6],
            1009,
        ),
        (masked(Opcode.CLOSE, b"\x03"), 1002),
        (masked(Opcode.CLOSE, b"\x03\xed"), 1002),  # 1005 is never sent
        (masked(Opcode.CLOSE, b"\x00\x01"), 1002),
        (masked(Opcode.CLOSE, b"\x03\xe8\xff"), 1007),
    ],
)
def test_what_the_standard_forbids_is_refused_after_what_came_before(
    sent: bytes, code: int
) -> None:
    reader = Reader(LIMIT)
    reading = reader.feed(masked(Opcode.PONG, b"before") + sent)
    assert next(reading) == (Opcode.PONG, b"before")
    with pytest.raises(Broken) as broken:
        list(reading)
    assert broken.value.code == code


def test_a_ping_within_a_long_message_is_not_counted_to_it() -> None:
    first = masked(Opcode.TEXT, b"x" * LIMIT, final=False)
    sent = first + masked(Opcode.PING, b"?") + masked(Opcode.CONTINUATION, b"")
    assert read(sent) == [(Opcode.PING, b"?"), (Opcode.TEXT, "x" * LIMIT)]


def test_a_close_says_its_code() -> None:
    assert read(masked(Opcode.CLOSE, b"")) == [(Opcode.CLOSE, 1000)]
    assert read(masked(Opcode.CLOSE, b"\x0f\xa8slow")) == [(Opcode.CLOSE, 4008)]


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_broken(data: bytes) -> None:
    reader = Reader(LIMIT)
    try:
        for at in range(0, len(data), 7):
            list(reader.feed(data[at : at + 7]))
    except Broken:
        pass
