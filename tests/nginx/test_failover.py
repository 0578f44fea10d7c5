"""A backend that refuses, leaves or fails: the others serve, and nothing is done twice."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import websockets

from chatapp.static import Pages
from tests.harness.nginx import HOST, Nginx
from tests.harness.processes import accepts, free_port
from tests.harness.tls import certificate
from tests.nginx.backend import FakeBackend
from tests.nginx.conftest import StartNginx
from tests.nginx.wire import WAIT_SECONDS
from tools.phases import PROJECT


@pytest.fixture
async def pair(published: Path) -> AsyncIterator[tuple[FakeBackend, FakeBackend]]:
    """Two backends of the test's own."""
    async with AsyncExitStack() as stack:
        made = [FakeBackend(Pages(published / "client")) for _ in range(2)]
        one, two = [await stack.enter_async_context(each.running()) for each in made]
        yield one, two


def socket(nginx: Nginx) -> str:
    return f"{nginx.url.replace('http', 'ws')}/_event/"


async def counted(pair: tuple[FakeBackend, FakeBackend], expected: list[int]) -> None:
    """Wait until the backends have so many sockets: a client knows of its own a moment earlier."""
    async with asyncio.timeout(WAIT_SECONDS):
        while [backend.sockets for backend in pair] != expected:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_sockets_go_to_all_backends(
    start_nginx: StartNginx, pair: tuple[FakeBackend, FakeBackend]
) -> None:
    nginx = await start_nginx([backend.port for backend in pair])
    async with AsyncExitStack() as stack:
        for _ in range(8):
            await stack.enter_async_context(websockets.connect(socket(nginx)))
        await counted(pair, [4, 4])


async def test_a_backend_that_leaves_gets_no_sockets(
    start_nginx: StartNginx, pair: tuple[FakeBackend, FakeBackend]
) -> None:
    nginx = await start_nginx([backend.port for backend in pair])
    pair[0].leaving = True
    async with AsyncExitStack() as stack:
        for _ in range(8):
            await stack.enter_async_context(websockets.connect(socket(nginx)))
        await counted(pair, [0, 8])
    assert "socket" in pair[0].seen


async def test_a_backend_that_refuses_is_passed_by(
    start_nginx: StartNginx, pair: tuple[FakeBackend, FakeBackend]
) -> None:
    nginx = await start_nginx([free_port(), pair[0].port])
    async with httpx.AsyncClient(base_url=nginx.url) as client:
        for method in ("GET", "POST") * 4:
            assert (await client.request(method, "/auth/echo")).status_code == 200
    async with websockets.connect(socket(nginx)) as connection:
        await connection.send("hello")
        assert await connection.recv() == f"{pair[0].port} hello"


async def test_a_backend_that_comes_back_is_used_again(
    start_nginx: StartNginx, published: Path, pair: tuple[FakeBackend, FakeBackend]
) -> None:
    late = FakeBackend(Pages(published / "client"))
    nginx = await start_nginx([late.port, pair[0].port])
    async with httpx.AsyncClient(base_url=nginx.url) as client:
        assert (await client.get("/auth/echo")).status_code == 200
        async with late.running(), asyncio.timeout(WAIT_SECONDS):
            while not late.seen:
                assert (await client.get("/auth/echo")).status_code == 200
                await asyncio.sleep(0.05)


async def test_what_was_sent_to_one_backend_is_sent_to_no_other(
    start_nginx: StartNginx, pair: tuple[FakeBackend, FakeBackend]
) -> None:
    nginx = await start_nginx([backend.port for backend in pair])
    async with httpx.AsyncClient(base_url=nginx.url) as client:
        response = await client.post("/auth/fails")
    assert (response.status_code, response.text) == (503, "The backend's own words.")
    assert response.headers.get_list("retry-after") == ["7"]
    assert [backend.seen for backend in pair].count(["/auth/fails"]) == 1


async def test_a_script_that_only_some_backends_have_is_found(
    start_nginx: StartNginx,
    pair: tuple[FakeBackend, FakeBackend],
    published: Path,
    tmp_path: Path,
) -> None:
    newer = tmp_path / "newer"
    shutil.copytree(published / "client", newer)
    (newer / "assets" / "later-Cx91_-ab.js").write_text("later()")
    async with FakeBackend(Pages(newer)).running() as third:
        nginx = await start_nginx([pair[0].port, third.port, pair[1].port])
        async with httpx.AsyncClient(base_url=nginx.url) as client:
            for _ in range(6):
                found = await client.get("/assets/later-Cx91_-ab.js")
                assert (found.status_code, found.text) == (200, "later()")
            assert (await client.get("/assets/none-Cx91_-ab.js")).status_code == 404
            assert (await client.post("/assets/later-Cx91_-ab.js")).status_code == 405


