"""The SQL of thumbs: what people think of answers. What is a person's own names the owner."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, text, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.answers.models import Answer, ThumbHour
from chatapp.database import now


async def rate(
    session: AsyncSession, user_id: UUID, answer_id: UUID, thumb: int, words: str | None
) -> UUID | None:
    """Say what a person thinks of an answer that has ended; without words, those stay.

    Returns:
        The answer's chat; None: there is no such answer of this person, or it has no author.
    """
    which = (
        col(Answer.id) == answer_id,
        col(Answer.user_id) == user_id,
        col(Answer.ended_at).is_not(None),
        col(Answer.answered_by) != "",
    )
    told = select(Answer.chat_id, Answer.answered_by, Answer.thumb, Answer.rated_at)
    found = (await session.exec(told.where(*which).with_for_update())).first()
    if found is None:
        return None
    chat_id, label, before, at = found
    moment = now()
    said = {} if words is None else {"thumb_words": words}
    rated = {"thumb": thumb, "rated_at": moment if thumb else None}
    await session.exec(update(Answer).where(*which).values(**rated, **said))
    counts = Counter({(_hour(at or moment), before): -1})
    counts[_hour(moment), thumb] += 1
    # In the same order always, so that none waits for another in a circle.
    for (hour, which_thumb), count in sorted(counts.items()):
        if which_thumb and count:
            counted = {"up": count if which_thumb > 0 else 0, "down": count * (which_thumb < 0)}
            await session.exec(_COUNT_THUMB, params={"at": hour, "label": label} | counted)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return chat_id


_COUNT_THUMB = text("""
    INSERT INTO thumb_hours (at, label, up, down) VALUES (:at, :label, :up, :down)
    ON CONFLICT (at, label) DO UPDATE SET
        up = thumb_hours.up + excluded.up, down = thumb_hours.down + excluded.down
""")


def _hour(moment: datetime) -> int:
    return int(moment.timestamp()) // 3600


async def thumb_of(session: AsyncSession, user_id: UUID, answer_id: UUID) -> int:
    """What a person thinks of an answer; 0: nothing, or there is none."""
    found = await session.exec(
        select(Answer.thumb).where(Answer.id == answer_id, Answer.user_id == user_id)
    )
    return found.first() or 0


async def thumbs_by_label(session: AsyncSession, since: datetime) -> dict[str, tuple[int, int]]:
    """How many thumbs were up and down since a moment, by who answered; for admins."""
    sums = func.sum(ThumbHour.up), func.sum(ThumbHour.down)
    counted = select(ThumbHour.label, *sums).where(col(ThumbHour.at) >= _hour(since))
    found = await session.exec(counted.group_by(ThumbHour.label))
    return {label: (int(up), int(down)) for label, up, down in found}


async def thumb_words(
    session: AsyncSession, since: datetime, limit: int
) -> Sequence[tuple[datetime, str, int, str]]:
    """What was said with the last thumbs: when, of whom, which thumb, the words; for admins."""
    found = await session.exec(
        select(Answer.rated_at, Answer.answered_by, Answer.thumb, Answer.thumb_words)
        .where(col(Answer.rated_at) >= since, Answer.thumb_words != "")
        .order_by(col(Answer.rated_at).desc())
        .limit(limit)
    )
    return [(at, label, thumb, words) for at, label, thumb, words in found if at is not None]
