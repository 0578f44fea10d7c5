"""The pages through nginx are what chatapp serves alone."""

import httpx
import pytest

from chatapp import headers, routes
from chatapp.ui import behaviour
from tests.nginx.backend import FakeBackend
from tests.nginx.conftest import SCRIPT, TREE

CHAT = routes.chat("0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000")
SAME = (
    "content-type",
    "cache-control",
    "content-security-policy",
    "content-encoding",
    "location",
    "vary",
    *(name.lower() for name in headers.ALWAYS),
)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/login",
        "/admin",
        "/status",
        CHAT,
        "/login?next=%2Fc%2F1",
        *(f"/{name}" for name in TREE),
        *(f"/{name.removesuffix('.html')}" for name in TREE if name.endswith(".html")),
        f"/{SCRIPT}.gz",
        "/c/not-an-id",
        "/c/",
        f"{CHAT}/more",
        "/nothing",
        "/LOGIN",
        "/login//",
        "/fonts",
        "/fonts/",
        "/assets/none-Bg7ZP8m2.js",
        "//outside.txt",
        "//login",
        "/pages.map",
        "/%0a",
        "/login%0a",
        "/login/%0a",
        f"{CHAT}%0a",
        "/behaviour.js%0a",
        f"/{SCRIPT}%0a",
        "/metrics%0a",
    ],
)
@pytest.mark.parametrize("accepted", ["gzip", "identity", "gzip;q=0"])
async def test_each_path_is_what_it_is_without_nginx(
    client: httpx.AsyncClient, alone: httpx.AsyncClient, path: str, accepted: str
) -> None:
    asked = {"Accept-Encoding": accepted}
    there = await client.get(f"{str(client.base_url).rstrip('/')}{path}", headers=asked)
    here = await alone.get(f"http://test{path}", headers=asked)
    assert (there.status_code, there.text) == (here.status_code, here.text)
    assert {name: there.headers.get(name) for name in SAME} == {
        name: here.headers.get(name) for name in SAME
    }


@pytest.mark.parametrize("path", ["/%2e%2e/outside.txt", "/..%2foutside.txt", "/%00"])
async def test_nothing_leads_out_of_the_build(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)
    assert response.status_code in {400, 404}
    assert "outside" not in response.text


async def test_pages_cost_the_backends_nothing(
    client: httpx.AsyncClient, backends: tuple[FakeBackend, FakeBackend]
) -> None:
    for path in ("/", "/login", CHAT, f"/{SCRIPT}"):
        assert (await client.get(path)).headers["server"] == "nginx"
        assert "last-modified" in (await client.get(path)).headers, path


async def test_an_unchanged_page_or_script_is_not_sent_again(client: httpx.AsyncClient) -> None:
    for path in ("/login", behaviour.SCRIPT):
        first = await client.get(path)
        assert first.headers["cache-control"] == "no-cache"
        again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_only_reading_is_allowed(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, "/login")).status_code == 405


async def test_the_policy_has_no_eval(client: httpx.AsyncClient) -> None:
    for path in ("/", CHAT, "/nothing", f"/{SCRIPT}"):
        policy = (await client.get(path)).headers["content-security-policy"]
        assert "unsafe-eval" not in policy
        assert "frame-ancestors 'none'" in policy


async def test_metrics_are_for_those_inside(
    client: httpx.AsyncClient, backends: tuple[FakeBackend, FakeBackend]
) -> None:
    for path in ("/metrics", "/metrics?x=1", "/%6detrics"):
        assert (await client.get(path)).status_code == 404
    assert not [each for backend in backends for each in backend.seen if "metrics" in each]
