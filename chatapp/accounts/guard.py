"""The guard before every event: nothing runs unless it is known and allowed.

``app.add_middleware(EventGuard())`` puts it before every handler: of the socket, chained or yielded
by another handler, of a page's ``on_load``, and before background tasks, in the handler's own
task. It looks the session up at each event that a person sends, so a sign-out, a disabling or
another role counts from the next one on.
"""

import logging
import math
from functools import partial
from typing import Any
from urllib.parse import quote
from uuid import UUID

import reflex as rx
from reflex.app import App
from reflex.event import Event
from reflex.middleware.middleware import Middleware
from reflex.state import BaseState, StateUpdate
from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext
from sqlalchemy.exc import SQLAlchemyError

from chatapp import audit, logs, routes
from chatapp.accounts import sessions
from chatapp.accounts.access import SHOWING, Access, access_of, admin_only, public
from chatapp.accounts.arguments import Misfit, fitted
from chatapp.accounts.identity import CurrentUser, SignedOut, acting_as, become, current_user
from chatapp.database import patiently
from chatapp.metrics import EVENTS
from chatapp.ui.away import told_when_slow
from chatapp.ui.store import push

__all__ = [
    "CurrentUser",
    "EventGuard",
    "SignedOut",
    "acting_as",
    "admin_only",
    "current_user",
    "is_still_admin",
    "public",
]

logger = logging.getLogger(__name__)

SESSION_HEADER = "x-chatapp-session"
"""The header that the socket gate puts in place of the cookie: the session's id."""

ZONE_HEADER = "x-chatapp-zone"
"""The header with the name of the browser's time zone."""

ADDRESS_HEADER = "x-chatapp-address"
"""The header in which the socket gate says the true address of who is there."""

SOCKET_HEADER = "x-chatapp-socket"
"""The header with the id of the request that opened the socket, by which a proxy has logged it."""

PATIENCE = 60.0
"""How long, in seconds, what a person does waits for a database that is away."""

NOT_DONE = "The server cannot reach its database. Nothing was done; please try again later."

REFUSED = "refused"
"""Counts, in place of a handler's name, the events that were refused."""

NOTHING = StateUpdate()
"""The answer to an event that is refused: nothing was read, nothing was changed."""


class EventGuard(Middleware):
    """Refuses every event that its sender may not send."""

    async def preprocess(self, app: App, state: BaseState, event: Event) -> StateUpdate | None:
        """Let an event pass, with the person in :func:`current_user`, or refuse it.

        Args:
            app: Reflex's app.
            state: the state of the tab.
            event: the event; arguments that fit are replaced by what their annotations say.

        Returns:
            None to let it pass, an update without changes to refuse it.
        """
        # First of all: a task may have been started from another person's.
        become(None)
        headers = EventContext.get().router_data.get("headers", {})
        logs.about(request=EventContext.get().txid, socket=headers.get(SOCKET_HEADER, ""))
        registered = RegistrationContext.get().event_handlers.get(event.name)
        if registered is None:
            EVENTS.labels(REFUSED).inc()
            return NOTHING
        handler = registered.handler
        access = access_of(event.name, handler)
        if access is Access.NOBODY:
            logger.warning("Refused %s: made by Reflex, wanted by nobody", handler.fn.__qualname__)
            return NOTHING
        claimed, zone = headers.get(SESSION_HEADER), headers.get(ZONE_HEADER, "")
        audit.coming_from(headers.get(ADDRESS_HEADER, ""))
        if access is Access.INTERNAL and not (claimed and event.name in SHOWING):
            return self._take_arguments(handler, event)
        # What follows from an event of this page, or shows it, the person has not sent.
        opening = event.name in SHOWING or EventContext.get().parent_txid is not None
        # A page that loads waits until it can, or until its tab leaves.
        patience = math.inf if handler.is_background or event.name in SHOWING else PATIENCE
        try:
            async with told_when_slow():
                person = partial(self._person, claimed, zone, opening=opening)
                user = await patiently(person, patience)
        except SQLAlchemyError as error:
            logger.warning("An event was not handled: %s", type(error).__name__)
            await push({"notice": NOT_DONE})
            return NOTHING
        if user is None and (access in (Access.MEMBER, Access.ADMIN) or event.name in SHOWING):
            return to_sign_in(EventContext.get().router_data)
        if access is Access.ADMIN and not (user and user.is_admin):
            EVENTS.labels(REFUSED).inc()
            return NOTHING
        become(user)
        return self._take_arguments(handler, event)

    @staticmethod
    async def _person(claimed: str | None, zone: str, *, opening: bool) -> CurrentUser | None:
        if not claimed:
            return None
        try:
            session_id = UUID(claimed)
        except ValueError:
            return None
        user = await sessions.session_by_id(session_id, opening=opening)
        if user is not None:
            await sessions.keep_zone(user, zone)
        return user

    @staticmethod
    def _take_arguments(handler: rx.event.EventHandler, event: Event) -> StateUpdate | None:
        try:
            taken = fitted(handler, event.payload)
        except Misfit as misfit:
            logger.warning("Refused %s: %s", handler.fn.__qualname__, misfit)
            become(None)
            EVENTS.labels(REFUSED).inc()
            return NOTHING
        EVENTS.labels(handler.fn.__qualname__).inc()
        event.payload.update(taken)
        return None


async def is_still_admin() -> bool:
    """Whether who follows a page of admins may go on to; the guard looks where that begins."""
    try:
        user = await sessions.session_by_id(current_user().session_id)
    except (SQLAlchemyError, OSError):
        return True  # the database is away: nothing new can be shown either
    return user is not None and user.is_admin


def to_sign_in(router_data: dict[str, Any]) -> StateUpdate:
    """Send a tab to the sign-in page, and from there back to where it was."""
    here = str(router_data.get("asPath") or "")
    target = routes.LOGIN
    if here.startswith("/") and here not in (routes.HOME, routes.LOGIN, routes.SIGNUP):
        target += "?next=" + quote(here[:500], safe="/")
    return StateUpdate(events=Event.from_event_type(rx.redirect(target, replace=True)))
