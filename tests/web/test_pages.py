import re
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.web.conftest import application
from tests.web.sample_centre import SampleCentre

from khue.web.safety import POLICY

ENTITY = "/entity/sample_gauge/urn:ngsi-ld:SampleObserved:8"
PAGES = (
    "/",
    "/wall",
    "/data",
    "/data/sample_gauge",
    "/data/upload",
    "/data/waiting",
    ENTITY,
    "/log",
    "/commit/41",
    "/commit/41?undo=ask",
    "/style",
    "/no-such-page",
)
VOID = {"meta", "link", "input", "br", "img", "hr", "rect", "circle", "path", "line", "polyline"}


class Outline(HTMLParser):
    """Collects what a page must not have, and whether its elements close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.faults += [f"{tag} {name}" for name in given if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.faults.append(f"inline {tag}")
        for name in ("src", "href", "action"):
            if re.match(r"(https?:)?//", given.get(name) or ""):
                self.faults.append(f"{tag} {name}={given[name]}")
        if tag == "input" and given.get("type") not in {"hidden", "checkbox", "radio"} and not given.get("id"):
            self.faults.append("an input without a label")
        self.ids += [given["id"]] if given.get("id") else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")


@pytest.mark.parametrize("empty", [False, True], ids=["full", "empty"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_page_is_whole_and_has_nothing_inline_and_nothing_from_elsewhere(
    tmp_path: Path, language: str, empty: bool
) -> None:
    with TestClient(application(SampleCentre(empty=empty), tmp_path), base_url="http://khue.test") as client:
        for address in PAGES:
            answer = client.get(address, params={"lang": language})
            assert answer.status_code in ({200} if address != "/no-such-page" and not empty else {200, 404}), address
            page = Outline()
            page.feed(answer.text)
            assert (page.faults, page.open) == ([], []), address
            assert len(page.ids) == len(set(page.ids)), address
            assert answer.headers["content-security-policy"] == POLICY
            assert "unsafe" not in POLICY


@pytest.mark.parametrize("address", PAGES)
def test_simulated_data_is_marked_on_every_page(client: TestClient, address: str) -> None:
    assert "Dữ liệu mô phỏng" in client.get(address).text


def test_a_city_without_simulated_sources_is_not_marked(tmp_path: Path) -> None:
    with TestClient(application(SampleCentre(simulated=False), tmp_path)) as client:
        assert "Dữ liệu mô phỏng" not in client.get("/").text


def test_what_matters_first_stands_first(client: TestClient) -> None:
    text = client.get("/").text
    assert text.index("mất tín hiệu") < text.index("chậm cập nhật") < text.index("12,4")
    assert "trên 41/49 điểm đo" in text
    assert "2 điểm đo chưa có toạ độ" in text


def hot_of(text: str) -> list[str]:
    """Return the titles under Điểm nóng, in order."""
    return re.findall(r'<a href="[^"]*">([^<]+)</a>', text[text.index('id="hot"') : text.index('id="numbers"')])


def test_hot_spots_are_one_line_a_subject_silent_sources_first_then_extremes_then_paperwork(client: TestClient) -> None:
    assert hot_of(client.get("/").text) == [
        "Trạm bơm (mẫu): mất tín hiệu",
        "Trạm khí tượng (mẫu): chậm cập nhật",
        "Mưa (mẫu): 2 số đo bất thường",
        "Mưa (mẫu): 42 bản ghi chờ làm sạch",
    ]


def test_a_source_that_promised_and_never_came_is_hot(tmp_path: Path) -> None:
    with TestClient(application(SampleCentre(unheard=frozenset({"sample_feed"})), tmp_path)) as client:
        assert "Trạm mưa tự động (mẫu): chưa có dữ liệu" in hot_of(client.get("/").text)


def test_an_old_number_looks_old_and_a_fresh_one_does_not(tmp_path: Path) -> None:
    for silence, old in ((timedelta(minutes=4), False), (timedelta(hours=3), True)):
        with TestClient(application(SampleCentre(silence=silence), tmp_path)) as client:
            text = client.get("/").text
        assert ('<div class="tile old">' in text) is old


def test_a_reading_for_a_day_shows_its_day_and_no_age(tmp_path: Path) -> None:
    with TestClient(application(SampleCentre(daily=True, silence=timedelta(hours=26)), tmp_path)) as client:
        numbers = client.get("/").text
        entity = client.get(ENTITY).text
    assert re.search(r"trên 41/49 điểm đo · .*ngày 21/11/2026", numbers, re.DOTALL)
    assert "ngày 22/11/2026" in entity
    assert "22/11/2026 08:05</time></th>" not in entity


def test_no_check_is_shown_by_its_machine_name_alone(client: TestClient) -> None:
    assert "Lượng mưa: tăng đột biến" in client.get("/commit/41").text
    assert "rain_spike</span></td>" not in client.get(ENTITY).text


def test_records_of_one_commit_are_asked_for(client: TestClient, centre: SampleCentre) -> None:
    text = client.get("/data/waiting?commit=39&check=rain_physical").text
    assert centre.selections[-1].commit == 39
    assert "Chỉ bản ghi của lần cập nhật 39" in text
    assert 'name="commit" value="39"' in text


def test_no_data_is_said_and_is_never_zero(client: TestClient) -> None:
    assert re.search(r"Nhiệt độ trung bình</p>\s*<p class=\"value none\">không có số liệu", client.get("/").text)


def test_a_page_of_the_past_says_so_and_is_not_live(client: TestClient) -> None:
    text = client.get("/?at=2026-11-20T08:00").text
    assert "Theo dữ liệu có đến 08:00 ngày 20/11/2026" in text
    assert "data-follow" not in text
    assert "data-fresh" not in text
    assert "không trực tiếp" not in text
    assert f"{ENTITY.replace(':', '%3A')}" not in text
    assert "at=2026-11-20T08%3A00" in text, "links go on in the same past"


def test_a_moment_that_cannot_be_read_is_refused_with_what_would_be_right(client: TestClient) -> None:
    answer = client.get("/?at=yesterday")
    assert answer.status_code == 400
    assert "2026-11-20T08:00" in answer.text


def test_an_error_speaks_the_language_of_the_reader(client: TestClient) -> None:
    assert "Không có loại dữ liệu này" in client.get("/data/unknown").text
    assert "There is no such type" in client.get("/data/unknown?lang=en").text


def test_text_from_a_source_is_never_markup(client: TestClient, centre: SampleCentre) -> None:
    answer = client.get("/data/sample_gauge", params={"q": '"><script>alert(1)</script>'})
    assert "<script>alert" not in answer.text


def test_no_domain_is_known_by_name() -> None:
    web = Path(__file__).parents[2] / "src" / "khue" / "web"
    sources = [*web.glob("*.py"), *web.glob("templates/*.html"), *web.glob("assets/*.ts")]
    for file in sources:
        assert not re.search(r"rain_gauge|air_station|khue\.domains", file.read_text()), file.name


def test_health_readiness_and_measurements(client: TestClient, tmp_path: Path) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").status_code == 200
    assert 'khue_records_total{fate="clean"} 46.0' in client.get("/metrics").text
    with TestClient(application(SampleCentre(empty=True), tmp_path)) as starting:
        assert starting.get("/readyz").status_code == 503


def test_built_files_may_be_kept_for_a_year(client: TestClient) -> None:
    found = re.search(r'href="(/static/page-[^"]+\.css)"', client.get("/").text)
    assert found
    assert "immutable" in client.get(found[1]).headers["cache-control"]
