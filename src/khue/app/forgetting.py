"""What is undone and what is forgotten, by command, by page, and each night by the worker."""

from khue.app.opened import Opened
from khue.contract.errors import NotFound
from khue.contract.receipt import Receipt
from khue.ledger.erase import Warrant, erase_commit, erase_entities
from khue.ledger.retention import retain
from khue.ledger.revert import Reverted, revert


def undo(house: Opened, seq: int, actor: str, note: str) -> Reverted:
    """Restore what was before a commit, except where somebody changed it since."""
    return revert(house.ledger, seq, house.cycle.contract(_type_of(house, seq)), actor, note)


def erase_one(house: Opened, type_name: str, entity_id: str, warrant: Warrant) -> Receipt:
    """Forget an entity for good: every version, what waits of it, and the raw bytes that it came in."""
    return erase_entities(house.ledger, house.cycle.contract(type_name), [entity_id], warrant)


def erase_seq(house: Opened, seq: int, warrant: Warrant) -> Receipt:
    """Forget what one commit brought, for good."""
    return erase_commit(house.ledger, house.cycle.contract(_type_of(house, seq)), seq, warrant)


def forget_due(house: Opened) -> list[str]:
    """Forget what is older than its contract keeps; return a sentence for each type where something was."""
    said: list[str] = []
    for contract in house.catalogue.contracts.values():
        receipt = retain(house.ledger, contract, house.clock())
        if receipt is not None:
            said.append(f"{contract.type}: what was older than its retention is forgotten by commit {receipt.first}")
    return said


def _type_of(house: Opened, seq: int) -> str:
    found = house.frames.type_of(seq)
    if found is None:
        raise NotFound(f"There is no commit {seq}", todo="see the log page for what there is")
    return found
