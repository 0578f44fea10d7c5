"""The endpoints that the forms of accounts post to.

A browser is sent on with 303, after a failure back to its page with a word in a cookie. A client
that accepts JSON gets the words and the status themselves.
"""

from abc import abstractmethod
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode

from sqlalchemy.exc import SQLAlchemyError
from starlette.endpoints import HTTPEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from chatapp import audit
from chatapp import routes as urls
from chatapp.accounts import cookies, service, sessions
from chatapp.accounts.address import client_address, from_own_page
from chatapp.accounts.flash import PASSWORD_CHANGED, PASSWORD_RESET, Flash, typed
from chatapp.accounts.forms import FIELDS, Unreadable, local_path, read_form
from chatapp.accounts.identity import CurrentUser
from chatapp.accounts.problems import Problem, Refused
from chatapp.accounts.sessions import SignedIn, Visit

FOREIGN = "This form was not sent from our own page, so nothing was done."


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def visit_of(request: Request) -> Visit:
    """Where a request comes from."""
    return Visit(client_address(request.scope), request.headers.get("user-agent", ""))


async def signed_in(request: Request) -> CurrentUser:
    """Whose session a request has.

    Raises:
        Refused: it has none.
    """
    token = cookies.session_token(request.scope)
    found = await sessions.session_by_token(token) if token else None
    if found is None:
        raise Refused(Problem.SIGNED_OUT)
    return found.user


def _carried(request: Request, form: dict[str, str], name: str) -> str:
    """What the form says, or its page's URL if it was sent before it knew."""
    if said := form.get(name):
        return said
    query = request.headers.get("referer", "").partition("?")[2].partition("#")[0]
    try:
        return dict(parse_qsl(query, max_num_fields=FIELDS)).get(name, "")
    except ValueError:
        return ""


def _onward(request: Request, form: dict[str, str]) -> str:
    return local_path(_carried(request, form, "next"))


def _welcome(request: Request, signed_in: SignedIn, onward: str) -> Response:
    """The answer that begins a session in the browser."""
    user = signed_in.user
    response: Response = RedirectResponse(onward, 303)
    if _wants_json(request):
        response = JSONResponse({"email": user.email, "name": user.name, "role": user.role})
    response.headers.append("set-cookie", cookies.set_session(request.scope, signed_in.token))
    if cookies.read(request.scope, cookies.FLASH):
        response.headers.append("set-cookie", cookies.clear_flash(request.scope))
    return response


def farewell(request: Request) -> Response:
    """The answer that ends the session in the browser."""
    response: Response = RedirectResponse(urls.LOGIN, 303)
    if _wants_json(request):
        response = JSONResponse({})
    response.headers.append("set-cookie", cookies.clear_session(request.scope))
    return response


class FormEndpoint(HTTPEndpoint):
    """Takes a form of one of our own pages. Other methods than POST get 405."""

    page: str
    """The page that has the form."""
    carried: Sequence[str] = ()
    """The fields that its URL has after a failure as well."""

    async def post(self, request: Request) -> Response:
        """Check where the form comes from, read it, act on it."""
        response = await self._answer(request)
        response.headers["cache-control"] = "no-store"
        return response

    async def _answer(self, request: Request) -> Response:
        audit.coming_from(client_address(request.scope))
        if not from_own_page(request.scope, referer=True):
            return self._plain(request, 403, FOREIGN)
        try:
            form = await read_form(request)
        except Unreadable as error:
            return self._plain(request, error.status, error.words)
        try:
            return await self.act(request, form)
        except Refused as refused:
            return self._refusal(request, form, refused)
        except SQLAlchemyError:
            return self._refusal(request, form, Refused(Problem.AWAY))

    @abstractmethod
    async def act(self, request: Request, form: dict[str, str]) -> Response:
        """Do what the form is for."""

    @staticmethod
    def _plain(request: Request, status: int, words: str) -> Response:
        if _wants_json(request):
            return JSONResponse({"message": words}, status)
        return PlainTextResponse(words, status)

    @staticmethod
    def done(request: Request, word: Flash) -> Response:
        """Say on the next page that it was done."""
        if _wants_json(request):
            return JSONResponse({"message": word.words})
        response = RedirectResponse(word.page, 303)
        response.headers.append("set-cookie", cookies.set_flash(request.scope, word))
        return response

    def _refusal(self, request: Request, form: dict[str, str], refused: Refused) -> Response:
        if _wants_json(request):
            said = {"code": refused.problem, "message": refused.words}
            retry = {"retry-after": str(refused.wait)} if refused.wait else None
            return JSONResponse(said, refused.status, headers=retry)
        signed_out = refused.problem in (Problem.PENDING, Problem.SIGNED_OUT)
        page = urls.LOGIN if signed_out else self.page
        word = Flash(refused.problem, page, typed(form.get("email", "")), refused.wait)
        onward = _onward(request, form)
        said = {name: _carried(request, form, name) for name in self.carried}
        back = {name: value for name, value in said.items() if value}
        if onward != urls.HOME:
            back["next"] = onward
        target = f"{page}?{urlencode(back, safe='/')}" if back else page
        response = RedirectResponse(target, 303)
        response.headers.append("set-cookie", cookies.set_flash(request.scope, word))
        return response


