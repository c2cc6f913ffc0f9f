"""What machines ask of the site: is it alive, can it serve, and its measurements."""

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from khue.web.centre import Measurement
from khue.web.view import Pages


class _Handed(Collector):
    """Hands measurements to prometheus_client, a family for each name."""

    def __init__(self, measurements: Sequence[Measurement]) -> None:
        self.measurements = measurements

    def collect(self) -> Iterable[Metric]:
        families: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
        for one in self.measurements:
            kind = CounterMetricFamily if one.kind == "counter" else GaugeMetricFamily
            family = families.setdefault(one.name, kind(f"khue_{one.name}", one.help, labels=list(one.labels)))
            family.add_metric(list(one.labels.values()), one.value)
        return families.values()


async def healthz(_request: Request) -> Response:
    """Answer that the process is alive."""
    return JSONResponse({"status": "alive"})


async def readyz(request: Request) -> Response:
    """Answer whether the house can serve, and else what is missing (503)."""
    missing = await Pages.of(request).centre.ready()
    return JSONResponse(
        {"status": "not ready", "why": missing} if missing else {"status": "ready"}, 503 if missing else 200
    )


async def metrics(request: Request) -> Response:
    """Answer the measurements in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Handed(await Pages.of(request).centre.measurements()))
    return Response(generate_latest(registry), media_type="text/plain; version=0.0.4; charset=utf-8")
