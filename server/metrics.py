"""What Prometheus is told: every request and command by name, and the state of the live rooms."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """One registry for each app, so that two apps in one test process do not share counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._requests = Counter(
            "homeroom_requests",
            "Requests and commands answered, by endpoint and status",
            ["transport", "endpoint", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "homeroom_request_seconds",
            "Time from the first byte read to the answer",
            ["transport", "endpoint"],
            buckets=SECONDS,
            registry=self.registry,
        )
        # Looking a child up by its labels takes a lock and a tuple each time; this dict does not.
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def observe(self, transport: str, endpoint: str, status: int, seconds: float) -> None:
        key = (transport, endpoint, status)
        children = self._children.get(key)
        if children is None:
            children = self._children[key] = (
                self._requests.labels(transport, endpoint, str(status)),
                self._seconds.labels(transport, endpoint),
            )
        children[0].inc()
        children[1].observe(seconds)

    def watch(self, gauges: Iterable["Reading"]) -> None:
        """Have these read anew at every scrape."""
        self.registry.register(_Readings(list(gauges)))

    def exposition(self) -> bytes:
        return generate_latest(self.registry)


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
