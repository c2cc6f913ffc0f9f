"""Number: the Vietnamese and the international way of writing one.

Source: Vietnam writes 1.234,5 (TCVN 6398-0 / ISO 80000-1 allow the comma; the usage of state documents,
Nghị định 30/2020/NĐ-CP); machines and ISO 80000-1 in English write 1,234.5.

Option `decimal` says which sign is the decimal mark:
- "," : 1.234 is one thousand two hundred and thirty-four; 1.5 is refused (a group has three digits).
- "." : 1,234 is one thousand two hundred and thirty-four; 1,5 is refused.
- "auto" (default): a sign that stands alone and once is the decimal mark (1.234 and 1,234 are a little over one);
  of two different signs the last is the decimal mark; a sign that repeats makes groups. The number of digits is
  never guessed from. A source whose numbers have groups says so with "," or ".".
NaN and infinity are no numbers.
"""

import polars as pl

from khue.clean.normalisers.entry import Case, Entry, Options
from khue.clean.normalisers.staged import finite, first_of, staged
from khue.clean.normalisers.text import clean_text

_EXPONENT = r"(?:[eE][+-]?\d{1,4})?"
_COMMA = rf"^[+-]?(?:\d+|\d{{1,3}}(?:[. ]\d{{3}})+)(?:,\d*)?{_EXPONENT}$"
_POINT = rf"^[+-]?(?:\d+|\d{{1,3}}(?:[, ]\d{{3}})+)(?:\.\d*)?{_EXPONENT}$"
_SURELY_COMMA = r"^[+-]?(?:(?:\d*|\d{1,3}(?:[. ]\d{3})+),\d+|\d{1,3}(?:\.\d{3}){2,})$"
_SURELY_POINT = r"^[+-]?(?:\d{1,3}(?:[, ]\d{3})+\.\d*|\d{1,3}(?:,\d{3}){2,}|\d{1,3}(?: \d{3})+)$"


def _finite(text: pl.Expr) -> pl.Expr:
    return staged(text.cast(pl.Float64, strict=False), finite, pl.Float64())


def _with_comma(text: pl.Expr) -> pl.Expr:
    return _finite(text.str.replace_all(r"[. ]", "").str.replace(",", ".", literal=True))


def _with_point(text: pl.Expr) -> pl.Expr:
    return _finite(text.str.replace_all(r"[, ]", ""))


def plain_number(text: pl.Expr, options: Options) -> pl.Expr:
    """Read a number with the expected decimal mark and no groups, else null."""
    if options.get("decimal") != ",":
        return _finite(text)
    pointless = ~text.str.contains(".", literal=True)
    return pl.when(pointless).then(_finite(text.str.replace(",", ".", literal=True)))


def number(text: pl.Expr, options: Options) -> pl.Expr:
    """Read a number in either convention; what is none is null."""
    written = clean_text(text, {}).str.replace("^[−–]", "-")
    return staged(written, lambda column: _read(column, options), pl.Float64())


def _read(column: pl.Series, options: Options) -> pl.Series:
    written = pl.col("t")
    plain = plain_number(written, options)
    decimal = options.get("decimal", "auto")
    comma, point = {",": (_COMMA, None), ".": (None, _POINT)}.get(decimal, (_SURELY_COMMA, _SURELY_POINT))
    attempts = [plain]
    if comma:
        attempts.append(pl.when(written.str.contains(comma)).then(_with_comma(written)))
    if point:
        attempts.append(pl.when(written.str.contains(point)).then(_with_point(written)))
    return first_of(column, attempts)


NUMBER = Entry(
    name="number",
    makes="number",
    expression=number,
    attempts=(plain_number,),
    source="ISO 80000-1; Vietnamese usage",
    cases=(
        Case("12.5", 12.5),
        Case("12,5", 12.5),
        Case("1.234,56", 1234.56),
        Case("1,234.56", 1234.56),
        Case("1.234.567", 1234567.0),
        Case("1 234,5", 1234.5),
        Case("1.234", 1.234),
        Case("1,234", 1.234),
        Case("1.234", 1234.0, {"decimal": ","}),
        Case("1.5", None, {"decimal": ","}),
        Case("1,5", 1.5, {"decimal": ","}),
        Case("1,234", 1234.0, {"decimal": "."}),
        Case("1,5", None, {"decimal": "."}),
        Case("−3,2", -3.2),
        Case("1e3", 1000.0),
        Case("NaN", None),
        Case("Infinity", None),
        Case("12 mm", None),
    ),
)
