"""Where a model may not send us: by address, by name, by redirect and by a name that changes."""

import asyncio
import gzip
import ssl
import zlib
from collections.abc import Iterable
from pathlib import Path

import httpcore
import pytest

from chatapp.agents.tools import network
from chatapp.agents.tools.addresses import is_public
from chatapp.agents.tools.network import HOPS, LARGEST, Fetched, PublicOnly, get
from chatapp.agents.tools.problems import ToolProblem
from tests.agents.tools.internet import SITE, internet, leading_to, page
from tests.harness.tls import https

KINDS = ("text/html", "text/plain")
URL = "http://site.example/"

_NOT_PUBLIC = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 127.0.0.1 127.255.255.254
    168.63.129.16 169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.192 192.0.2.1
    192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 198.51.100.7 203.0.113.7 224.0.0.1
    239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1
    64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1
    2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:db8::1 2002:7f00:1:: 2002:808:808::1 3fff::1
    fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 2606:4700::1111%eth0 localhost
    127.1 2130706433 0x7f000001 0177.0.0.1 127.0.0.1. ①②⑦.⓪.⓪.①
"""

_PUBLIC = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1
    168.63.129.15 172.15.255.255 172.32.0.1 192.167.255.255 192.169.0.1 223.255.255.255
    2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450:4001::1
"""

LOOPBACK = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.000.000.001/",
    "http://127.0.0.1./",
    "http://0/",
    "http://0.0.0.0/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://%31%32%37.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://１２７.０.０.１/",
    "http://127。0。0。1/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1%25lo]/",
    "http://[fe80::1]/",
]
ELSEWHERE = [
    "http://10.0.0.1/",
    "http://10.1/",
    "http://172.16.0.1:8080/",
    "http://192.168.1.1/admin",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.43518/latest/meta-data/",
    "http://2852039166/",
    "http://[::ffff:169.254.169.254]/",
    "http://[fd00:ec2::254]/",
    "http://100.100.100.200/",
    "http://168.63.129.16/machine",
    "http://192.0.0.192/",
    "http://224.0.0.251/",
    "http://255.255.255.255/",
    "https://[ff02::1]/",
]
OTHER_KINDS = [
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "ftp://site.example/",
    "gopher://127.0.0.1:6379/_INFO",
    "data:text/html,hello",
    "javascript:alert(1)",
    "unix:///var/run/docker.sock",
    "//site.example/",
    "site.example",
    "http:///nowhere",
    "http://",
    "",
    "http://user@site.example/",
    "http://user:password@site.example/",
    "http://site.example@127.0.0.1/",
    "http://:@127.0.0.1/",
    "http://site.example:22/",
    "http://site.example:6379/",
    "https://site.example:5432/",
    "http://site.example:0/",
    "http://site.example:99999/",
    "http://site.example:x/",
    "http://[::1/",
    "http://site.example\\@127.0.0.1/",
    "http://site.example\r\nHost: x/",
    "http://site.example/" + "x" * 2_000,
]


class Nowhere(httpcore.AsyncNetworkBackend):
    """A network on which any connection is a failure of the test."""

    def __init__(self) -> None:
        self.connected: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.connected.append(host)
        raise httpcore.ConnectError


@pytest.mark.parametrize("address", _NOT_PUBLIC.split())
def test_it_is_no_public_address(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", _PUBLIC.split())
def test_it_is_a_public_address(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", [*LOOPBACK, *ELSEWHERE, *OTHER_KINDS])
async def test_it_is_refused_before_anything_is_connected(url: str) -> None:
    nowhere = Nowhere()
    with pytest.raises(ToolProblem, match=r"\.$"):
        # The names are resolved as the machine does it.
        await get(url, KINDS, lambda: PublicOnly(inner=nowhere))
    assert nowhere.connected == []


async def test_it_is_refused_after_a_redirect_as_well() -> None:
    async with internet() as world:
        targets = [*LOOPBACK, *ELSEWHERE, *OTHER_KINDS[:7], *OTHER_KINDS[12:20]]
        for url in targets:
            world.answers["x"] = leading_to(url.encode("ascii", "ignore").decode())
            world.connected.clear()
            with pytest.raises(ToolProblem):
                await get(URL + "x", KINDS, world.network)
            assert world.connected == [SITE], url


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], [SITE, "127.0.0.1"], ["::1", SITE], ["169.254.169.254"], ["fe80::1%2"]],
)
async def test_a_name_with_an_address_inside_is_refused(addresses: list[str]) -> None:
    async with internet(x=page(b"secret")) as world:
        world.names["inside.example"] = [addresses]
        with pytest.raises(ToolProblem, match="not on the public internet"):
            await get("http://inside.example/x", KINDS, world.network)
        assert world.connected == []


