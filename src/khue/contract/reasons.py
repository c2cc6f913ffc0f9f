"""The sentence that a check says when a contract gives none: who, what, and what to do.

Places: {column} the heading in the file, {row} its row, {value} the value as written, and the check's arguments.
"""

from collections.abc import Mapping
from typing import Any

from khue.contract.label import Label
from khue.contract.property import LogicalType

_TYPE: Mapping[LogicalType, tuple[str, str]] = {
    "number": ("không phải là số; sửa thành số, ví dụ 12,5", "is not a number; write one such as 12.5"),
    "integer": ("không phải là số nguyên; sửa thành số nguyên", "is not a whole number; write one"),
    "boolean": ("không phải là có hoặc không; ghi “có” hoặc “không”", "is not yes or no; write one of them"),
    "date": ("không phải là ngày; ghi dạng ngày/tháng/năm", "is not a date; write day/month/year"),
    "timestamp": (
        "không phải là ngày giờ; ghi dạng 31/12/2026 08:05",
        "is not a date with time; write 2026-12-31 08:05",
    ),
    "object": ("không phải là đối tượng JSON; kiểm tra nơi gửi", "is not a JSON object; check the sender"),
    "array": ("không phải là danh sách JSON; kiểm tra nơi gửi", "is not a JSON list; check the sender"),
    "string": ("không phải là chữ; kiểm tra nơi gửi", "is not text; check the sender"),
}
_KIND: Mapping[str, tuple[str, str]] = {
    "required": ("chưa có giá trị; bổ sung giá trị", "has no value; add it"),
    "enumeration": ("không có trong danh mục; chọn một giá trị của danh mục", "is not in the list; choose one that is"),
    "length": ("dài hoặc ngắn hơn quy định; kiểm tra giá trị", "is longer or shorter than allowed; check it"),
    "pattern": ("không đúng mẫu quy định; sửa theo mẫu {pattern}", "does not fit the pattern {pattern}; mend it"),
    "reference": (
        "chưa có trong danh mục dùng chung; bổ sung danh mục hoặc sửa tên",
        "is not in the shared register; add it there or mend the name",
    ),
    "unit": (
        "đơn vị ghi trong dòng khác đơn vị đã khai báo ({unit}); kiểm tra đơn vị tại nguồn",
        "the row's own unit differs from the declared one ({unit}); check the unit at the source",
    ),
    "unique": (
        "đã có ở bản ghi khác; giữ một bản ghi, sửa bản ghi kia",
        "is in another record too; keep one, mend the other",
    ),
    "repeated": (
        "đã nhận bản ghi cùng thời điểm nhưng khác nội dung; kiểm tra bản nào đúng",
        "another record of the same moment came before with other content; check which is right",
    ),
    "gap": (
        "thiếu số liệu kỳ trước; kiểm tra đường truyền hoặc gửi bổ sung",
        "a report before it is missing; check the line",
    ),
    "late": ("đến chậm hơn cam kết; kiểm tra đường truyền", "came later than promised; check the line"),
}


def type_reason(logical_type: LogicalType) -> Label:
    """Return the sentence for a text that cannot be read as its logical type."""
    return _about_value(*_TYPE[logical_type])


def kind_reason(kind: str) -> Label | None:
    """Return the sentence for a kind of check, or None where only the contract can say it."""
    if kind not in _KIND:
        return None
    vi, en = _KIND[kind]
    if kind in ("required", "gap", "late", "repeated"):
        return Label(f"Dòng {{row}}, cột {{column}}: {vi}", f"Row {{row}}, column {{column}}: {en}")
    return _about_value(vi, en)


def range_reason(arguments: Mapping[str, Any], unit: str) -> Label:
    """Return the sentence for a value outside its bounds."""
    measure = f" {unit}" if unit else ""
    low = next((name for name in ("minimum", "exclusiveMinimum") if name in arguments), None)
    high = next((name for name in ("maximum", "exclusiveMaximum") if name in arguments), None)
    vi = " và ".join(p for p in (low and f"không nhỏ hơn {{{low}}}", high and f"không lớn hơn {{{high}}}") if p)
    en = " and ".join(p for p in (low and f"at least {{{low}}}", high and f"at most {{{high}}}") if p)
    return Label(
        f"Dòng {{row}}, cột {{column}}: {{value}}{measure} ngoài giới hạn (phải {vi}{measure}); kiểm tra thiết bị, "
        "sửa hoặc xác nhận đúng",
        f"Row {{row}}, column {{column}}: {{value}}{measure} is outside the limits (must be {en}{measure}); check the "
        "instrument, mend or confirm it",
    )


def _about_value(vi: str, en: str) -> Label:
    return Label(f"Dòng {{row}}, cột {{column}}: “{{value}}” {vi}", f"Row {{row}}, column {{column}}: “{{value}}” {en}")
