"""Serves the dashboard: one page and the files it is made of, read once and kept ready to send."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Final

from aiohttp import web

FOLDER: Final = Path(__file__).parent / "static"
CLONE: Final = FOLDER.parents[2]
# What the page shares with every other client of ours. It is served at its path in the repository:
# the same `../../../clients/js/src/` leads there on disk and, as no URL goes above /, in a browser.
CLIENT: Final = CLONE / "clients" / "js" / "src"
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
# Where the page names every module: else a browser finds them one import deep at a time.
MODULES: Final = b"<!-- modules -->"
PAGE: Final = "/static/index.html"
CLASSIC: Final = "/static/theme.js"  # runs before the first paint, and so is no module
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
    def of(cls, name: str, plain: bytes) -> "Asset":
        # Weak: the plain and the packed bytes are the same file, not the same bytes.
        tag = f'W/"{hashlib.sha256(plain).hexdigest()[:24]}"'
        headers = {
            "Content-Type": f"{TYPES[PurePath(name).suffix]}; charset=utf-8",
            "Content-Security-Policy": POLICY,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": FOREVER if "/vendor/" in name else ASK_FIRST,
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
    """Only what lies in the folders can be asked for: a path is looked up, never opened."""
    assets = {path: Asset.of(path, plain) for path, plain in _files().items()}

    async def page(request: web.Request) -> web.Response:
        return assets[PAGE].answer(request)

    async def icon(request: web.Request) -> web.Response:
        return assets["/static/favicon.svg"].answer(request)

    async def file(request: web.Request) -> web.Response:
        asset = assets.get(request.path)
        if asset is None:
            raise web.HTTPNotFound
        return asset.answer(request)

    app.router.add_get("/", page)
    app.router.add_get("/favicon.ico", icon)
    app.router.add_get("/static/{path:.+}", file)
    app.router.add_get("/clients/{path:.+}", file)


def _files() -> dict[str, bytes]:
    """Every file by its path on the server; the page with the names of all modules in it."""
    files = {
        **{f"/static/{path.relative_to(FOLDER).as_posix()}": path for path in _in(FOLDER)},
        **{f"/{path.relative_to(CLONE).as_posix()}": path for path in _in(CLIENT)},
    }
    links = [
        f'<link rel="modulepreload" href="{name}" />'.encode()
        for name in files
        if name.endswith(".js") and name != CLASSIC
    ]
    read = {name: path.read_bytes() for name, path in files.items()}
    read[PAGE] = read[PAGE].replace(MODULES, b"\n    ".join(links))
    return read


def _in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix in TYPES and path.is_file())
