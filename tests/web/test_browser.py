"""What only a browser can tell; skipped, saying so, where there is no Chromium."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright
from tests.web.conftest import Served, serving
from tests.web.sample_centre import SampleCentre
from tests.web.test_pages import PAGES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
FIRST_PAGE_BYTES = 120_000  # compressed, as it comes down the line, scripts, styles and fonts with it
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)"),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield made
        made.close()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(SampleCentre(), tmp_path_factory.mktemp("uploads")) as made:
        yield made


def opened(browser: Browser, width: int, *, script: bool = True) -> Page:
    size = {"width": width, "height": 800}
    return browser.new_context(viewport=size, java_script_enabled=script, locale="vi-VN").new_page()  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [360, 1280, 1920])
def test_no_page_scrolls_sideways_asks_elsewhere_or_complains(browser: Browser, house: Served, width: int) -> None:
    page = opened(browser, width)
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    for address in PAGES:
        for language in ("vi", "en"):
            mark = "&" if "?" in address else "?"
            page.goto(f"{house.address}{address}{mark}lang={language}", wait_until="load")
            beyond = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert beyond <= 0, (address, language, width)
    assert [text for text in said if "404" not in text] == []
    assert [url for url in asked if not url.startswith(house.address)] == []
    page.context.close()


@pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm ci --ignore-scripts)")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_fault_that_axe_finds(browser: Browser, house: Served, theme: str) -> None:
    page = opened(browser, 1280)
    faults: list[tuple[str, str, str]] = []
    for address in PAGES:
        mark = "&" if "?" in address else "?"
        page.goto(f"{house.address}{address}{mark}theme={theme}", wait_until="load")
        page.evaluate(AXE.read_text(encoding="utf-8"))  # as the developer's tools do: the page's policy stays in force
        found = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})")
        assert len(found["passes"]) > 5, address
        faults += [(address, fault["id"], fault["nodes"][0]["html"][:160]) for fault in found["violations"]]
    page.context.close()
    assert faults == []


def test_the_first_page_is_light(browser: Browser, house: Served) -> None:
    page = opened(browser, 1280)
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))
    page.goto(house.address, wait_until="load")
    page.wait_for_function("document.fonts.status === 'loaded'")
    sizes = {request.url: request.sizes()["responseBodySize"] for request in finished if "/events" not in request.url}
    page.context.close()
    assert any(".css" in url for url in sizes), sizes
    assert 50_000 < sum(sizes.values()) < FIRST_PAGE_BYTES, sizes


def test_the_keyboard_skips_to_the_content_and_shows_where_it_is(browser: Browser, house: Served) -> None:
    page = opened(browser, 1280)
    page.goto(f"{house.address}/data")
    page.keyboard.press("Tab")
    skip = page.get_by_text("Đến nội dung chính")
    assert skip.evaluate("link => link === document.activeElement && link.getBoundingClientRect().width > 20")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.context.close()


def test_a_new_commit_enters_the_open_page(browser: Browser, house: Served) -> None:
    page = opened(browser, 1280)
    page.goto(house.address)
    page.wait_for_selector("body[data-live=on]")
    first = house.centre.last + 1
    with page.expect_response(lambda answer: answer.url.rstrip("/") == house.address, timeout=10_000):
        house.centre.grow()
        page.wait_for_selector(f"#commit-{first}", timeout=5_000)
    assert page.locator(".feed > li").first.get_attribute("id") == f"commit-{first}"
    assert page.locator("#numbers .tile").count() == 5
    page.context.close()


def test_a_page_says_when_it_has_lost_the_line(browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, 1280)
    with serving(SampleCentre(), tmp_path) as short:
        page.goto(short.address)
        page.wait_for_selector("body[data-live=on]")
    page.wait_for_selector("body[data-live=cut]", timeout=10_000)
    assert page.get_by_text("mất kết nối").first.is_visible()
    page.context.close()


def test_a_file_is_sent_and_a_record_is_mended_without_script(browser: Browser, house: Served, tmp_path: Path) -> None:
    file = tmp_path / "mua.csv"
    file.write_text("station,rain\nVân Hồ,1\n")
    page = opened(browser, 360, script=False)
    page.goto(f"{house.address}/data/upload")
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Xem trước").click()
    page.get_by_role("button", name="Xác nhận và nạp").click()
    assert page.get_by_text("Đã nạp tệp và ghi vào dữ liệu").is_visible()
    page.goto(f"{house.address}/data/waiting")
    page.locator("[name='value.rain']").first.fill("92,6")
    page.get_by_role("button", name="Sửa", exact=True).first.click()
    assert page.get_by_text("Đã xử lý 1 bản ghi").is_visible()
    page.context.close()


def test_digits_are_of_one_width(browser: Browser, house: Served) -> None:
    page = opened(browser, 1280)
    page.goto(f"{house.address}/style")
    widths = page.evaluate(
        """async () => {
          await document.fonts.load('400 100px "Be Vietnam Pro"', '0123456789');
          const pen = document.createElement('canvas').getContext('2d');
          pen.font = '400 100px "Be Vietnam Pro"';
          return [...'0123456789'].map((digit) => Math.round(pen.measureText(digit).width));
        }"""
    )
    assert len(set(widths)) == 1
    page.context.close()