async def test_the_connection_goes_to_the_address_that_was_looked_at() -> None:
    async with internet(x=page(b"hello")) as world:
        world.names["changing.example"] = [[SITE], ["127.0.0.1"]]
        fetched = await get("http://changing.example/x", KINDS, world.network)
        assert fetched.body == b"hello"
        assert world.connected == [SITE]
        assert "Host: changing.example\r\n" in world.requests[0]
        with pytest.raises(ToolProblem, match="not on the public internet"):
            await get("http://changing.example/x", KINDS, world.network)
        assert world.connected == [SITE]


async def test_a_name_is_looked_at_again_after_each_redirect() -> None:
    async with internet(x=leading_to("/y"), y=page(b"secret")) as world:
        world.names["changing.example"] = [[SITE], ["127.0.0.1"]]
        world.answers["x"] = leading_to("http://changing.example:8080/y")
        with pytest.raises(ToolProblem, match="not on the public internet"):
            await get("http://changing.example/x", KINDS, world.network)
        assert world.connected == [SITE]


async def test_redirects_are_followed_a_few_times() -> None:
    async with internet(x=leading_to("y", "301 Moved"), y=leading_to("//site.example/z")) as world:
        world.answers["z"] = page(b"there", kind="text/plain; charset=UTF-8")
        assert await get(URL + "x#part", KINDS, world.network) == Fetched(
            "http://site.example/z", "text/plain", "utf-8", b"there", True
        )
        world.answers["z"] = leading_to("x")
        world.connected.clear()
        with pytest.raises(ToolProblem, match="leads on more than"):
            await get(URL + "x", KINDS, world.network)
        assert len(world.connected) <= HOPS + 1


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


async def endless_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Header: " + b"x" * 65_536 + b"\r\n")
        await writer.drain()


async def broken(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\nhalf")


async def test_an_endless_body_is_cut() -> None:
    async with internet(x=endless) as world:
        fetched = await get(URL + "x", KINDS, world.network)
        assert (len(fetched.body), fetched.whole) == (LARGEST, False)


@pytest.mark.parametrize("answer", [endless_head, broken, b"", b"SSH-2.0-OpenSSH\r\n"])
async def test_what_is_no_answer_is_told_in_words(answer: bytes) -> None:
    async with internet(x=answer) as world:
        with pytest.raises(ToolProblem, match="broke"):
            await get(URL + "x", KINDS, world.network)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_packed_bomb_is_cut(coding: str) -> None:
    plain = bytes(200_000_000)
    bomb = gzip.compress(plain, 1) if coding == "gzip" else zlib.compress(plain, 1)
    async with internet(x=page(bomb, f"Content-Encoding: {coding}")) as world:
        fetched = await get(URL + "x", KINDS, world.network)
        assert (len(fetched.body), fetched.whole) == (LARGEST, False)
        small = gzip.compress(b"hello") if coding == "gzip" else zlib.compress(b"hello")
        world.answers["x"] = page(small, f"Content-Encoding: {coding}")
        assert (await get(URL + "x", KINDS, world.network)).body == b"hello"
        world.answers["x"] = page(b"no such thing", f"Content-Encoding: {coding}")
        with pytest.raises(ToolProblem, match="packed"):
            await get(URL + "x", KINDS, world.network)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (page(b"%PDF", kind="application/pdf"), "of the type application/pdf"),
        (page(b"x", kind="image/png; charset=x"), "of the type image/png"),
        (page(b"x", kind="<script>" * 100), "of the type another"),
        (page(b"gone", status="404 Not Found"), "with the status 404"),
        (page(b"oh", status="500 Internal Server Error"), "with the status 500"),
        (page(b"x", "Content-Encoding: br"), "packed"),
        (page(b"", "Location: http://[::1", status="302 Found"), "no address"),
    ],
)
async def test_what_cannot_be_read_is_told_in_words(answer: bytes, words: str) -> None:
    async with internet(x=answer) as world:
        with pytest.raises(ToolProblem, match=words):
            await get(URL + "x", KINDS, world.network)


async def test_a_certificate_must_be_for_the_name_though_the_address_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with internet(x=page(b"hello")) as world, https(world.port, tmp_path, "a.example") as url:
        world.port = int(url.rpartition(":")[2])
        world.names |= {"a.example": [[SITE]], "b.example": [[SITE]]}
        with pytest.raises(ToolProblem, match="broke"):
            await get("https://a.example/x", KINDS, world.network)
        trusting = ssl.create_default_context(cafile=str(tmp_path / "https.pem"))
        monkeypatch.setattr(network, "_tls", lambda: trusting)
        assert (await get("https://a.example/x", KINDS, world.network)).body == b"hello"
        with pytest.raises(ToolProblem, match="broke"):
            await get("https://b.example/x", KINDS, world.network)
        assert set(world.connected) == {SITE}


async def test_what_is_sent_names_nobody() -> None:
    async with internet(x=page(b"hello")) as world:
        await get(URL + "x", KINDS, world.network)
        names = {line.split(":")[0].lower() for line in world.requests[0].split("\r\n")[1:] if line}
        assert names == {"host", "user-agent", "accept", "accept-encoding", "accept-language"}
