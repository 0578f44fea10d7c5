"""Handshakes, forms and frames that no page of ours sends."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from chatapp import routes
from chatapp.accounts.endpoints import routes as account_routes
from chatapp.api.health import routes as api_routes
from chatapp.database import new_id
from chatapp.static import BUILD
from tests.answers.app import (
    CHAT,
    PASSWORD,
    Person,
    answered,
    ask,
    chats,
    first_question,
    order,
    query,
    shown,
    sign_up,
    store,
)
from tests.answers.world import KEYS, words
from tests.attacks.conftest import Scene
from tests.fakes import ProviderServer
from tests.harness.app import AppServer

ORIGINS = [
    None,
    "",
    "null",
    "https://evil.example",
    "http://localhost.evil.example:{port}",
    "http://evil-localhost:{port}",
    "http://localhost:1{port}",
    "https://localhost:{port}",
    "http://localhost:{port}.evil.example",
    "http://user@localhost:{port}",
    "http://localhost:{port}/path",
    "http://127.0.0.1:{port}",
    "file://",
]


def made(origin: str | None, app: AppServer) -> dict[str, str]:
    return {} if origin is None else {"Origin": origin.format(port=app.port)}


@asynccontextmanager
async def raw(
    app: AppServer, headers: dict[str, str]
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A socket of which the client decides every byte."""
    url = f"{app.url}{routes.SOCKET}/?EIO=4&transport=websocket&token={new_id()}"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=headers) as ws:
        yield ws


@pytest.mark.parametrize("origin", ORIGINS)
async def test_a_socket_of_another_origin_is_refused(
    scene_person: Person, origin: str | None
) -> None:
    app = scene_person.app
    headers = made(origin, app) | {"Cookie": scene_person.cookie}
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with raw(app, headers):
            pass
    assert caught.value.status == 403
    async with raw(app, {"Origin": app.url, "Cookie": scene_person.cookie}) as own:
        assert (await own.receive_str()).startswith("0{")


@pytest.fixture
async def scene_person(chat_app: AppServer) -> Person:
    """Made once for all tests of an app."""
    found: Person | None = getattr(chat_app, "_scene_person", None)
    if found is None:
        found = await sign_up(chat_app)
        chat_app._scene_person = found  # type: ignore[attr-defined]
    return found


ENDPOINTS = {
    routes.SIGN_UP: {"email": "x@example.org", "password": PASSWORD, "name": "x"},
    routes.SIGN_IN: {"email": "x@example.org", "password": PASSWORD},
    routes.SIGN_OUT: {},
    routes.SIGN_OUT_EVERYWHERE: {},
    routes.CHANGE_PASSWORD: {"current_password": PASSWORD, "new_password": "another one, longer"},
    routes.RESET_PASSWORD: {"link": "none", "new_password": "another one, longer"},
}
READ_ONLY = {routes.HEALTH, "/readyz"}


def test_every_endpoint_is_tried_below() -> None:
    paths = {route.path for route in (*account_routes, *api_routes)}
    assert paths - READ_ONLY == set(ENDPOINTS)


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_a_form_of_another_site_does_nothing(scene_person: Person, path: str) -> None:
    app = scene_person.app
    before = await query(app, "SELECT * FROM users ORDER BY id")
    sessions = await query(app, "SELECT id FROM login_sessions ORDER BY id")
    async with aiohttp.ClientSession() as client:
        for origin in ORIGINS:
            headers = made(origin, app) | {"Cookie": scene_person.cookie}
            async with client.post(
                f"{app.url}{path}", data=ENDPOINTS[path], headers=headers, allow_redirects=False
            ) as response:
                assert response.status == 403, origin
                assert "Set-Cookie" not in response.headers
        for method in ("GET", "PUT", "DELETE"):
            headers = {"Origin": app.url, "Cookie": scene_person.cookie}
            async with client.request(method, f"{app.url}{path}", headers=headers) as response:
                assert response.status == 405
    assert await query(app, "SELECT * FROM users ORDER BY id") == before
    assert await query(app, "SELECT id FROM login_sessions ORDER BY id") == sessions


