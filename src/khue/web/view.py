"""One page as it goes out: language, theme, time travel and the words that every template has."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from khue.contract.contract import Contract
from khue.contract.errors import NotFound, Refused
from khue.contract.label import Label
from khue.contract.source import Source
from khue.web.centre import Centre
from khue.web.formats import Formats
from khue.web.from_below import from_below
from khue.web.language import LANGUAGES, Language, language_of, translations
from khue.web.safety import COOKIE, form_nonce, form_token
from khue.web.static_files import address
from khue.web.words import STATES, column_label, daily, failure_label, label_of_kind

THEMES = ("light", "dark")
YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """What the site needs to know of the installation: `secret` signs forms, `uploads` keeps files until confirmed."""

    secret: bytes
    uploads: Path
    version: str
    max_upload: int = 256 * 1024 * 1024
    secure: bool = False  # served over HTTPS: cookies are marked so


def _environment(language: Language) -> Environment:
    environment = Environment(
        loader=PackageLoader("khue.web"),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.policies["ext.i18n.trimmed"] = True
    install = getattr(environment, "install_gettext_translations")  # noqa: B009  the extension adds it
    install(translations(language), newstyle=True)
    words: dict[str, Any] = {
        "address": address,
        "STATES": STATES,
        "column_label": column_label,
        "failure_label": failure_label,
        "daily": daily,
        "from_below": from_below,
        "label_of_kind": label_of_kind,
    }
    environment.globals.update(words)
    return environment


class Pages:
    """Renders templates for one centre; made once by `site`."""

    def __init__(self, centre: Centre, settings: SiteSettings) -> None:
        self.centre = centre
        self.settings = settings
        self.closing = asyncio.Event()
        self.events: dict[tuple[Language, int], bytes] = {}  # commits as the live line writes them
        self._environments = {language: _environment(language) for language in LANGUAGES}

    def close(self) -> None:
        """End every live line, so that the server need not wait for open pages when it stops."""
        self.closing.set()

    @staticmethod
    def of(request: Request) -> "Pages":
        """Return the pages of the application that answers a request."""
        pages: Pages = request.app.state.pages
        return pages

    @property
    def contracts(self) -> Mapping[str, Contract]:
        """Return every contract of the chosen domains by type."""
        return {contract.type: contract for domain in self.centre.domains for contract in domain.contracts}

    @property
    def sources(self) -> Mapping[str, Source]:
        """Return every source of the chosen domains by name."""
        return {source.name: source for domain in self.centre.domains for source in domain.sources}

    @property
    def simulated(self) -> bool:
        """Whether the city or any of its sources is simulated: then every page says so."""
        return self.centre.city.simulated or any(source.simulated for source in self.sources.values())

    def contract(self, type_name: str) -> Contract:
        """Return a type's contract; NotFound where no chosen domain has it."""
        try:
            return self.contracts[type_name]
        except KeyError:
            raise NotFound("Không có loại dữ liệu này", todo="Chọn trong trang Dữ liệu") from None

    def formats(self, request: Request) -> Formats:
        """Return the written forms for a request."""
        return Formats(language_of(request), self.centre.city.zone)

    def at(self, request: Request) -> datetime | None:
        """Return the moment of `?at=` (the city's time where it has no offset), or None for now."""
        text = request.query_params.get("at", "").strip()
        if not text:
            return None
        try:
            when = datetime.fromisoformat(text)
        except ValueError:
            raise Refused("Không đọc được thời điểm", todo="Viết như 2026-11-20T08:00 trong tham số at") from None
        return when if when.tzinfo else when.replace(tzinfo=ZoneInfo(self.centre.city.zone))

    def part(self, request: Request, template: str, context: Mapping[str, Any]) -> str:
        """Render a template to text."""
        language = language_of(request)
        return self._environments[language].get_template(template).render(self._words(request, language), **context)

    def page(
        self, request: Request, template: str, context: Mapping[str, Any] | None = None, status: int = 200
    ) -> HTMLResponse:
        """Render a whole page, and remember the language, the theme and the form's nonce in cookies."""
        response = HTMLResponse(self.part(request, template, context or {}), status)
        response.headers["cache-control"] = "no-store"
        response.headers["vary"] = "Accept-Language, Cookie"
        self._remember(request, response)
        return response

    def _remember(self, request: Request, response: HTMLResponse) -> None:
        secure = self.settings.secure
        for name, allowed in (("lang", LANGUAGES), ("theme", THEMES)):
            chosen = request.query_params.get(name, "")
            if chosen in allowed:
                response.set_cookie(name, chosen, max_age=YEAR, samesite="lax", secure=secure)
        nonce = form_nonce(request)
        if request.cookies.get(COOKIE) != nonce:
            response.set_cookie(COOKIE, nonce, httponly=True, samesite="strict", secure=secure)

    def _words(self, request: Request, language: Language) -> dict[str, Any]:
        def link(path: str | None = None, **changes: object) -> str:
            """Return an address that keeps the page's own parameters, with changes (None removes one)."""
            kept = dict(request.query_params) if path is None else {}
            if path is not None and "at" in request.query_params:
                kept["at"] = request.query_params["at"]
            merged = {name: value for name, value in (kept | changes).items() if value is not None}
            merged = {name: value for name, value in merged.items() if path is None or name != "lang"}
            return (path or request.url.path) + (f"?{urlencode(merged)}" if merged else "")

        def label(text: Label) -> str:
            return text.in_language(language)

        theme = request.query_params.get("theme", request.cookies.get("theme", "light"))
        return {
            "lang": language,
            "theme": theme if theme in THEMES else "light",
            "label": label,
            "link": link,
            "f": self.formats(request),
            "now": self.centre.now(),
            "at": self.at(request),
            "city": self.centre.city,
            "contracts": self.contracts,
            "sources": self.sources,
            "simulated": self.simulated,
            "version": self.settings.version,
            "path": request.url.path,
            "form_token": form_token(request, self.settings.secret),
        }


def whole_number(request: Request, name: str, default: int) -> int:
    """Return a parameter of the address as a whole number from 0, or the default where it is none."""
    text = request.query_params.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else default
