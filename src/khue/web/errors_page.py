"""Errors as pages for people, and as problem objects (RFC 9457) for programs."""

from http import HTTPStatus
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from khue.contract.errors import KhueError
from khue.web.from_below import from_below
from khue.web.language import language_of, translations
from khue.web.view import Pages

MACHINE_PATHS = ("/api/", "/ngsi-ld/", "/open/", "/healthz", "/readyz", "/metrics")


def _title(request: Request, status: int) -> str:
    _ = translations(language_of(request)).gettext
    titles = {
        400: _("Yêu cầu chưa đúng"),
        403: _("Không được phép"),
        404: _("Không tìm thấy"),
        405: _("Không làm được ở đây"),
        409: _("Trái với dữ liệu đã có"),
        413: _("Quá lớn"),
        503: _("Hệ thống chưa sẵn sàng"),
    }
    return titles.get(status, _("Hệ thống có lỗi") if status >= HTTPStatus.INTERNAL_SERVER_ERROR else titles[400])


def for_program(request: Request) -> bool:
    """Whether a request comes from a program rather than from a page."""
    return request.url.path.startswith(MACHINE_PATHS)


def _page(request: Request, status: int, error: KhueError | None) -> Response:
    language = language_of(request)
    _ = translations(language).gettext
    context = {
        "status": status,
        "title": _title(request, status),
        "what": _title(request, status),
        "why": "",
        "todo": "",
    }
    if error is not None:
        said = {"what": error.what, "why": error.why, "todo": error.todo}
        context |= {name: text and from_below(_(text), language) for name, text in said.items()}
    elif status == HTTPStatus.NOT_FOUND:
        context["what"] = _("Địa chỉ này không có trang nào. Có thể nó đã được đổi hoặc gõ nhầm.")
    return Pages.of(request).page(request, "error.html", context, status)


def _with_looks_only(request: Request) -> Request:
    """Return the request with language and theme alone: what caused the error must not cause it again."""
    kept = {name: value for name, value in request.query_params.items() if name in {"lang", "theme"}}
    return Request({**request.scope, "query_string": urlencode(kept).encode()})


async def khue_error(request: Request, error: Exception) -> Response:
    """Answer an error that Khuê raised on purpose."""
    if not isinstance(error, KhueError):
        raise error
    if for_program(request):
        return JSONResponse(dict(error.problem()), error.status, media_type="application/problem+json")
    return _page(_with_looks_only(request), error.status, error)


async def http_error(request: Request, error: Exception) -> Response:
    """Answer what the router refuses: no such page, no such method."""
    if not isinstance(error, HTTPException):
        raise error
    if for_program(request):
        problem = {"type": "about:blank", "title": error.detail, "status": error.status_code}
        return JSONResponse(problem, error.status_code, error.headers, media_type="application/problem+json")
    return _page(request, error.status_code, None)


async def broken(request: Request, _error: Exception) -> Response:
    """Answer what nobody expected; the log has the trace."""
    if for_program(request):
        return JSONResponse({"type": "about:blank", "title": "Internal error", "status": 500}, 500)
    return _page(request, 500, None)
