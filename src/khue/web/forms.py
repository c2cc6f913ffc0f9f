"""A form that was sent: read within limits, refused unless it comes from one of our own pages."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from khue.contract.errors import Refused, TooLarge
from khue.web.safety import FIELD, check_origin, check_token
from khue.web.view import Pages

MOST_FIELDS = 1000
PART_BYTES = 1024 * 1024
MOST_DIGITS = 19


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form."""

    data: FormData

    def text(self, name: str) -> str:
        """Return a field's text without the spaces around it, "" where it is missing."""
        value = self.data.get(name)
        return value.strip() if isinstance(value, str) else ""

    def whole(self, name: str) -> int | None:
        """Return a field's whole number, None where it is none."""
        text = self.text(name)
        return int(text) if text.isdecimal() and len(text) < MOST_DIGITS else None

    def values(self, prefix: str) -> dict[str, str]:
        """Return the fields whose name begins with a prefix, by the rest of their names."""
        return {
            name.removeprefix(prefix): value
            for name, value in self.data.multi_items()
            if name.startswith(prefix) and isinstance(value, str)
        }

    def file(self, name: str) -> UploadFile:
        """Return an uploaded file; Refused where none was chosen."""
        value = self.data.get(name)
        if not isinstance(value, UploadFile) or not value.filename:
            raise Refused("Chưa chọn tệp", todo="Chọn một tệp rồi gửi lại")
        return value


@asynccontextmanager
async def form_of(request: Request) -> AsyncGenerator[Form]:
    """Read a request's form after its origin, size and token have been checked; its files close when it is left."""
    check_origin(request)
    settings = Pages.of(request).settings
    if int(request.headers.get("content-length", "0")) > settings.max_upload + PART_BYTES:
        raise TooLarge("Tệp quá lớn để nạp qua trang này", todo="Chia tệp thành nhiều phần, hoặc dùng lệnh khue ingest")
    async with request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=PART_BYTES) as data:
        check_token(request, settings.secret, data.get(FIELD))
        yield Form(data)