FRAMES: list[str | bytes] = [
    "",
    "9",
    "42",
    "not a packet",
    "42/_event,",
    '42/_event,["event"',
    '42/_event,["event",' + "[" * 50_000 + "]" * 50_000 + "]",
    '42/_event,["event",' + '{"a":' * 20_000 + "1" + "}" * 20_000 + "]",
    '42/_event,["event"]',
    '42/_event,["event",null]',
    '42/_event,["event",{"name":null}]',
    '42/_event,["event",{"name":"x","payload":[],"router_data":7}]',
    '42/_event,["event",{"name":"no.such.handler","payload":{}}]',
    '42/_event,["ping"]',
    '42/_event,["no such event",1,2,3]',
    '42/elsewhere,["event",{}]',
    '451-/_event,["event",{"_placeholder":true,"num":0}]',
    "1",
    b"\x00\xff\xfe",
    b"",
]


@pytest.mark.parametrize("number", range(len(FRAMES)), ids=lambda n: str(FRAMES[n])[:30])
async def test_a_broken_frame_harms_nobody_else(scene_person: Person, number: int) -> None:
    app = scene_person.app
    app.allow("engineio", "socketio", "reflex", "asyncio")
    frame = FRAMES[number]
    async with scene_person.tab() as other:
        await other.until(lambda tab: "sidebar" in store(tab))
        async with raw(app, {"Origin": app.url}) as ws:
            await ws.receive_str()
            await ws.send_str("40/_event,")
            await ws.receive()
            for _ in range(3):
                await (ws.send_bytes(frame) if isinstance(frame, bytes) else ws.send_str(frame))
        last = new_id()
        await ask(other, "", last)
        await other.until(lambda tab: store(tab).get("refused") == str(last))
        assert other.connected


EVENT = json.dumps(["event", {"name": f"{CHAT}.dismiss", "payload": {}, "router_data": {}}])


@pytest.mark.parametrize("frame", [f"42/_event,{EVENT}", "3"], ids=["events", "pongs"])
async def test_a_flood_of_frames_does_not_hinder_others(
    chat_app: AppServer, fakes: ProviderServer, scene_person: Person, frame: str
) -> None:
    chat_app.allow("engineio", "socketio", "reflex")
    async with raw(chat_app, {"Origin": chat_app.url}) as ws:
        await ws.receive_str()
        await ws.send_str("40/_event,")
        for _ in range(3_000):
            await ws.send_str(frame)
        chat_id = await first_question(scene_person, "[[say 20 words]]")
        async with scene_person.tab(chat_id) as tab:
            assert shown(tab, (await answered(tab, chat_id))["id"]) == words(20)


async def test_signing_out_closes_open_sockets(scene: Scene) -> None:
    async with scene.victim.tab(scene.coming_chat_id) as tab, scene.other.tab() as bystander:
        await tab.until(lambda tab: order(tab, scene.coming_chat_id))
        await bystander.until(lambda tab: "sidebar" in store(tab))
        async with scene.victim.client() as client:
            assert (await client.post(routes.SIGN_OUT)).status_code == 303
        await tab.until(lambda tab: not tab.connected)
        seen = len(tab.updates)
        assert bystander.connected
        # The cookie opens nothing any more, neither the socket's page nor a form.
        async with scene.victim.tab(scene.chat_id) as late:
            await late.until(lambda tab: any(u.get("events") for u in tab.updates))
            assert not store(late)
        async with scene.victim.client() as client:
            form = {"current_password": PASSWORD, "new_password": "another one, longer"}
            refused = await client.post(
                routes.CHANGE_PASSWORD, data=form, headers={"accept": "application/json"}
            )
            assert refused.status_code == 401
        assert len(tab.updates) == seen


async def test_secrets_are_in_no_log_and_no_file_of_the_pages(
    chat_app: AppServer, scene_person: Person
) -> None:
    question = f"a question that is nobody else's business {new_id()}"
    chat_id = await first_question(scene_person, question)
    async with scene_person.tab(chat_id) as tab:
        await answered(tab, chat_id)
        await tab.send(f"{CHAT}.no_such_handler", text=question)
        await tab.send(f"{CHAT}.stop", answer_id=question)
        last = new_id()
        await ask(tab, "", last)
        await tab.until(lambda tab: store(tab).get("refused") == str(last))
        assert chat_id in chats(tab)
    log = chat_app.process.text
    cookie = scene_person.cookie.partition("=")[2]
    for secret in (*KEYS.values(), cookie, PASSWORD, question, tab.token):
        assert secret not in log
    for file in BUILD.rglob("*"):
        if file.suffix in {".js", ".html", ".css", ".json", ".map"}:
            text = file.read_text(errors="replace")
            assert not [key for key in KEYS.values() if key in text], file
            assert file.suffix != ".map", file
