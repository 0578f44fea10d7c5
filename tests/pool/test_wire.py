"""The HTTP below the SDKs: framing, reuse, TLS, and what it raises."""

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatapp.pool import wire
from chatapp.pool.connection import Framing

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
CHUNKED = [(b"Transfer-Encoding", b"chunked")]
OK = b"HTTP/1.1 200 OK\r\n"


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.binary(min_size=1, max_size=40), st.just(b"x" * 3_000)),
            st.sampled_from([b"%x\r\n", b"%X;a=b\r\n"]),
        ),
        max_size=6,
    ),
    st.lists(st.integers(0, 400)),
)
def test_chunks_are_the_same_however_they_are_cut(said: list[tuple[bytes, bytes]], cuts: list[int]):
    chunks = [chunk for chunk, _ in said]
    stream = b"".join(line % len(chunk) + chunk + b"\r\n" for chunk, line in said)
    stream += b"0\r\nX-Trailer: 1\r\n\r\n"
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    framing, buffer, body = Framing(200, CHUNKED), bytearray(), b""
    for start, end in pairwise(edges):
        buffer += stream[start:end]
        body += framing.take(buffer)
    assert body == b"".join(chunks)
    assert framing.done
    assert not buffer


@pytest.mark.parametrize(
    "stream", [b"xyz\r\n", b"-1\r\n", b"1\r\nabc", b"5" * 300, b"\r\n\r\n", b"123456789\r\n"]
)
@pytest.mark.parametrize("before", [b"", b"1\r\na\r\n", b"1\r\na\r\n2\r\nab\r\n"])
def test_what_is_no_chunk_is_refused(before: bytes, stream: bytes):
    with pytest.raises(httpx.RemoteProtocolError):
        Framing(200, CHUNKED).take(bytearray(before + stream))


@asynccontextmanager
async def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield f"{'https' if tls else 'http'}://localhost:{port}/"


@asynccontextmanager
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with wire.async_client() as http:
        yield http


def replying(*replies: bytes, close: bool = False) -> Serve:
    """Answers each request on a connection with the next of these."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for reply in replies:
            try:
                await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            writer.write(reply)
        if close:
            writer.close()
        else:
            await reader.read()
            writer.close()

    return serve


async def test_a_connection_is_used_again_after_a_whole_answer():
    met = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1
        await replying(*[OK + b"Content-Length: 2\r\n\r\nhi"] * 3)(reader, writer)

    async with serving(serve) as url, client() as http:
        assert [(await http.get(url)).text for _ in range(3)] == ["hi"] * 3
    assert met == 1


async def test_one_that_is_closed_meanwhile_is_not():
    reply = OK + b"Content-Length: 2\r\n\r\nhi"
    async with serving(replying(reply, close=True)) as url, client() as http:
        for _ in range(5):
            assert (await http.get(url)).text == "hi"


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (OK + b"\r\nuntil the end", "until the end"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi", "hi"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", ""),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi"),
        (OK + b"content-length: 0\r\n\r\n", ""),
    ],
)
async def test_all_ways_to_frame_a_body(reply: bytes, text: str):
    async with serving(replying(reply, close=True)) as url, client() as http:
        assert (await http.get(url)).text == text


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"", httpx.RemoteProtocolError),
        (b"SSH-2.0\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\n" + b"a: " + b"b" * 70_000, httpx.RemoteProtocolError),
        (OK + b"Content-Length: ten\r\n\r\n", httpx.RemoteProtocolError),
        (OK + b"Content-Length: 10\r\n\r\nhalf", httpx.RemoteProtocolError),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nha", httpx.RemoteProtocolError),
    ],
)
async def test_what_is_broken_raises_as_httpx_does(reply: bytes, error: type[Exception]):
    async with serving(replying(reply, close=True)) as url, client() as http:
        with pytest.raises(error):
            await http.get(url)


async def test_nobody_listening_and_a_line_break_in_a_header():
    async with client() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get("http://127.0.0.1:9/")
    async with serving(replying(OK)) as url, client() as http:
        with pytest.raises(httpx.LocalProtocolError):
            await http.get(url, headers={b"x": b"1\r\nHost: other"})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    names = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command.split(), *files, *names], check=True, capture_output=True)
    return folder


async def test_tls_is_verified_and_streams_in_windows(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
):
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    chunks = b"".join(b"%x\r\n%b\r\n" % (5000, b"x" * 5000) for _ in range(100)) + b"0\r\n\r\n"
    reply = OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    async with serving(replying(reply), server) as url, client() as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(url)
        trusted = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
        monkeypatch.setattr(wire, "tls", lambda: trusted)
        assert len((await http.get(url)).content) == 500_000
