"""Whether this process lives, which asks nothing of others, and whether it can do its work."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from chatapp.api.readiness import Checks
from chatapp.routes import HEALTH, READY

FRESH = {"Cache-Control": "no-store"}

_checks = Checks()


async def health(_request: Request) -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"}, headers=FRESH)


async def ready(_request: Request) -> JSONResponse:
    """The process can serve: its database and Redis answer, and it is not about to end."""
    found = await _checks.readiness()
    status = "ok" if found.ready else "not ready"
    body = {"status": status, **asdict(found)}
    return JSONResponse(body, 200 if found.ready else 503, headers=FRESH)


routes = [Route(HEALTH, health), Route(READY, ready)]
