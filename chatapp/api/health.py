"""Whether this process lives, which asks nothing of others, and whether it can do its work."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from chatapp.api.inside import forwarded, inside
from chatapp.api.readiness import checks
from chatapp.routes import HEALTH, READY

FRESH = {"Cache-Control": "no-store"}


async def health(_request: Request) -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"}, headers=FRESH)


async def ready(request: Request) -> JSONResponse:
    """The process can serve: its database and Redis answer, and it is not about to end.

    ``?exclude=redis&exclude=database`` is for who would send people here while they are away; a
    name of no part excludes nothing. Which part does not answer is for those inside, so who comes
    through a proxy excludes nothing either.
    """
    found = await checks.readiness()
    well = found.ready(() if forwarded(request) else request.query_params.getlist("exclude"))
    body = {"status": "ok" if well else "not ready"}
    if inside(request):
        body |= asdict(found)
    return JSONResponse(body, 200 if well else 503, headers=FRESH)


routes = [Route(HEALTH, health), Route(READY, ready)]
