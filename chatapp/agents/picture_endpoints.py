"""The endpoints that take and show pictures of agents, past Reflex, whose uploads are public."""

from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from chatapp import routes as urls
from chatapp.accounts import throttle
from chatapp.accounts.address import from_own_page
from chatapp.accounts.endpoints import FOREIGN, signed_in
from chatapp.accounts.forms import Unreadable, read_body
from chatapp.accounts.problems import Problem, Refused
from chatapp.agents import pictures
from chatapp.agents.pictures import LARGEST, TYPE, Unfit

FOR_EVER = "private, max-age=31536000, immutable"
"""Another picture has another address."""

TOO_LARGE = f"The picture is too large: {LARGEST // 1_000_000} MB are possible."


class Upload(HTTPEndpoint):
    """Takes a picture for an agent that is about to be saved."""

    async def post(self, request: Request) -> Response:
        """Keep it, and tell its id or why not."""
        if not from_own_page(request.scope, referer=True):
            return _said(403, FOREIGN)
        try:
            user = await signed_in(request)
            await throttle.picture(user.id)
            raw = await read_body(request, LARGEST, TOO_LARGE)
            return JSONResponse({"id": str(await pictures.keep(user.id, raw))}, 201)
        except Refused as refused:
            return _said(refused.status, refused.words)
        except Unreadable as unreadable:
            return _said(unreadable.status, unreadable.words)
        except Unfit as unfit:
            return _said(400, str(unfit))
        except SQLAlchemyError:
            away = Refused(Problem.AWAY)
            return _said(away.status, away.words)


class Show(HTTPEndpoint):
    """Shows a picture to those who may see its agent."""

    async def get(self, request: Request) -> Response:
        """Send it; to anybody else it does not exist."""
        try:
            user = await signed_in(request)
            found = await pictures.read(user.id, UUID(request.path_params["picture_id"]))
        except (Refused, ValueError):
            found = None
        if found is None:
            return PlainTextResponse("Not found.", 404, headers={"cache-control": "no-store"})
        return Response(found, media_type=TYPE, headers={"cache-control": FOR_EVER})


def _said(status: int, words: str) -> Response:
    return JSONResponse({"message": words}, status, headers={"cache-control": "no-store"})


routes: list[Route] = [
    Route(urls.PICTURES, Upload),
    Route(urls.picture("{picture_id}"), Show),
]
