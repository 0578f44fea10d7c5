"""The served app as a whole: it starts, answers, keeps quiet about secrets, and ends."""

import asyncio
import resource
import signal
import socket
import sys
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page

from bench.load.frames import handshake
from chatapp.routes import SOCKET
from chatapp.serve import FILES
from chatapp.static import BUILD
from tests.conftest import StartApp
from tests.harness.app import AppServer
from tests.harness.processes import Process
from tests.harness.socket import ROOT
from tests.harness.tls import https


async def test_it_says_where_it_is_once_it_answers(app_server: AppServer) -> None:
    assert f"chatapp is at http://localhost:{app_server.port}\n" in app_server.process.text
    async with app_server.client() as client:
        response = await client.get("/healthz")
    assert response.json() == {"status": "ok"}
    assert "server" not in response.headers
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_a_tab_hydrates(app_server: AppServer) -> None:
    async with app_server.tab() as tab:
        await tab.ready()
        assert tab.state[ROOT]["is_hydrated"] is True
        assert not tab.mismatch


async def test_pages_and_sockets_are_not_logged(app_server: AppServer) -> None:
    async with app_server.tab(cookie="theme=not-for-the-log") as tab:
        await tab.ready()
        async with app_server.client() as client:
            await client.get("/login?secret=not-for-the-log")
        await tab.send(f"{ROOT}.no_such_state.no_such_handler", text="not-for-the-log")
        await asyncio.sleep(0.3)
    log = app_server.process.text
    assert "not-for-the-log" not in log
    assert tab.token not in log


async def test_a_frame_too_large_ends_its_connection_only(app_server: AppServer) -> None:
    async with app_server.tab() as other, app_server.tab() as tab:
        await other.ready()
        await tab.ready()
        await tab.emit("event", {"name": "x", "payload": {"text": "x" * 1_100_000}})
        await tab.until(lambda tab: not tab.connected)
        assert other.connected


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_soon(start_app: StartApp, number: signal.Signals) -> None:
    server = await start_app()
    async with server.tab() as tab:
        await tab.ready()
        server.process.send(number)
        assert await server.process.ended(8) in {0, -number}
    assert "Traceback" not in server.process.text


@pytest.mark.parametrize("backend", ["real"], indirect=True)
async def test_a_socket_that_is_sent_on_is_no_error(start_app: StartApp) -> None:
    app = await start_app()
    tabs = [app.tab() for _ in range(60)]
    for tab in tabs:
        await tab.connect()
    app.process.send(signal.SIGTERM)
    async with asyncio.timeout(20):
        while all(tab.connected for tab in tabs):  # noqa: ASYNC110 - whichever is the first
            await asyncio.sleep(0.01)
    reader, writer = await asyncio.open_connection("127.0.0.1", app.port)
    path = f"{SOCKET}/?token={uuid4()}&EIO=4&transport=websocket"
    writer.write(handshake(f"localhost:{app.port}", path, {"Origin": app.url}, deflate=False))
    assert (await reader.readline()).startswith(b"HTTP/1.1 503 ")
    writer.close()
    assert await app.process.ended() == 0
    for tab in tabs:
        await tab.close()
    app.check()


async def test_it_may_open_as_many_files_as_the_machine_allows(start_app: StartApp) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    try:
        server = await start_app()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    most = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    assert resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE) == (most, hard)


async def test_a_taken_port_is_one_sentence(app_server: AppServer) -> None:
    log = app_server.process.log.with_name("second.log")
    second = Process([sys.executable, "-m", "chatapp", "serve"], log, {**app_server.process.env})
    with pytest.raises(RuntimeError, match="ended with 1"):
        await second.start(lambda: asyncio.sleep(0, False))
    assert second.text.startswith("Cannot listen on 127.0.0.1, port")
    assert second.text.count("\n") == 1


async def test_a_wrong_setting_is_one_sentence(app_server: AppServer) -> None:
    env = {**app_server.process.env, "CHATAPP_SIGNUP": "perhaps"}
    log = app_server.process.log.with_name("wrong.log")
    wrong = Process([sys.executable, "-m", "chatapp", "serve"], log, env)
    with pytest.raises(RuntimeError, match="ended with 1"):
        await wrong.start(lambda: asyncio.sleep(0, False))
    assert "The setting CHATAPP_SIGNUP is wrong" in wrong.text
    assert wrong.text.count("\n") == 1


async def test_half_open_handshakes_do_not_hinder_others(app_server: AppServer) -> None:
    idle = []
    try:
        for _ in range(200):
            connection = socket.create_connection(("127.0.0.1", app_server.port))
            connection.sendall(b"GET /_event/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n")
            idle.append(connection)
        async with asyncio.timeout(5), app_server.tab() as tab:
            await tab.ready()
    finally:
        for connection in idle:
            connection.close()


@pytest.mark.browser
async def test_the_pages_work_in_a_browser_under_their_policy(
    app_server: AppServer, page: Page
) -> None:
    async with page.expect_websocket() as opened:
        response = await page.goto(app_server.url)
    assert response is not None
    assert response.ok
    await page.wait_for_function("document.body.innerText.length > 0")
    assert (await opened.value).url.startswith(f"ws://localhost:{app_server.port}/_event")


@pytest.mark.browser
async def test_the_same_build_works_behind_https(
    start_app: StartApp, browser: Browser, tmp_path: Path
) -> None:
    server = await start_app({"CHATAPP_TRUSTED_PROXIES": "127.0.0.1/32"})
    async with https(server.port, tmp_path) as address:
        page = await browser.new_page(ignore_https_errors=True)
        async with page.expect_websocket() as opened:
            await page.goto(f"{address}/login")
        assert (await opened.value).url.startswith(address.replace("https:", "wss:") + "/_event")
        await page.close()


def test_the_bundle_has_no_address_of_a_machine(built_pages: None) -> None:
    scripts = list((BUILD / "assets").glob("*.js"))
    assert scripts
    for script in scripts:
        text = script.read_text()
        assert "localhost:" not in text, script.name
        assert "127.0.0.1" not in text, script.name
