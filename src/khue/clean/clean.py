"""Clean: what enters the record, and what waits for its owner. The order of the steps, on one screen.

One row at a time: the result for a record is the same alone and among a million.
"""

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from khue.clean.examine import examine
from khue.clean.numbered import numbered
from khue.clean.plan import plan_of
from khue.clean.quarantined import quarantined
from khue.clean.rows import rows
from khue.clean.values import read_values
from khue.contract.batch import Batch
from khue.contract.cleaned import Cleaned
from khue.contract.contract import Contract


def clean(batch: Batch, contract: Contract, reference: Mapping[str, pl.DataFrame], now: datetime) -> Cleaned:
    """Return the batch cleaned under its contract (khue.contract.cleaned says the columns).

    `reference` holds, by type, the state of the types that the contract refers to: `_id`, `_x`, `_y`, `_area` and
    their properties. `now` is the moment of records that name none. Pure: no I/O, and nothing is remembered but plans.
    """
    plan = plan_of(batch, contract)  # what does not depend on the rows, from memory
    batch = numbered(batch)  # every record has its number and its row
    values = read_values(batch, plan)  # text as written becomes values as meant
    examined = examine(values, plan, reference, now)  # every check, over the columns; what follows for each record
    return Cleaned(
        batch=batch,
        contract=contract,
        rows=rows(batch, plan, examined, reference),  # what may enter, held fields empty
        quarantined=quarantined(batch, plan, examined),  # what waits, as received, with every reason
    )
