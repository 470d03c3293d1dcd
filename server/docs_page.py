"""GET /docs: a page to read the API and try it, and the documents; every file is served by us."""

from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

FOLDER: Final = Path(__file__).parent / "web_docs"
FILES: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "start.js")
# Swagger UI draws its icons from data: addresses and styles its parts in place.
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
HEADERS: Final = {"Content-Security-Policy": POLICY, "Cache-Control": "public, no-cache"}


def add_routes(app: web.Application, *, openapi: bytes, asyncapi: bytes) -> None:
    app.router.add_get("/openapi.json", _document(openapi))
    app.router.add_get("/asyncapi.json", _document(asyncapi))
    app.router.add_get("/docs", _file(FOLDER / "index.html"))
    for name in FILES:
        app.router.add_get(f"/docs/{name}", _file(FOLDER / name))


def _document(text: bytes) -> Handler:
    async def send(_: web.Request) -> web.Response:
        return web.Response(
            body=text, content_type="application/json", headers={"Cache-Control": "no-cache"}
        )

    return send


def _file(path: Path) -> Handler:
    async def send(_: web.Request) -> web.FileResponse:
        return web.FileResponse(path, headers=HEADERS)

    return send
