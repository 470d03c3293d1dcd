"""The files of the page, as the server sends them."""

import gzip
import hashlib
import re
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest

from server.web.routes import CLIENT, CLONE, FOLDER
from tests.api.whole_server import WholeServer

VENDOR = FOLDER / "vendor"
MODULES = {  # by their path on the server
    **{f"/static/{path.relative_to(FOLDER).as_posix()}": path for path in FOLDER.rglob("*.js")},
    **{f"/{path.relative_to(CLONE).as_posix()}": path for path in CLIENT.rglob("*.js")},
}


async def test_the_page_is_sent_with_a_strict_policy(server: WholeServer) -> None:
    page = await server.ask("GET", "/")
    assert page.status == 200
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"


async def test_the_page_names_every_module_it_will_need(server: WholeServer) -> None:
    page = (await server.ask("GET", "/")).raw.decode()
    named = re.findall(r'<link rel="modulepreload" href="([^"]+)" />', page)
    assert sorted(named) == sorted(MODULES.keys() - {"/static/theme.js"})


async def test_what_is_known_is_not_sent_again(server: WholeServer) -> None:
    first = await server.ask("GET", "/static/app.js")
    again = await server.ask(
        "GET", "/static/app.js", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert (again.status, again.raw) == (304, b"")
    assert first.headers["Cache-Control"] == "no-cache"


async def test_vendored_files_are_kept_for_ever(server: WholeServer) -> None:
    said = await server.ask("GET", "/static/vendor/lit-3.3.3.min.js")
    assert "immutable" in said.headers["Cache-Control"]
    assert said.headers["Content-Type"] == "text/javascript; charset=utf-8"


async def test_files_are_compressed_for_those_who_take_it(server: WholeServer) -> None:
    async with server.session.get(
        f"{server.url}/static/app.js", headers={"Accept-Encoding": "gzip"}, auto_decompress=False
    ) as response:
        packed = await response.read()
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == (FOLDER / "app.js").read_bytes()
    plain = await server.ask("GET", "/static/app.js", headers={"Accept-Encoding": "identity"})
    assert plain.raw == (FOLDER / "app.js").read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/static/nothing.js",
        "/static/../routes.py",
        "/static/%2e%2e/routes.py",
        "/static/vendor/..%2f..%2froutes.py",
        "/static/",
        "/static//etc/passwd",
        "/clients/js/package.json",
        "/clients/js/src/../package.json",
        "/clients/python/pyproject.toml",
    ],
)
async def test_nothing_outside_the_folder_can_be_had(server: WholeServer, path: str) -> None:
    said = await server.ask("GET", path)
    assert said.status == 404
    assert said.error["code"] == "NOT_FOUND"


def test_vendored_files_are_those_their_readme_names() -> None:
    readme = (VENDOR / "README.md").read_text()
    named = dict(re.findall(r"^\| `(\S+)` \|.*`([0-9a-f]{64})` \|$", readme, re.MULTILINE))
    sums = {path.name: digest(path) for path in VENDOR.glob("*.js")}
    assert named == sums
    assert {path.name for path in VENDOR.glob("*.LICENSE.txt")} == {
        "lit.LICENSE.txt",
        "socket.io.LICENSE.txt",
    }


@pytest.mark.parametrize("name", sorted(name for name in MODULES if "/vendor/" not in name))
def test_every_import_leads_to_a_file_of_ours(name: str) -> None:
    """The same path must lead there on disk, for editors and Node, and in a browser."""
    for target in re.findall(
        r'^(?:import|\} from|.* from) "([^"]+)";$', MODULES[name].read_text(), re.MULTILINE
    ):
        assert target.startswith("."), f"{name} imports {target} from elsewhere"
        meant = (MODULES[name].parent / target).resolve()
        asked = urlsplit(urljoin(f"http://here{name}", target)).path
        assert MODULES.get(asked) == meant, f"{name}: no {target}"


def test_the_client_needs_nothing_of_the_page() -> None:
    for path in CLIENT.rglob("*.js"):
        assert "server/web" not in path.read_text()
        for target in re.findall(r' from "([^"]+)";$', path.read_text(), re.MULTILINE):
            assert (path.parent / target).resolve().is_relative_to(CLIENT), f"{path}: {target}"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
