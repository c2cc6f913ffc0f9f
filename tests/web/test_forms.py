import re

import pytest
from starlette.testclient import TestClient
from tests.web.sample_centre import SampleCentre

from khue.web.centre import Decision, Waiting

FILE = {"file": ("mưa 2021.xls", b"the bytes of a file")}


def fields(text: str, action: str) -> dict[str, str]:
    """Return the hidden fields of the first form that goes to an address."""
    form = text[text.index(f'action="{action}"') :]
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[: form.index("</form>")])
    return dict(hidden)


def test_a_file_is_shown_before_anything_is_written_and_taken_when_confirmed(
    client: TestClient, centre: SampleCentre
) -> None:
    form = fields(client.get("/data/upload").text, "/data/upload")
    dry = client.post("/data/upload", data=form | {"source": "sample_gauge/sample_file"}, files=FILE)
    assert "chưa ghi gì" in dry.text
    assert "lệch" in dry.text
    assert not [done for done in centre.done if isinstance(done, tuple)], "nothing is written by a dry run"
    answer = client.post("/data/upload/confirm", data=fields(dry.text, "/data/upload/confirm"))
    assert "Đã nạp tệp" in answer.text
    done = centre.done[-1]
    assert isinstance(done, tuple)
    assert (done[0], done[1].source, done[1].name, done[2]) == (
        "ingest",
        "sample_file",
        "mưa 2021.xls",
        FILE["file"][1],
    )


def test_another_file_than_the_one_shown_is_refused(client: TestClient) -> None:
    form = fields(client.get("/data/upload").text, "/data/upload")
    dry = client.post("/data/upload", data=form | {"source": "sample_gauge/sample_file"}, files=FILE)
    shown = fields(dry.text, "/data/upload/confirm")
    assert client.post("/data/upload/confirm", data=shown | {"digest": "0" * 64}).status_code == 403
    assert client.post("/data/upload/confirm", data=shown | {"digest": "../../etc/passwd"}).status_code == 400
    assert client.post("/data/upload/confirm", data=shown | {"source": "sample_feed"}).status_code == 403


def test_a_file_over_the_limit_is_refused_with_what_to_do(client: TestClient, centre: SampleCentre) -> None:
    form = fields(client.get("/data/upload").text, "/data/upload") | {"source": "sample_gauge/"}
    answer = client.post("/data/upload", data=form, files={"file": ("big.csv", b"x" * (64 * 1024 + 1))})
    assert answer.status_code == 413
    assert "khue ingest" in answer.text
    assert centre.done == []


@pytest.mark.parametrize("action", ["fix", "release", "dismiss"])
def test_an_owner_decides_about_one_record(client: TestClient, centre: SampleCentre, action: str) -> None:
    page = client.get("/data/waiting")
    form = fields(page.text, "/data/waiting/decide")
    form = {"form_token": form["form_token"], "record": "39.0", "back": "type=sample_gauge"}
    answer = client.post(
        "/data/waiting/decide", data=form | {"action": action, "value.rain": "92,6", "note": "đã gọi trạm"}
    )
    assert str(answer.url).endswith("/data/waiting?type=sample_gauge&mended=1&still=0")
    assert "Đã xử lý 1 bản ghi" in answer.text
    values = {"rain": "92,6"} if action == "fix" else {}
    assert centre.done == [Decision(action, Waiting(records=((39, 0),)), values, "đã gọi trạm")]  # type: ignore[arg-type]


def test_an_owner_decides_about_all_records_of_one_reason(client: TestClient, centre: SampleCentre) -> None:
    form = fields(client.get("/data/waiting?source=sample_file").text, "/data/waiting/decide")
    client.post("/data/waiting/decide", data=form | {"action": "release"})
    selection = Waiting(type="sample_gauge", source="sample_file", check="rain_physical", limit=0)
    assert centre.done == [Decision("release", selection)]


def test_a_dismissal_without_a_reason_is_refused(client: TestClient, centre: SampleCentre) -> None:
    form = fields(client.get("/data/waiting").text, "/data/waiting/decide")
    answer = client.post("/data/waiting/decide", data=form | {"action": "dismiss", "note": "  "})
    assert (answer.status_code, centre.done) == (400, [])
    assert "Loại bỏ phải nêu lý do" in answer.text


def test_a_workbook_goes_out_and_comes_back_and_says_what_still_fails(client: TestClient) -> None:
    answer = client.get("/data/waiting/workbook")
    assert "attachment" in answer.headers["content-disposition"]
    form = fields(client.get("/data/waiting").text, "/data/waiting/mend")
    back = client.post("/data/waiting/mend", data=form, files={"file": ("sua.xlsx", answer.content)})
    assert "2 bản ghi vẫn chưa đạt" in back.text


def test_a_commit_is_undone_only_after_a_confirmation(client: TestClient, centre: SampleCentre) -> None:
    assert 'method="post"' not in client.get("/commit/40").text
    form = fields(client.get("/commit/40?undo=ask").text, "/commit/40/revert")
    answer = client.post("/commit/40/revert", data=form | {"note": "nhầm tệp"})
    assert centre.done == [("revert", 40, "nhầm tệp")]
    assert "Đã thu hồi" in answer.text


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://elsewhere.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
)
def test_a_form_from_another_site_is_refused(client: TestClient, centre: SampleCentre, headers: dict[str, str]) -> None:
    form = fields(client.get("/commit/40?undo=ask").text, "/commit/40/revert")
    assert client.post("/commit/40/revert", data=form, headers=headers).status_code == 403
    assert centre.done == []


@pytest.mark.parametrize("token", ["", "0" * 64])
def test_a_form_without_its_token_is_refused(client: TestClient, centre: SampleCentre, token: str) -> None:
    client.get("/commit/40?undo=ask")
    assert client.post("/commit/40/revert", data={"form_token": token}).status_code == 403
    assert centre.done == []


def test_a_token_of_one_browser_is_of_no_use_to_another(client: TestClient, centre: SampleCentre) -> None:
    form = fields(client.get("/commit/40?undo=ask").text, "/commit/40/revert")
    client.cookies.clear()
    assert client.post("/commit/40/revert", data=form).status_code == 403
    assert centre.done == []
