"""What nginx lets through, what it refuses, and what the backends are told."""

import asyncio
from pathlib import Path

import httpx
import pytest
import websockets

from chatapp import headers, routes
from tests.harness.nginx import Nginx
from tests.nginx.backend import FakeBackend
from tests.nginx.conftest import StartNginx
from tests.nginx.wire import WAIT_SECONDS, say, statuses

Backends = tuple[FakeBackend, FakeBackend]
HEAD = "GET /auth/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"


async def test_what_a_client_says_of_itself_is_not_believed(client: httpx.AsyncClient) -> None:
    invented = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Real-IP": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.test",
        "X-Request-ID": "invented",
        "Upgrade": "h2c",
        "Connection": "Upgrade, HTTP2-Settings",
    }
    told = (await client.get("/auth/echo?a=1", headers=invented)).json()
    seen = told["headers"]
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["host"] == client.base_url.netloc.decode()
    assert len(seen["x-request-id"]) == 32
    assert not {"x-forwarded-host", "upgrade", "http2-settings"} & set(seen) - {"http2-settings"}
    assert told["query"] == "a=1"


async def test_a_proxy_in_front_is_believed_when_it_is_named(
    start_nginx: StartNginx, backends: Backends
) -> None:
    server = await start_nginx([backends[0].port], CHATAPP_PROXIES="set_real_ip_from 127.0.0.0/8;")
    asked = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Forwarded-Proto": "https"}
    async with httpx.AsyncClient(base_url=server.url) as client:
        response = await client.get("/auth/echo", headers=asked)
        page = await client.get("/login", headers=asked)
    assert response.json()["headers"]["x-forwarded-for"] == "198.51.100.7"
    assert response.json()["headers"]["x-forwarded-proto"] == "https"
    assert page.headers["strict-transport-security"] == headers.HSTS


async def test_every_response_has_the_security_headers_once(client: httpx.AsyncClient) -> None:
    cases = ["/login", "/auth/echo", "/auth/fails", "/metrics", "/_event", "/nothing", "/login/"]
    for path in cases:
        found = (await client.get(path)).headers
        for name, value in headers.ALWAYS.items():
            assert found.get_list(name) == [value], (path, name)
        assert len(found.get_list("content-security-policy")) == 1, path
        assert "strict-transport-security" not in found
        assert "nginx/" not in found["server"]


async def test_query_strings_are_in_no_log(nginx: Nginx, client: httpx.AsyncClient) -> None:
    await client.get("/login?secret=not-for-the-log", headers={"Referer": "/x?not-for-the-log"})
    await client.get("/nothing?secret=not-for-the-log")
    url = f"{nginx.url.replace('http', 'ws')}/_event/?token=not-for-the-log"
    async with websockets.connect(url) as socket:
        await socket.send("hello")
        await socket.recv()
    async with asyncio.timeout(WAIT_SECONDS):
        while '"path":"/_event/"' not in nginx.requests:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert '"path":"/login","status":200' in nginx.requests
    assert "not-for-the-log" not in nginx.requests + nginx.process.text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{HEAD}X-Long: {'x' * 65_536}\r\n\r\n", 431),
        (f"{HEAD}Cookie: {'x' * 9_000}\r\n\r\n", 431),
        (f"GET /{'x' * 9_000} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 414),
        (f"{HEAD}Host: y\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        ("GET http://evil.test/_event HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (
            "GET http://evil.test/_event/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            400,
        ),
        (f"{HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (f"{HEAD}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400),
        (f"{HEAD}Transfer-Encoding: xchunked\r\n\r\n", 501),
        (f"{HEAD}Transfer-Encoding: chunked, chunked\r\n\r\n", 501),
        ("CONNECT evil.test:80 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nX-Nul: a\x00b\r\nConnection: close\r\n\r\n", 400),
        ("nonsense\r\n\r\n", 400),
    ],
)
async def test_what_is_malformed_is_refused(nginx: Nginx, text: str, expected: int) -> None:
    assert statuses(await say(nginx, text)) == [expected]


@pytest.mark.parametrize("path", ["/login%0a/", "/login/%0a"])
async def test_no_line_feed_of_a_path_reaches_a_header(nginx: Nginx, path: str) -> None:
    answer = await say(nginx, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, _ = answer.partition(b"\r\n\r\n")
    assert [line for line in head.split(b"\r\n") if b"\n" in line] == []
    assert b"\nLocation: /login\r" not in head


async def test_a_request_hidden_in_another_is_not_served(nginx: Nginx, backends: Backends) -> None:
    hidden = "GET /auth/hidden HTTP/1.1\r\nHost: x\r\n\r\n"
    for smuggled in (
        f"POST /auth/echo HTTP/1.1\r\nHost: x\r\nContent-Length: {len(hidden)}\r\n"
        f"Connection: close\r\n\r\n{hidden}",
        "POST /auth/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n"
        f"Connection: close\r\n\r\n0\r\n\r\n{hidden}",
        "POST /auth/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n"
        f"Content-Length: 0\r\nConnection: close\r\n\r\n{hidden}",
        "GET /_event/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 777\r\n\r\n{hidden}",
    ):
        assert len(statuses(await say(nginx, smuggled, finish=True))) <= 1
    assert "/auth/hidden" not in [path for backend in backends for path in backend.seen]


async def test_who_is_too_slow_is_let_go(nginx: Nginx, client: httpx.AsyncClient) -> None:
    halves = (
        "GET /login HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        "POST /auth/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nslow",
        "GET /_event/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n",
    )
    waiting = [asyncio.create_task(say(nginx, half)) for half in halves for _ in range(20)]
    assert (await client.get("/auth/echo")).status_code == 200
    answers = await asyncio.gather(*waiting)
    # Each is cut, without a word.
    assert answers == [b""] * len(waiting)


async def test_a_body_too_large_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.post("/auth/echo", content=b"x" * 1_100_000)
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("method", "path"), [("POST", routes.EXPORT), ("GET", routes.AUDIT_EXPORT)]
)
async def test_long_copies_are_compressed_on_their_way(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    plain = await client.request(method, path, headers={"Accept-Encoding": "identity"})
    small = await client.request(method, path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert small.headers["content-encoding"] == "gzip"
    assert small.num_bytes_downloaded < plain.num_bytes_downloaded / 2
    assert small.text == plain.text
    # Elsewhere the length of a response tells nothing of a secret beside a stranger's text.
    echo = await client.get("/auth/echo", headers={"X-Long": "x" * 4000})
    assert "content-encoding" not in echo.headers


async def test_names_that_are_not_ours_are_refused_where_ours_are_named(
    start_nginx: StartNginx, backends: Backends, tmp_path: Path
) -> None:
    server = await start_nginx([backends[0].port], CHATAPP_NAMES="chat.example.org")
    ours = "GET /login HTTP/1.1\r\nHost: chat.example.org\r\nConnection: close\r\n\r\n"
    other = ours.replace("chat.example.org", "evil.test")
    assert statuses(await say(server, ours)) == [200]
    assert statuses(await say(server, other)) == [421]
    for asked in (ours, other):
        assert statuses(await say(server, asked.replace("/login", "/nginx-healthz"))) == [204]
