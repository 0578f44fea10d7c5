import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from chatapp import routes
from chatapp.accounts import sessions
from chatapp.accounts import sockets as registry
from chatapp.accounts.cookies import FLASH, SESSION
from chatapp.accounts.flash import Flash
from chatapp.accounts.gate import HEARD, Receive, Scope, Send, SocketGate
from chatapp.accounts.models import LoginSession
from chatapp.accounts.problems import Problem
from chatapp.accounts.sessions import SignedIn
from chatapp.accounts.sockets import Sockets
from chatapp.database import now, transaction
from chatapp.settings import Settings
from tests.accounts.conftest import ORIGIN
from tests.accounts.handshake import TAB, Handshake, cookie, eventually

pytestmark = pytest.mark.usefixtures("sockets")


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "http://evil.test",
        "http://chat.test.evil.com",
        "http://evilchat.test",
        "http://chat.test:8080",
        "https://chat.test",
    ],
)
async def test_foreign_pages_are_refused(home: Settings, origin: str | None) -> None:
    socket = Handshake()
    assert not await socket.open(headers={"origin": origin, "referer": f"{ORIGIN}/"})
    assert [message["type"] for message in socket.sent] == ["websocket.close"]


async def test_who_has_a_page_open_is_there_whichever_it_is(
    member: SignedIn, sockets: Sockets
) -> None:
    mine, again, visitor = Handshake(), Handshake(), Handshake()
    for socket, headers in ((mine, cookie(member)), (again, cookie(member)), (visitor, {})):
        assert await socket.open(headers=headers)
    assert sockets.people() == {member.user.id}
    await mine.close()
    assert sockets.people() == {member.user.id}
    await again.close()
    assert sockets.people() == set()
    await visitor.close()


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "/other"},
        {"path": "/_eventful"},
        {"query_string": b""},
        {"query_string": b"transport=websocket"},
        {"query_string": b"token=&transport=websocket"},
        {"query_string": f"token={TAB}&token={TAB}&transport=websocket".encode()},
        {"query_string": f"token={TAB}&transport=polling".encode()},
        {"query_string": f"token={TAB}".encode()},
        {"query_string": b"token=" + b"x" * 65 + b"&transport=websocket"},
        {"query_string": b"token=a%00bcdefgh&transport=websocket"},
        {"query_string": b"\xff\xfe"},
        {"query_string": b"&".join([b"a=b"] * 50)},
    ],
)
async def test_odd_handshakes_are_refused(home: Settings, changes: dict[str, Any]) -> None:
    assert not await Handshake().open(**changes)


async def test_credentials_stay_outside(member: SignedIn) -> None:
    socket = Handshake()
    headers = {
        "cookie": f"{SESSION}={member.token}; other=secret",
        "Cookie": "more=secret",
        "authorization": "Bearer secret",
        "x-chatapp-session": str(uuid4()),
        "X-Chatapp-Flash": "secret",
        "user-agent": "Firefox",
    }
    assert await socket.open(headers=headers)
    assert member.token not in str(socket.inside)
    assert "secret" not in str(socket.inside)
    assert socket.headers["x-chatapp-session"] == str(member.user.session_id)
    assert socket.headers["user-agent"] == "Firefox"
    assert socket.headers["origin"] == ORIGIN
    await socket.close()


async def test_without_a_session_a_claimed_one_is_dropped(member: SignedIn) -> None:
    for sent in ({}, {"cookie": f"{SESSION}=wrong"}, {"cookie": ";;="}):
        socket = Handshake()
        claimed = {"x-chatapp-session": str(member.user.session_id), **sent}
        assert await socket.open(headers=claimed)
        assert "x-chatapp-session" not in socket.headers
        await socket.close()


async def test_the_word_for_the_page_is_handed_on(home: Settings) -> None:
    word = Flash(Problem.WRONG, "/login", "ada@example.org").encoded()
    for value, handed_on in ((word, word), ("forged", None)):
        socket = Handshake()
        assert await socket.open(headers={"cookie": f"{FLASH}={value}"})
        assert socket.headers.get("x-chatapp-flash") == handed_on
        await socket.close()