async def test_with_no_backend_the_pages_are_there_and_plain_words(
    start_nginx: StartNginx,
) -> None:
    nginx = await start_nginx([free_port(), free_port()])
    async with httpx.AsyncClient(base_url=nginx.url) as client:
        assert (await client.get("/login")).status_code == 200
        assert (await client.get("/nginx-healthz")).status_code == 204
        for method, path in (("POST", "/auth/sign-in"), ("GET", "/healthz")):
            response = await client.request(method, path)
            assert response.status_code == 503
            assert "cannot be reached just now" in response.text
            assert response.headers["retry-after"] == "2"
    with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
        await websockets.connect(socket(nginx))
    assert refused.value.response.status_code == 503


async def test_sockets_of_a_backend_that_falls_silent_are_cut(
    start_nginx: StartNginx, pair: tuple[FakeBackend, FakeBackend]
) -> None:
    nginx = await start_nginx([pair[0].port])
    # As it is, but sooner.
    file = nginx.folder / "nginx.conf"
    assert "proxy_read_timeout 40s;" in file.read_text()
    file.write_text(file.read_text().replace("proxy_read_timeout 40s;", "proxy_read_timeout 1s;"))
    await nginx.process.kill()
    await nginx.process.start(lambda: accepts(HOST, nginx.port))
    async with asyncio.timeout(WAIT_SECONDS):
        async for connection in websockets.connect(socket(nginx)):
            with pytest.raises(websockets.exceptions.ConnectionClosed):
                await connection.recv()
            break


async def test_a_reload_cuts_no_socket(
    start_nginx: StartNginx, pair: tuple[FakeBackend, FakeBackend]
) -> None:
    nginx = await start_nginx([backend.port for backend in pair])
    async with websockets.connect(socket(nginx)) as connection:
        nginx.reload()
        for number in range(20):
            await connection.send(str(number))
            assert (await connection.recv()).endswith(f" {number}")  # type: ignore[arg-type]
            async with httpx.AsyncClient(base_url=nginx.url) as client:
                assert (await client.get("/auth/echo")).status_code == 200


async def test_a_killed_nginx_comes_back(
    start_nginx: StartNginx, pair: tuple[FakeBackend, FakeBackend]
) -> None:
    nginx = await start_nginx([backend.port for backend in pair])
    async with websockets.connect(socket(nginx)) as connection:
        await nginx.process.kill()
        with pytest.raises(websockets.exceptions.ConnectionClosed):
            await connection.recv()
    await nginx.start()
    # What the killed one had accepted and not answered is cut.
    async with asyncio.timeout(WAIT_SECONDS):
        async for connection in websockets.connect(socket(nginx)):
            await connection.send("again")
            assert str(await connection.recv()).endswith(" again")
            break


async def test_https_as_the_example_says(
    start_nginx: StartNginx, pair: tuple[FakeBackend, FakeBackend], tmp_path: Path
) -> None:
    pem, port = certificate(tmp_path / "https.pem"), free_port()
    example = (PROJECT / "nginx" / "tls.conf.example").read_text()
    for name in ("fullchain.pem", "privkey.pem"):
        example = example.replace(f"/etc/ssl/chatapp/{name}", str(pem))
    nginx = await start_nginx([backend.port for backend in pair])
    (nginx.folder / "server.d" / "tls.conf").write_text(example.replace("443", str(port)))
    nginx.reload()
    url = f"https://localhost:{port}"
    async with httpx.AsyncClient(verify=False) as client, asyncio.timeout(WAIT_SECONDS):
        plain = await client.get(f"{nginx.url}/login?next=1", headers={"Connection": "close"})
        while plain.status_code != 301:
            await asyncio.sleep(0.05)
            plain = await client.get(f"{nginx.url}/login?next=1", headers={"Connection": "close"})
        page = await client.get(f"{url}/login")
        told = (await client.get(f"{url}/auth/echo")).json()["headers"]
    context = ssl._create_unverified_context()
    async with websockets.connect(f"wss://localhost:{port}/_event/", ssl=context) as connection:
        await connection.send("hello")
        assert str(await connection.recv()).endswith(" hello")
    context.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await asyncio.open_connection(HOST, port, ssl=context)
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
    writer.close()
    assert plain.headers["location"] == "https://localhost/login?next=1"
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    assert told["x-forwarded-proto"] == "https"
