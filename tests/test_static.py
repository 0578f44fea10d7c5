"""The built pages as they are served, on a build made for these tests."""

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from chatapp import headers, routes
from chatapp.static import Pages, accepts_gzip, policy
from chatapp.ui import behaviour

CHAT = routes.chat("0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000")
SCRIPT = "assets/root-Bg7ZP8m2.js"


@pytest.fixture
def build(tmp_path: Path) -> Path:
    files = {
        "index.html": "<html><script>go('home')</script><script src='/x.js'></script></html>",
        "__spa-fallback.html": "<html><script>go('any')</script></html>",
        "404.html": "<html>nothing here</html>",
        "login.html": "<html>log in</html>",
        "login/index.html": "<html>log in</html>",
        SCRIPT: "import 'x'",
        "behaviour.js": "behave()",
        "fonts/inter-latin.woff2": "font",
        "secret.py": "KEY = 1",
    }
    for name, text in files.items():
        path = tmp_path / "client" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "client" / f"{SCRIPT}.gz").write_bytes(gzip.compress(b"import 'x'"))
    (tmp_path / "outside.txt").write_text("outside")
    return tmp_path / "client"


@pytest.fixture
async def client(build: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(headers.SecurityHeaders(Pages(build)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/", 200, "home"),
        ("/login", 200, "log in"),
        (CHAT, 200, "any"),
        ("/c/not-an-id", 404, "nothing"),
        ("/c/", 404, "nothing"),
        (f"{CHAT}/more", 404, "nothing"),
        ("/nothing", 404, "nothing"),
        ("/login.html", 404, "nothing"),
        ("/404.html", 404, "nothing"),
        ("/secret.py", 404, "nothing"),
        (f"/{SCRIPT}.gz", 404, "nothing"),
        ("/../outside.txt", 404, "nothing"),
        ("/%2e%2e/outside.txt", 404, "nothing"),
        ("/..%2foutside.txt", 404, "nothing"),
        ("//outside.txt", 404, "nothing"),
        ("/fonts", 404, "nothing"),
        ("/\x00".replace("\x00", "%00"), 404, "nothing"),
    ],
)
async def test_what_is_found_and_what_is_not(
    client: httpx.AsyncClient, path: str, status: int, text: str
) -> None:
    response = await client.get(f"http://test{path}")
    assert (response.status_code, text in response.text) == (status, True)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"


async def test_a_slash_too_many_leads_to_the_page(client: httpx.AsyncClient) -> None:
    response = await client.get("/login/")
    assert (response.status_code, response.headers["location"]) == (308, "/login")
    assert (await client.get("http://test//evil.example/")).status_code == 404


async def test_hashed_files_are_kept_for_ever(client: httpx.AsyncClient) -> None:
    response = await client.get(f"/{SCRIPT}")
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    font = await client.get("/fonts/inter-latin.woff2")
    assert font.headers["cache-control"] == "public, max-age=86400"


async def test_a_script_that_keeps_its_name_is_asked_for_each_time(
    client: httpx.AsyncClient,
) -> None:
    script = await client.get(behaviour.SCRIPT)
    assert (script.text, script.headers["cache-control"]) == ("behave()", "no-cache")
    known = {"If-None-Match": script.headers["etag"]}
    assert (await client.get(behaviour.SCRIPT, headers=known)).status_code == 304


async def test_compressed_for_those_who_take_it(client: httpx.AsyncClient) -> None:
    packed = await client.get(f"/{SCRIPT}", headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    plain = await client.get(f"/{SCRIPT}", headers={"Accept-Encoding": "br"})
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text == "import 'x'"
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    assert packed.headers["etag"] != plain.headers["etag"]


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        ("", False),
        ("gzip", True),
        ("deflate, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000, *", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("GZIP", True),
        ("gzip;q=nonsense", False),
    ],
)
def test_negotiation(header: str, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted


async def test_an_unchanged_page_is_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/", headers={"Accept-Encoding": "identity"})
    again = await client.get(
        "/",
        headers={
            "Accept-Encoding": "identity",
            "If-None-Match": f'"other", W/{first.headers["etag"]}',
        },
    )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]


async def test_only_reading_is_allowed(client: httpx.AsyncClient) -> None:
    assert (await client.post("/login")).status_code == 405
    head = await client.head("/login")
    assert (head.status_code, head.content) == (200, b"")


async def test_each_page_allows_its_own_scripts_only(client: httpx.AsyncClient) -> None:
    home = (await client.get("/")).headers["content-security-policy"]
    chat = (await client.get(CHAT)).headers["content-security-policy"]
    assert len(re.findall("'sha256-", home)) == len(re.findall("'sha256-", chat)) == 1
    assert home != chat
    assert "unsafe-eval" not in home
    assert "script-src 'self' 'sha256-" in home


def test_a_script_is_hashed_as_the_browser_does() -> None:
    # The example of the CSP specification.
    hashed = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"
    assert hashed in policy("<script>alert('Hello, world.');</script>")


async def test_every_response_has_the_security_headers(client: httpx.AsyncClient) -> None:
    for path in ("/", "/nothing", f"/{SCRIPT}", "/login/"):
        response = await client.get(path)
        assert (
            response.headers.items()
            >= {name.lower(): value for name, value in headers.ALWAYS.items()}.items()
        )
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert "strict-transport-security" not in response.headers
        assert "server" not in response.headers


async def test_https_is_remembered(build: Path) -> None:
    transport = httpx.ASGITransport(headers.SecurityHeaders(Pages(build)))
    async with httpx.AsyncClient(transport=transport, base_url="https://test") as client:
        response = await client.get("/")
    assert "max-age" in response.headers["strict-transport-security"]


def test_missing_pages_are_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="not built"):
        Pages(tmp_path)
