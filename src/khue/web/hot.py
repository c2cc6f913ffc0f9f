"""Điểm nóng: what needs somebody, the worst first: one line a subject, with since when, how many and what next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from urllib.parse import urlencode

from starlette.requests import Request

from khue.web.centre import ReasonCount, Waiting
from khue.web.formats import Formats
from khue.web.freshness import SourceNow, sources_now
from khue.web.language import Language, language_of, translations
from khue.web.view import Pages
from khue.web.words import STATES, daily, failure_label

MOST = 8
MOST_SOURCES = 3  # of one state, each with its own line; more of them share one
MOST_REASONS = 3
FLAGGED_WITHIN = timedelta(hours=24)
SILENT = ("lost", "never", "late")  # states of a source that promised to report, the worst first
EXTREME = {"range", "spike", "neighbours"}  # kinds of checks that find a value which may be an event, or a fault


@dataclass(frozen=True, slots=True)
class HotSpot:
    """One thing that needs somebody: what it is, since when, what to do next and where.

    `day` = since is a day, not a moment.
    """

    tone: str
    shape: str
    title: str
    next: str
    address: str
    since: datetime | None = None
    day: bool = False


class _Writer:
    """Writes hot spots in one language."""

    def __init__(self, pages: Pages, request: Request) -> None:
        self.language: Language = language_of(request)
        self.words = translations(self.language)
        self.formats: Formats = pages.formats(request)
        self.pages = pages

    def sources(self, items: Sequence[SourceNow]) -> list[HotSpot]:
        """Write the sources of one state, one line each, or one line for many."""
        if len(items) <= MOST_SOURCES:
            return [self._source(item) for item in items]
        _, state = self.words.gettext, STATES[items[0].state]
        title = _("%(n)s nguồn dữ liệu: %(state)s") % {
            "n": self.formats.number(len(items)),
            "state": state.label.in_language(self.language),
        }
        names = ", ".join(item.source.label.in_language(self.language) for item in items)
        since = min((item.since for item in items if item.since), default=None)
        return [HotSpot(state.tone, state.shape, title, names, "/data#sources", since)]

    def _source(self, item: SourceNow) -> HotSpot:
        _, state = self.words.gettext, STATES[item.state]
        text = _("Hẹn cập nhật mỗi %(every)s. Liên hệ %(agency)s.") % {
            "every": self.formats.span(item.source.every or 0),
            "agency": self._agency(item.source.agency),
        }
        title = f"{item.source.label.in_language(self.language)}: {state.label.in_language(self.language)}"
        day = daily(self.pages.contracts.get(item.source.type))
        return HotSpot(state.tone, state.shape, title, text, "/data#sources", item.since, day)

    def waiting(self, of: str, reasons: Sequence[ReasonCount], total: int, oldest: datetime | None) -> HotSpot:
        """Write what waits of one type, oldest first."""
        title = self.words.ngettext(
            "%(type)s: %(n)s bản ghi chờ làm sạch", "%(type)s: %(n)s bản ghi chờ làm sạch", total
        )
        rejected = any(reason.action == "reject" for reason in reasons)
        state = STATES["rejected" if rejected else "held"]
        return HotSpot(
            state.tone,
            state.shape,
            title % {"n": self.formats.number(total), "type": self._type(of)},
            self._what_and_who(of, reasons),
            "/data/waiting?" + urlencode({"type": of}),
            oldest,
        )

    def extremes(self, of: str, reasons: Sequence[ReasonCount]) -> HotSpot:
        """Write the values of one type that hardly can be, of the last day."""
        count = sum(reason.count for reason in reasons)
        title = self.words.ngettext("%(type)s: %(n)s số đo bất thường", "%(type)s: %(n)s số đo bất thường", count)
        return self._flagged(of, reasons, title)

    def to_check(self, of: str, reasons: Sequence[ReasonCount]) -> HotSpot:
        """Write what else of one type was let pass with a flag."""
        count = sum(reason.count for reason in reasons)
        title = self.words.ngettext(
            "%(type)s: %(n)s bản ghi cần kiểm tra", "%(type)s: %(n)s bản ghi cần kiểm tra", count
        )
        return self._flagged(of, reasons, title)

    def _flagged(self, of: str, reasons: Sequence[ReasonCount], title: str) -> HotSpot:
        state = STATES["flagged"]
        seen = [when for reason in reasons if isinstance(when := reason.example.get("observed_at"), datetime)]
        return HotSpot(
            state.tone,
            state.shape,
            title % {"n": self.formats.number(sum(reason.count for reason in reasons)), "type": self._type(of)},
            self._what_and_who(of, reasons),
            f"/data/{of}?" + urlencode({"flag": reasons[0].check}),
            max(seen, default=None),
            day=daily(self.pages.contracts.get(of)),
        )

    def _what_and_who(self, of: str, reasons: Sequence[ReasonCount]) -> str:
        """Return the commonest failures with their numbers, and who is to decide about them."""
        contract = self.pages.contracts.get(of)
        what = "; ".join(
            f"{failure_label(contract, reason.check, self.language)} ({self.formats.number(reason.count)})"
            for reason in reasons[:MOST_REASONS]
        )
        more = ", …" if len(reasons) > MOST_REASONS else ""
        who = self.words.gettext("%(agency)s sửa hoặc xác nhận đúng.") % {
            "agency": self._agency(contract.owner if contract else "")
        }
        return f"{what}{more}. {who}"

    def _type(self, name: str) -> str:
        contract = self.pages.contracts.get(name)
        return contract.label.in_language(self.language) if contract else name

    def _agency(self, name: str) -> str:
        city = self.pages.centre.city
        agency = city.agencies.get(name) or city.agencies.get(city.data_unit)
        return agency.in_language(self.language) if agency else name


def holds_back(pages: Pages, reason: ReasonCount) -> bool:
    """Whether a check keeps records waiting; one that only flags is told of them as well, but is not the cause."""
    contract = pages.contracts.get(reason.type)
    check = contract.checks_by_name.get(reason.check) if contract else None
    return check is None or check.on_fail != "flag"


def _is_extreme(pages: Pages, reason: ReasonCount) -> bool:
    contract = pages.contracts.get(reason.type)
    check = contract.checks_by_name.get(reason.check) if contract else None
    return contract is not None and contract.kind == "measure" and check is not None and check.kind in EXTREME


def _by_type(reasons: Iterable[ReasonCount]) -> Mapping[str, list[ReasonCount]]:
    found: dict[str, list[ReasonCount]] = {}
    for reason in sorted(reasons, key=lambda one: -one.count):
        found.setdefault(reason.type, []).append(reason)
    return found


async def _waiting(pages: Pages, writer: _Writer) -> list[HotSpot]:
    causes = _by_type(reason for reason in await pages.centre.reasons(Waiting()) if holds_back(pages, reason))
    spots: list[HotSpot] = []
    for of, reasons in causes.items():
        oldest, total = await pages.centre.waiting(Waiting(type=of, limit=1))
        spots.append(writer.waiting(of, reasons, total, oldest[0].recorded_at if oldest else None))
    return sorted(spots, key=lambda spot: spot.tone)  # "bad" before "watch"


async def hot_spots(pages: Pages, request: Request, at: datetime | None) -> list[HotSpot]:
    """Return what needs somebody: silent sources, extremes of the last day, then what waits, then other flags.

    Of the past only the sources are known; before the first commit nothing is.
    """
    writer = _Writer(pages, request)
    moment = at or pages.centre.now()
    sources = sources_now(pages.sources, await pages.centre.activity(at), moment)
    silent = [item for item in sources if item.state in SILENT and item.source.every]
    silent.sort(key=lambda item: SILENT.index(item.state))
    spots = [spot for _, items in groupby(silent, lambda item: item.state) for spot in writer.sources(list(items))]
    if at is None:
        flagged = await pages.centre.flagged(moment - FLAGGED_WITHIN, at)
        extreme = [reason for reason in flagged if _is_extreme(pages, reason)]
        other = [reason for reason in flagged if reason not in extreme]
        spots += [writer.extremes(of, reasons) for of, reasons in _by_type(extreme).items()]
        spots += await _waiting(pages, writer)
        spots += [writer.to_check(of, reasons) for of, reasons in _by_type(other).items()]
    return spots[:MOST]
