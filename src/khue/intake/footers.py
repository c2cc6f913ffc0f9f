"""Footer rows: no records, but they say what the columns above should sum up to."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from khue.contract.batch import ROW
from khue.contract.source import Footer
from khue.intake.columns import folded
from khue.intake.shape import is_own

EXACT = 1e-6


@dataclass(frozen=True, slots=True)
class Footing:
    """A footer against its column: what it states, what the readings above make, and whether they agree."""

    row: int
    name: str
    column: str
    stated: float
    computed: float
    readings: int
    agrees: bool = False

    def sentence(self) -> str:
        """Return the finding for the owner."""
        return (
            f"Dòng {self.row} ({self.name}), cột {self.column}: tệp ghi {self.stated:g}, "
            f"tính lại từ {self.readings} số liệu được {self.computed:g}"
        )


@dataclass(slots=True)
class Footers:
    """Takes footer rows out of a stream of rows and compares them with the rows before."""

    declared: Sequence[Footer]
    count: int = 0
    compared: list[Footing] = field(default_factory=list[Footing])
    _sums: dict[str, float] = field(default_factory=dict[str, float])
    _counts: dict[str, int] = field(default_factory=dict[str, int])

    @property
    def findings(self) -> list[Footing]:
        """Return the footers that disagree with their columns."""
        return [footing for footing in self.compared if not footing.agrees]

    def take(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows that are records, in order."""
        if not self.declared or frame.is_empty():
            return frame
        first = next(name for name in frame.columns if not is_own(name))
        kinds = {folded(name): footer for footer in self.declared for name in footer.names}
        texts = [folded(text) if text else "" for text in frame[first].cast(pl.String).to_list()]
        places = [place for place, text in enumerate(texts) if text in kinds]
        if not places:
            self._add(frame)
            return frame
        self.count += len(places)
        begin = 0
        for place in places:
            self._add(frame.slice(begin, place - begin))
            self._compare(frame.row(place, named=True), first, kinds[texts[place]])
            begin = place + 1
        self._add(frame.slice(begin))
        return frame.with_row_index("_place").filter(~pl.col("_place").is_in(places)).drop("_place")

    def _add(self, frame: pl.DataFrame) -> None:
        names = [name for name in frame.columns if not is_own(name)][1:]
        if frame.is_empty() or not names:
            return
        numbers = frame.select(_number(name) for name in names)
        for name in names:
            column = numbers[name]
            self._sums[name] = self._sums.get(name, 0.0) + float(column.sum() or 0.0)
            self._counts[name] = self._counts.get(name, 0) + column.len() - column.null_count()

    def _compare(self, row: dict[str, object], first: str, footer: Footer) -> None:
        if footer.compare == "none":
            return
        cells = {name: str(cell) for name, cell in row.items() if cell is not None and not is_own(name)}
        cells.pop(first, None)
        stated = pl.DataFrame([cells]) if cells else pl.DataFrame()
        for name, value in stated.select(_number(name) for name in cells).row(0, named=True).items():
            readings = self._counts.get(name, 0)
            computed = self._sums.get(name, 0.0)
            if footer.compare == "mean":
                computed = computed / readings if readings else 0.0
            if value is not None:
                number = row[ROW]
                place = number if isinstance(number, int) else 0
                agrees = abs(value - computed) <= footer.tolerance + EXACT
                self.compared.append(Footing(place, str(row[first]), name, value, round(computed, 6), readings, agrees))


def _number(name: str) -> pl.Expr:
    """Read a cell as a number: as written, else with the comma as decimal mark."""
    text = pl.col(name).cast(pl.String).str.strip_chars()
    comma = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
    return pl.coalesce(text.cast(pl.Float64, strict=False), comma.cast(pl.Float64, strict=False)).alias(name)