class SignUp(FormEndpoint):
    """Makes an account."""

    page = urls.SIGNUP
    carried = ("invite",)

    async def act(self, request: Request, form: dict[str, str]) -> Response:
        """Make an account and sign in."""
        signed_in = await service.sign_up(
            form.get("email", ""),
            form.get("password", ""),
            form.get("name", ""),
            visit_of(request),
            cookies.session_token(request.scope) or None,
            _carried(request, form, "invite"),
        )
        return _welcome(request, signed_in, _onward(request, form))


class SignIn(FormEndpoint):
    """Signs in."""

    page = urls.LOGIN

    async def act(self, request: Request, form: dict[str, str]) -> Response:
        """Begin a new session; one that this browser had ends."""
        signed_in = await service.sign_in(
            form.get("email", ""),
            form.get("password", ""),
            visit_of(request),
            cookies.session_token(request.scope) or None,
        )
        return _welcome(request, signed_in, _onward(request, form))


class SignOut(FormEndpoint):
    """Signs out."""

    page = urls.SETTINGS

    async def act(self, request: Request, form: dict[str, str]) -> Response:
        """End the session of this browser, if it has one."""
        if token := cookies.session_token(request.scope):
            await sessions.sign_out_token(token)
        return farewell(request)


class SignOutEverywhere(FormEndpoint):
    """Signs out on all devices."""

    page = urls.SETTINGS

    async def act(self, request: Request, form: dict[str, str]) -> Response:
        """End all sessions of the person."""
        user = await signed_in(request)
        await sessions.sign_out_everywhere(user.id)
        return farewell(request)


class ChangePassword(FormEndpoint):
    """Changes a password."""

    page = urls.SETTINGS

    async def act(self, request: Request, form: dict[str, str]) -> Response:
        """Change the password; the session begins anew, all others end."""
        user = await signed_in(request)
        again = await service.change_password(
            user, form.get("current_password", ""), form.get("new_password", ""), visit_of(request)
        )
        response = _welcome(request, again, urls.SETTINGS)
        word = Flash(PASSWORD_CHANGED, urls.SETTINGS)
        response.headers.append("set-cookie", cookies.set_flash(request.scope, word))
        return response


class ResetPassword(FormEndpoint):
    """Chooses a new password by a one-time link."""

    page = urls.RESET
    carried = ("link",)

    async def act(self, request: Request, form: dict[str, str]) -> Response:
        """Change the password; all sessions end."""
        link, new = _carried(request, form, "link"), form.get("new_password", "")
        await service.reset_password(link, new, visit_of(request))
        return self.done(request, Flash(PASSWORD_RESET, urls.LOGIN))


routes: list[Route] = [
    Route(urls.RESET_PASSWORD, ResetPassword),
    Route(urls.SIGN_UP, SignUp),
    Route(urls.SIGN_IN, SignIn),
    Route(urls.SIGN_OUT, SignOut),
    Route(urls.SIGN_OUT_EVERYWHERE, SignOutEverywhere),
    Route(urls.CHANGE_PASSWORD, ChangePassword),
]
