"""Messages as the browser's store holds them.

``c:<chat>``            a :class:`ChatView`
``e:<message>``         an :class:`EarlierView`: what comes before that message
``m:<message>``         a :class:`MessageView`
``v:<message>``         a :class:`VersionView`, if there are others beside it
``s:<answer>.<step>``    a :class:`chatapp.agents.steps.StepView`
``<answer>.<take>.<block>.<piece>``  the growing text of an answer, see :mod:`chatapp.ui.blocks`,
or a long one that has ended, with a block in one piece
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypedDict
from uuid import UUID

from chatapp import routes
from chatapp.agents.views import MarkView
from chatapp.answers.models import Answer, Source
from chatapp.answers.repository import details
from chatapp.answers.step_repository import steps_of
from chatapp.chats import repository, version_repository
from chatapp.chats.models import Message, Role, Status
from chatapp.chats.service import PAGE, NotFound
from chatapp.database import now, reading
from chatapp.ui.blocks import LONGEST_WHOLE, blocks_of

Values = dict[str, Any]
"""What of the store is other now, by its names."""


class ChatView(TypedDict):
    """What is shown of a chat: its last messages."""

    missing: bool
    title: str
    order: list[str]
    earlier: bool
    tier: str
    taken: str
    """See :class:`chatapp.answers.tier_view.TierView`."""
    agent: MarkView | None


class EarlierView(TypedDict):
    """Messages that come before another, and whether there are more before them."""

    order: list[str]
    earlier: bool


class VersionView(TypedDict):
    """Which of some messages beside one another one is, and which are next to it, if any."""

    number: int
    """From 1, the oldest."""
    of: int
    before: str
    after: str


class LineView(TypedDict):
    """Where a question stands in the waiting line, and what its person may do instead."""

    words: str
    smaller: str
    own: bool


class MadeView(TypedDict):
    """What is told of the making of an answer."""

    by: str
    cached: str
    shortened: bool
    """Whether the model was not given the beginning of the chat."""
    problem: str
    thoughts: str
    """Its steps in one line; empty: there is nothing to show of them."""


class MessageView(MadeView):
    """One message. ``blocks`` is absent where the text comes in pieces; ``take`` names those."""

    id: str
    role: str
    status: str
    text: str
    """Of a question; that of an answer is in its blocks."""
    blocks: list[str] | None
    take: str
    line: LineView | None
    thumb: int
    """1 or -1 when its reader has said that it is good or bad."""
    at: str
    agent: str
    """Who was asked, if it was an agent."""
    picture: str
    """The address of the agent's picture, if it has one."""


class Made(Protocol):
    """How an answer was made: its row, or the outcome that becomes one."""

    answered_by: str
    attempts: list[dict[str, Any]]
    problem: str
    thoughts: str
    duration_ms: int | None
    source: Source
    cached_at: datetime | None
    ended_at: datetime | None
    context_from: UUID | None


MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


MISSING: ChatView = {
    "missing": True,
    "title": "",
    "order": [],
    "earlier": False,
    "tier": "",
    "taken": "",
    "agent": None,
}


def message_values(message: Message, answer: Answer | None, *, take: str = "") -> Values:
    """A message for the browser's store; nothing in it is large but a question may be.

    Args:
        message: The message.
        answer: How it was made, if it is an answer.
        take: What names the pieces in which its text comes, while it does.
    """
    view = message_view(message, answer)
    blocks, name = view["blocks"], f"m:{message.id}"
    if blocks is None:
        view["take"] = take
        return {name: view}
    if len(message.text) <= LONGEST_WHOLE:
        return {name: view}
    view["blocks"] = None
    return {f"{message.id}..{at}.0": block for at, block in enumerate(blocks)} | {name: view}


def message_view(message: Message, answer: Answer | None) -> MessageView:
    """A message for the browser; without its text while that comes in pieces."""
    answered = message.role == Role.ANSWER
    in_pieces = answered and Status(message.status).running
    return {
        "id": str(message.id),
        "role": str(message.role),
        "status": str(message.status),
        "text": "" if answered else message.text,
        "blocks": blocks_of(message.text) if answered and not in_pieces else None,
        "take": "",
        "line": None,
        "thumb": answer.thumb if answer else 0,
        "at": message.created_at.isoformat(),
        "agent": answer.agent if answer else "",
        "picture": picture_view(answer.picture if answer else None),
        **made_view(answer),
    }


