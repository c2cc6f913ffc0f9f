"""The built scripts, styles and fonts: their hashed names, served to be kept for a year."""

import json
from functools import cache
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from khue.contract.errors import Misconfigured

FOLDER = Path(__file__).parent / "static"


@cache
def _manifest() -> dict[str, str]:
    path = FOLDER / "manifest.json"
    if not path.is_file():
        raise Misconfigured(
            "The pages' scripts and styles have not been built",
            where=str(FOLDER),
            todo="Run `make setup`, or `npm ci && npm run build` in the source folder",
        )
    return dict(json.loads(path.read_text()))


def address(name: str) -> str:
    """Return the address of a built file, e.g. `page.css` → `/static/page-3F5A.css`."""
    return f"/static/{_manifest()[name]}"


class Built(StaticFiles):
    """Serves the built files; a hashed name never changes its content, so a browser may keep it for a year."""

    def __init__(self) -> None:
        _manifest()
        super().__init__(directory=FOLDER)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a built file with its caching header."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response
