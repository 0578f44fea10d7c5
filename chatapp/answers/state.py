"""The handlers of the chat page. They hold nothing: what is shown is in the browser's store."""

import asyncio
import logging
import random
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import reflex as rx
from redis.exceptions import RedisError
from reflex_base.event.context import EventContext
from sqlalchemy.exc import SQLAlchemyError

from chatapp import routes
from chatapp.accounts.identity import current_user
from chatapp.agents import service as agents
from chatapp.agents.views import choice_views
from chatapp.answers import asking, service, views
from chatapp.answers.asking import Busy
from chatapp.answers.follower import follow
from chatapp.answers.process import process
from chatapp.answers.queueing import Refused
from chatapp.chats.service import NotFound
from chatapp.database import AWAY, new_id, patiently
from chatapp.limits import words
from chatapp.limits.books import Admitted
from chatapp.limits.policy import limits_of
from chatapp.limits.service import OverLimit
from chatapp.limits.state import zone_here
from chatapp.metrics import REFUSED
from chatapp.pool.service import tiers
from chatapp.traces import span
from chatapp.ui.away import told_when_slow
from chatapp.ui.backlog import has_room, in_turn, is_open, portions
from chatapp.ui.store import push
from chatapp.ui.watching import until_left

logger = logging.getLogger(__name__)

RETRY = (1.0, 3.0)
"""The shortest and the longest pause, in seconds, before a tab's chats are looked for again."""

PATIENCE = 60.0
"""How long, in seconds, a question waits to be kept when the database is away."""

GONE = "This chat is no longer there."
DECIDED = "This does not wait for your approval any more."
NOT_KEPT = "Your question could not be kept. It is still in the box; please send it again later."
OUR_FAULT = "Something went wrong on our side. Nothing is lost; please try again in a moment."

NOT_TAKEN = (Refused, OverLimit, NotFound)

_followers: dict[str, asyncio.Task[Any]] = {}
"""What follows for each tab of this process, by the tab's token."""


class ChatState(rx.State):
    """What people do on the chat page."""

    @rx.event(background=True)
    async def follow(self) -> None:
        """Show the chat of the URL and what happens in it until the tab leaves."""
        await until_left(_follow_alone)

    @rx.event
    async def ask(self, form: dict[str, Any]) -> rx.event.EventSpec | None:
        """Take the composer's question, or another version of one."""
        text, client_id = str(form.get("message", "")), _uuid(form.get("client_id")) or new_id()
        chat_id, missing = _chat_of_url()
        tier = form["tier"] if form.get("tier") in tiers() else None
        asker = (process().runner, current_user().id, chat_id)
        if "edits" in form:
            edits = _uuid(form["edits"])
            missing = missing or edits is None or chat_id is None
            question = partial(asking.edit, *asker, edits, text, client_id, tier)
        else:
            agent_id = _uuid(form.get("agent"))
            question = partial(asking.ask, *asker, text, client_id, tier, agent_id)
        try:
            if missing:
                raise NotFound
            with span("ask"):
                async with told_when_slow():
                    asked = await patiently(question, PATIENCE)
        except NOT_TAKEN as error:
            REFUSED.labels(type(error).__name__).inc()
            # One from the queue waits on in the page, for the end of what another tab has asked.
            waits = isinstance(error, Busy) and bool(form.get("queued"))
            await _refuse(client_id, "" if waits else _why(error), waits=waits)
            return None
        except AWAY as error:
            logger.warning("A question was not taken: %s", type(error).__name__)
            await _refuse(client_id, NOT_KEPT)
            return None
        await _accept(client_id, asked.admitted)
        return rx.redirect(routes.chat(asked.chat_id)) if chat_id is None else None

    @rx.event
    async def ask_again(self, answer_id: UUID, client_id: UUID) -> None:
        """Begin another answer to the same question."""
        me = current_user().id
        try:
            asked = await asking.ask_again(process().runner, me, answer_id, client_id)
        except NOT_TAKEN as error:
            await push({"notice": _why(error)})
        else:
            await _accept(client_id, asked.admitted)

    @rx.event
    async def show_version(self, message_id: UUID) -> None:
        """Show the branch of a message in place of the one beside it."""
        try:
            await service.show_version(current_user().id, message_id)
        except NOT_TAKEN as error:
            await push({"notice": _why(error)})

    @rx.event
    async def go_on(self, client_id: UUID) -> None:
        """Ask for the rest of an answer that was stopped."""
        chat_id, _ = _chat_of_url()
        try:
            if chat_id is None:
                raise NotFound
            me = current_user().id
            await asking.ask(process().runner, me, chat_id, asking.GO_ON, client_id)
        except NOT_TAKEN as error:
            await push({"notice": _why(error)})
        else:
            await push({"accepted": str(client_id)})

    @rx.event
    async def load_agents(self) -> None:
        """Show which agents can be chosen."""
        await push({"agents": choice_views(await agents.choices(current_user().id))})

    @rx.event
    async def choose_agent(self, agent_id: str) -> None:
        """Let another agent answer in this chat; without an id, none."""
        chat_id, _ = _chat_of_url()
        try:
            if chat_id is None:
                raise NotFound
            await service.choose_agent(current_user().id, chat_id, _uuid(agent_id))
        except NOT_TAKEN as error:
            await push({"notice": _why(error)})

    @rx.event
    async def stop(self, answer_id: UUID) -> None:
        """Stop an answer."""
        try:
            await service.stop(process().runner, current_user().id, answer_id)
        except NotFound:
            await push({"notice": GONE})

    @rx.event
    async def use_smaller(self, answer_id: UUID, tier: str) -> None:
        """Have an answer that waits in line made by a smaller model now."""
        try:
            await service.use_smaller(process().runner, current_user().id, answer_id, tier)
        except NotFound:
            await push({"notice": GONE})

    @rx.event
    async def use_own_key(self, answer_id: UUID) -> None:
        """Have an answer that waits in line made with one's own key now."""
        try:
            await service.use_own_key(process().runner, current_user().id, answer_id)
        except NotFound:
            await push({"notice": GONE})

    @rx.event
    async def decide(self, answer_id: UUID, number: int, approved: bool) -> None:
        """Approve or refuse a step of an answer that acts on the outside."""
        try:
            await service.decide(
                process().runner, current_user().id, answer_id, number, approved=approved
            )
        except NotFound:
            await push({"notice": DECIDED})

    # In the background: a slow reader, for whom these wait, can do other things meanwhile.
    @rx.event(background=True)
    async def show_steps(self, answer_id: UUID) -> None:
        """Show the steps of an answer."""
        try:
            async with in_turn():
                await _shown(await views.steps(current_user().id, answer_id))
        except NotFound:
            await push({"notice": GONE})

    @rx.event(background=True)
    async def show_earlier(self, message_id: UUID) -> None:
        """Show the messages before one."""
        try:
            async with in_turn():
                await _shown(await views.earlier(current_user().id, message_id))
        except NotFound:
            await push({"notice": GONE})

    @rx.event
    async def rename(self, form: dict[str, Any]) -> None:
        """Give a chat another title."""
        chat_id = _uuid(form.get("chat_id"))
        try:
            if chat_id:
                title = str(form.get("title", ""))
                await service.rename_chat(current_user().id, chat_id, title)
        except NotFound:
            await push({"notice": GONE})

    @rx.event
    async def delete(self, chat_id: UUID) -> rx.event.EventSpec | None:
        """Delete a chat; for a while it can be brought back."""
        try:
            await service.delete_chat(process().runner, current_user().id, chat_id)
        except NotFound:
            await push({"notice": GONE})
            return None
        await push({"deleted": str(chat_id)})
        return rx.redirect(routes.HOME) if _chat_of_url()[0] == chat_id else None

    @rx.event
    async def restore(self, chat_id: UUID) -> None:
        """Bring a deleted chat back."""
        try:
            await service.restore_chat(current_user().id, chat_id)
        except NotFound:
            await push({"notice": GONE})
        await push({"deleted": ""})

    @rx.event
    async def tell_failure(self) -> None:
        """Say that what was wanted has failed."""
        await push({"notice": OUR_FAULT})

    @rx.event
    async def dismiss(self) -> None:
        """Take the notices away."""
        await push({"notice": "", "deleted": ""})


