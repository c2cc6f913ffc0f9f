"""What only a browser can tell; skipped, saying so, where there is no Chromium."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.web.conftest import Served, serving
from tests.web.sample_centre import SampleCentre
from tests.web.test_pages import PAGES

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
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
