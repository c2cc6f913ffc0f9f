"""The ledger's own numbers: what /metrics shows and `khue doctor` judges."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.resources import files
from pathlib import Path

import psutil

from khue.ledger.logins import Connection

# Every gauge: what it says, and the name of its label if it has one.
GAUGES: Mapping[str, tuple[str, str]] = {
    "khue_seq": ("Last commit of the ledger", ""),
    "khue_last_commit_seconds": ("Seconds since the last commit", ""),
    "khue_follower_behind": ("Commits that a follower has still to read", "follower"),
    "khue_follower_failures": ("Times that a follower failed on one commit", "follower"),
    "khue_quarantine_open": ("Records that wait for their owner", "type"),
    "khue_quarantine_oldest_seconds": ("Age of the record that waits longest", ""),
    "khue_backup_age_seconds": ("Seconds since the last backup; absent if there was none", ""),
    "khue_transaction_longest_seconds": ("Age of the oldest open transaction", ""),
    "khue_lock_waiting": ("Sessions that wait for a lock", ""),
    "khue_lock_wait_longest_seconds": ("Longest present wait for a lock", ""),
    "khue_connections": ("Connections to the database", "login"),
    "khue_database_bytes": ("Size of the database", ""),
    "khue_history_partitions": ("Partitions of a type's history", "type"),
    "khue_history_outside_bytes": ("Bytes of history outside every month's partition", "partition"),
    "khue_disk_free_bytes": ("Free bytes on the disk of the data folder", ""),
    "khue_disk_bytes": ("Size of the disk of the data folder", ""),
}

Gauges = dict[str, dict[str, float]]


def gauges_sql() -> bytes:
    """Return the query for `as_gauges`; its one parameter `now` is the caller's clock. Runs as all or owner."""
    return files("khue.ledger").joinpath("sql/gauges.sql").read_text(encoding="utf-8").encode()


def as_gauges(rows: Iterable[tuple[str, str, float]]) -> Gauges:
    """Return {gauge: {label: value}}; a gauge without a label has the one label ""."""
    found: Gauges = {}
    for gauge, label, value in rows:
        found.setdefault(gauge, {})[label] = value
    return found


def gauges(connection: Connection, now: datetime) -> Gauges:
    """Return the ledger's numbers as of now."""
    return as_gauges(connection.execute(gauges_sql(), {"now": now}).fetchall())


def disk_gauges(data: Path) -> Gauges:
    """Return the free and whole bytes of the disk that holds the data folder."""
    usage = psutil.disk_usage(str(data))
    return {"khue_disk_free_bytes": {"": float(usage.free)}, "khue_disk_bytes": {"": float(usage.total)}}
