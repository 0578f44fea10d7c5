"""A tab without a browser: it speaks Reflex's protocol as the compiled pages do."""

import asyncio
import uuid
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any, Self
from urllib.parse import urlsplit

import socketio

SOCKET = "/_event"
ROOT = "reflex___state____state"
MARK = "_rx_state_"
WAIT_SECONDS = 10.0


class Tab:
    """One connection with one tab token.

    ``state`` holds what a page would show: per state, by its full name, its vars without Reflex's
    suffix. ``updates`` keeps every message as it came.
    """

    def __init__(
        self,
        url: str,
        path: str = "/",
        *,
        cookie: str = "",
        origin: str | None = None,
        token: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> None:
        self.url = url
        self.path = path
        self.token = token or str(uuid.uuid4())
        self.cookie = cookie
        self.origin = url if origin is None else origin
        self.params = dict(params or {})
        self.state: dict[str, dict[str, Any]] = {}
        self.updates: list[dict[str, Any]] = []
        self.mismatch = False
        self._news = asyncio.Condition()
        self._client: socketio.AsyncClient | None = None

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Open the socket and hydrate, as a page does when it loads.

        Raises:
            socketio.exceptions.ConnectionError: the server refused.
        """
        headers = {"Origin": self.origin} if self.origin else {}
        if self.cookie:
            headers["Cookie"] = self.cookie
        client = socketio.AsyncClient(
            reconnection=False,
            websocket_extra_options={"headers": headers, "protocols": (version("reflex"),)},
        )
        client.on("event", self._on_event, namespace=SOCKET)
        client.on("new_token", self._on_token, namespace=SOCKET)
        client.on("state_mismatch", self._on_mismatch, namespace=SOCKET)
        client.on("disconnect", self._on_disconnect, namespace=SOCKET)
        self._client = client
        boot = self._event(f"{ROOT}.hydrate_and_load", {})
        await client.connect(
            f"{self.url}?token={self.token}",
            socketio_path=SOCKET,
            transports=["websocket"],
            namespaces=[SOCKET],
            auth={"event": boot},
            wait_timeout=10,
        )

    async def ready(self) -> Self:
        """Wait until the page is hydrated and what it does on loading is done."""
        await self.until(lambda tab: tab.state.get(ROOT, {}).get("is_hydrated") is True)
        return self

    async def send(self, handler: str, /, **payload: Any) -> None:
        """Call an event handler, by its full name or as ``state.handler``."""
        assert self._client is not None
        await self._client.emit(
            "event", self._event(self.handler(handler), payload), namespace=SOCKET
        )

    async def emit(self, event: str, data: Any) -> None:
        """Send anything at all."""
        assert self._client is not None
        await self._client.emit(event, data, namespace=SOCKET)

    async def go(self, path: str, params: Mapping[str, str] | None = None) -> None:
        """Follow a link inside the pages."""
        self.path, self.params = path, dict(params or {})
        await self.send(f"{ROOT}.reflex___state____on_load_internal_state.on_load_internal")

    async def until(
        self, condition: Callable[["Tab"], object], seconds: float = WAIT_SECONDS
    ) -> None:
        """Wait for news after which the condition holds.

        Raises:
            TimeoutError: it did not come to hold.
        """
        async with self._news:
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait_for(lambda: bool(condition(self)))
            except TimeoutError:
                raise TimeoutError(f"It did not happen. The tab shows: {self.state}") from None

    def value(self, state: str, var: str) -> Any:
        """A var as the page has it now, by the name of its state."""
        return self.state[self.full_name(state)][var]

    def full_name(self, state: str) -> str:
        """The full name of a state, from its last part (``chat_state``)."""
        if state.startswith(ROOT):
            return state
        found = [name for name in self.state if name.endswith(f"____{state}")]
        assert len(found) == 1, f"{state} is one of {sorted(self.state)}"
        return found[0]

    def handler(self, name: str) -> str:
        """The full name of a handler, from ``state.handler``."""
        state, _, function = name.rpartition(".")
        return f"{self.full_name(state)}.{function}"

    async def drop(self) -> None:
        """Lose the connection without a word, as a phone in a tunnel does."""
        assert self._client is not None
        websocket: Any = self._client.eio.ws
        websocket._response.connection.transport.abort()

    async def close(self) -> None:
        """Close the tab."""
        if self._client is not None:
            await self._client.disconnect()
            if self._client.eio.http is not None:
                await self._client.eio.http.close()

    @property
    def connected(self) -> bool:
        """Whether the socket is open."""
        return self._client is not None and self._client.connected

    def _event(self, name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        parts = urlsplit(self.path)
        router: dict[str, Any] = {"pathname": parts.path, "asPath": self.path}
        if self.params:
            router["query"] = self.params
        event: dict[str, Any] = {"name": name, "router_data": router}
        return {**event, "payload": dict(payload)} if payload else event

    async def _on_event(self, update: dict[str, Any]) -> None:
        async with self._news:
            self.updates.append(update)
            for name, delta in (update.get("delta") or {}).items():
                shown = self.state.setdefault(name, {})
                shown.update({var.removesuffix(MARK): value for var, value in delta.items()})
            self._news.notify_all()

    async def _on_disconnect(self, *_reason: str) -> None:
        async with self._news:
            self._news.notify_all()

    async def _on_token(self, token: str) -> None:
        self.token = token

    async def _on_mismatch(self, _data: Any) -> None:
        self.mismatch = True
