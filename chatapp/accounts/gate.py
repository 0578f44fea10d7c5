"""The gate before everything: the one door for sockets, where cookies stay outside.

Reflex keeps the headers of a socket in its state. So the gate takes all cookies off, looks up whose
session it is, and hands on only the session's id, which opens nothing from outside. The name under
which Reflex keeps a tab's state is mixed with the session, so that who learns another person's
tab token reaches an empty state of their own.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import PlainTextResponse

from chatapp import leaving, logs, routes
from chatapp.accounts import cookies, flash, sessions
from chatapp.accounts.address import client_address, from_own_page, request_id
from chatapp.accounts.guard import (
    ADDRESS_HEADER,
    SESSION_HEADER,
    SOCKET_HEADER,
    ZONE_HEADER,
)
from chatapp.accounts.opening import Opening
from chatapp.accounts.sessions import Found
from chatapp.accounts.sockets import SIGNED_OUT, sockets
from chatapp.accounts.state import FLASH_HEADER
from chatapp.database import promptly
from chatapp.metrics import CONNECTS

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PATIENCE = 2.0
"""How long, in seconds, a socket waits to be known; then it is refused, and the page says so."""

HEARD = 16
"""So many messages of a tab are heard while it takes in none: what answers them waits for it."""

ZONE_COOKIE = "chatapp_zone"
"""The name of the browser's time zone, which the page leaves in a cookie."""

_TAB = re.compile(r"[A-Za-z0-9-]{8,64}")
_ZONE = re.compile(r"[A-Za-z0-9_+\-/]{1,64}")
_OURS = b"x-chatapp-"
_CREDENTIALS = (b"cookie", b"authorization", b"proxy-authorization")


class SocketGate:
    """Wraps the whole app; sockets pass only to ``routes.SOCKET`` and only from our own pages."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, changed or not, or refuse it."""
        if scope["type"] != "lifespan":
            request = request_id(scope)
            logs.about(request=request)
            scope = {**scope, SOCKET_HEADER: request}
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["type"] == "http" and _to_socket(scope):
            refusal = PlainTextResponse("This address speaks WebSocket only.", 400)
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if leaving.begun():
            await _send_on(receive, send)
            return
        query = _query(scope)
        if not _to_socket(scope) or query is None or not from_own_page(scope, referer=False):
            await _refuse(receive, send)
            return
        token = cookies.session_token(scope)
        opening = Opening()
        if token and not await opening.enter():
            # Not sent on, which would count as this process's failure: the others have as many.
            CONNECTS.labels("too many").inc()
            await _refuse(receive, send)
            return
        try:
            await self._open(scope, query, token, opening, receive, send)
        finally:
            opening.leave()

    async def _open(
        self,
        scope: Scope,
        query: list[tuple[str, str]],
        token: str,
        opening: Opening,
        receive: Receive,
        send: Send,
    ) -> None:
        try:
            asked = promptly(sessions.session_by_token(token), PATIENCE) if token else None
            found = await asked if asked else None
        except (SQLAlchemyError, TimeoutError) as error:
            # Not the same as signed out: the page tries again and stays where it is.
            logger.warning("A socket was refused, no database: %s", type(error).__name__)
            await _refuse(receive, send)
            return
        key = found.user.session_id if found else client_address(scope)
        renewal = cookies.set_session(scope, token) if found and found.renewed else None
        line = _Line(receive, send, renewal, opening)
        if not sockets.add(key, line.close, found.user.id if found else None):
            await _refuse(receive, send)
            return
        CONNECTS.labels("let in").inc()
        try:
            await self._app(_inside(scope, query, found), line.receive, line.send)
        finally:
            sockets.remove(key, line.close)


class _Line:
    """A socket that can be closed from outside, and that hears only who reads."""

    def __init__(self, receive: Receive, send: Send, renewal: str | None, opening: Opening) -> None:
        self._opening = opening
        self._receive = receive
        self._send = send
        self._renewal = renewal
        self._closed = False
        self._code = SIGNED_OUT
        self._taken = asyncio.Event()
        self._taken.set()
        self._heard = 0

    async def receive(self) -> Message:
        if self._taken.is_set():
            self._heard = 0
        elif self._heard >= HEARD:
            await self._taken.wait()
        self._heard += 1
        message = await self._receive()
        if self._closed:
            return {"type": "websocket.disconnect", "code": self._code}
        return message

    async def send(self, message: Message) -> None:
        if self._closed:
            return
        if message["type"] == "websocket.close":
            self._closed = True
        elif message["type"] == "websocket.accept" and self._renewal:
            renewal = (b"set-cookie", self._renewal.encode("latin-1"))
            message = {**message, "headers": [*message.get("headers", ()), renewal]}
        elif message["type"] == "websocket.send":
            self._opening.sent(message.get("text") or "")
        self._taken.clear()
        try:
            await self._send(message)
        finally:
            self._taken.set()

    async def close(self, code: int) -> None:
        """Close the socket: its session or this process ends."""
        if not self._closed:
            self._closed, self._code = True, code
            await self._send({"type": "websocket.close", "code": code, "reason": ""})


def _to_socket(scope: Scope) -> bool:
    path = scope["path"]
    return path == routes.SOCKET or path.startswith(f"{routes.SOCKET}/")


def _query(scope: Scope) -> list[tuple[str, str]] | None:
    """The query of a proper handshake: over WebSocket, for one tab."""
    try:
        query = parse_qsl(
            scope["query_string"].decode("ascii"), keep_blank_values=True, max_num_fields=20
        )
    except ValueError:
        return None
    tabs = [value for name, value in query if name == "token"]
    transports = [value for name, value in query if name == "transport"]
    if len(tabs) != 1 or not _TAB.fullmatch(tabs[0]) or transports != ["websocket"]:
        return None
    return query


async def _refuse(receive: Receive, send: Send) -> None:
    """Refuse a handshake; the client gets 403."""
    CONNECTS.labels("refused").inc()
    await receive()
    await send({"type": "websocket.close", "code": 1008, "reason": ""})


async def _send_on(receive: Receive, send: Send) -> None:
    """Refuse a handshake so that a proxy passes it on to another process."""
    await receive()
    await send({"type": "websocket.http.response.start", "status": 503, "headers": []})
    await send({"type": "websocket.http.response.body", "body": b""})


def _tab(session: UUID | None, token: str) -> str:
    """The name of a tab's state: one name for each session that uses the token."""
    mixed = hashlib.sha256(f"{session or 'visitor'} {token}".encode()).digest()
    return str(UUID(bytes=mixed[:16], version=4))


def _inside(scope: Scope, query: list[tuple[str, str]], found: Found | None) -> Scope:
    """The scope as Reflex sees it."""
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name.lower() not in _CREDENTIALS and not name.lower().startswith(_OURS)
    ]
    headers.append((ADDRESS_HEADER.encode(), client_address(scope).encode()))
    headers.append((SOCKET_HEADER.encode(), scope[SOCKET_HEADER].encode()))
    session = found.user.session_id if found else None
    if session:
        headers.append((SESSION_HEADER.encode(), str(session).encode()))
    zone = unquote(cookies.read(scope, ZONE_COOKIE))
    if _ZONE.fullmatch(zone):
        headers.append((ZONE_HEADER.encode(), zone.encode()))
    word = cookies.read(scope, cookies.FLASH)
    if flash.decoded(word):
        headers.append((FLASH_HEADER.encode(), word.encode()))
    inside = [(name, _tab(session, value) if name == "token" else value) for name, value in query]
    return {**scope, "headers": headers, "query_string": urlencode(inside).encode()}
