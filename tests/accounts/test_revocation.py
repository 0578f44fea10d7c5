import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
import uvicorn
import websockets

from chatapp import broadcast, redis, routes
from chatapp.accounts import revocation, service, sessions
from chatapp.accounts.gate import SocketGate
from chatapp.accounts.models import LoginSession
from chatapp.accounts.sessions import SignedIn, Visit
from chatapp.accounts.sockets import Sockets
from chatapp.database import transaction
from chatapp.settings import Settings
from tests.accounts.conftest import PASSWORD
from tests.accounts.handshake import TAB, Handshake, cookie, eventually

pytestmark = pytest.mark.usefixtures("sockets")


async def test_a_socket_closes_when_its_session_ends(
    admin: SignedIn, member: SignedIn, sockets: Sockets
) -> None:
    mine, other = Handshake(), Handshake()
    assert await mine.open(headers=cookie(member))
    assert await other.open(headers=cookie(admin))
    await sessions.sign_out(member.user.session_id)
    assert mine.sent[-1] == {"type": "websocket.close", "code": 4401, "reason": ""}
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


@pytest.fixture
async def listening(home: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    monkeypatch.setattr(broadcast, "RETRY", (0.01, 0.05))
    # Channels belong to a whole Redis: apps of other tests may listen there too.
    before = await _listeners()
    async with revocation.revocations():
        async with asyncio.timeout(5):
            while await _listeners() == before:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        yield


async def _listeners() -> int:
    return (await redis.redis().pubsub_numsub(revocation.CHANNEL))[0][1]


async def test_other_processes_are_told(
    member: SignedIn, listening: None, sockets: Sockets
) -> None:
    closed: list[UUID] = []

    async def close(_code: int) -> None:
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

    async def close(_code: int) -> None:
        closed.append("closed")

    real = broadcast._listen
    rounds = 0

    async def failing(*args: Any) -> None:
        nonlocal rounds
        rounds += 1
        if rounds < 3:
            raise RedisConnectionError("away")
        await real(*args)

    monkeypatch.setattr(broadcast, "RETRY", (0.01, 0.05))
    monkeypatch.setattr(broadcast, "_listen", failing)
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

    monkeypatch.setattr(broadcast, "redis", Away)
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