def _why(error: Exception) -> str:
    """Why a question is not taken, for who asked it."""
    if isinstance(error, OverLimit):
        return words.refusal(error.denied, limits_of(current_user().id), zone_here())
    return str(error) or GONE


async def _accept(client_id: UUID, admitted: Admitted | None) -> None:
    said = {"notice": "", "accepted": str(client_id), "accepted_anew": _anew()}
    if admitted is not None:
        said["allowance"] = words.warning(admitted.used, admitted.limits, zone_here())
    await push(said)


async def _refuse(client_id: UUID, why: str, *, waits: bool = False) -> None:
    said = {"notice": why, "refused": str(client_id), "refused_anew": _anew()}
    await push(said | {"busy": "1" if waits else ""})


def _anew() -> str:
    """A value unlike the last one: the page also notices when the same is said again."""
    return new_id().hex


@contextmanager
def _only_follower() -> Iterator[None]:
    """A tab has one follower: a new one takes the place of the one before."""
    token, task = EventContext.get().token, asyncio.current_task()
    if before := _followers.pop(token, None):
        before.cancel()
    if task:
        _followers[token] = task
    try:
        yield
    finally:
        if _followers.get(token) is task:
            del _followers[token]


async def _follow_alone() -> None:
    with _only_follower():
        await _follow()


async def _follow() -> None:
    chat_id, missing = _chat_of_url()
    if missing:
        await push({f"c:{missing}": views.MISSING})
    zone = zone_here()
    # A tab may leave so early that nobody has ended what it had only just asked for.
    while is_open():
        try:
            following = follow(process().hub, current_user().id, chat_id, zone)
            async with aclosing(following) as changes:
                async with told_when_slow():
                    first = await anext(changes)
                if not await _shown(first):
                    return
                async for values in changes:
                    if not await _shown(values):
                        return
        except (SQLAlchemyError, RedisError, OSError) as error:
            logger.warning("A tab cannot be served, trying again: %s", type(error).__name__)
        except Exception:
            # A page that shows nothing new any more would say nothing of it.
            logger.exception("A tab could not be served, trying again")
        await push({"away": True})
        # Spread, so that all tabs do not come back in the same moment.
        await asyncio.sleep(random.uniform(*RETRY))  # noqa: S311


async def _shown(values: Mapping[str, Any]) -> bool:
    """Send values as fast as the tab takes them in. False: it has left."""
    await has_room()
    for some in portions(values):
        await push(some)
        await has_room()
        if not is_open():
            return False
    return True


def _chat_of_url() -> tuple[UUID | None, str]:
    """The chat that the URL names, or the name if it can be none."""
    name = EventContext.get().router_data.get("query", {}).get("chat_id")
    chat_id = _uuid(name)
    return chat_id, str(name) if name and chat_id is None else ""


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
