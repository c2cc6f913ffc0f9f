"""Rows that nobody can read end in quarantine with their text: nothing that came in is lost."""

import json

import pytest
from tests.app.conftest import House

GOOD = '{"station":"Láng","observed_on":"01/10/2021","precipitation":5}'
NDJSON = f"""{GOOD}
{{"station":"Láng", nope}}
[1,2,3]
{GOOD.replace("Láng", "Hà Đông")}
"""
RAGGED = """Trạm đo,Ngày,Lượng mưa ngày
Láng,01/10/2021,12,5
Hà Đông,01/10/2021,7
Đông Anh,01/10/2021,7,,
"""


@pytest.mark.parametrize(
    ("text", "name", "kept", "lines"),
    [
        (NDJSON, "rain.ndjson", 2, ['{"station":"Láng", nope}', "[1,2,3]"]),
        (RAGGED, "rain.csv", 2, ["Láng,01/10/2021,12,5"]),
    ],
)
def test_bad_lines_wait_with_their_text_and_stop_nothing(
    fresh: House, text: str, name: str, kept: int, lines: list[str]
) -> None:
    answer = fresh.rain(text, name)
    assert answer["received"] == kept + len(lines)
    assert (answer["rejected"], answer["reasons"].get("decode")) == (len(lines), len(lines))
    found = fresh.rows("select received, reasons from khue.quarantine order by seq, record")
    assert [json.loads(bytes(received))["_line"]["value"] for received, _ in found] == lines
    assert {reason["check"] for _, reasons in found for reason in reasons} == {"decode"}
    assert fresh.rain(text, name)["unchanged"] == kept + len(lines)
    assert len(fresh.waits()) == len(lines)


def test_air_rows_scattered_over_a_file_are_one_reading_each(fresh: House) -> None:
    head = "station_name,timestamp_utc,parameter,value,unit,quality_flag\n"
    names = ("pm25", "pm10", "no2", "so2", "o3", "co")
    rows = [
        f"S{n % 3},2026-05-21 0{n // 3}:00:00+00:00,{name},{n + 1},µg/m³,valid\n" for name in names for n in range(9)
    ]
    answer = fresh.ok("ingest", "--type", "air_station", fresh.file(head + "".join(rows), "air.csv"))
    assert (answer["rows"], answer["received"], answer["rejected"]) == (54, 9, 0)
    assert "air_station_repeated" not in answer["reasons"]
    counted = ", ".join(f"count({name})" for name in names)
    assert fresh.rows(f"select {counted} from history.air_station") == [(9,) * 6]
    assert fresh.ok("replay", "--type", "air_station")["differing"] == 0
    assert fresh("verify").code == 0
