"""The reader on what the ledger itself wrote: the seams between the writing and the reading side."""

from datetime import UTC, datetime

import pytest
from tests.ledger.build import T0, cleaned, contract, record

from khue.contract.contract import Share
from khue.contract.label import Label
from khue.contract.query import Query
from khue.contract.scope import EVERYTHING, Scope
from khue.ledger.commit import Ledger
from khue.ledger.entries import Commits, Which
from khue.ledger.install import install
from khue.ledger.open_read import Part
from khue.ledger.read import Reader

pytestmark = pytest.mark.anyio
GAUGE = contract(share=Share("gauges", "readings", ("station", "rain"), licence="x", label=Label("", "")))


@pytest.mark.both_servers
async def test_what_was_committed_is_read_by_every_role(ledger: Ledger) -> None:
    install(ledger, [GAUGE])
    before = datetime.now(UTC)  # noqa: TID251  the ledger's own clock is the machine's here
    ledger.commit(cleaned(GAUGE, [record("a", 1, rain=1.5, area="x"), record("b", 2, held=["rain"], area="y")]))
    (receipt,) = ledger.commit(cleaned(GAUGE, [record("a", 3, rain=7.0, area="x")]))
    async with Reader(ledger.database, {"gauge": GAUGE}, connections=1) as reader:
        page = await reader.query(Query("gauge", count=True), EVERYTHING)
        assert [(row["station"], row["rain"], row["_held"]) for row in page.rows] == [
            ("a", 7.0, []),
            ("b", None, ["rain"]),
        ]
        assert (page.total, page.as_of) == (2, receipt.last)
        assert (await reader.query(Query("gauge", at=before), EVERYTHING)).rows == ()
        second = await reader.commit(receipt.last - 1)
        then = await reader.query(Query("gauge", at=second.recorded_at), EVERYTHING)
        assert [row["rain"] for row in then.rows] == [1.5, None]
        only_x = Scope("scoped", areas=frozenset({"x"}))
        assert [row["station"] for row in (await reader.query(Query("gauge"), only_x)).rows] == ["a"]
        for one in (Query("gauge", of="readings"), Query("gauge", of="history"), Query("gauge", at=second.recorded_at)):
            assert {row["station"] for row in (await reader.query(one, only_x)).rows} == {"a"}
            assert (await reader.query(one, Scope("scoped", areas=frozenset({"z"})))).rows == ()
        assert (second.counts["received"], second.counts["held"]) == (2, 1)
        assert [one.seq for one in await reader.commits(Commits(types=["gauge"], after=second.seq))] == [receipt.last]
        waiting = (await reader.quarantined(Which(type="gauge")))[0]
        assert (waiting.action, waiting.fields) == ("hold", ("rain",))
        assert (await reader.received(waiting.seq, waiting.record)).received["station"] == "b"
        activity = [one for one in await reader.source_activity(before, second.recorded_at) if one.type == "gauge"]
        assert activity[0].newest == T0.replace(hour=3)
        text = b"".join([block async for block in reader.open_csv("gauge", Part(limit=1))]).decode()
        assert text.splitlines()[0] == "id,observed_at,quality,station,rain"
        assert (await reader.open_as_of("gauge"))[0] == receipt.last
