"""Which word, shape and colour each state has, in one table; the words are translated where they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from khue.contract.contract import Contract
from khue.contract.label import Label
from khue.web.language import Language

Tone = Literal["good", "watch", "bad", "idle"]
Shape = Literal["circle", "triangle", "diamond", "square", "cross", "ring", "dash", "half"]


LONGEST_FAILURE = 48  # characters


@dataclass(frozen=True, slots=True)
class State:
    """How a state is shown."""

    label: Label
    tone: Tone
    shape: Shape


def _state(vi: str, en: str, tone: Tone, shape: Shape) -> State:
    return State(Label(vi, en), tone, shape)


STATES: Mapping[str, State] = {
    # sources
    "fresh": _state("cập nhật đúng hạn", "on time", "good", "circle"),
    "late": _state("chậm cập nhật", "late", "watch", "triangle"),
    "lost": _state("mất tín hiệu", "signal lost", "bad", "cross"),
    "by_hand": _state("nạp bằng tay", "by hand", "idle", "ring"),
    "never": _state("chưa có dữ liệu", "no data yet", "watch", "dash"),
    # fates of records
    "clean": _state("đạt yêu cầu", "clean", "good", "circle"),
    "flagged": _state("có lưu ý", "with a note", "watch", "triangle"),
    "held": _state("chờ xác minh", "field held", "watch", "diamond"),
    "rejected": _state("chờ làm sạch", "quarantined", "bad", "square"),
    "unchanged": _state("không đổi", "unchanged", "idle", "dash"),
    # readings on the map
    "measured": _state("có số liệu", "measured", "good", "circle"),
    "none": _state("không có số liệu", "no data", "idle", "ring"),
    "stale": _state("số liệu cũ", "old reading", "idle", "half"),
    # states of a quarantined record
    "open": _state("chờ xử lý", "open", "watch", "triangle"),
    "fixed": _state("đã sửa", "fixed", "good", "circle"),
    "released": _state("xác nhận đúng", "confirmed right", "good", "circle"),
    "dismissed": _state("loại bỏ", "dismissed", "idle", "cross"),
    "replayed": _state("đạt sau khi đánh giá lại", "passed when judged again", "good", "circle"),
    # the live line
    "live": _state("trực tiếp", "live", "good", "circle"),
    "cut": _state("mất kết nối, đang nối lại", "disconnected, trying again", "bad", "cross"),
    "off": _state("không trực tiếp", "not live", "idle", "ring"),
}

DIMENSIONS: Mapping[str, Label] = {
    "accurate": Label("đúng", "accurate"),
    "sufficient": Label("đủ", "sufficient"),
    "clean": Label("sạch", "clean"),
    "live": Label("sống", "live"),
    "consistent": Label("thống nhất", "consistent"),
    "shared": Label("dùng chung", "shared"),
}

KINDS: Mapping[str, Label] = {
    "data": Label("nhận dữ liệu", "data received"),
    "fix": Label("sửa dữ liệu", "records fixed"),
    "release": Label("xác nhận đúng", "confirmed right"),
    "dismiss": Label("loại bỏ", "dismissed"),
    "revert": Label("thu hồi", "undone"),
    "replay": Label("đánh giá lại", "judged again"),
    "erase": Label("xoá theo quy định", "erased by law"),
    "conclusion": Label("kết luận của hệ thống", "concluded"),
    "contract": Label("quy tắc dữ liệu", "contract"),
    "access": Label("lượt xem dữ liệu", "reads"),
}


FAILURES: Mapping[str, Label] = {
    "required": Label("thiếu giá trị", "missing"),
    "type": Label("không đọc được", "unreadable"),
    "enumeration": Label("không có trong danh mục", "not in the list"),
    "range": Label("ngoài khoảng cho phép", "out of range"),
    "length": Label("dài hoặc ngắn quá", "too long or too short"),
    "pattern": Label("sai dạng", "wrong form"),
    "reference": Label("không có trong danh mục", "not in the register"),
    "unit": Label("khác đơn vị đo", "another unit"),
    "predicate": Label("chưa đạt quy tắc", "breaks a rule"),
    "unique": Label("trùng với đối tượng khác", "the same as another's"),
    "repeated": Label("gửi lại khác lần trước", "sent again, and different"),
    "spike": Label("tăng đột biến", "a sudden rise"),
    "neighbours": Label("khác hẳn nơi khác cùng lúc", "unlike all others then"),
    "gap": Label("ngắt quãng", "a gap before"),
    "late": Label("đến chậm", "came late"),
}


def failure_label(contract: Contract | None, name: str, language: Language) -> str:
    """Return in a few words what a failed check found, such as "Nhiệt độ: ngoài khoảng cho phép"."""
    check = contract.checks_by_name.get(name) if contract else None
    if contract is None or check is None:
        return name
    said = _middle_of(check.reason.in_language(language)) or FAILURES[check.kind].in_language(language)
    return f"{column_label(contract, check.field, language)}: {said}" if check.field else said


def _middle_of(reason: str) -> str:
    """Return what a reason says between the place and the advice, "" where it speaks of one record's values."""
    said = reason.partition(": ")[2].partition(";")[0].strip()
    return "" if "{" in said or len(said) > LONGEST_FAILURE else said


def daily(contract: Contract | None) -> bool:
    """Whether a type's readings are for whole days: a day has no age, so the page shows which day it is."""
    prop = contract.by_name.get(contract.observed_at or "") if contract else None
    return prop is not None and prop.logical_type == "date"


def label_of_kind(kind: str) -> Label:
    """Return the words for a commit's kind."""
    return KINDS.get(kind, Label(kind, kind))


def column_label(contract: Contract | None, name: str, language: Language) -> str:
    """Return the words for a property of a contract; its own name where the contract has none."""
    prop = contract.by_name.get(name) if contract else None
    return prop.label.in_language(language) if prop else name
