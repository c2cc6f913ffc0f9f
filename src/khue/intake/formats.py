"""The decoder of each format, by name."""

from khue.contract.contract import Contract
from khue.contract.errors import Refused
from khue.contract.source import Source
from khue.intake.columns import numeric_headings, unnamed_source
from khue.intake.decoders import csv_text, html_table, json_document, ndjson, xlsx
from khue.intake.decoders.chunk import Again, Decoding
from khue.intake.decoders.ngsild import attributes_again, decode_document
from khue.intake.decoders.ngsild_delete import decode_deletions
from khue.intake.decoders.stream import Input


def read(given: Input, format_name: str, contract: Contract, source: Source | None) -> Decoding:
    """Decode a file of a known format; raises Refused where it cannot be read as a whole."""
    numbers = numeric_headings(source or unnamed_source(contract), contract)
    match format_name:
        case "html":
            return html_table.decode(given)
        case "csv":
            return csv_text.decode(given)
        case "xlsx":
            return xlsx.decode(given)
        case "json":
            return json_document.decode(given, numbers)
        case "ndjson":
            return ndjson.decode(given, numbers)
        case "ngsi-ld":
            return decode_document(given, contract)
        case _:
            raise Refused(f"There is no decoder for {format_name}", where=given.name)


def read_again(content: bytes, again: Again, contract: Contract, source: Source) -> Decoding:
    """Decode the raw bytes of a commit as its profile says."""
    format_name = str(again.profile["format"])
    known = source if again.profile.get("declared", True) else None  # as when it was read the first time
    sliced = "skip" in again.profile  # a slice of a file; the body of a request is read whole, as it was then
    if format_name == "csv" and sliced:
        return csv_text.decode_again(content, again)
    if format_name == "ngsi-ld-delete":
        return decode_deletions(content, contract)
    if format_name == "ngsi-ld" and "entity" in again.profile:
        return attributes_again(content, again, contract)
    if format_name == "ngsi-ld":
        return decode_document(Input(content, "raw"), contract, patch=again.profile.get("mode") == "patch")
    if format_name == "ndjson" and sliced:
        return ndjson.decode_again(content, again, numeric_headings(known or unnamed_source(contract), contract))
    return read(Input(content, "raw"), format_name, contract, known)
