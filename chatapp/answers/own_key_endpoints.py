"""The endpoints that the forms of own keys post to.

A key comes by a plain form, past Reflex: it is in no state, in no event and in no log.
"""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chatapp import routes as urls
from chatapp.accounts import own_keys, throttle
from chatapp.accounts.endpoints import FormEndpoint, signed_in
from chatapp.accounts.flash import KEY_CHANGED, KEY_KEPT, KEY_REMOVED, Flash
from chatapp.accounts.models import KeyUse
from chatapp.answers.own_key import check_and_keep


class KeepKey(FormEndpoint):
    """Keeps a key of one's own."""

    page = urls.SETTINGS

    async def act(self, request: Request, form: dict[str, str]) -> Response:
        """Check the key at its provider and keep it."""
        user = await signed_in(request)
        await throttle.own_key(user.id)
        use = _use(form) or KeyUse.DRY
        await check_and_keep(user.id, form.get("provider", ""), form.get("key", ""), use)
        return self.done(request, Flash(KEY_KEPT, self.page))


class UseKey(FormEndpoint):
    """Says when a key of one's own is used."""

    page = urls.SETTINGS

    async def act(self, request: Request, form: dict[str, str]) -> Response:
        """Note it. What is nobody's or another's is not there."""
        user = await signed_in(request)
        key_id, use = _id(form), _use(form)
        if key_id and use:
            await own_keys.set_use(user.id, key_id, use)
        return self.done(request, Flash(KEY_CHANGED, self.page))


class RemoveKey(FormEndpoint):
    """Forgets a key of one's own."""

    page = urls.SETTINGS

    async def act(self, request: Request, form: dict[str, str]) -> Response:
        """Forget it. What is nobody's or another's is not there."""
        user = await signed_in(request)
        if key_id := _id(form):
            await own_keys.remove(user.id, key_id)
        return self.done(request, Flash(KEY_REMOVED, self.page))


def _use(form: dict[str, str]) -> KeyUse | None:
    try:
        return KeyUse(form.get("use", ""))
    except ValueError:
        return None


def _id(form: dict[str, str]) -> UUID | None:
    try:
        return UUID(form.get("id", ""))
    except ValueError:
        return None


routes: list[Route] = [
    Route(urls.OWN_KEY, KeepKey),
    Route(urls.OWN_KEY_USE, UseKey),
    Route(urls.OWN_KEY_REMOVE, RemoveKey),
]
