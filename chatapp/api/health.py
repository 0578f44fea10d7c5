"""Whether this process lives. It asks nothing of the database or of Redis."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from chatapp.routes import HEALTH


async def health(_request: Request) -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


routes = [Route(HEALTH, health)]
