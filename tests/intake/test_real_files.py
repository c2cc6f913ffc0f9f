"""The real files go in as they are: rows = records and footers, and each column's sum before = after."""

import gzip

import polars as pl
import pytest
from lxml import html

from khue.intake.decode import open_file


@pytest.mark.parametrize(("year", "rows"), [(2020, 147), (2021, 229), (2022, 236)])
def test_rain_columns_sum_to_what_the_file_says(real_data, rain, rain_table, year, rows):
    file = real_data / "hanoi_rainfall" / f"{year}.xls"
    decoded = open_file(file, rain, rain_table)
    frame = pl.concat([batch.frame for batch in decoded])
    assert decoded.totals == {"rows": rows, "records": (rows - 2) * 49, "footers": 2, "findings": []}
    total = next(
        row for row in html.fromstring(file.read_bytes().decode("utf-16")).iter("tr") if row[0].text_content() == "Tổng"
    )
    sums = frame.group_by("station", maintain_order=True).agg(pl.col("rain").cast(pl.Float64).sum())
    stated = [float(cell.text_content()) for cell in total[1:]]
    assert sums["rain"].to_list() == pytest.approx(stated, abs=0.051)


def test_every_air_reading_is_kept(real_data, air, air_long):
    file = real_data / "hanoi_air" / "hanoi_station_measurements.csv.gz"
    before = pl.read_csv(gzip.decompress(file.read_bytes()), infer_schema=False)
    decoded = open_file(file, air, air_long)
    batches = list(decoded)
    after = pl.concat([batch.frame for batch in batches], how="diagonal_relaxed")
    assert decoded.rows == before.height
    pairs = before.select("station_name", "timestamp_utc")
    assert after.height == pairs.n_unique() == after.select("station", "at").n_unique()
    assert b"".join(batch.parts[0].raw.content for batch in batches) == gzip.decompress(file.read_bytes())
    sums = before.group_by("parameter").agg(pl.col("value").cast(pl.Float64).sum(), pl.col("value").len().alias("rows"))
    for name, total, rows in sums.iter_rows():
        assert after[name].count() == rows
        assert after[name].cast(pl.Float64).sum() == pytest.approx(total)
