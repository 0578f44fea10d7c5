"""What a tab shows of its chat and of its sidebar, and what changes it, as values for the store."""

import logging
from datetime import datetime
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from chatapp.agents import service as agents
from chatapp.agents.views import MarkView, mark_view
from chatapp.answers import log, repository, thumbs
from chatapp.answers.events import Event, Kind
from chatapp.answers.growing import Growing
from chatapp.answers.models import Answer
from chatapp.answers.telling import tell
from chatapp.answers.tier_view import tier_view
from chatapp.answers.views import (
    MISSING,
    ChatView,
    LineView,
    Values,
    message_values,
    picture_view,
    version_views,
)
from chatapp.chats import repository as chat_repository
from chatapp.chats import service as chats
from chatapp.chats.models import JUST_AFTER, Message, Role, Status
from chatapp.chats.service import NotFound, Page
from chatapp.chats.sidebar import sidebar
from chatapp.database import reading
from chatapp.limits import tiers
from chatapp.statement import new_row

logger = logging.getLogger(__name__)

REACH = 16 * chats.PAGE
"""So many messages are looked through, at most, for the one at which a branch parts."""


class Screen:
    """What one tab has been sent of its chat and of its sidebar."""

    def __init__(self, user_id: UUID, chat_id: UUID | None, zone: str) -> None:
        self._user_id = user_id
        self._chat_id = chat_id
        self._zone = zone
        self._sidebar: Values = {}
        self._count = chats.PAGE
        self._shown: ChatView | None = None
        self._tier = ""
        self._sent: set[UUID] = set()
        self._versions: Values = {}
        self._growing: dict[UUID, Growing] = {}
        self._strange: set[UUID] = set()

    @property
    def grows(self) -> bool:
        """Whether more words are awaited."""
        return bool(self._growing)

    async def everything(self) -> Values:
        """All that is shown and was not sent yet."""
        values = await self._chat()
        return values | await self._list()

    async def changes(self, events: list[Event]) -> Values:
        """What some events change."""
        values: Values = {}
        if any(self._changes_list(event) for event in events):
            values |= await self._list()
        for event in events:
            if event.chat_id != self._chat_id:
                continue
            values |= await self._change(event)
            if event.kind is Kind.END and event.data.get("unseen", True):
                await self._look_at(event.chat_id)
        return values

    async def _change(self, event: Event) -> Values:
        """What an event of the chat that is shown changes."""
        if event.kind is Kind.THUMB and event.answer_id:
            return {f"t:{event.answer_id}": await thumbs.of(self._user_id, event.answer_id)}
        if event.kind is Kind.ASKED:
            return await self._asked(event)
        if event.kind is Kind.CHATS:
            return await self._chat()
        if event.kind is Kind.BRANCH:
            return await self._chat(UUID(event.data))
        if event.answer_id and (growing := self._growing.get(event.answer_id)):
            return await self._read(growing, event)
        if event.answer_id and self._is_strange(event.answer_id):
            return await self._chat()
        return {}

    def _is_strange(self, answer_id: UUID) -> bool:
        """Whether an answer comes of which nothing was told, which is worth one look."""
        if answer_id in self._sent or answer_id in self._strange:
            return False
        self._strange.add(answer_id)
        return True

    def _changes_list(self, event: Event) -> bool:
        if event.kind is Kind.ASKED:
            groups = self._sidebar.get("sidebar") or [{"chats": [{"id": ""}]}]
            return groups[0]["chats"][0]["id"] != str(event.chat_id)
        if event.kind is Kind.END and not event.data.get("unseen", True):
            return False
        if event.kind in (Kind.END, Kind.SEEN):
            return event.chat_id != self._chat_id
        return event.kind is Kind.CHATS

    async def _asked(self, event: Event) -> Values:
        """A question and its answer's place stand at the end, if they follow what is shown."""
        self._count += 2
        added, shown = event.data, self._shown
        if not added or not shown or added["after"] != (shown["order"] or [None])[-1]:
            return await self._chat()
        question = await self._question(event.chat_id, added)
        if question is None or event.answer_id is None:
            return await self._chat()
        place = new_row(
            Message,
            id=event.answer_id,
            chat_id=event.chat_id,
            user_id=self._user_id,
            role=Role.ANSWER,
            status=Status.QUEUED,
            created_at=question.created_at + JUST_AFTER,
        )
        shown["order"] += [str(question.id), str(place.id)]
        values: Values = {f"c:{event.chat_id}": shown}
        # It has said nothing yet: its first words follow this event.
        self._growing[place.id] = Growing(place.id)
        for message in (question, place):
            self._sent.add(message.id)
            values |= self._shown_as(message, None, {})
        values[f"m:{place.id}"] |= {
            "agent": added["agent"],
            "picture": picture_view(added["picture"]),
        }
        return values

    async def _question(self, chat_id: UUID, added: dict[str, Any]) -> Message | None:
        if added["text"] is None:
            async with reading() as session:
                return await chat_repository.message(
                    session, self._user_id, UUID(added["question"])
                )
        return new_row(
            Message,
            id=UUID(added["question"]),
            chat_id=chat_id,
            user_id=self._user_id,
            role=Role.QUESTION,
            text=added["text"],
            created_at=datetime.fromisoformat(added["at"]),
        )

    async def _look_at(self, chat_id: UUID) -> None:
        """What is on this screen is seen; the person's other screens are told."""
        if await chats.look_at(self._user_id, chat_id):
            await tell(self._user_id, Event(Kind.SEEN, chat_id))

    async def _list(self) -> Values:
        now = {"sidebar": await sidebar(self._user_id, self._zone)}
        changed = {name: value for name, value in now.items() if self._sidebar.get(name) != value}
        self._sidebar = now
        return changed

    async def _chat(self, with_: UUID | None = None) -> Values:
        """The chat as it stands, back to a certain message at least if that is in reach."""
        if self._chat_id is None:
            return {}
        try:
            page = await chats.open_chat(self._user_id, self._chat_id, self._count)
            while with_ and page.earlier and self._count < REACH and not _holds(page, with_):
                self._count *= 2
                page = await chats.open_chat(self._user_id, self._chat_id, self._count)
        except NotFound:
            return {f"c:{self._chat_id}": MISSING}
        if page.chat.unseen:
            await self._look_at(page.chat.id)
        new = [
            message
            for message in page.messages
            if message.id not in self._sent or message.id in self._growing
        ]
        values = await self._messages(new)
        versions = version_views(page.versions)
        values |= {k: v for k, v in versions.items() if self._versions.get(k) != v}
        self._versions |= versions
        self._shown = ChatView(
            missing=False,
            title=page.chat.title,
            order=[str(message.id) for message in page.messages],
            earlier=page.earlier,
            agent=await self._agent(page.chat.agent_id),
            **tier_view(self._user_id, self._tier),
        )
        return values | {f"c:{self._chat_id}": self._shown}

    def other_tiers(self) -> Values:
        """What changes of the chat when its person may use other tiers."""
        if self._shown is None:
            return {}
        tier = tier_view(self._user_id, self._tier)
        self._shown["tier"], self._shown["taken"] = tier["tier"], tier["taken"]
        return {f"c:{self._chat_id}": self._shown}

    async def _agent(self, agent_id: UUID | None) -> MarkView | None:
        if agent_id is None:
            return None
        return mark_view(agent_id, await agents.shown(self._user_id, agent_id))

    async def _messages(self, messages: list[Message]) -> Values:
        async with reading() as session:
            answers = await repository.details(
                session, self._user_id, [message.id for message in messages]
            )
        values: Values = {}
        for message in messages:
            self._sent.add(message.id)
            answer = answers.get(message.id)
            if answer:
                # An agent's models were its maker's choice: the next question has its own.
                self._tier = "" if answer.agent_id else answer.tier or ""
            values |= await self._message(message, answer)
        return values

    async def _message(self, message: Message, answer: Answer | None) -> Values:
        values: Values = {}
        if Status(message.status).running:
            growing = self._growing.setdefault(message.id, Growing(message.id))
            values = await self._catch_up(growing)
        return self._shown_as(message, answer, values)

    def _shown_as(self, message: Message, answer: Answer | None, values: Values) -> Values:
        """A message with the pieces of its words that are read."""
        growing, came = self._growing.get(message.id), bool(values)
        if growing and not Status(message.status).running:
            del self._growing[message.id]
        take = growing.take if growing else ""
        values |= message_values(message, answer, take=take)
        if growing:
            growing.view = view = values[f"m:{message.id}"]
            view["line"] = self._line(growing)
            view["thoughts"] = growing.thoughts or view["thoughts"]
            if came:
                view["status"] = Status.STREAMING
        return values

    async def _catch_up(self, growing: Growing) -> Values:
        values: Values = {}
        if self._chat_id is None:
            return values
        try:
            missed = await log.read(self._chat_id, growing.answer_id, growing.position)
        except (RedisError, OSError) as error:
            logger.warning("A log could not be read: %s", type(error).__name__)
            return values
        for event in missed:
            values |= growing.read(event)
        return values

    async def _read(self, growing: Growing, event: Event) -> Values:
        take = growing.take
        values = await self._catch_up(growing) if growing.misses(event) else {}
        values |= growing.read(event)
        if event.kind is Kind.END:
            # Who has not read as far may hold the words of another attempt.
            if growing.position == event.position and (ended := self._ended(growing, event.data)):
                return values | ended
            async with reading() as session:
                message = await chat_repository.message(session, self._user_id, growing.answer_id)
            return values | (await self._messages([message]) if message else {})
        if growing.view and event.kind is Kind.LINE:
            growing.view["line"] = self._line(growing)
            if growing.standing:
                growing.view["status"] = Status.QUEUED
            values[f"m:{growing.answer_id}"] = growing.view
        elif growing.view and (
            growing.view["status"] == Status.QUEUED
            or growing.take != take
            or growing.view["thoughts"] != growing.thoughts
        ):
            growing.view["status"], growing.view["take"] = Status.STREAMING, growing.take
            growing.view["line"] = self._line(growing)
            growing.view["thoughts"] = growing.thoughts
            values[f"m:{growing.answer_id}"] = growing.view
        return values

    def _line(self, growing: Growing) -> LineView | None:
        if (standing := growing.standing) is None:
            return None
        words = standing.words(self._zone)
        smaller = tiers.among(self._user_id, standing.smaller)
        return {"words": words, "smaller": smaller, "own": standing.own_key}

    def _ended(self, growing: Growing, ending: dict[str, Any]) -> Values | None:
        """The end of an answer whose words have all been sent; None if it must be looked up."""
        if not growing.view or ending.get("whole") or ending.get("length") != growing.length:
            return None
        del self._growing[growing.answer_id]
        ended = {"status": ending["status"], "take": growing.take, "line": None}
        return {f"m:{growing.answer_id}": {**growing.view, **ending["made"], **ended}}


def _holds(page: Page, message_id: UUID) -> bool:
    return any(message.id == message_id for message in page.messages)
