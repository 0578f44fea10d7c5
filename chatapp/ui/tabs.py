"""The sockets of tabs: Socket.IO's server, on which a packet and an idle tab cost little.

The library is made for every transport and every kind of room. It makes a task for each packet that
it sends, one for each that it receives, two for each heartbeat, and one that looks at all sockets
in turn. Here every tab has one WebSocket, and what it is sent is for it alone: a task writes, the
connection's own task reads, and a timer beats. On the wire nothing is different.
"""

import asyncio
import math
import time
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import engineio
import orjson
import socketio
from engineio.async_drivers.asgi import translate_request
from engineio.async_socket import AsyncSocket
from engineio.exceptions import SocketIsClosedError, UnknownPacketError
from engineio.packet import OPEN, PING, Packet
from reflex.app import _sio_dumps, _sio_loads
from reflex_base import otel
from reflex_base.config import get_config
from reflex_base.environment import environment
from reflex_base.utils.serializers import serialize
from socketio.packet import EVENT

STEP = 0.1
"""Seconds: heartbeats that are due within so long go together.

Each alone would wake the process twice; together they cost about two thirds.
"""

_HEARTBEAT = Packet(PING)

_AS_REFLEX = (
    orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
)
"""What Reflex writes in its own way is left to it."""


def server() -> socketio.AsyncServer:
    """What Reflex would make for itself by its configuration, of the parts below."""
    return _Server(
        client_manager=_Clients(),
        async_mode="asgi",
        cors_allowed_origins=[*get_config().cors_allowed_origins],
        max_http_buffer_size=environment.REFLEX_SOCKET_MAX_HTTP_BUFFER_SIZE.get(),
        ping_interval=environment.REFLEX_SOCKET_INTERVAL.get().total_seconds(),
        ping_timeout=environment.REFLEX_SOCKET_TIMEOUT.get().total_seconds(),
        json=SimpleNamespace(dumps=_dumps, loads=_sio_loads),
        allow_upgrades=False,
        transports=["websocket"],
        async_handlers=False,
        # Each socket finds out by itself that its tab is silent.
        monitor_clients=False,
    )


def _dumps(data: Any, **options: Any) -> str:
    """What Reflex would write, in a third of the time."""
    if otel.enabled:
        return _sio_dumps(data, **options)
    try:
        return orjson.dumps(data, default=serialize, option=_AS_REFLEX).decode()
    except TypeError:
        # What is no JSON for orjson, like a mapping by numbers, may be some for Reflex.
        return _sio_dumps(data, **options)


