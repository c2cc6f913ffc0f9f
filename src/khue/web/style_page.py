"""Bảng kiểu: the tokens, and every component in every state."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from khue.contract.domain import Number
from khue.contract.label import Label
from khue.web.centre import NumberNow
from khue.web.chart import Reading, draw
from khue.web.hot import HotSpot
from khue.web.view import Pages

COLOURS = (
    "paper", "surface", "sunken", "edge", "edge-strong", "ink", "ink-soft", "accent",
    "good", "watch", "bad", "idle", "good-wash", "watch-wash", "bad-wash", "idle-wash",
)  # fmt: skip
READINGS = (0.0, 1.2, 4.8, 12.4, 30.0, None, None, 6.1, 2.0, 0.0, 85.5, 3.0)


async def style(request: Request) -> Response:
    """Answer `/style`."""
    pages = Pages.of(request)
    now = pages.centre.now()
    number = Number("example", Label("Ví dụ: số đo trung bình", "Example: mean reading"), "", "", "mean", "mm")
    readings = [
        Reading(now - timedelta(hours=len(READINGS) - i), value, marked=(value or 0) > 80)
        for i, value in enumerate(READINGS)
    ]
    context = {
        "colours": COLOURS,
        "number": number,
        "values": (
            NumberNow(1234.5, 41, 49, now - timedelta(minutes=4)),
            NumberNow(0.0, 49, 49, now - timedelta(hours=26)),
            NumberNow(None, 0, 49, None),
        ),
        "spots": (
            HotSpot(
                "bad",
                "cross",
                "Nguồn ví dụ: mất tín hiệu",
                "Hẹn cập nhật mỗi 10 phút.",
                "/style",
                now - timedelta(hours=2),
            ),
            HotSpot(
                "watch",
                "diamond",
                "Loại ví dụ: 12 bản ghi chờ làm sạch",
                "Vượt ngưỡng vật lý; kiểm tra cảm biến.",
                "/style",
            ),
        ),
        "chart": draw(readings),
    }
    return pages.page(request, "style.html", context)
