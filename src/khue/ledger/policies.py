"""Row security: which rows of `state` and `history` each role sees (the form is chosen in docs/ledger-reading.md).

Every row carries `_scope`, the id of its (agency, area, visible_to) in the register `khue.scope`. A scoped reader
sets `khue.scopes` to the ids that it may see. PostgreSQL hashes the sub-select once a query, so that a row costs one probe.
"""

from typing import LiteralString

from psycopg import sql

from khue.contract.scope import Scope

SEEN: LiteralString = (
    "_scope in (select unnest(nullif(current_setting('khue.scopes', true), '')::int[]))"  # '' after a SET LOCAL has ended
)

# The ids of a scope; parameters: agencies text[], areas text[], both together text[].
SCOPE_IDS: LiteralString = """
select coalesce(array_agg(id), '{}') from khue.scope
where agency = any(%s::text[]) or area = any(%s::text[]) or visible_to && %s::text[]
"""


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
    """Return the parameters of `SCOPE_IDS` for a scope, in order."""
    agencies, areas = sorted(scope.agencies), sorted(scope.areas)
    return agencies, areas, sorted({*agencies, *areas})
