"""A length of time in a file: a number of seconds, or ISO 8601 such as PT10M, P7D, P5Y."""

import re
from datetime import timedelta

from khue.contract.yaml_lines import Node

_ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_SECONDS = (365 * 86400, 30 * 86400, 7 * 86400, 86400, 3600, 60, 1)  # a year is 365 days, a month 30
_LONGEST = 200 * 365 * 86400


def read_seconds(node: Node) -> float:
    """Return the length of time in seconds.

    Raises:
        ContractError: where it is not one, or not between 0 (excluded) and 200 years.

    """
    if isinstance(node.value, str):
        match = _ISO.fullmatch(node.text())
        found = [int(group or 0) * unit for group, unit in zip(match.groups(), _SECONDS, strict=True)] if match else []
        seconds = float(sum(found))
    else:
        seconds = float(node.number())
    if not 0 < seconds <= _LONGEST:
        todo = "Write seconds, or PT10M (minutes), PT6H (hours), P7D (days), P5Y (years)"
        raise node.wrong(f"“{node.value}” is not a length of time", todo=todo)
    return seconds


def read_duration(node: Node) -> timedelta:
    """Return the length of time as a timedelta; raises as `read_seconds`."""
    return timedelta(seconds=read_seconds(node))