async def test_a_tab_token_opens_nothing_of_another_session(
    admin: SignedIn, member: SignedIn
) -> None:
    names = []
    for headers in (cookie(member), cookie(admin), {}, cookie(member)):
        socket = Handshake()
        assert await socket.open(headers=headers)
        names.append(socket.tab)
        await socket.close()
    assert names[0] == names[3]
    assert len(set(names)) == 3
    assert TAB not in names
    # Nor does the name itself.
    socket = Handshake()
    query = f"token={names[0]}&transport=websocket".encode()
    assert await socket.open(headers=cookie(admin), query_string=query)
    assert socket.tab not in names
    await socket.close()


async def test_sockets_are_bounded(
    member: SignedIn, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "PER_SESSION", 3)
    monkeypatch.setattr(registry, "PER_ADDRESS", 2)
    for headers, most in ((cookie(member), 3), ({}, 2)):
        opened = [Handshake() for _ in range(5)]
        let_in = [await socket.open(headers=headers) for socket in opened]
        assert let_in == [True] * most + [False] * (5 - most)
        await opened[0].close()
        again = Handshake()
        assert await again.open(headers=headers)
        for socket in [*opened[1:most], again]:
            await socket.close()
    assert await Handshake().open(client=("192.0.2.2", 1))


async def test_who_takes_nothing_in_is_not_heard_for_long(home: Settings) -> None:
    socket = Handshake(_answers_later)
    assert await socket.open()
    socket.reads.clear()
    for _ in range(10 * HEARD):
        socket.incoming.put_nowait({"type": "websocket.receive", "text": "say something"})
        for _ in range(10):
            await asyncio.sleep(0)
    # One was heard before the first answer had to wait.
    assert socket.incoming.qsize() == 9 * HEARD - 1
    socket.reads.set()
    await eventually(lambda: len(socket.sent) == 10 * HEARD + 1)
    await socket.close()


async def _answers_later(_scope: Scope, receive: Receive, send: Send) -> None:
    """Listens on while what it says waits to be sent, as the app does."""
    await receive()
    await send({"type": "websocket.accept"})
    saying: asyncio.Queue[None] = asyncio.Queue()

    async def say() -> None:
        while True:
            await saying.get()
            await send({"type": "websocket.send", "text": "heard"})

    speaker = asyncio.create_task(say())
    while (await receive())["type"] != "websocket.disconnect":
        saying.put_nowait(None)
    speaker.cancel()


async def test_polling_is_refused(home: Settings) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    async def app(*_args: Any) -> None:
        sent.append("reached")

    scope: dict[str, Any] = {"type": "http", "method": "GET", "headers": [], "query_string": b""}
    for path in (routes.SOCKET, f"{routes.SOCKET}/"):
        await SocketGate(app)({**scope, "path": path}, receive, send)
        assert sent[0]["status"] == 400
        sent.clear()
    for path in ("/", "/_eventful", "/healthz"):
        await SocketGate(app)({**scope, "path": path}, receive, send)
    await SocketGate(app)({"type": "lifespan"}, receive, send)
    assert sent == ["reached"] * 4


async def test_a_used_session_gets_its_cookie_renewed(member: SignedIn) -> None:
    from datetime import timedelta

    fresh = Handshake()
    assert await fresh.open(headers=cookie(member))
    assert fresh.sent[0] == {"type": "websocket.accept"}
    await fresh.close()
    async with transaction() as session:
        await session.exec(update(LoginSession).values(last_seen_at=now() - timedelta(hours=2)))
    old = Handshake()
    assert await old.open(headers=cookie(member))
    [(name, value)] = old.sent[0]["headers"]
    assert name == b"set-cookie"
    assert member.token.encode() in value
    assert b"HttpOnly" in value
    await old.close()


async def test_without_a_database_a_socket_is_refused_not_signed_out(
    member: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_token: str) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(sessions, "session_by_token", away)
    assert not await Handshake().open(headers=cookie(member))
