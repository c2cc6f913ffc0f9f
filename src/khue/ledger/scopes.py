"""The register of scopes: each combination of agency, area and further viewers has a number, once and for ever."""

from collections.abc import Mapping

from khue.ledger.statements import template
from khue.ledger.writer import Writer

ADD = template("scope_add")
FIND = "select id from khue.scope where agency = $1::text and area = $2::text and visible_to = $3::text[]"


class Scopes:
    """The register as this process knows it; rows are only ever added, so that what is known stays true."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def numbers(self, writer: Writer, wanted: Mapping[str, tuple[str, str, list[str]]]) -> dict[str, int]:
        """Return the number of each combination by its key; new ones are added in transactions of their own.

        They are committed before the ledger's lock is asked for, so that two writers cannot wait for each other.
        """
        for key in wanted.keys() - self._known.keys():
            combination = wanted[key]
            writer.run(ADD, combination)
            writer.commit()
            self._known[key] = int(writer.rows(FIND, combination)[0][0])
        return {key: self._known[key] for key in wanted}
