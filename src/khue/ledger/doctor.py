"""`khue doctor`: how the ledger is, as sentences with what to do. It looks and changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from khue.contract.clock import Clock
from khue.contract.label import Label
from khue.ledger.database import Database, connect
from khue.ledger.gauges import Gauges, disk_gauges, gauges
from khue.ledger.logins import Connection, is_secure

HOUR, DAY, GIGABYTE = 3600.0, 86_400.0, 1e9
OLD_BACKUP = 26 * HOUR  # a nightly backup, and two hours for it
LOST_BACKUP = 7 * DAY
FAR_BEHIND = 1_000.0  # commits: what a follower reads at a time
OLD_QUARANTINE = 7 * DAY
LONG_TRANSACTION = 60.0
LONG_WAIT = 5.0
LITTLE_DISK, NO_DISK = 0.10, 0.03  # shares of the disk that are free
SAFE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}

State = Literal["ok", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that was looked at; `todo` is empty where nothing is to be done."""

    name: str
    state: State
    sentence: Label
    todo: Label = Label("", "")


def examine(database: Database, data: Path, clock: Clock) -> tuple[Fact, ...]:
    """Look at server, backup, disk, followers, quarantine, partitions, transactions and locks, in this order."""
    with connect(database.owner) as owner:
        found = gauges(owner, clock()) | disk_gauges(data)
        return (
            _server(owner),
            _backup(found),
            _disk(found),
            *_followers(found),
            _quarantine(found),
            _partitions(found),
            _waiting(found, "khue_transaction_longest_seconds", LONG_TRANSACTION),
            _waiting(found, "khue_lock_wait_longest_seconds", LONG_WAIT),
        )


def worst(facts: tuple[Fact, ...]) -> State:
    """Return the worst state among the facts, for the command's exit code."""
    states = {fact.state for fact in facts}
    return "bad" if "bad" in states else "warn" if "warn" in states else "ok"


def _server(owner: Connection) -> Fact:
    names = [*SAFE, "server_version", "shared_buffers"]
    rows = owner.execute("SELECT name, current_setting(name) FROM unnest(%s::text[]) name", (names,)).fetchall()
    settings = {str(name): str(value) for name, value in rows}
    unsafe = [f"{name} = {settings[name]}" for name, value in SAFE.items() if settings[name] != value]
    said = f"PostgreSQL {settings['server_version']}, shared_buffers {settings['shared_buffers']}"
    if unsafe:
        wrong = ", ".join(unsafe)
        return Fact(
            "server",
            "bad",
            Label(f"{said}: {wrong}, có thể mất dữ liệu khi mất điện", f"{said}: {wrong} may lose data at a power cut"),
            Label(f"Bật lại {', '.join(SAFE)}", f"Set {', '.join(SAFE)} to on"),
        )
    if not is_secure(owner):
        return Fact(
            "server",
            "bad",
            Label(f"{said}: người đọc có thể tự mở rộng phạm vi", f"{said}: readers can widen their own scope"),
            Label("Chạy lại roles.sql bằng quyền quản trị", "Run roles.sql as the server's superuser"),
        )
    return Fact("server", "ok", Label(said, said))


def _backup(found: Gauges) -> Fact:
    todo = Label("Chạy `khue backup TỆP`, hằng đêm", "Run `khue backup FILE`, every night")
    age = found.get("khue_backup_age_seconds", {}).get("")
    if age is None:
        return Fact("backup", "warn", Label("Chưa có bản sao lưu nào", "There is no backup yet"), todo)
    said = Label(
        f"Bản sao lưu gần nhất cách đây {age / HOUR:.0f} giờ", f"The last backup is {age / HOUR:.0f} hours old"
    )
    if age <= OLD_BACKUP:
        return Fact("backup", "ok", said)
    return Fact("backup", "bad" if age > LOST_BACKUP else "warn", said, todo)


def _disk(found: Gauges) -> Fact:
    free, whole = found["khue_disk_free_bytes"][""], found["khue_disk_bytes"][""]
    size = found["khue_database_bytes"][""]
    said = Label(
        f"Ổ đĩa còn trống {free / GIGABYTE:.1f} GB trên {whole / GIGABYTE:.0f} GB; dữ liệu {size / GIGABYTE:.1f} GB",
        f"The disk has {free / GIGABYTE:.1f} GB free of {whole / GIGABYTE:.0f} GB; data: {size / GIGABYTE:.1f} GB",
    )
    share = free / whole
    if share >= LITTLE_DISK:
        return Fact("disk", "ok", said)
    todo = Label("Giải phóng hoặc mở rộng ổ đĩa", "Free or enlarge the disk")
    return Fact("disk", "bad" if share < NO_DISK else "warn", said, todo)


def _followers(found: Gauges) -> Iterator[Fact]:
    failures = found.get("khue_follower_failures", {})
    for follower, behind in found.get("khue_follower_behind", {}).items():
        said = Label(
            f"{follower} còn {behind:.0f} lần cập nhật phải đọc", f"{follower} is behind by {behind:.0f} commits"
        )
        if failures.get(follower, 0) > 0:
            todo = Label("Xem khue.cursor và nhật ký của worker", "See khue.cursor and the worker's log")
            yield Fact(f"follower {follower}", "bad", said, todo)
        elif behind > FAR_BEHIND:
            todo = Label("Kiểm tra `khue worker` có đang chạy", "See whether `khue worker` runs")
            yield Fact(f"follower {follower}", "warn", said, todo)
        else:
            yield Fact(f"follower {follower}", "ok", said)


def _quarantine(found: Gauges) -> Fact:
    waiting = sum(found.get("khue_quarantine_open", {}).values())
    age = found.get("khue_quarantine_oldest_seconds", {}).get("", 0.0)
    said = Label(
        f"{waiting:.0f} bản ghi chờ làm sạch, lâu nhất {age / DAY:.0f} ngày",
        f"{waiting:.0f} records wait in quarantine, the oldest for {age / DAY:.0f} days",
    )
    if age <= OLD_QUARANTINE:
        return Fact("quarantine", "ok", said)
    return Fact("quarantine", "warn", said, Label("Nhắc cơ quan chủ quản xử lý", "Remind their owners"))


def _partitions(found: Gauges) -> Fact:
    outside = [name for name, size in found.get("khue_history_outside_bytes", {}).items() if size > 0]
    number = sum(found.get("khue_history_partitions", {}).values())
    said = Label(f"{number:.0f} phân vùng lịch sử", f"{number:.0f} partitions of history")
    if not outside:
        return Fact("partitions", "ok", said)
    names = ", ".join(outside)
    return Fact(
        "partitions",
        "warn",
        Label(f"{said.vi}; có dòng ngoài tháng trong {names}", f"{said.en}; rows outside every month in {names}"),
        Label("Chuyển các dòng này vào phân vùng tháng", "Move these rows into their month's partition"),
    )


def _waiting(found: Gauges, gauge: str, limit: float) -> Fact:
    seconds = found[gauge][""]
    vi, en, name = {
        "khue_transaction_longest_seconds": (
            "Giao dịch mở lâu nhất",
            "The oldest open transaction has",
            "transactions",
        ),
        "khue_lock_wait_longest_seconds": ("Chờ khóa lâu nhất", "The longest wait for a lock has", "locks"),
    }[gauge]
    said = Label(f"{vi}: {seconds:.0f} giây", f"{en} {seconds:.0f} s")
    if seconds <= limit:
        return Fact(name, "ok", said)
    return Fact(name, "warn", said, Label("Xem pg_stat_activity", "See pg_stat_activity for who holds it"))
