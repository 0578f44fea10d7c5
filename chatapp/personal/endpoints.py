"""The endpoints with which people get a copy of what is theirs, and end their account."""

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from chatapp import routes as urls
from chatapp.accounts import service
from chatapp.accounts.endpoints import FormEndpoint, farewell, signed_in, visit_of
from chatapp.accounts.flash import ERASED, Flash
from chatapp.accounts.people import LastAdmin, NotAllowed
from chatapp.accounts.problems import Problem, Refused
from chatapp.database import now
from chatapp.personal.erasure import erase
from chatapp.personal.export import export


class Export(FormEndpoint):
    """Sends a person a copy of all that is theirs."""

    page = urls.SETTINGS

    async def act(self, request: Request, form: dict[str, str]) -> Response:
        """Send it while it is being put together."""
        user = await signed_in(request)
        name = f"chatapp-{now():%Y-%m-%d}.json"
        return StreamingResponse(
            export(user.id, user.id),
            media_type="application/json",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )


class Erase(FormEndpoint):
    """Ends an account."""

    page = urls.SETTINGS

    async def act(self, request: Request, form: dict[str, str]) -> Response:
        """Remove everything, once it is certain that its owner wants it."""
        user = await signed_in(request)
        if not form.get("sure"):
            raise Refused(Problem.UNSURE)
        await service.check_password(user, form.get("current_password", ""), visit_of(request))
        try:
            await erase(user, user.id)
        except LastAdmin as last:
            raise Refused(Problem.LAST_ADMIN) from last
        except NotAllowed as gone:
            raise Refused(Problem.SIGNED_OUT) from gone
        response = farewell(request)
        said = self.done(request, Flash(ERASED, urls.LOGIN))
        if word := said.headers.get("set-cookie"):
            response.headers.append("set-cookie", word)
        return response


routes: list[Route] = [Route(urls.EXPORT, Export), Route(urls.ERASE, Erase)]
