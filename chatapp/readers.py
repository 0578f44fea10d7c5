"""Who reads a socket: one that takes nothing in costs little, and is cut after a while."""

import asyncio
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

STUCK = 30.0
"""After so many seconds in which a reader takes nothing in its connection is cut."""

ON_THE_WAY = 256 * 1024
"""How much the system may keep of what was sent to one reader, in bytes (Linux takes it twice)."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """A websocket that waits for its reader, but not for ever."""

    _cut: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """The reader takes nothing in: what is sent waits."""
        super().pause_writing()
        self._cut_later()

    def resume_writing(self) -> None:
        """The reader takes it in again."""
        super().resume_writing()
        self._keep()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        super().connection_lost(exc)
        self._keep()

    async def send(self, message: Any) -> None:
        """Send what the app has to say; a close that the reader does not take in ends all the same.

        Raises:
            uvicorn.protocols.utils.ClientDisconnected: the connection is gone.
        """
        await super().send(message)
        if message["type"] == "websocket.close":
            self._cut_later()

    def _cut_later(self) -> None:
        if self._cut is None:
            self._cut = self.loop.call_later(STUCK, self.transport.abort)

    def _keep(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None
