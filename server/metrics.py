"""What Prometheus is told: every request and command by name, and the state of the live rooms."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from typing_extensions import override

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BOUNDS: Final = (*map(str, SECONDS), "+Inf")
SCREEN_SECONDS: Final = (
    0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075,
    0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0,
)  # fmt: skip
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """One registry for each app, so that two apps in one test process do not share counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._requests = _Requests()
        self.registry.register(self._requests)
        self.on_screen = Histogram(
            "homeroom_commit_to_screen_seconds",
            "From an event's commit, by Postgres's clock, to its last write in a room of this node",
            buckets=SCREEN_SECONDS,
            registry=self.registry,
        )

    def observe(self, transport: str, endpoint: str, status: int, seconds: float) -> None:
        self._requests.observe(transport, endpoint, str(status), seconds)

    def watch(self, gauges: Iterable["Reading"]) -> None:
        """Have these read anew at every scrape."""
        self.registry.register(_Readings(list(gauges)))

    def exposition(self) -> bytes:
        return generate_latest(self.registry)


class _Requests(Collector):
    """Plain lists: the library's own counters take three locks for each observation."""

    def __init__(self) -> None:
        # For each (transport, endpoint, status): a count for each bucket, and the seconds last.
        self._seen: dict[tuple[str, str, str], list[float]] = {}

    def observe(self, transport: str, endpoint: str, status: str, seconds: float) -> None:
        key = (transport, endpoint, status)
        seen = self._seen.get(key)
        if seen is None:
            seen = self._seen[key] = [0.0] * (len(SECONDS) + 2)
        seen[bisect_left(SECONDS, seconds)] += 1
        seen[-1] += seconds

    @override
    def collect(self) -> Iterable[Metric]:
        requests = CounterMetricFamily(
            "homeroom_requests",
            "Requests and commands answered, by endpoint and status",
            labels=["transport", "endpoint", "status"],
        )
        lasted = HistogramMetricFamily(
            "homeroom_request_seconds",
            "Time from the first byte read to the answer",
            labels=["transport", "endpoint"],
        )
        sums: dict[tuple[str, str], list[float]] = {}
        for (transport, endpoint, status), seen in self._seen.items():
            requests.add_metric([transport, endpoint, status], sum(seen[:-1]))
            before = sums.get((transport, endpoint), [0.0] * len(seen))
            sums[transport, endpoint] = [a + b for a, b in zip(before, seen, strict=True)]
        for labels, seen in sums.items():
            buckets = zip(BOUNDS, accumulate(seen[:-1]), strict=True)
            lasted.add_metric(labels, list(buckets), seen[-1])
        return [requests, lasted]


class Reading:
    """A number somebody else keeps; `by` splits it by a label."""

    def __init__(
        self,
        name: str,
        sentence: str,
        read: Callable[[], float | Mapping[str, float]],
        *,
        counts: bool = False,
        label: str = "",
    ) -> None:
        self.name = name
        self.sentence = sentence
        self.read = read
        self.counts = counts
        self.label = label

    def metric(self) -> Metric:
        family = CounterMetricFamily if self.counts else GaugeMetricFamily
        labels = [self.label] if self.label else []
        metric = family(f"homeroom_{self.name}", self.sentence, labels=labels)
        value = self.read()
        if isinstance(value, Mapping):
            for key, number in value.items():
                metric.add_metric([key], number)
        else:
            metric.add_metric([], value)
        return metric


class _Readings(Collector):
    def __init__(self, readings: list[Reading]) -> None:
        self._readings = readings

    @override
    def collect(self) -> Iterable[Metric]:
        return [reading.metric() for reading in self._readings]
