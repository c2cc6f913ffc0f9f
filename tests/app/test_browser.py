"""A city as people meet it: `khue serve` with its simulated sources, and a browser."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.app.conftest import RAIN

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
STARTS = 180.0
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine (apt-get install chromium)"),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture
def city(folder: Path) -> Iterator[str]:
    """A served city in a folder of its own, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port = door.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KHUE_")}  # noqa: TID251
    environment |= {"KHUE_DATA": str(folder / "data"), "KHUE_PORT": str(port), "KHUE_LIVE_SECONDS": "1"}
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "khue.app.cli", "serve"]
        served = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            yield answering(f"http://127.0.0.1:{port}", folder / "log")
        finally:
            served.send_signal(signal.SIGTERM)
            served.wait(30)


def answering(address: str, log: Path) -> str:
    """Return the address once its pages answer and the first simulated records are in."""

    def ready() -> bool:
        try:
            alive = httpx.get(f"{address}/readyz").status_code == 200
            return alive and "air_simulated" in httpx.get(f"{address}/metrics").text
        except httpx.TransportError:
            return False

    assert wait_until(ready), log.read_text()
    return address


def wait_until(condition: Callable[[], bool]) -> bool:
    """Return whether the condition came true in time."""
    end = time.monotonic() + STARTS
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.2)
    return found


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser.new_context(viewport={"width": 1280, "height": 900}, locale="vi-VN").new_page()
        browser.close()


def test_the_city_lives_and_a_record_goes_from_a_file_through_waiting_to_clean(
    city: str, page: Page, tmp_path: Path
) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(city)
    page.wait_for_selector("body[data-live=on]")
    body = {"station": "Trạm mới", "observed_on": "2026-11-20", "precipitation": 12}
    pushed = httpx.post(f"{city}/api/v1/ingest/rain_gauge", json=body)
    assert pushed.status_code == 201
    page.wait_for_selector(f"#commit-{pushed.json()['commits'][0]}", timeout=10_000)

    file = tmp_path / "mua.csv"
    file.write_text(RAIN.replace("2021", "2019"))
    page.goto(f"{city}/data/upload")
    page.select_option("#source", "rain_gauge/")
    page.set_input_files("#file", file)
    page.get_by_role("button", name="Xem trước").click()
    assert page.get_by_text("Đây là bản xem trước: chưa ghi gì.").is_visible()
    page.get_by_role("button", name="Xác nhận và nạp").click()
    page.get_by_text("Đã nạp tệp và ghi vào dữ liệu").wait_for()

    page.goto(f"{city}/data/waiting?type=rain_gauge&source=by-hand")
    page.locator("[name='value.precipitation'][value='3000']").fill("30,5")
    with page.expect_navigation():
        page.locator("[name='value.precipitation'][value='3000']").press("Enter")
    page.get_by_text("Đã xử lý 1 bản ghi").wait_for()
    assert page.locator("[name='value.precipitation'][value='3000']").count() == 0
    assert "Láng,2019-10-02,30.5" in httpx.get(f"{city}/open/rain_gauge.csv").text
    assert complaints == []
