"""A scope: which rows a reader may see. Made once a request; all that the rooms above identity ever see."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Scope:
    """Rows of the given agencies or areas, or all of them; `role` names the database login that reads."""

    role: Literal["all", "scoped", "public"]
    agencies: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    actor: str = "local"


EVERYTHING = Scope(role="all")
PUBLIC = Scope(role="public", actor="public")