def picture_view(picture: UUID | str | None) -> str:
    """The address of a picture."""
    return routes.picture(picture) if picture else ""


def version_views(versions: Mapping[UUID, Sequence[UUID]]) -> dict[str, VersionView]:
    """Values for the store about messages that have others beside them."""
    return {f"v:{message}": _version(message, ids) for message, ids in versions.items()}


def _version(message_id: UUID, ids: Sequence[UUID]) -> VersionView:
    at = ids.index(message_id)
    return {
        "number": at + 1,
        "of": len(ids),
        "before": str(ids[at - 1]) if at else "",
        "after": str(ids[at + 1]) if at + 1 < len(ids) else "",
    }


def made_view(made: Made | None) -> MadeView:
    """What is told of the making of an answer; of a question, nothing."""
    return {
        "by": answered_by(made) if made else "",
        "cached": from_cache(made) if made else "",
        "shortened": bool(made and made.context_from),
        "problem": made.problem if made else "",
        "thoughts": made.thoughts if made else "",
    }


_WHY = {
    "rate": "was at its limit",
    "auth": "could not be reached with its key",
    "client": "could not take the question",
}
NO_ANSWER = "did not answer"

NAMED = 2
"""How many that did not answer are named in the line under an answer."""


def answered_by(answer: Made) -> str:
    """One line: who answered, after whom and why, how long it took."""
    if not answer.answered_by:
        return ""
    *before, last = answer.attempts or [{}]
    failed = [
        f"{attempt['label']} {attempt.get('why') or _WHY.get(attempt['outcome'], NO_ANSWER)}"
        for attempt in before
        # One that could not be asked at first may have answered in the end.
        if attempt["member"] != last["member"] and attempt.get("outcome") != "ok"
    ]
    failed = list(dict.fromkeys(failed))
    if len(failed) > NAMED:
        failed = [", ".join(failed[:NAMED]), f"{len(failed) - NAMED} more"]
    after = f", after {' and '.join(failed)}" if failed else ""
    if answer.cached_at:
        return answer.answered_by
    seconds = (answer.duration_ms or 0) / 1000
    return f"{answer.answered_by}{after} · {seconds:.1f} s"


def from_cache(answer: Made) -> str:
    """Whether and since when it was there already, for the person who reads it."""
    if not answer.cached_at:
        return ""
    if answer.source == Source.OLD:
        # What it was when it was given: the reason is of that moment, too.
        age = (answer.ended_at or now()) - answer.cached_at
        return f"from cache, {_long(age)} old: no model could be reached"
    age = now() - answer.cached_at
    return "from cache, just now" if age < MINUTE else f"from cache, {_short(age)} ago"


def _short(age: timedelta) -> str:
    if age < HOUR:
        return f"{age // MINUTE} min"
    return f"{age // HOUR} h" if age < DAY else _days(age)


def _long(age: timedelta) -> str:
    return "less than a minute" if age < MINUTE else _short(age)


def _days(age: timedelta) -> str:
    return "1 day" if age < 2 * DAY else f"{age // DAY} days"


async def earlier(user_id: UUID, message_id: UUID) -> Values:
    """The messages before one, as values for the store.

    Raises:
        NotFound: no such message of this person.
    """
    async with reading() as session:
        message = await repository.message(session, user_id, message_id)
        if message is None:
            raise NotFound
        path = await repository.path(session, user_id, message.parent_id, PAGE + 1)
        shown = path[-PAGE:]
        answers = await details(session, user_id, [before.id for before in shown])
        versions = await version_repository.versions(session, user_id, message.chat_id, shown)
    view: EarlierView = {
        "order": [str(before.id) for before in shown],
        "earlier": len(path) > PAGE,
    }
    values: Values = {}
    for before in shown:
        values |= message_values(before, answers.get(before.id))
    return values | version_views(versions) | {f"e:{message_id}": view}


async def steps(user_id: UUID, answer_id: UUID) -> Values:
    """The steps of an answer, as values for the store.

    Raises:
        NotFound: this person has no such answer with steps.
    """
    async with reading() as session:
        found = await steps_of(session, user_id, answer_id)
    if not found:
        raise NotFound
    return {f"s:{answer_id}.{step.number}": step.view() for step in found}
