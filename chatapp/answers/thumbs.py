"""What people think of answers: a thumb up or down, with a few words if they like.

Administrators see the counts by who answered, and the words without their author, question and
answer.
"""

from uuid import UUID

from chatapp.answers import thumb_repository
from chatapp.answers.events import Event, Kind
from chatapp.answers.telling import tell
from chatapp.chats.service import NotFound
from chatapp.chats.text import storable
from chatapp.database import reading, transaction

UP, DOWN, NONE = 1, -1, 0

WORDS = 500
"""The most characters that are kept of what is said."""


async def rate(user_id: UUID, answer_id: UUID, thumb: int) -> None:
    """Say that an answer is good or bad, or take it back with what was said.

    Raises:
        NotFound: no such answer of this person, or it is still coming.
    """
    await _rate(user_id, answer_id, thumb, "")


async def explain(user_id: UUID, answer_id: UUID, thumb: int, words: str) -> str:
    """Say why an answer is good or bad; what is kept of it.

    Raises:
        NotFound: no such answer of this person, or it is still coming.
    """
    kept = " ".join(storable(words).split())[:WORDS]
    await _rate(user_id, answer_id, thumb, kept)
    return kept


async def of(user_id: UUID, answer_id: UUID) -> int:
    """What a person thinks of an answer."""
    async with reading() as session:
        return await thumb_repository.thumb_of(session, user_id, answer_id)


async def _rate(user_id: UUID, answer_id: UUID, thumb: int, words: str) -> None:
    async with transaction() as session:
        chat_id = await thumb_repository.rate(session, user_id, answer_id, thumb, words)
    if chat_id is None:
        raise NotFound
    await tell(user_id, Event(Kind.THUMB, chat_id, answer_id))
