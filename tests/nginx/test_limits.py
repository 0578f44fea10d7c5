"""How much one address may ask for, and that what it asks for is taken from nobody else."""

import asyncio
import resource
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import websockets

from tests.harness.nginx import HOST, Nginx
from tests.harness.processes import free_port
from tests.nginx.backend import FakeBackend
from tests.nginx.conftest import StartNginx
from tests.nginx.wire import WAIT_SECONDS, say, statuses
from tools import front

Backends = tuple[FakeBackend, FakeBackend]

HANDSHAKE = (
    b"GET /_event/ HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def socket(nginx: Nginx) -> str:
    return f"{nginx.url.replace('http', 'ws')}/_event/"


async def _knock_and_go(nginx: Nginx) -> None:
    """Ask for sockets for ever, and wait for none."""
    while True:
        _, writer = await asyncio.open_connection(HOST, nginx.port)
        writer.write(HANDSHAKE)
        writer.close()


async def test_sockets_beyond_the_limit_of_an_address_are_refused(
    start_nginx: StartNginx, backends: Backends
) -> None:
    server = await start_nginx([backends[0].port], CHATAPP_SOCKETS_PER_ADDRESS="2")
    url = socket(server)
    async with websockets.connect(url), websockets.connect(url):
        with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
            await websockets.connect(url)
        async with httpx.AsyncClient(base_url=server.url) as client:
            assert (await client.get("/auth/echo")).status_code == 200
    assert refused.value.response.status_code == 429
    assert refused.value.response.headers["retry-after"] == "2"


async def test_sockets_that_come_at_once_are_let_in_one_after_the_other(
    start_nginx: StartNginx, backends: Backends
) -> None:
    server = await start_nginx([backends[0].port], CHATAPP_CONNECTS="10")
    url = socket(server)
    loop = asyncio.get_running_loop()

    async def come() -> float:
        async with websockets.connect(url, open_timeout=30):
            return loop.time()

    began = loop.time()
    came = await asyncio.gather(*(come() for _ in range(12)))
    # The first at once, the others at ten a second: none is refused, and they do not come together.
    assert max(came) - began >= 1.05


async def test_requests_beyond_the_limit_of_an_address_are_refused(
    start_nginx: StartNginx,
) -> None:
    # Nobody is behind it, so that the answers come faster than the limit allows.
    server = await start_nginx([free_port()])
    one = "GET /auth/echo HTTP/1.1\r\nHost: x\r\n"
    answer = await say(server, f"{one}\r\n" * 900 + f"{one}Connection: close\r\n\r\n")
    assert set(statuses(answer)) == {503, 429}
    assert statuses(answer)[:200] == [503] * 200
    refused = answer[answer.index(b"HTTP/1.1 429") :].lower()
    assert b"retry-after: 2\r\n" in refused
    assert b"try again" in refused
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.get("/login")).status_code == 200


async def test_one_address_cannot_fill_the_line_of_all(
    start_nginx: StartNginx, backends: Backends
) -> None:
    server = await start_nginx([backends[0].port])

    async def come(address: str) -> int:
        connecting = websockets.connect(
            socket(server), local_addr=(address, 0), open_timeout=WAIT_SECONDS
        )
        try:
            async with connecting:
                return 101
        except websockets.exceptions.InvalidStatus as refused:
            return refused.response.status_code

    flood = [asyncio.create_task(_knock_and_go(server)) for _ in range(10)]
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while server.requests.count('"status":429') < 200:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        others = await asyncio.gather(*(come("127.0.0.2") for _ in range(20)))
    finally:
        for each in flood:
            each.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
    assert others == [101] * 20


def _workers(nginx: Nginx) -> set[int]:
    pid = nginx.process.pid
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


async def test_workers_may_open_more_files_than_they_were_started_with(
    start_nginx: StartNginx, backends: Backends
) -> None:
    server = await start_nginx([backends[0].port])
    before = _workers(server)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (1024, hard))
    server.reload()
    async with asyncio.timeout(WAIT_SECONDS):
        while (now := _workers(server)) & before or not now:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    # Each has 9,500 connections, of which each may read a file.
    assert {resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] >= 19_000 for pid in now} == {True}


async def test_make_up_is_told_how_many_may_come_from_one_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CHATAPP_CONNECTS_PER_ADDRESS", "7")
    names = front.names(
        listen="8080", backends=[], pages=tmp_path, run=tmp_path, access_log=tmp_path
    )
    assert "zone=connects_of_place:10m rate=7r/s;" in front.fill(names)


async def test_a_limit_is_of_an_ipv4_address_or_of_a_network_of_ipv6(
    start_nginx: StartNginx, backends: Backends
) -> None:
    server = await start_nginx(
        [backends[0].port],
        CHATAPP_PROXIES="set_real_ip_from 127.0.0.0/8;",
        CHATAPP_SOCKETS_PER_ADDRESS="1",
    )

    async with AsyncExitStack() as stack:

        async def let_in(address: str) -> bool:
            connecting = websockets.connect(
                socket(server), additional_headers={"X-Forwarded-For": address}
            )
            try:
                await stack.enter_async_context(connecting)
            except websockets.exceptions.InvalidStatus:
                return False
            return True

        for address, expected in {
            "2001:db8:0:a::1": True,
            "2001:db8:0:a:ffff::2": False,
            "2001:db8:0:b::1": True,
            # Line feeds among its bytes.
            "2001:a0a:a0a:a0a::1": True,
            "2001:a0a:a0a:a0a:a0a:a0a:a0a:a0a": False,
            "203.0.113.1": True,
            "203.0.113.2": True,
            "::ffff:203.0.113.2": False,
            "::ffff:203.0.113.3": True,
            "::1": True,
        }.items():
            assert await let_in(address) is expected, address
