import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import pytest
import uvicorn
import websockets
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from chatapp import redis, routes
from chatapp.accounts import gate, revocation, service, sessions
from chatapp.accounts import sockets as registry
from chatapp.accounts.cookies import FLASH, SESSION
from chatapp.accounts.flash import Flash
from chatapp.accounts.gate import SocketGate
from chatapp.accounts.models import LoginSession
from chatapp.accounts.problems import Problem
from chatapp.accounts.sessions import SignedIn, Visit
from chatapp.accounts.sockets import Sockets
from chatapp.database import now, transaction
from chatapp.settings import Settings
from tests.accounts.conftest import ORIGIN, PASSWORD

TAB = "0b7c1a52-9d8f-4a1e-8a43-8f0f35a0a001"


@pytest.fixture(autouse=True)
def sockets(monkeypatch: pytest.MonkeyPatch) -> Sockets:
    made = Sockets()
    monkeypatch.setattr(gate, "sockets", made)
    monkeypatch.setattr(revocation, "sockets", made)
    return made


class Handshake:
    """One handshake against a gate, and the socket behind it if it was let in."""

    def __init__(self, inner: Callable[..., Awaitable[None]] | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.inside: dict[str, Any] | None = None
        self.incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.entered = asyncio.Event()
        self._inner = inner
        self._task: asyncio.Task[None] | None = None

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.inside = scope
        self.entered.set()
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            await send({"type": "websocket.send", "text": "heard"})

    async def _receive(self) -> dict[str, Any]:
        return await self.incoming.get()

    async def _send(self, message: Any) -> None:
        self.sent.append(dict(message))

    async def open(self, **changes: Any) -> bool:
        """Begin; whether it was let in."""
        headers = {"host": "chat.test", "origin": ORIGIN, **changes.pop("headers", {})}
        scope = {
            "type": "websocket",
            "scheme": "ws",
            "path": routes.SOCKET,
            "query_string": f"token={TAB}&EIO=4&transport=websocket".encode(),
            "client": ("192.0.2.1", 1),
            "headers": [(k.encode(), v.encode()) for k, v in headers.items() if v is not None],
            **changes,
        }
        self.incoming.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.create_task(SocketGate(self._app)(scope, self._receive, self._send))
        waiting = asyncio.create_task(self.entered.wait())
        await asyncio.wait((self._task, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        while self.inside is not None and not self.sent:  # noqa: ASYNC110
            await asyncio.sleep(0)
        return self.inside is not None

    async def close(self) -> None:
        self.incoming.put_nowait({"type": "websocket.disconnect"})
        assert self._task
        await self._task

    @property
    def headers(self) -> dict[str, str]:
        assert self.inside
        return {key.decode(): value.decode() for key, value in self.inside["headers"]}

    @property
    def tab(self) -> str:
        assert self.inside
        return parse_qs(self.inside["query_string"].decode())["token"][0]


def cookie(signed_in: SignedIn) -> dict[str, str]:
    return {"cookie": f"{SESSION}={signed_in.token}"}


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


async def test_a_socket_closes_when_its_session_ends(
    admin: SignedIn, member: SignedIn, sockets: Sockets
) -> None:
    mine, other = Handshake(), Handshake()
    assert await mine.open(headers=cookie(member))
    assert await other.open(headers=cookie(admin))
    await sessions.sign_out(member.user.session_id)
    assert mine.sent[-1] == {"type": "websocket.close", "code": 4401, "reason": "signed out"}
    assert other.sent[-1]["type"] == "websocket.accept"
    # What the client still says is not heard, what the app still says is not sent.
    mine.incoming.put_nowait({"type": "websocket.receive", "text": "late"})
    await mine.close()
    assert mine.sent[-1]["type"] == "websocket.close"
    assert sockets.sessions() == [admin.user.session_id]
    await other.close()
    assert sockets.sessions() == []


async def test_a_session_that_ends_during_the_handshake(
    member: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = sessions.session_by_token

    async def slow(token: str) -> Any:
        found = await real(token)
        await sessions.sign_out(member.user.session_id)
        return found

    monkeypatch.setattr(sessions, "session_by_token", slow)
    assert not await Handshake().open(headers=cookie(member))


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


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - it is of another process' making
            await asyncio.sleep(0.01)


@pytest.fixture
async def listening(home: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(revocation, "RETRY", (0.01, 0.05))
    async with revocation.revocations():
        channel = revocation.CHANNEL
        async with asyncio.timeout(5):
            while (await redis.redis().pubsub_numsub(channel))[0][1] == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        yield


async def test_other_processes_are_told(
    member: SignedIn, listening: None, sockets: Sockets
) -> None:
    closed: list[UUID] = []

    async def close() -> None:
        closed.append(member.user.session_id)

    assert sockets.add(member.user.session_id, close)
    # As another process says it.
    await redis.redis().publish(revocation.CHANNEL, "nonsense")
    await redis.redis().publish(revocation.CHANNEL, f"{uuid4()} {member.user.session_id}")
    await eventually(lambda: bool(closed))


async def test_listening_begins_again_and_catches_up(
    member: SignedIn, home: Settings, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis.exceptions import ConnectionError as RedisConnectionError

    closed: list[str] = []

    async def close() -> None:
        closed.append("closed")

    real = revocation._listen
    rounds = 0

    async def failing() -> None:
        nonlocal rounds
        rounds += 1
        if rounds < 3:
            raise RedisConnectionError("away")
        await real()

    monkeypatch.setattr(revocation, "RETRY", (0.01, 0.05))
    monkeypatch.setattr(revocation, "_listen", failing)
    assert sockets.add(member.user.session_id, close)
    async with transaction() as session:
        from sqlalchemy import delete

        await session.exec(delete(LoginSession))
    async with revocation.revocations():
        await eventually(lambda: bool(closed))
        await eventually(lambda: rounds >= 3)


async def test_revoking_works_without_redis(
    member: SignedIn, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away:
        async def publish(self, *_args: object) -> None:
            raise OSError("away")

    monkeypatch.setattr(revocation, "redis", Away)
    socket = Handshake()
    assert await socket.open(headers=cookie(member))
    await sessions.sign_out_everywhere(member.user.id)
    assert socket.sent[-1]["code"] == 4401
    assert await sessions.session_by_token(member.token) is None
    await socket.close()


async def test_over_a_real_connection(member: SignedIn) -> None:
    """The close code and the refusal reach a browser."""
    behind = Handshake()
    config = uvicorn.Config(
        SocketGate(behind._app),  # pyright: ignore[reportArgumentType]
        port=0,
        lifespan="off",
        log_level="warning",
        proxy_headers=False,
        ws="websockets-sansio",
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    url = f"ws://127.0.0.1:{port}{routes.SOCKET}?token={TAB}&transport=websocket"
    own = f"http://127.0.0.1:{port}"
    try:
        with pytest.raises(websockets.exceptions.InvalidStatus) as refused:
            await websockets.connect(url, origin=websockets.Origin("http://evil.test"))
        assert refused.value.response.status_code == 403
        async with websockets.connect(
            url, origin=websockets.Origin(own), additional_headers=cookie(member)
        ) as socket:
            await socket.send("hello")
            assert await socket.recv() == "heard"
            await service.change_password(member.user, PASSWORD, "another horse", Visit())
            with pytest.raises(websockets.exceptions.ConnectionClosed) as closed:
                await socket.recv()
            assert closed.value.rcvd
            assert closed.value.rcvd.code == 4401
    finally:
        server.should_exit = True
        await serving
