"""The errors of Khuê, sorted by what the caller should do next.

KhueError
├── Misconfigured      refuse to start: a contract, domain, city or setting is wrong
│   └── ContractError  … with file and line
├── Refused            tell the user: the input or request cannot be taken as it is
│   ├── NotFound
│   ├── Forbidden
│   ├── TooLarge
│   └── Conflict
└── TryAgain           retry later: the database, a disk or a peer is not ready

Records that do not pass a check are no errors: they are quarantined with their reasons.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class KhueError(Exception):
    """Any error that Khuê raises on purpose; `what`, `where`, `why` and `todo` speak to a person."""

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", why: str = "", todo: str = "") -> None:
        self.what, self.where, self.why, self.todo = what, where, why, todo
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """Return the whole error as one readable line."""
        where = f"{self.where}: " if self.where else ""
        parts = (self.what, _begun(self.why), _begun(self.todo))
        said = ". ".join(part.rstrip(".") for part in parts if part)
        return where + said + ("" if said.endswith("?") else ".")

    def problem(self) -> Mapping[str, Any]:
        """Return the error as an RFC 9457 problem object."""
        return {
            "type": f"urn:khue:error:{type(self).__name__}",
            "title": self.what,
            "status": self.status,
            "detail": self.sentence(),
            "where": self.where,
            "todo": self.todo,
        }


def _begun(part: str) -> str:
    """Return the part as a sentence begins; a name (rain_gauge, khue.unit, `khue`) keeps its letters."""
    word = part.split(maxsplit=1)[0].rstrip(",;") if part.strip() else ""
    return part[0].upper() + part[1:] if word.isalpha() and word.islower() else part


class Misconfigured(KhueError):
    """The installation is wrong and must be mended before anything starts."""

    exit_code = 3


class ContractError(Misconfigured):
    """A contract, source, domain or city file is wrong; `where` is `file:line`."""

    status = 422


class Refused(KhueError):
    """The input or the request cannot be taken; the sender must change it."""

    status = 400
    exit_code = 2


class NotFound(Refused):
    """What was asked for is not there."""

    status = 404


class Forbidden(Refused):
    """The caller may not do this."""

    status = 403


class TooLarge(Refused):
    """The input is beyond a stated limit."""

    status = 413


class Conflict(Refused):
    """The request contradicts what is already recorded."""

    status = 409


class TryAgain(KhueError):
    """Something outside is not ready; the same call may succeed later."""

    status = 503
    exit_code = 4
