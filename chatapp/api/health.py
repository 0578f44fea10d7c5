"""Whether this process lives, which asks nothing of others, and whether it can do its work."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from chatapp.api.inside import inside
from chatapp.api.readiness import checks
from chatapp.routes import HEALTH, READY

FRESH = {"Cache-Control": "no-store"}


async def health(_request: Request) -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"}, headers=FRESH)


async def ready(request: Request) -> JSONResponse:
    """The process can serve: its database and Redis answer, and it is not about to end.

    Which part does not is for those inside.
    """
    found = await checks.readiness()
    body = {"status": "ok" if found.ready else "not ready"}
    if inside(request):
        body |= asdict(found)
    return JSONResponse(body, 200 if found.ready else 503, headers=FRESH)


routes = [Route(HEALTH, health), Route(READY, ready)]
