"""A development stand-in for the house, for layout and component tests ONLY: every value below is a made-up sample.

The real way from the door to the page is tested end to end elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import sin
from typing import Any

from khue.contract.check import Check, CheckKind, OnFail
from khue.contract.city import City
from khue.contract.commit import Commit, Quarantined
from khue.contract.contract import Contract, Locate
from khue.contract.domain import Domain, Number
from khue.contract.errors import KhueError, NotFound
from khue.contract.label import Label
from khue.contract.property import Property
from khue.contract.query import Page, Query
from khue.contract.receipt import Receipt
from khue.contract.source import Source
from khue.web.centre import (
    Decided,
    Decision,
    Examined,
    FooterCompared,
    Measurement,
    NumberNow,
    ReasonCount,
    Received,
    Ring,
    SourceActivity,
    Upload,
    Waiting,
)

NOW = datetime(2026, 11, 22, 1, 5, 12, tzinfo=UTC)
PLACES: dict[str, tuple[float, float] | tuple[None, None]] = {
    "Vân Hồ": (105.85, 21.01), "Cầu Giấy": (105.795, 21.033), "Hà Đông": (105.77, 20.96), "Sóc Sơn": (105.85, 21.257),
    "Sơn Tây": (105.505, 21.14), "Ba Vì": (105.42, 21.2), "Đông Anh": (105.845, 21.15), "Long Biên": (105.89, 21.045),
    "Hoàng Mai": (105.86, 20.975), "Tây Hồ": (105.82, 21.068), "Thanh Oai": (105.78, 20.86), "Ứng Hoà": (105.8, 20.72),
    "Mỹ Đức": (105.74, 20.69), "Phú Xuyên": (105.91, 20.74), "Thường Tín": (105.86, 20.87), "Gia Lâm": (105.95, 21.02),
    "Chương Mỹ": (105.7, 20.9), "Quốc Oai": (105.64, 21.0), "Thạch Thất": (105.56, 21.04), "Phúc Thọ": (105.57, 21.11),
    "Đan Phượng": (105.67, 21.09), "Hoài Đức": (105.71, 21.04), "Mê Linh": (105.72, 21.18), "Đống Đa": (105.83, 21.014),
    "chưa có toạ độ 1": (None, None), "chưa có toạ độ 2": (None, None),
}  # fmt: skip


def sample_check(name: str, kind: CheckKind, on_fail: OnFail, reason: Label) -> Check:
    return Check(name, kind, "accurate", on_fail, "rain", reason)


def sample_source(name: str, vi: str, en: str, every: float | None) -> Source:
    return Source(
        name=name,
        type="sample_gauge",
        label=Label(f"{vi} (mẫu)", f"{en} (sample)"),
        agency="sample_agency",
        format="json" if every else "html",
        columns={},
        every=every,
        late_after=every and 1200,
        lost_after=every and 7200,
        simulated=name == "sample_feed",
    )


GAUGE = Contract(
    type="sample_gauge",
    entity_type="SampleObserved",
    version="1.0.0",
    kind="measure",
    status="active",
    label=Label("Mưa (mẫu)", "Rain (sample)"),
    description="",
    owner="sample_agency",
    key="{station}",
    observed_at="observed_at",
    properties=(
        Property("station", "string", Label("Trạm", "Station"), folded=True),
        Property("observed_at", "timestamp", Label("Thời điểm đo", "Observed at")),
        Property("rain", "number", Label("Lượng mưa", "Rainfall"), unit="MMT", unit_label="mm"),
    ),
    checks=(
        sample_check("rain_physical", "range", "hold", Label("Vượt ngưỡng vật lý", "Over the physical limit")),
        sample_check("rain_spike", "spike", "flag", Label("Tăng đột biến so với lần đo trước", "A sudden rise")),
    ),
    locate=Locate("reference", through="station"),
    title="station",
)
DAILY = replace(
    GAUGE,
    properties=(GAUGE.properties[0], Property("observed_at", "date", Label("Ngày", "Day")), GAUGE.properties[2]),
)
SOURCES = (
    sample_source("sample_feed", "Trạm mưa tự động", "Automatic gauges", 600),
    sample_source("sample_slow", "Trạm khí tượng", "Weather stations", 600),
    sample_source("sample_lost", "Trạm bơm", "Pumping stations", 600),
    sample_source("sample_file", "Bảng tính ngày", "Daily workbook", None),
)
NUMBERS = tuple(
    Number(name, label, "sample_gauge", "rain", "mean", unit, decimals=decimals)
    for name, label, unit, decimals in (
        ("mean", Label("Lượng mưa trung bình", "Mean rainfall"), "mm", 1),
        ("max", Label("Lượng mưa lớn nhất", "Highest rainfall"), "mm", 1),
        ("pm", Label("Bụi mịn PM2.5 trung bình", "Mean PM2.5"), "µg/m³", 1),
        ("count", Label("Trạm có mưa trên 50 mm", "Stations over 50 mm"), "trạm", 0),
        ("temp", Label("Nhiệt độ trung bình", "Mean temperature"), "°C", 1),
    )
)
VALUES = ((12.4, 41, 49), (85.5, 41, 49), (67.25, 66, 67), (3.0, 41, 49), (None, 0, 67))
REASON = {
    "check": "rain_physical",
    "dimension": "accurate",
    "field": "rain",
    "column": "Xã Đông Anh",
    "row": 305,
    "value": "926,6",
    "vi": "Dòng ngày 31/10/2021, cột Xã Đông Anh: 926,6 mm/ngày vượt ngưỡng vật lý; kiểm tra cảm biến, sửa lại",
    "en": "Row of 31/10/2021, column Xã Đông Anh: 926.6 mm/day is over the physical limit; check the sensor",
}
BAD_DATE = {
    "vi": "Dòng 12, cột Ngày: “31/02/2021” không phải một ngày; sửa lại ngày",
    "en": "Row 12, column Ngày: “31/02/2021” is no date; mend the date",
}
SPIKE = {
    "vi": "Trạm mẫu Hoàng Mai: 85,5 mm gấp 12 lần lần đo trước; kiểm tra cảm biến",
    "en": "Trạm mẫu Hoàng Mai: 85.5 mm is 12 times the reading before; check the sensor",
}
RECEIVED = {"station": "Trạm mẫu Đông Anh", "observed_at": "31/10/2021", "rain": "926,6"}
CITY = City(
    name=Label("Thành phố mẫu", "Sample City"),
    code="00",
    zone="Asia/Ho_Chi_Minh",
    languages=("vi", "en"),
    bounds=(105.28, 20.56, 106.02, 21.39),
    agencies={"sample_agency": Label("Đơn vị mẫu", "Sample agency")},
    data_unit="sample_agency",
    domains=("sample",),
    simulated=True,
    folder="",
)


def sample_commit(seq: int) -> Commit:
    """A made-up commit; each takes 40 seconds after the one before."""
    counts: dict[str, Any] = {"received": 49, "clean": 46, "flagged": 2, "held": 1, "rejected": 0, "unchanged": 0}
    counts |= {"checks": {"rain_physical": 1, "rain_spike": 2}}
    if seq % 3 == 0:
        counts |= {"clean": 49, "flagged": 0, "held": 0, "checks": {}}
    return Commit(
        seq=seq,
        recorded_at=NOW - timedelta(seconds=40 * (42 - seq)),
        type="sample_gauge",
        contract_version="1.0.0",
        source=SOURCES[seq % 4].name,
        actor="local",
        kind="data" if seq % 7 else "fix",
        mode="replace",
        position=f"{seq:064x}:0",
        counts=counts,
        about={},
        raw_digest="a" * 64,
        rows_digest="b" * 64,
        hash="c" * 64,
    )


def sample_row(index: int, when: datetime, *, newest: bool = True) -> dict[str, Any]:
    """A made-up reading of the station with an index."""
    name, (x, y) = list(PLACES.items())[index]
    value: float | None = round(abs(40 * sin(index * 1.7 + when.hour)), 1)
    value = None if index % 9 == 5 else 0.0 if index % 4 == 3 else value
    flagged = newest and index in {8, 13}
    held = newest and index == 6
    return {
        "_id": f"urn:ngsi-ld:SampleObserved:{index}",
        "_x": x,
        "_y": y,
        "_observed_at": when - timedelta(hours=7 if index == 4 else 0),
        "_recorded_at": when,
        "_seq": 41,
        "_record": index,
        "_quality": 0.75 if flagged or held else 1.0,
        "_flags": ["rain_spike"] if flagged else ["rain_physical"] if held else [],
        "_held": ["rain"] if held else [],
        "_deleted": False,
        "station": f"Trạm mẫu {name}",
        "observed_at": when,
        "rain": None if held else 85.5 if newest and index == 8 else value,
    }


@dataclass
class SampleCentre:
    """Answers with samples and remembers what it was asked to do."""

    empty: bool = False
    simulated: bool = True
    last: int = 42
    done: list[object] = field(default_factory=list)
    outline: tuple[Ring, ...] = ()
    failing: KhueError | None = None
    unheard: frozenset[str] = frozenset()  # sources that never sent anything
    silence: timedelta = timedelta(minutes=4)  # since the newest reading
    daily: bool = False
    selections: list[Waiting] = field(default_factory=list[Waiting])
    followers: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = field(default_factory=list)

    def grow(self) -> None:
        """Make one more commit and wake whoever follows, from any thread."""
        self.last += 1
        for loop, more in self.followers:
            loop.call_soon_threadsafe(more.set)

    @property
    def city(self) -> City:
        return replace(CITY, simulated=self.simulated)

    @property
    def domains(self) -> Sequence[Domain]:
        sources = SOURCES if self.simulated else tuple(replace(source, simulated=False) for source in SOURCES)
        contract = DAILY if self.daily else GAUGE
        return (Domain("sample", Label("Mẫu", "Sample"), "", "sample_agency", (contract,), sources, "", NUMBERS),)

    def now(self) -> datetime:
        return NOW

    async def as_of(self, at: datetime | None = None) -> int:
        return 0 if self.empty else self.last

    async def number(self, number: Number, at: datetime | None) -> NumberNow:
        value, over, of = (None, 0, 0) if self.empty else VALUES[NUMBERS.index(number)]
        return NumberNow(value, over, of, NOW - self.silence if over else None)

    async def query(self, query: Query) -> Page:
        if self.empty:
            return Page((), 0, 0)
        if query.of != "state" and query.ids:
            index = int(query.ids[0].rsplit(":", 1)[1])
            rows = [sample_row(index, NOW - timedelta(hours=step), newest=step == 0) for step in range(48)]
            return Page(tuple(rows[query.offset :][: query.limit]), len(rows), self.last)
        rows = [sample_row(index, NOW - timedelta(minutes=4)) for index in range(len(PLACES))]
        wanted = repr(query.where)
        if "'_x', operator='is null'" in wanted:
            rows = [row for row in rows if row["_x"] is None]
        rows = [row for row in rows if query.ids is None or row["_id"] in query.ids]
        return Page(tuple(rows[query.offset :][: query.limit]), len(rows), self.last)

    async def activity(self, at: datetime | None) -> Sequence[SourceActivity]:
        if self.empty:
            return ()
        ages = {"sample_feed": 240, "sample_slow": 2400, "sample_lost": 9000, "sample_file": 86400}
        heard = {name: NOW - timedelta(seconds=age) for name, age in ages.items() if name not in self.unheard}
        return [SourceActivity(name, when, when, 40) for name, when in heard.items()]

    async def received(self, since: datetime, until: datetime | None) -> Sequence[Received]:
        if self.empty:
            return ()
        of = 7056
        passed = {"accurate": 7049, "sufficient": 5904, "clean": 7056, "live": 6912, "consistent": 7021, "shared": 6980}
        fates = {"clean": 6900, "flagged": 107, "held": 42, "rejected": 7, "unchanged": 0}
        return [Received("sample_gauge", "sample_feed", of, fates, {d: (n, of) for d, n in passed.items()})]  # type: ignore[arg-type]

    async def commits(self, before: int | None, limit: int) -> Sequence[Commit]:
        top = 0 if self.empty else min(self.last, (before or self.last + 1) - 1)
        return [sample_commit(seq) for seq in range(top, max(0, top - limit), -1)]

    async def commit(self, seq: int) -> Commit:
        if self.failing:
            raise self.failing
        if not 0 < seq <= self.last:
            raise NotFound(f"There is no commit {seq}")
        return sample_commit(seq)

    async def tail(self, after: int) -> AsyncIterator[Commit]:
        more = asyncio.Event()
        self.followers.append((asyncio.get_running_loop(), more))
        while True:
            while after < self.last:
                after += 1
                yield sample_commit(after)
            more.clear()
            await more.wait()

    async def waiting(self, selection: Waiting) -> tuple[Sequence[Quarantined], int]:
        self.selections.append(selection)
        if self.empty or selection.state not in {"open", None}:
            return (), 0
        records = [
            Quarantined(
                39, n, 305 + n, "sample_gauge", "sample_file", "urn:ngsi-ld:SampleObserved:6", NOW - timedelta(days=1),
                "hold", ("rain",), (REASON,), RECEIVED,
                "sample_agency", "open", NOW - timedelta(hours=1), None, "",
            )
            for n in range(42)
        ]  # fmt: skip
        return records[selection.offset :][: selection.limit], len(records)

    async def reasons(self, selection: Waiting) -> Sequence[ReasonCount]:
        if self.empty:
            return ()
        return [
            ReasonCount("sample_gauge", "rain_physical", "accurate", "hold", 42, REASON),
            ReasonCount("sample_gauge", "observed_at_type", "accurate", "reject", 7, BAD_DATE),
        ]  # fmt: skip

    async def flagged(self, since: datetime, at: datetime | None) -> Sequence[ReasonCount]:
        if self.empty:
            return ()
        return [ReasonCount("sample_gauge", "rain_spike", "consistent", "flag", 2, SPIKE)]

    async def examine(self, upload: Upload) -> Examined:
        self.done.append(upload)
        footers = (
            FooterCompared("Tổng", "Xã Đông Anh", 1234.5, 1234.5, True),
            FooterCompared("Tổng", "Vân Hồ", 880.0, 812.4, False),
        )
        reasons = (ReasonCount("sample_gauge", "rain_physical", "accurate", "hold", 1, REASON),)
        return Examined(Receipt(100, 95, 3, 1, 1, 0), 25, reasons, footers)

    async def ingest(self, upload: Upload) -> Receipt:
        self.done.append(("ingest", upload, upload.path.read_bytes()))
        return Receipt(100, 95, 3, 1, 1, 0, 43, 43)

    async def decide(self, decision: Decision) -> Decided:
        self.done.append(decision)
        return Decided(1, (), (43, 43))

    async def workbook(self, selection: Waiting) -> bytes:
        return b"sample workbook"

    async def mend(self, upload: Upload) -> Decided:
        self.done.append(("mend", upload))
        return Decided(3, (ReasonCount("sample_gauge", "rain_physical", "accurate", "hold", 2, REASON),))

    async def revert(self, seq: int, note: str) -> Receipt:
        self.done.append(("revert", seq, note))
        return Receipt(first=41, last=41)

    async def ready(self) -> str:
        return "starting" if self.empty else ""

    async def measurements(self) -> Sequence[Measurement]:
        return [
            Measurement("records_total", "Records by fate.", "counter", 46, {"fate": "clean"}),
            Measurement("records_total", "Records by fate.", "counter", 2, {"fate": "flagged"}),
            Measurement("follower_behind", "Commits behind.", "gauge", 0, {"follower": "open"}),
        ]
