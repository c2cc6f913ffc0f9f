"""A window's cells hold every point in it; a list that would be too long is none."""

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from khue.clean.place import MOST_CELLS, cell, cells
from khue.contract.query import Window


@given(x=st.floats(-180, 180), y=st.floats(-90, 90), wide=st.floats(0, 0.3), high=st.floats(0, 0.1))
def test_a_point_in_a_window_is_in_one_of_its_cells(x: float, y: float, wide: float, high: float) -> None:
    found = cells(Window(max(-180, x - wide), max(-90, y - high), min(180, x + wide), min(90, y + high)))
    assert found is not None
    assert pl.select(cell(pl.lit(x), pl.lit(y))).item() in found
    assert len(set(found)) == len(found) <= MOST_CELLS


def test_a_large_window_is_no_list() -> None:
    assert cells(Window(105, 20, 107, 22)) is None


def test_a_point_that_is_not_on_earth_has_no_cell() -> None:
    assert pl.select(cell(pl.lit(21.0), pl.lit(105.0))).item() is None
