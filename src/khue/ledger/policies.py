"""Row security: which rows of `state` and `history` each role sees (the form is chosen in docs/ledger-reading.md).

Every row carries `_scope`, the id of its (agency, area, visible_to) in the register `khue.scope`. A scoped reader
sets `khue.scopes` to the ids that it may see. PostgreSQL hashes the sub-select once a query: a row costs one probe.
"""

from typing import LiteralString

from psycopg import sql

from khue.contract.scope import Scope

# After a SET LOCAL has ended the setting is '', not null.
SEEN: LiteralString = "_scope in (select unnest(nullif(current_setting('khue.scopes', true), '')::int[]))"


def policy_ddl(schema: str, table: str) -> tuple[sql.Composed, ...]:
    """Return the statements that put row security on a new table of `state` or `history`.

    `khue_all` sees every row, `khue_scoped` the rows of its scopes, `khue_public` has no grant and no policy.
    On a partitioned table they belong on the parent: readers have no grant on the partitions.
    """
    name = sql.Identifier(schema, table)
    return (
        sql.SQL("alter table {} enable row level security").format(name),
        sql.SQL("create policy khue_all on {} for select to khue_all using (true)").format(name),
        sql.SQL("create policy khue_scoped on {} for select to khue_scoped using ({})").format(name, sql.SQL(SEEN)),
        sql.SQL("grant select on {} to khue_all, khue_scoped").format(name),
    )


def scope_ids(scope: Scope) -> tuple[list[str], list[str], list[str]]:
    """Return the parameters of `sql/read/scope_ids.sql` for a scope, in order; an empty name names nobody."""
    agencies, areas = sorted(scope.agencies - {""}), sorted(scope.areas - {""})
    return agencies, areas, sorted({*agencies, *areas})