class _Socket(AsyncSocket):
    """One tab's connection."""

    def __init__(self, server: engineio.AsyncServer, sid: str) -> None:
        super().__init__(server, sid)
        self._beat: asyncio.TimerHandle | None = None

    def schedule_ping(self) -> None:
        """Beat after an interval, unless a beat is on its way or not answered yet."""
        if self.last_ping:
            self.last_ping = None
            loop = asyncio.get_running_loop()
            due = loop.time() + self.server.ping_interval
            self._beat = loop.call_at(math.ceil(due / STEP) * STEP, self._ping)

    def _ping(self) -> None:
        if not self.closing and not self.closed:
            self.last_ping = time.time()
            self.queue.put_nowait(_HEARTBEAT)

    async def _websocket_handler(self, ws: Any) -> None:
        """Write and read until the tab goes, or is silent for too long."""
        self.connected = self.upgraded = True
        writing = asyncio.create_task(self._write(ws))
        reason = self.server.reason.TRANSPORT_CLOSE
        try:
            await self._read(ws)
        except TimeoutError:
            reason = self.server.reason.PING_TIMEOUT
        except (asyncio.CancelledError, OSError, ValueError, RecursionError):
            # The process ends, the tab has gone, or it speaks something else.
            pass
        finally:
            if self._beat:
                self._beat.cancel()
            await self.close(wait=False, abort=True, reason=reason)
            self.queue.put_nowait(None)
            # One that is stuck ends when the system cuts the connection.
            await writing
            self._forget()

    async def _read(self, ws: Any) -> None:
        patience = self.server.ping_interval + self.server.ping_timeout
        while True:
            async with asyncio.timeout(patience):
                data = await ws.wait()
            if data is None:
                return
            if len(data) > self.server.max_http_buffer_size:
                raise ValueError("packet is too large")
            packet = Packet(encoded_packet=data)
            try:
                await self.receive(packet)
            except UnknownPacketError:
                pass
            except SocketIsClosedError:
                return
            except Exception:
                self.server.logger.exception("Unknown receive error")

    async def _write(self, ws: Any) -> None:
        # A tab that has gone is noticed where it is read.
        with suppress(Exception):
            while packets := await self.poll():
                for packet in packets:
                    await ws.send(packet.encode())
        await ws.close()

    def _forget(self) -> None:
        """Nobody waits any more for what was not written to be taken in."""
        while not self.queue.empty():
            self.queue.get_nowait()
            self.queue.task_done()

    async def poll(self) -> list[Packet]:
        """What waits for the tab, as soon as something does. Nothing: the connection ends."""
        packets: list[Packet] = []
        packet = await self.queue.get()
        while packet is not None:
            self.queue.task_done()
            packets.append(packet)
            if self.queue.empty():
                return packets
            packet = self.queue.get_nowait()
        self.queue.task_done()
        if packets:
            # What comes before the end is sent first.
            self.queue.put_nowait(None)
        return packets


async def _translate_request(scope: Any, receive: Any, send: Any) -> dict[str, Any]:
    """What the library makes of a connection, without what would read a body.

    That has a class of its own each time, which holds itself, and so what it reads from as well.
    """
    first = await receive()

    async def receive_first() -> Any:
        return first

    environ = await translate_request(scope, receive_first, send)
    if environ:
        del environ["wsgi.input"]
        environ["asgi.receive"] = receive
    return environ


class _Connections(engineio.AsyncServer):
    """Engine.IO's server, for WebSocket alone."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        driver: Any = self._async
        self._async = {**driver, "translate_request": _translate_request}

    async def _handle_connect(self, environ: Any, transport: str, jsonp_index: Any = None) -> Any:
        sid = self.generate_id()
        socket = self.sockets[sid] = _Socket(self, sid)
        try:
            about = {
                "sid": sid,
                "upgrades": [],
                "pingTimeout": int(self.ping_timeout * 1000),
                "pingInterval": int(self.ping_interval + self.ping_interval_grace_period) * 1000,
                "maxPayload": self.max_http_buffer_size,
            }
            await socket.send(Packet(OPEN, about))
            if await self._trigger_event("connect", sid, environ, run_async=False) is False:
                return self._unauthorized(None)
            socket.schedule_ping()
            return await socket.handle_get_request(environ)
        finally:
            self.sockets.pop(sid, None)


class _Clients(socketio.AsyncManager):
    """Who is connected; what is for one tab alone goes straight into its queue."""

    server: Any

    async def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Any = None,
        callback: Any = None,
        to: Any = None,
        **kwargs: Any,
    ) -> None:
        """Send an event to a tab, or to others as the library does."""
        tab = to or room
        socket = self.eio_sid_from_sid(tab, namespace) if isinstance(tab, str) else None
        if socket is None or skip_sid or callback:
            others = {"room": tab, "skip_sid": skip_sid, "callback": callback, **kwargs}
            await super().emit(event, data, namespace, **others)
            return
        values = data if isinstance(data, tuple) else () if data is None else (data,)
        about = {"namespace": namespace, "data": [event, *values]}
        await self.server._send_packet(socket, self.server.packet_class(EVENT, **about))


class _Server(socketio.AsyncServer):
    """Socket.IO's server on those connections."""

    def _engineio_server_class(self) -> type[engineio.AsyncServer]:
        return _Connections
