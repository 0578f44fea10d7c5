"""Whether a conversation stays with the model that answered it last."""

from uuid import UUID

from chatapp.answers import repository
from chatapp.controls import Control
from chatapp.database import reading

stay = Control(
    "pool.stay",
    bool,
    False,
    "A conversation stays with the model that answered it last, as long as that can be asked. "
    "New conversations always take turns.",
)


async def preferred(user_id: UUID, question_id: UUID) -> str:
    """The member that answered before a question of a person; empty: whose turn it is."""
    if not stay.value:
        return ""
    async with reading() as session:
        before = await repository.before(session, user_id, question_id)
    if before is None or not before.answered_by or not before.attempts:
        return ""
    return str(before.attempts[-1]["member"])
