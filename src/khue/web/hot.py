"""Điểm nóng: what needs somebody, the worst first, each with what to do next and where."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from starlette.requests import Request

from khue.web.centre import ReasonCount, Waiting
from khue.web.formats import Formats
from khue.web.freshness import SourceNow, sources_now
from khue.web.language import language_of, translations
from khue.web.view import Pages

MOST = 8
FLAGGED_WITHIN = timedelta(hours=24)
_URGENCY = {"bad": 0, "watch": 1, "idle": 2}


@dataclass(frozen=True, slots=True)
class HotSpot:
    """One thing that needs somebody: what it is, since when, what to do next and where."""

    tone: str
    shape: str
    title: str
    next: str
    address: str
    since: datetime | None = None


class _Writer:
    """Writes hot spots in one language."""

    def __init__(self, pages: Pages, request: Request) -> None:
        self.language = language_of(request)
        self.words = translations(self.language)
        self.formats: Formats = pages.formats(request)
        self.pages = pages

    def source(self, item: SourceNow) -> HotSpot:
        _ = self.words.gettext
        name = item.source.label.in_language(self.language)
        agency = self.pages.centre.city.agencies.get(item.source.agency)
        who = agency.in_language(self.language) if agency else item.source.agency
        every = self.formats.span(item.source.every or 0)
        lost = item.state == "lost"
        title = _("%(source)s: mất tín hiệu") if lost else _("%(source)s: chậm cập nhật")
        text = _("Hẹn cập nhật mỗi %(every)s. Liên hệ %(agency)s.")
        return HotSpot(
            tone="bad" if lost else "watch",
            shape="cross" if lost else "triangle",
            title=title % {"source": name},
            next=text % {"every": every, "agency": who},
            address="/data#sources",
            since=item.since,
        )

    def _reason(self, reason: ReasonCount) -> str:
        return str(reason.example.get(self.language) or reason.check)

    def _type(self, name: str) -> str:
        contract = self.pages.contracts.get(name)
        return contract.label.in_language(self.language) if contract else name

    def waiting(self, reason: ReasonCount) -> HotSpot:
        n = reason.count
        title = self.words.ngettext(
            "%(type)s: %(n)s bản ghi chờ làm sạch", "%(type)s: %(n)s bản ghi chờ làm sạch", n
        ) % {"n": self.formats.number(n), "type": self._type(reason.type)}
        rejected = reason.action == "reject"
        return HotSpot(
            tone="bad" if rejected else "watch",
            shape="square" if rejected else "diamond",
            title=title,
            next=self._reason(reason),
            address="/data/waiting?" + urlencode({"type": reason.type, "check": reason.check}),
        )

    def flagged(self, reason: ReasonCount) -> HotSpot:
        n = reason.count
        title = self.words.ngettext("%(type)s: %(n)s số đo bất thường", "%(type)s: %(n)s số đo bất thường", n) % {
            "n": self.formats.number(n),
            "type": self._type(reason.type),
        }
        return HotSpot(
            tone="watch",
            shape="triangle",
            title=title,
            next=self._reason(reason),
            address=f"/data/{reason.type}?" + urlencode({"flag": reason.check}),
        )


def _holds_back(pages: Pages, reason: ReasonCount) -> bool:
    """Whether a check keeps records waiting; one that only flags is told of them as well, but is not the cause."""
    contract = pages.contracts.get(reason.type)
    check = contract.checks_by_name.get(reason.check) if contract else None
    return check is None or check.on_fail != "flag"


async def hot_spots(pages: Pages, request: Request, at: datetime | None) -> list[HotSpot]:
    """Return what needs somebody: lost and late sources, the quarantine by reason, flagged extremes of the last day."""
    writer = _Writer(pages, request)
    moment = at or pages.centre.now()
    sources = sources_now(pages.sources, await pages.centre.activity(at), moment)
    spots = [writer.source(item) for item in sources if item.state in {"lost", "late"}]
    if at is None:
        causes = [reason for reason in await pages.centre.reasons(Waiting()) if _holds_back(pages, reason)]
        spots += [writer.waiting(reason) for reason in causes]
    spots += [writer.flagged(reason) for reason in await pages.centre.flagged(moment - FLAGGED_WITHIN, at)]
    return sorted(spots, key=lambda spot: _URGENCY[spot.tone])[:MOST]
