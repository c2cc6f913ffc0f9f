"""Keeping no longer than the contract says: `khue.retention`, run by the worker once a day."""

from datetime import datetime

from khue.contract.contract import Contract
from khue.contract.receipt import Receipt
from khue.ledger.commit import Ledger
from khue.ledger.erase import Warrant, erase_older
from khue.ledger.statements import template

LAST_BEFORE = template("retention_last")


def retain(ledger: Ledger, contract: Contract, now: datetime) -> Receipt | None:
    """Erase the versions and raw bytes that are kept longer than the contract's retention; what stands now stays.

    Returns None where nothing is too old or the contract sets no limit.
    """
    rule = contract.retention
    if rule is None:
        return None
    with ledger.writers.writer() as writer:
        last = int(writer.rows(LAST_BEFORE, (contract.type, now - rule.keep))[0][0])
        writer.rollback()
    if not last:
        return None
    days = rule.keep.days
    return erase_older(ledger, contract, last + 1, Warrant("retention", f"kept for {days} days", rule.law))
