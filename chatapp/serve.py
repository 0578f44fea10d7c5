"""The server: one process, one port, pages and sockets."""

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType

import uvicorn

from chatapp import leaving, logs
from chatapp.accounts.sockets import sockets
from chatapp.settings import settings

logger = logging.getLogger(__name__)

DEFLATE = True
"""Whether websocket messages are compressed.

Measured with deltas of 264 bytes: 42 bytes in place of 268 on the wire, for 40 KB more memory a
connection (19 without) and 31 µs a message in place of 14.
"""

LARGEST_MESSAGE = 1_000_000
"""Bytes of one websocket message from a client; a larger one ends the connection."""

KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than proxies in front keep theirs."""

GARBAGE = 20_000
"""So many new objects are made before Python looks which of them are of no use any more."""

ON_THE_WAY = 256 * 1024
"""How much the system may keep of what was sent to one reader, in bytes (Linux takes it twice)."""

STUCK = 60
"""After so many seconds in which a reader takes nothing in the system cuts its connection.

Neither the heartbeat nor the closing of a socket can: what they have to say waits behind the rest.
"""

HANDED = "CHATAPP_LISTENER"
"""Names, in the environment, the descriptor of a bound socket that this process inherits.

A process that is to come after this one has it too: see :mod:`tools.supervisor`.
"""

ACCEPTED = 0.5
"""Seconds from a connection to its request, at most, for those between nginx and us."""

GRACE = 10
"""Seconds that requests in progress have to end when the process is told to stop."""

FILES = 65_536
"""How many files and sockets the process may have open, as far as the machine lets it."""


def serve() -> int:
    """Serve until a signal ends it; the exit code is the result."""
    os.environ.setdefault("REFLEX_ENV_MODE", "prod")
    os.environ.setdefault("REFLEX_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("REFLEX_CHECK_LATEST_VERSION", "false")
    # The pages are built beforehand.
    os.environ["__REFLEX_SKIP_COMPILE"] = "true"
    host, port = settings().host, settings().port
    allow_files()
    logs.configure(settings().log)
    try:
        sockets = listeners(host, port)
    except OSError as error:
        print(f"Cannot listen on {host}, port {port}: {error.strerror}.", file=sys.stderr)
        return 1
    server = _Server(
        uvicorn.Config(
            "chatapp.chatapp:app",
            factory=True,
            host=host,
            port=port,
            loop="uvloop",
            ws="websockets-sansio",
            ws_max_size=LARGEST_MESSAGE,
            ws_per_message_deflate=DEFLATE,
            # Socket.IO has its own heartbeat.
            ws_ping_interval=None,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            # Which proxies are believed is decided by chatapp's own settings.
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GRACE,
        )
    )
    try:
        server.run(sockets=sockets)
    except KeyboardInterrupt:
        return 0
    return 0 if server.started else 1


def listeners(host: str, port: int) -> list[socket.socket]:
    """The socket that was handed to us, else one for every address that the host name stands for.

    Raises:
        OSError: the port is taken, or the address is not of this machine.
    """
    if descriptor := os.environ.pop(HANDED, ""):
        handed = socket.socket(fileno=int(descriptor))
        _set_up(handed)
        return [handed]
    bound: list[socket.socket] = []
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _name, where in dict.fromkeys(found):
        listener = socket.socket(family, kind, protocol)
        bound.append(listener)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _set_up(listener)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            listener.bind(where)
        except OSError:
            for each in bound:
                each.close()
            raise
    return bound


def _set_up(listener: socket.socket) -> None:
    """What each connection has from its listener."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, ON_THE_WAY)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK * 1000)


def address(host: str, port: int) -> str:
    """What to type into a browser on this machine."""
    if host in {"127.0.0.1", "0.0.0.0", "::", "::1"}:  # noqa: S104
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def allow_files() -> None:
    """Let this process open more than its soft limit says: a container's is often a thousand."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        # Some systems allow less than they say.
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def collect_seldom() -> None:
    """Let Python look for garbage less often, and never in what a process keeps from its start.

    With thousands of open tabs a look at everything takes as long as many answers' next words.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, 20, 20)


class _Server(uvicorn.Server):
    """Uvicorn, which says where it is as soon as it can answer, and does not leave at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._departure: asyncio.Task[None] | None = None
        self._succeeded = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, self.make_way)
            collect_seldom()
            where = settings().public_url or address(self.config.host, self.config.port)
            if settings().log == "json":
                logger.info("chatapp is at %s", where)
            else:
                print(f"chatapp is at {where}", flush=True)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take nothing new. Only SIGTERM, the first time, leaves time for a departure."""
        again = leaving.begun()
        leaving.begin()
        # Alone, there is nobody to go to.
        if again or sig != signal.SIGTERM or not self.started or not settings().redis_url:
            super().handle_exit(sig, frame)

    def make_way(self) -> None:
        """Leave as on SIGTERM; another process has our listener and takes what comes now."""
        self._succeeded = True
        for server in self.servers:
            server.close()
        # Those who have just been accepted are not sent on before they have said what they want.
        asyncio.get_running_loop().call_later(ACCEPTED, leaving.begin)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen no more, and let what was begun end."""
        if not self._succeeded:
            # The supervisor has it too: what comes now would wait there for nobody.
            for listener in sockets or ():
                with suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)
        await super().shutdown(sockets=sockets)

    async def on_tick(self, counter: int) -> bool:
        """Begin the departure when it is time."""
        if leaving.begun() and self._departure is None and not self.should_exit:
            self._departure = asyncio.create_task(self._depart(), name="departure")
        return await super().on_tick(counter)

    async def _depart(self) -> None:
        """Send everybody on to other processes, a few at a time, and then end."""
        try:
            await sockets.send_away()
        finally:
            self.should_exit = True
