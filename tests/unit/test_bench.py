"""What the bench says of its samples, and how it reads frames; nothing here is timed."""

import asyncio
import json
import zlib

import pytest
from typing_extensions import override

from bench import report
from bench.audience import Audience
from bench.jobs import Failed
from bench.meter import percentile
from bench.plan import Part
from bench.report import Sample
from bench.screens import Screen


def sample(server: str, number: int, cpu_us: float) -> Sample:
    return Sample(Part.REST, "get, anew", server, number, {"cpu_us": cpu_us})


def test_a_ratio_is_the_median_of_the_rounds_own_ratios_and_not_the_ratio_of_medians() -> None:
    # The machine was ten times busier in the last round, for both.
    samples = [sample("ours", n, cpu) for n, cpu in enumerate([40, 60, 500])]
    samples += [sample("stock", n, cpu) for n, cpu in enumerate([100, 100, 1000])]
    found = report.ratio(samples, "get, anew", "cpu_us", of="ours", to="stock")
    assert found is not None
    assert (found.middle, found.least, found.most, found.rounds) == (0.5, 0.4, 0.6, 3)
    assert str(found) == "0.50 (0.40-0.60)"


def test_a_round_without_one_of_the_two_says_nothing() -> None:
    samples = [sample("ours", 0, 50), sample("ours", 1, 90), sample("stock", 0, 100)]
    found = report.ratio(samples, "get, anew", "cpu_us", of="ours", to="stock")
    assert found is not None
    assert (found.middle, found.rounds) == (0.5, 1)
    assert report.ratio(samples, "get, anew", "cpu_us", of="ours", to="node") is None


def test_a_missed_target_is_said() -> None:
    samples = [sample("ours", 0, 60), sample("stock", 0, 100)]
    assert "get, anew: 0.60 of stock, target 0.50: MISSED" in report.text(samples)
    samples = [sample("ours", 0, 40), sample("stock", 0, 100)]
    assert "get, anew: 0.40 of stock, target 0.50: met" in report.text(samples)


def test_a_generator_at_its_limit_is_said() -> None:
    busy = Sample(Part.REST, "get, anew", "ours", 0, {"cpu_us": 1.0, "load_share": 0.97})
    assert "IT MAY HAVE BEEN THE LIMIT" in report.text([busy])
    assert "LIMIT" not in report.text([sample("ours", 0, 1.0)])


@pytest.mark.parametrize(("percent", "expected"), [(50, 5), (95, 10), (99, 10), (10, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], percent) == expected


class Wire(asyncio.Transport):
    """Keeps what a screen sends."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += bytes(data)


def frame(text: str, *, compressed: bool = False) -> bytes:
    body, first = text.encode(), 0x81
    if compressed:
        deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        body = (deflate.compress(body) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
        first = 0xC1
    size = len(body)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big")
    return bytes([first]) + length + body


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("piece", [1, 7, 10_000])
async def test_a_screen_reads_frames_however_they_are_cut(piece: int, *, compressed: bool) -> None:
    seen: list[bytes] = []
    hello, event = b'42["hello"', b'42["event"'
    screen = Screen(
        1, {"token": "t"}, hello=hello, event=event, saw=seen.append, compress=compressed
    )
    wire = Wire()
    screen.connection_made(wire)
    long = json.dumps("x" * 300)
    extension = "Sec-WebSocket-Extensions: permessage-deflate\r\n" if compressed else ""
    stream = f"HTTP/1.1 101 Switching Protocols\r\n{extension}\r\n".encode()
    stream += b"".join(map(frame, ['0{"sid":"a"}', '40{"sid":"b"}', '42["hello",{}]', "2"]))
    stream += frame(f'42["event",[{long}]]', compressed=compressed) + frame('42["hb",{}]')
    for at in range(0, len(stream), piece):
        screen.data_received(stream[at : at + piece])
    assert screen.entered.done()
    assert seen == [f'42["event",[{long}]]'.encode()]
    assert screen.count == 1
    assert wire.sent.endswith(b"\x81\x81\0\0\0\x003")
    assert b'40{"token": "t"}' in wire.sent


async def test_a_screen_that_resumes_has_entered_with_the_last_event_it_missed() -> None:
    screen = Screen(1, {}, hello=b'42["hello"', event=b'42["event"', until=b'"s":3,')
    screen.connection_made(Wire())
    stream = b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + frame('42["hello",{}]')
    screen.data_received(stream + frame('42["event",[{"s":1,},{"s":2,}]]'))
    assert screen.greeting == b'42["hello",{}]'
    assert not screen.entered.done()
    screen.data_received(frame('42["event",[{"s":3,}]]'))
    assert screen.entered.done()


def test_events_are_counted_however_many_come_in_one_message() -> None:
    audience = Audience(b"changed", events=3)
    audience.screens.append(Screen.__new__(Screen))
    audience.expect()
    audience.saw(b"changed changed")
    with pytest.raises(Failed, match="different numbers"):
        audience.check()
    audience.saw(b"changed")
    audience.check()
    audience.saw(b"changed")
    with pytest.raises(Failed, match="different numbers"):
        audience.check()
