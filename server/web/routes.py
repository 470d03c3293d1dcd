"""Serves the dashboard: one page and the files it is made of, read once and kept ready to send."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

FOLDER: Final = Path(__file__).parent / "static"
TYPES: Final = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".md": "text/plain",
}
# No inline script or style, nothing from elsewhere, no frame around it; and the browser itself
# refuses any HTML made from a string, except by the template library that never takes data for it.
POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html"
)
# A vendored file has its version in its name, so a new one is another file.
FOREVER: Final = "public, max-age=31536000, immutable"
ASK_FIRST: Final = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file's bytes, plain and compressed, with what is said about them."""

    plain: bytes
    packed: bytes
    tag: str
    headers: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> "Asset":
        plain = path.read_bytes()
        # Weak: the plain and the packed bytes are the same file, not the same bytes.
        tag = f'W/"{hashlib.sha256(plain).hexdigest()[:24]}"'
        vendored = path.parent.name == "vendor"
        headers = {
            "Content-Type": f"{TYPES[path.suffix]}; charset=utf-8",
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": FOREVER if vendored else ASK_FIRST,
            "Vary": "Accept-Encoding",
            "ETag": tag,
        }
        return cls(plain, gzip.compress(plain, 9, mtime=0), tag, headers)

    def answer(self, request: web.Request) -> web.Response:
        if self.tag in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=self.headers)
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=self.plain, headers=self.headers)
        return web.Response(body=self.packed, headers={**self.headers, "Content-Encoding": "gzip"})


def add_routes(app: web.Application) -> None:
    """Only what lies in the folder can be asked for: a path is looked up, never opened."""
    assets = {
        path.relative_to(FOLDER).as_posix(): Asset.read(path)
        for path in sorted(FOLDER.rglob("*"))
        if path.is_file() and path.suffix in TYPES
    }

    async def page(request: web.Request) -> web.Response:
        return assets["index.html"].answer(request)

    async def icon(request: web.Request) -> web.Response:
        return assets["favicon.svg"].answer(request)

    async def file(request: web.Request) -> web.Response:
        asset = assets.get(request.match_info["path"])
        if asset is None:
            raise web.HTTPNotFound
        return asset.answer(request)

    app.router.add_get("/", page)
    app.router.add_get("/favicon.ico", icon)
    app.router.add_get("/static/{path:.+}", file)
