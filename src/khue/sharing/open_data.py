"""Open data: each dataset that a contract shares, as CSV and JSON, read by the public's role alone.

Answers carry the last commit of the type as their ETag: who asks again with `If-None-Match` is told in one small
question that nothing changed, and sees a mended record as soon as it is committed.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from khue.contract.contract import Contract, Share
from khue.contract.errors import NotFound, Refused
from khue.ledger.open_read import Part, open_columns
from khue.ledger.read import Reader
from khue.sharing.asked import moment, whole
from khue.sharing.problem import answering

MOST = 10_000_000
BLOCK = 64 * 1024  # bytes gathered before they are sent
# Anybody may keep an answer, and must ask whether it still holds before showing it.
CACHING = "public, no-cache"


@dataclass(frozen=True, slots=True)
class Datasets:
    """The handlers of the open datasets over one reader."""

    reader: Reader

    async def index(self, request: Request) -> Response:  # noqa: ARG002  the form of a handler
        """Answer the list of datasets."""
        listed = [await self._described(contract, share) for contract, share in self._shared()]
        return Response(orjson.dumps({"datasets": listed}), media_type="application/json")

    async def csv(self, request: Request) -> Response:
        """Answer a dataset as CSV."""
        contract, share = self._find(request.path_params["dataset"])
        return await self._answer(request, contract, share, "text/csv; charset=utf-8; header=present")

    async def json(self, request: Request) -> Response:
        """Answer a dataset as a JSON list of objects."""
        contract, share = self._find(request.path_params["dataset"])
        return await self._answer(request, contract, share, "application/json")

    async def _answer(self, request: Request, contract: Contract, share: Share, media_type: str) -> Response:
        part = _part(request)
        seq, recorded_at = await self.reader.open_as_of(contract.type)
        headers = _headers(share, seq, recorded_at)
        if headers["ETag"] in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        if request.method == "HEAD":
            return Response(headers=headers, media_type=media_type)
        source = self._json_blocks(contract, part)
        if media_type.startswith("text/csv"):
            source = self.reader.open_csv(contract.type, part)
            headers["Content-Disposition"] = f'inline; filename="{share.dataset}.csv"'
        return StreamingResponse(_gathered(source), headers=headers, media_type=media_type)

    async def _json_blocks(self, contract: Contract, part: Part) -> AsyncIterator[bytes]:
        start = b"["
        async for row in self.reader.open_rows(contract.type, part):
            yield start + orjson.dumps(row, option=orjson.OPT_UTC_Z)
            start = b",\n"
        yield b"]" if start == b",\n" else b"[]"

    async def _described(self, contract: Contract, share: Share) -> dict[str, Any]:
        seq, recorded_at = await self.reader.open_as_of(contract.type)
        label = share.label if share.label.vi or share.label.en else contract.label
        return {
            "dataset": share.dataset,
            "label": {"vi": label.in_language("vi"), "en": label.in_language("en")},
            "description": contract.description,
            "type": contract.type,
            "owner": contract.owner,
            "licence": share.licence,
            "columns": [_column(contract, name) for name in open_columns(contract)],
            "csv": f"/open/{share.dataset}.csv",
            "json": f"/open/{share.dataset}.json",
            "commit": seq,
            "changed_at": recorded_at,
        }

    def _shared(self) -> list[tuple[Contract, Share]]:
        known = sorted(self.reader.contracts.values(), key=lambda one: one.type)
        return [(contract, contract.share) for contract in known if contract.share is not None]

    def _find(self, dataset: str) -> tuple[Contract, Share]:
        for contract, share in self._shared():
            if share.dataset == dataset:
                return contract, share
        names = ", ".join(share.dataset for _, share in self._shared())
        raise NotFound(f"There is no open dataset {dataset!r}", why=f"the datasets are: {names or 'none yet'}")


def routes(reader: Reader) -> list[Route]:
    """Return the doors of open data; `reader` needs the public's login alone."""
    datasets = Datasets(reader)
    return [
        Route("/open", answering(datasets.index), methods=["GET"], name="open"),
        Route("/open/{dataset}.csv", answering(datasets.csv), methods=["GET"], name="open_csv"),
        Route("/open/{dataset}.json", answering(datasets.json), methods=["GET"], name="open_json"),
    ]


def _part(request: Request) -> Part:
    known = {"since", "until", "limit"}
    if unknown := set(request.query_params) - known:
        raise Refused(f"There is no parameter {', '.join(sorted(unknown))}", todo="use since, until, limit")
    ends = {
        name: moment(request.query_params[name], name) for name in ("since", "until") if name in request.query_params
    }
    limited = "limit" in request.query_params
    return Part(
        ends.get("since"), ends.get("until"), whole(request.query_params, "limit", 0, MOST) if limited else None
    )


def _headers(share: Share, seq: int, recorded_at: datetime | None) -> dict[str, str]:
    headers = {"ETag": f'W/"{seq}"', "Cache-Control": CACHING, "Khue-Commit": str(seq)}
    if recorded_at is not None:
        headers["Last-Modified"] = format_datetime(recorded_at.replace(microsecond=0))
    links = ['</open>; rel="collection"']
    if share.licence.startswith("http"):
        links.append(f'<{share.licence}>; rel="license"')
    elif share.licence:
        headers["Khue-Licence"] = share.licence.encode("ascii", "replace").decode()
    return {**headers, "Link": ", ".join(links), "Access-Control-Allow-Origin": "*"}


def _column(contract: Contract, name: str) -> dict[str, Any]:
    prop = contract.by_name.get(name)
    if prop is None:
        return {"name": name}
    label = {"vi": prop.label.in_language("vi"), "en": prop.label.in_language("en")}
    return {"name": name, "label": label, "type": prop.logical_type, "unit": prop.unit}


async def _gathered(source: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield larger blocks: PostgreSQL sends a row at a time, and a write to the network each would be slow."""
    waiting = bytearray()
    async for block in source:
        waiting += block
        if len(waiting) >= BLOCK:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
