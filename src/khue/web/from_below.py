"""What the rooms below say, which is in English, said in Vietnamese where a person of the pages may meet it.

A line is the sentence as it stands in the code, with {} for what it fills in, and the Vietnamese with {0}, {1}, …
for the same. `tests/web/test_language.py` fails where no room says a line any more. What is not here stays English.
"""

import re
from functools import cache

from khue.web.language import Language

_LINES: tuple[tuple[str, str], ...] = (
    # the record
    ("There is no commit {}", "Không có lần cập nhật {0}"),
    ("There is no commit {} of {} that could be undone", "Lần cập nhật {0} không có gì để thu hồi"),
    ("The commit {} was undone before", "Lần cập nhật {0} đã được thu hồi trước đây"),
    ("There is no type {}", "Không có loại dữ liệu {0}"),
    ("There is no source {}", "Không có nguồn dữ liệu {0}"),
    ("There is no entity {}", "Không có đối tượng {0}"),
    ("{} has no property {}", "Loại dữ liệu {0} không có cột {1}"),
    ("see the log page for what there is", "Xem các lần cập nhật trong Nhật ký cập nhật"),
    ("The database does not answer", "Cơ sở dữ liệu chưa trả lời"),
    ("The database could not take the commit", "Cơ sở dữ liệu chưa ghi được lần cập nhật này"),
    ("The connection to the database was lost", "Mất kết nối với cơ sở dữ liệu"),
    ("run `khue doctor`", "Báo người quản trị chạy lệnh khue doctor, rồi thử lại sau"),
    ("Free or enlarge the disk, then send the same again", "Giải phóng hoặc mở rộng ổ đĩa, rồi gửi lại"),
    # quarantine
    ("The record {} of commit {} does not wait any more", "Bản ghi {0} của lần cập nhật {1} không còn chờ xử lý"),
    ("A record does not wait (any more)", "Bản ghi không còn chờ xử lý"),
    ("No record waits in this selection", "Không có bản ghi nào chờ xử lý theo lựa chọn này"),
    ("there is none in quarantine", "Không có bản ghi như vậy trong dữ liệu chờ làm sạch"),
    ("read the list again: somebody may have decided", "Tải lại danh sách: có thể người khác đã xử lý"),
    ("read the quarantine again", "Tải lại danh sách: có thể người khác đã xử lý"),
    ("A reason is needed", "Cần nêu lý do"),
    ("say why the records are put aside", "Viết lý do loại bỏ"),
    ("{} says which record this is", "{0} cho biết đây là bản ghi nào nên không sửa được ở đây"),
    ("the record stands already; only the values that are held wait", "Bản ghi đã có; chỉ sửa được giá trị chờ"),
    ("dismiss it with the reason, and send the right record", "Loại bỏ bản ghi này (nêu lý do), rồi gửi bản ghi đúng"),
    ("name the type of the records in the workbook", "Chọn loại dữ liệu của tệp"),
    ("The hidden column is missing", "Tệp thiếu cột ẩn ghi số của bản ghi"),
    ("Columns are missing: {}", "Tệp thiếu cột: {0}"),
    ("Mend the workbook that was downloaded, as it is", "Sửa ngay trong tệp đã tải về, giữ nguyên các cột"),
    ("Mend the workbook as it was downloaded", "Sửa ngay trong tệp đã tải về, giữ nguyên các cột"),
    # files
    ("The file is empty", "Tệp trống"),
    ("The file holds no rows", "Tệp không có dòng dữ liệu nào"),
    ("The file is {}", "Không đọc được tệp loại này: {0}"),
    ("The file has {} columns", "Tệp có {0} cột"),
    ("The sheet has {} columns", "Trang tính có {0} cột"),
    ("The table has {} columns", "Bảng có {0} cột"),
    ("The limit is {}", "Giới hạn là {0}"),
    ("The row of headings cannot be read", "Không đọc được dòng tiêu đề"),
    ("There is no table in the HTML file", "Trong tệp HTML không có bảng nào"),
    ("The HTML cannot be read", "Không đọc được tệp HTML"),
    ("The JSON cannot be read", "Không đọc được tệp JSON"),
    ("The JSON nests deeper than {} levels", "Tệp JSON lồng nhau quá {0} cấp"),
    ("NaN and Infinity are not JSON", "NaN và Infinity không có trong JSON"),
    ("The workbook cannot be read", "Không đọc được tệp XLSX"),
    ("The workbook is empty", "Tệp XLSX trống"),
    ("The zip file is no workbook", "Tệp nén này không phải tệp XLSX"),
    ("The file ends too early or is no workbook", "Tệp bị cắt cụt, hoặc không phải tệp XLSX"),
    ("The workbook unpacks to far more than it holds", "Tệp XLSX giải nén ra quá lớn so với chính nó"),
    ("The gzip file unpacks to far more than it holds", "Tệp gzip giải nén ra quá lớn so với chính nó"),
    ("The gzip file is damaged", "Tệp gzip bị hỏng"),
    ("Row {} is longer than {} MiB", "Dòng {0} dài hơn {1} MiB"),
    ("Line {} is longer than {} MiB", "Dòng {0} dài hơn {1} MiB"),
    ("{} of more than {} MiB is not read", "Không đọc tệp loại này khi lớn hơn {1} MiB"),
    ("A long table of more than {} rows or {} MiB is not read", "Không đọc bảng dài hơn {0} dòng hoặc {1} MiB"),
    ("The format has to be read as a whole", "Định dạng này phải đọc cả tệp một lúc"),
    ("Send a file with a row of headings", "Gửi tệp có dòng tiêu đề"),
    ("Send a sheet with a row of headings", "Gửi trang tính có dòng tiêu đề"),
    ("give a file with a heading and rows", "Gửi tệp có dòng tiêu đề và dữ liệu"),
    ("Send XLSX or CSV", "Gửi tệp XLSX hoặc CSV"),
    ("Save it as XLSX or CSV and send it again", "Lưu thành XLSX hoặc CSV rồi gửi lại"),
    ("Send it as CSV or NDJSON, which have no limit, or in parts", "Gửi dạng CSV, NDJSON, hoặc chia nhiều phần"),
    ("Send the file unpacked, or in parts", "Gửi tệp không nén, hoặc chia thành nhiều phần"),
    ("Export the table again", "Xuất lại bảng rồi gửi"),
    ("Is this a CSV file?", "Đây có đúng là tệp CSV không?"),
    ("Is this NDJSON?", "Đây có đúng là tệp NDJSON không?"),
    # notes of a file
    ("The file is HTML, not {}; it was read all the same.", "Tệp thật ra là HTML, không phải {0}; vẫn đọc được."),
    ("Some bytes are not {}; they are shown as {}.", "Một số ký tự không thuộc bảng mã {0}; được thay bằng {1}."),
    (
        "The file ends too early: its last table is not closed. The rows that are there were taken.",
        "Tệp bị cắt cụt: bảng cuối chưa đóng. Các dòng có trong tệp đã được đọc.",
    ),
    ("Read as the source {}.", "Đọc theo nguồn dữ liệu {0}."),
    ("Column {} is read as {}.", "Cột {0} được đọc là {1}."),
    (
        "Columns that the contract does not know are kept beside: {}.",
        "Cột không có trong quy tắc dữ liệu, được giữ bên cạnh: {0}.",
    ),
    (
        "{} rows say nothing that another row of the same key and parameter does not.",
        "{0} dòng lặp lại hoàn toàn dòng khác.",
    ),
)  # fmt: skip


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the lines as patterns, the more literal ones first."""
    lines = sorted(_LINES, key=lambda line: -len(line[0].replace("{}", "")))
    return tuple((re.compile("(.+?)".join(map(re.escape, said.split("{}")))), meant) for said, meant in lines)


def lines() -> tuple[str, ...]:
    """Return the sentences that are known, with {} for what is filled in."""
    return tuple(said for said, _ in _LINES)


def from_below(text: str, language: Language) -> str:
    """Return a sentence of the rooms below in the page's language, or as it is where it is not known."""
    if language == "vi":
        for pattern, meant in _patterns():
            if found := pattern.fullmatch(text):
                return meant.format(*found.groups())
    return text
