"""Telling others: the tabs of a person, and the process that runs an answer."""

import logging
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from chatapp.answers.events import Event, Kind, channel
from chatapp.answers.hub import ORIGIN, deliver_here
from chatapp.redis import redis

logger = logging.getLogger(__name__)


async def tell(user_id: UUID, event: Event) -> None:
    """Tell everybody who follows this person."""
    await _publish(channel(user_id), event)


async def ask_to_stop(runner: str, chat_id: UUID, answer_id: UUID) -> None:
    """Tell the process that runs an answer to stop it."""
    await _publish(control(runner), Event(Kind.STOP, chat_id, answer_id))


async def ask_for(runner: str, chat_id: UUID, answer_id: UUID, wish: dict[str, Any]) -> None:
    """Tell the process where an answer waits in line what its person wants instead."""
    await _publish(control(runner), Event(Kind.WISH, chat_id, answer_id, data=wish))


async def tell_decided(runner: str, chat_id: UUID, answer_id: UUID, number: int) -> None:
    """Tell the process where a step of an answer waits that something was decided."""
    await _publish(control(runner), Event(Kind.DECIDED, chat_id, answer_id, data=number))


def control(runner: str) -> str:
    """The channel on which a process is told what to do."""
    return f"runner:{runner}:control"


async def _publish(name: str, event: Event) -> None:
    deliver_here(name, event)
    try:
        await redis().publish(name, event.encode(ORIGIN))
    except (RedisError, OSError) as error:
        logger.warning("%s was not told to others: %s", event.kind, type(error).__name__)
