"""`khue ingest`: what a file comes to, before anything is written and after."""

from tests.app.conftest import COUNTED, RAIN, House


def test_a_dry_run_says_what_the_real_run_then_does_and_writes_nothing(khue: House) -> None:
    file = khue.file(RAIN)
    dry = khue("ingest", "--type", "rain_gauge", file, "--dry-run", "--json")
    assert dry.fates() == COUNTED
    assert (dry.json["dry_run"], dry.json["commits"]) == (True, [])
    assert khue.rows("select count(*) from khue.commit where kind = 'data'") == [(0,)]
    real = khue("ingest", "--type", "rain_gauge", file, "--json")
    assert real.code == 0
    assert real.fates() == dry.fates()
    assert real.json["reasons"] == dry.json["reasons"]
    assert real.json["rows"] == 8
    assert set(real.json) >= {"rows", *COUNTED, "commits", "seconds"}
