"""Reasons: what is wrong with a record, in sentences for its owner, as a JSON list for each quarantined record."""

import json
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

import polars as pl

from khue.clean.compile import DECODE, Compiled
from khue.clean.typed import as_json
from khue.contract.batch import BROKEN, COLUMN, ROW

_PLACE = "_place"
_TEXT = "_text"
_VALUE = "_value"  # JSON text of the value as written
_HEADING = "_heading"  # inside of a JSON text


def reasons(
    asked: pl.DataFrame, failed: pl.DataFrame, checks: Sequence[Compiled], headings: Mapping[str, str]
) -> pl.Series:
    """Return one JSON list a row.

    `asked` has the columns as received and `_row` of the quarantined rows, `failed` a boolean column for each check
    by its number, in the same order of rows.
    """
    pieces: list[pl.DataFrame] = []
    for number, compiled in enumerate(checks):
        name = str(number)
        if name not in failed.columns or compiled.waived or not failed.get_column(name).any():
            continue
        mine = failed.get_column(name).fill_null(value=False)
        pieces.append(_of_check(asked.filter(mine), mine.arg_true(), compiled, headings))
    if not pieces:
        return pl.repeat("[]", asked.height, dtype=pl.String, eager=True)
    together = pl.concat(pieces)
    if len(pieces) > 1:
        order = together.sort(_PLACE, maintain_order=True)
        together = order.group_by(_PLACE, maintain_order=True).agg(pl.col(_TEXT).str.join(","))
    return together.select(pl.concat_str(pl.lit("["), _TEXT, pl.lit("]"))).to_series()


def _of_check(rows: pl.DataFrame, places: pl.Series, compiled: Compiled, headings: Mapping[str, str]) -> pl.DataFrame:
    """Return place and JSON object of one check's failures."""
    field = compiled.check.field
    said = BROKEN if compiled.check is DECODE else field
    has_value = said is not None and said in rows.columns and compiled.check.kind != "required"
    value = _safe(as_json(_as_written(rows, str(said)))) if has_value else pl.lit(None, pl.String)
    ready = rows.select(
        places.cast(pl.UInt32).alias(_PLACE),
        pl.col(ROW).cast(pl.String).alias(ROW),
        value.fill_null("null").alias(_VALUE),
        _heading(rows, field, headings).alias(_HEADING),
    )
    return ready.select(_PLACE, pl.concat_str(_object(compiled)).alias(_TEXT))


def _as_written(rows: pl.DataFrame, field: str) -> pl.Expr:
    """Return the value as text; objects and lists as their JSON."""
    dtype = rows.schema[field]
    column = pl.col(field)
    return as_json(column) if dtype.is_nested() else column.cast(pl.String)


def _safe(text: pl.Expr) -> pl.Expr:
    """Return JSON that PostgreSQL takes: a NUL is shown as the replacement character."""
    return text.str.replace_all(r"\u0000", r"\ufffd", literal=True)


def _heading(rows: pl.DataFrame, field: str | None, headings: Mapping[str, str]) -> pl.Expr:
    """Return the heading of the cell: the file's for the property, else the record's own (a wide table's cell)."""
    known = headings.get(field or "")
    if known or COLUMN not in rows.columns:
        return pl.lit(_inner(known or field or ""))
    own = _safe(as_json(pl.col(COLUMN).cast(pl.String))).str.strip_prefix('"').str.head(-1)
    return own.fill_null(_inner(field or ""))


def _object(compiled: Compiled) -> list[pl.Expr]:
    """Return the pieces of {"check","dimension","field","column","row","value","vi","en"}, to be joined."""
    check = compiled.check
    start = (
        f'{{"check":{_json(check.name)},"dimension":{_json(check.dimension)},"field":{_json(check.field)},"column":"'
    )
    pieces = [pl.lit(start), pl.col(_HEADING), pl.lit('","row":'), pl.col(ROW), pl.lit(',"value":'), pl.col(_VALUE)]
    for language, sentence in (("vi", check.reason.vi or check.reason.en), ("en", check.reason.en or check.reason.vi)):
        pieces += [pl.lit(f',"{language}":"'), *_sentence(sentence, check.arguments, language), pl.lit('"')]
    return [*pieces, pl.lit("}")]


def _sentence(template: str, arguments: Mapping[str, Any], language: str) -> list[pl.Expr]:
    """Return the pieces of a sentence with its places filled; an unknown place stays as it is."""
    bare = pl.when(pl.col(_VALUE) == "null").then(pl.lit("")).otherwise(pl.col(_VALUE).str.strip_prefix('"'))
    inner = pl.when(pl.col(_VALUE).str.ends_with('"')).then(bare.str.head(-1)).otherwise(bare)
    filled = {"column": pl.col(_HEADING), "row": pl.col(ROW), "value": inner}
    pieces: list[pl.Expr] = []
    for literal, name, _, _ in _parse(template):
        if literal:
            pieces.append(pl.lit(_inner(literal)))
        if name is not None:
            known = pl.lit(_inner(shown(arguments[name], language) if name in arguments else f"{{{name}}}"))
            pieces.append(filled.get(name, known))
    return pieces


def _parse(template: str) -> list[tuple[str, str | None, str | None, str | None]]:
    try:
        return list(Formatter().parse(template))
    except ValueError:  # a lone brace: the sentence has no places
        return [(template, None, None, None)]


def shown(value: Any, language: str) -> str:  # noqa: ANN401
    """Return an argument as a person writes it: 1.234,5 in Vietnamese, 1,234.5 in English."""
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(one, language) for one in value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    text = f"{value:,}" if isinstance(value, int) or not value.is_integer() else f"{int(value):,}"
    return text.translate(str.maketrans(",.", ".,")) if language == "vi" else text


def _json(value: Any) -> str:  # noqa: ANN401
    return json.dumps(value, ensure_ascii=False)


def _inner(text: str) -> str:
    return _json(text)[1:-1]
