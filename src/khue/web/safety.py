"""What keeps a page safe: a strict content policy, and forms that only our own pages can send."""

import hmac
import secrets
from hashlib import sha256
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from khue.contract.errors import Forbidden

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
COOKIE = "khue_form"
FIELD = "form_token"


class SafeHeaders:
    """Adds the safety headers to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with its headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers)


def _signature(secret: bytes, nonce: str) -> str:
    return hmac.new(secret, f"form:{nonce}".encode(), sha256).hexdigest()


def form_nonce(request: Request) -> str:
    """Return the browser's nonce: the one in its cookie, or a new one for this answer to set."""
    known = request.cookies.get(COOKIE, "")
    if not hasattr(request.state, "form_nonce"):
        request.state.form_nonce = known if len(known) >= 32 else secrets.token_urlsafe(32)
    return request.state.form_nonce


def form_token(request: Request, secret: bytes) -> str:
    """Return the signed token that a form of this browser must carry (OWASP: signed double submit cookie)."""
    return _signature(secret, form_nonce(request))


def check_origin(request: Request) -> None:
    """Refuse a form that another site sends (Origin, else Sec-Fetch-Site)."""
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")
    if foreign or request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("Biểu mẫu không được gửi từ trang của hệ thống", todo="Mở lại trang rồi gửi lại")


def check_token(request: Request, secret: bytes, token: object) -> None:
    """Refuse a form without the token of this browser."""
    nonce = request.cookies.get(COOKIE, "")
    if not nonce or not hmac.compare_digest(_signature(secret, nonce), str(token or "")):
        raise Forbidden("Phiên của biểu mẫu đã hết", todo="Tải lại trang rồi gửi lại")


def sign(secret: bytes, text: str) -> str:
    """Return a signature that binds a text to this installation."""
    return hmac.new(secret, f"text:{text}".encode(), sha256).hexdigest()
