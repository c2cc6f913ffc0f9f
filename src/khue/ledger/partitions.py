"""The monthly partitions of history: made at install, and ahead of need by whoever commits first in a month.

No worker is needed. Where a partition cannot be made at once (a long read holds the table), the commit goes on, the
default partition `<type>@other` takes its rows, and they move to their month when it is made.
"""

from datetime import datetime, timedelta

from khue.contract.errors import TryAgain
from khue.ledger.statements import fill, literal, quoted, template
from khue.ledger.tables import month_of, next_month, partition_name
from khue.ledger.writer import Writer, Writers

PATIENCE = "2s"  # for a reader's lock: as long as any writer may have to wait
AGAIN = timedelta(minutes=1)


class Partitions:
    """Which types have their partitions, as this process knows."""

    def __init__(self) -> None:
        self._due: dict[str, datetime] = {}  # when to look again

    def ensure(self, writers: Writers, type_name: str, now: datetime) -> None:
        """Make the partitions of this month and the next, in a transaction of its own before anything is staged."""
        due = self._due.get(type_name)
        if due and now < due:
            return
        self._due[type_name] = next_month(month_of(now))
        try:
            with writers.writer() as writer:
                if missing(writer, type_name, now):
                    writer.run(f"set local lock_timeout = {literal(PATIENCE)}")
                    writer.run("select from khue.head for update")
                    make(writer, type_name, now)
                    writer.commit()
                writer.rollback()
        except TryAgain:
            self.delay(type_name, now)

    def delay(self, type_name: str, now: datetime) -> None:
        """Leave a type alone for a minute."""
        self._due[type_name] = now + AGAIN


def missing(writer: Writer, type_name: str, now: datetime) -> list[datetime]:
    """Return the months, as their first moments, that need a partition: this, the next, and those of stray rows."""
    if not writer.rows("select to_regclass($1) is not null", (quoted("history", type_name),))[0][0]:
        return []
    first = month_of(now)
    stray = writer.rows(fill("partition_stray", other=quoted("history", type_name + "@other")))
    wanted = sorted({first, next_month(first), *(month_of(row[0]) for row in stray)})
    known = {str(row[0]) for row in writer.rows(template("partition_names"), (type_name,))}
    return [month for month in wanted if partition_name(type_name, month) not in known]


def make(writer: Writer, type_name: str, now: datetime) -> None:
    """Make the missing partitions, under the ledger's lock; rows of their months leave the default one."""
    for month in missing(writer, type_name, now):
        name = partition_name(type_name, month)
        places = {
            "history": quoted("history", type_name),
            "other": quoted("history", type_name + "@other"),
            "partition": quoted("history", name),
            "names": ", ".join(map(quoted, column_names(writer, type_name))),
            "first": literal(month.isoformat()),
            "after": literal(next_month(month).isoformat()),
        }
        for step in ("partition_table", "partition_move", "partition_attach"):
            writer.run(fill(step, **places))


def column_names(writer: Writer, type_name: str) -> list[str]:
    """Return the columns of a type's history as the database has them."""
    return [str(row[0]) for row in writer.rows(template("partition_columns"), (quoted("history", type_name),))]
