"""A predicate of a contract as a Polars expression: true passes, false fails, null does not apply.

The dialect and its functions are those of `khue.contract.predicate`; tests/clean/test_sql_predicate.py holds each of
them against PostgreSQL.
"""

import polars as pl


def sql_predicate(sql: str) -> pl.Expr:
    """Return the condition as an expression over columns named like the properties."""
    return pl.sql_expr(sql)
