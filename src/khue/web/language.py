"""The language of a page: Vietnamese is the source of every text, English comes from its catalogue."""

from collections.abc import Mapping
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Literal

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.requests import Request

Language = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = ("vi", "en")


@cache
def translations(language: Language) -> NullTranslations:
    """Return the texts of a language; Vietnamese ones are the message ids themselves."""
    if language == "vi":
        return NullTranslations()
    source = files("khue.web").joinpath("locale", language, "LC_MESSAGES", "khue.po").read_bytes()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(source), locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def language_of(request: Request) -> Language:
    """Return the language asked for: `?lang=`, then the cookie, then Accept-Language, then Vietnamese."""
    for asked in (request.query_params.get("lang"), request.cookies.get("lang")):
        if asked in LANGUAGES:
            return asked
    return _preferred(request.headers)


def _preferred(headers: Mapping[str, str]) -> Language:
    """Return the best language of an Accept-Language header (RFC 9110 12.5.4)."""
    best: tuple[float, Language] = (0.0, "vi")
    for part in headers.get("accept-language", "").split(","):
        tag, _, weight = part.strip().partition(";q=")
        primary = tag.split("-")[0].lower()
        try:
            share = float(weight or 1)
        except ValueError:
            continue
        if primary in LANGUAGES and share > best[0]:
            best = (share, primary)
    return best[1]
