"""A backend that tells what reaches it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from chatapp.headers import SecurityHeaders
from chatapp.routes import AUDIT_EXPORT, EXPORT
from tests.harness.processes import START_SECONDS, free_port


class FakeBackend:
    """One backend on a port of its own."""

    def __init__(self, pages: ASGIApp) -> None:
        self.port = free_port()
        self.leaving = False
        self.seen: list[str] = []
        self.sockets = 0
        self.app = SecurityHeaders(
            Starlette(
                routes=[
                    Route("/auth/echo", self._echo, methods=["GET", "POST"]),
                    Route("/auth/fails", self._fails, methods=["GET", "POST"]),
                    Route(EXPORT, self._export, methods=["POST"]),
                    Route(AUDIT_EXPORT, self._export, methods=["GET"]),
                    WebSocketRoute("/_event", self._socket),
                    WebSocketRoute("/_event/", self._socket),
                    Mount("/", pages),
                ]
            )
        )

    async def _echo(self, request: Request) -> Response:
        self.seen.append(request.url.path)
        return JSONResponse(
            {
                "headers": dict(request.headers),
                "query": request.url.query,
                "body": (await request.body()).decode(),
            }
        )

    async def _fails(self, request: Request) -> Response:
        self.seen.append(request.url.path)
        return PlainTextResponse("The backend's own words.", 503, {"Retry-After": "7"})

    async def _export(self, request: Request) -> Response:
        kind = "text/csv" if request.url.path == AUDIT_EXPORT else "application/json"

        async def pieces() -> AsyncIterator[str]:
            for number in range(1000):
                yield f"{number}, "

        return StreamingResponse(pieces(), media_type=kind)

    async def _socket(self, socket: WebSocket) -> None:
        self.seen.append("socket")
        if self.leaving:
            await socket.send_denial_response(Response(status_code=503))
            return
        await socket.accept()
        self.sockets += 1
        async for text in socket.iter_text():
            await socket.send_text(f"{self.port} {text}")
        self.sockets -= 1

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeBackend"]:
        """Serve until the context ends."""
        config = uvicorn.Config(
            self.app,
            host="127.0.0.1",
            port=self.port,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            ws="websockets-sansio",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        server.capture_signals = _no_signals  # type: ignore[method-assign]
        serving = asyncio.create_task(server.serve())
        async with asyncio.timeout(START_SECONDS):
            while not server.started:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        try:
            yield self
        finally:
            server.should_exit = True
            await serving


@contextmanager
def _no_signals() -> Iterator[None]:
    """Signals are the test run's own business."""
    yield
