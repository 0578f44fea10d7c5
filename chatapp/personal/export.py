"""A copy of all that is a person's, as one file of JSON. Only the person gets it."""

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp import audit
from chatapp.agents import belongings
from chatapp.answers.models import Answer, AnswerStep
from chatapp.chats.models import Chat, Message
from chatapp.database import now, reading, transaction
from chatapp.personal import repository

CHATS = 20
"""How many chats are looked up at once; one chat's messages are in memory at a time."""


async def export(user_id: UUID, by: UUID | None) -> AsyncIterator[str]:
    """The file, part by part.

    Args:
        user_id: whose.
        by: the person; None for the command line.
    """
    await _note(user_id, by)
    async with reading() as session:
        about = await _about(session, user_id)
    yield json.dumps(about, ensure_ascii=False, indent=1).removesuffix("\n}") + ',\n "chats": ['
    between, after = "", None
    while True:
        async with reading() as session:
            chats = await repository.chats(session, user_id, after, CHATS)
        for chat in chats:
            async with reading() as session:
                messages = await repository.messages(session, user_id, chat.id)
                steps = await repository.steps(session, user_id, chat.id)
            yield between + json.dumps(_chat(chat, messages, steps), ensure_ascii=False, indent=1)
            between, after = ",\n", chat.id
        if len(chats) < CHATS:
            break
    yield "]\n}\n"


async def _note(user_id: UUID, by: UUID | None) -> None:
    async with transaction() as session:
        await repository.withdraw_offer(session, user_id)
        await audit.note(session, "person.exported", by=by, subject=audit.of_person(user_id))


async def _about(session: AsyncSession, user_id: UUID) -> dict[str, Any]:
    user = await repository.user(session, user_id)
    if user is None:
        raise LookupError("There is no such person.")
    return {
        "what": "All that chatapp has of this person",
        "made_at": now().isoformat(),
        "person": _plain(user, "id", "email", "name", "role", "status", "created_at"),
        "groups": list(await repository.groups(session, user_id)),
        "signed_in": [
            _plain(each, "created_at", "last_seen_at", "expires_at", "user_agent", "address")
            for each in await repository.sessions(session, user_id)
        ],
        "own_keys": [
            _plain(each, "provider", "ending", "use", "created_at")
            for each in await repository.own_keys(session, user_id)
        ],
        "limits": {each.name: each.value for each in await repository.limits(session, user_id)},
        "usage": [
            _plain(
                each,
                "day",
                "member",
                "questions",
                "prompt_tokens",
                "completion_tokens",
                "saved_tokens",
                "cost",
            )
            for each in await repository.usage(session, user_id)
        ],
        "noted": [
            _plain(each, "at", "action", "before", "after", "address")
            for each in await repository.notes(session, user_id)
        ],
        "agents": await belongings.export(session, user_id),
    }


def _chat(
    chat: Chat, messages: Sequence[tuple[Message, Answer | None]], steps: Sequence[AnswerStep]
) -> dict[str, Any]:
    shown = _plain(chat, "id", "title", "leaf_id", "created_at", "updated_at", "deleted_at")
    return shown | {"messages": [_message(message, answer, steps) for message, answer in messages]}


def _message(
    message: Message, answer: Answer | None, steps: Sequence[AnswerStep]
) -> dict[str, Any]:
    shown = _plain(message, "id", "parent_id", "role", "status", "text", "created_at")
    if answer is None:
        return shown
    how = ("answered_by", "tier", "prompt_tokens", "completion_tokens", "thumb", "thumb_words")
    done = [
        _plain(step, "kind", "state", "title", "input", "output")
        for step in steps
        if step.answer_id == answer.id
    ]
    return shown | _plain(answer, *how) | {"steps": done}


def _plain(row: Any, *names: str) -> dict[str, Any]:
    return {name: _value(getattr(row, name)) for name in names}


def _value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | list | dict):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
