"""What admins do with limits: set them, see before whom that hits, and read the sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp import controls
from chatapp.accounts import groups
from chatapp.accounts.models import User
from chatapp.database import reading, transaction
from chatapp.limits import policy, repository
from chatapp.limits.periods import day_of, month_of
from chatapp.limits.policy import EVERYBODY, Amount, Overrides

SHOWN = 20
"""How many of those who would be over a limit are named."""

LOOKED_AT = 10_000
"""Among so many of those who used most they are looked for."""

_COUNTED = {
    "questions_a_day": ("day", "questions"),
    "tokens_a_day": ("day", "tokens"),
    "questions_a_month": ("month", "questions"),
    "tokens_a_month": ("month", "tokens"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody whom a change would leave without a question."""

    id: UUID
    email: str
    used: int


@dataclass(frozen=True, slots=True)
class Preview:
    """Whom a change of a limit hits."""

    people: int
    """For how many it would hold."""
    over: list[Person]
    """Those of them who have used as much already, who most first; at most :data:`SHOWN`."""


async def set_everybodys(name: str, value: int, by: UUID | None) -> None:
    """Set a limit for all who have none of their own.

    Raises:
        KeyError: there is no such limit.
        pydantic.ValidationError: the value is none.
    """
    await controls.change(EVERYBODY[name], value, by)


async def set_groups(group_id: UUID, name: str, value: int | None, by: UUID | None) -> None:
    """Give a group a limit of its own; None takes it back. Raises: as :func:`set_everybodys`."""
    await _set(name, value, by, group_id=group_id)


async def set_persons(user_id: UUID, name: str, value: int | None, by: UUID | None) -> None:
    """Give a person a limit of their own; None takes it back. Raises: as :func:`set_everybodys`."""
    await _set(name, value, by, user_id=user_id)


async def _set(name: str, value: int | None, by: UUID | None, **owner: UUID) -> None:
    _ = EVERYBODY[name]
    valid = None if value is None else _AMOUNT.validate_python(value)
    async with transaction() as session:
        await repository.set_override(session, name, valid, by, **owner)
    await policy.load()
    await groups.changed()


_AMOUNT: TypeAdapter[int] = TypeAdapter(Amount)


async def preview(
    name: str, value: int, *, group_id: UUID | None = None, user_id: UUID | None = None
) -> Preview:
    """Whom a limit would hold for, and who has used as much already.

    Args:
        name: the limit.
        value: what it would be; 0: none.
        group_id: of this group; with neither, everybody's.
        user_id: of this person.

    Raises:
        KeyError: there is no such limit.
    """
    _ = EVERYBODY[name]
    async with reading() as session:
        hit = await _hit(session, name, group_id, user_id)
        people = await _count(session) - len(hit.but) if hit.of is None else len(hit.of)
        over = await _over(session, name, value, hit) if value and name in _COUNTED else []
    return Preview(people, over)


@dataclass(frozen=True, slots=True)
class _Hit:
    of: set[UUID] | None
    """These; None: all."""
    but: set[UUID]

    def holds_for(self, user_id: UUID) -> bool:
        return user_id not in self.but and (self.of is None or user_id in self.of)


async def _hit(
    session: AsyncSession, name: str, group_id: UUID | None, user_id: UUID | None
) -> _Hit:
    if user_id:
        return _Hit({user_id}, set())
    held = await policy.read(session)
    own = {person for person, values in held.of_people.items() if name in values}
    if group_id:
        return _Hit(set(await groups.members(session, group_id)) - own, own)
    return _Hit(None, own | _in_groups(held, name))


def _in_groups(held: Overrides, name: str) -> set[UUID]:
    return {
        person
        for person, of in held.memberships.items()
        if any(name in held.of_groups.get(group, {}) for group in of)
    }


async def _count(session: AsyncSession) -> int:
    return (await session.exec(select(func.count()).select_from(User))).one()


async def _over(session: AsyncSession, name: str, value: int, hit: _Hit) -> list[Person]:
    kind, what = _COUNTED[name]
    first = (day_of() if kind == "day" else month_of()).first_day
    most = await repository.most_used(session, kind, first, what, value, LOOKED_AT)
    found = [each for each in most if hit.holds_for(each[0])][:SHOWN]
    names = await session.exec(
        select(User.id, User.email).where(col(User.id).in_([user_id for user_id, _ in found]))
    )
    emails = dict(names.all())
    return [Person(user_id, emails.get(user_id, ""), used) for user_id, used in found]


async def totals(
    by: Literal["day", "member", "user_id"],
    first: date,
    last: date,
    *,
    user_id: UUID | None = None,
    group_id: UUID | None = None,
    limit: int = 1000,
) -> Sequence[dict[str, Any]]:
    """What was used from one day to another, both among them.

    Args:
        by: one row for each of these.
        first: the first day, by the organisation's clock.
        last: the last one.
        user_id: of this person only.
        group_id: of the people who are in this group now.
        limit: the most rows; of people those who asked most.

    Returns:
        Rows with what they are ``by`` and ``attempts``, ``questions``, ``prompt_tokens``,
        ``completion_tokens``, ``cached_tokens``, ``saved_tokens`` and ``cost`` (in millionths).
    """
    async with reading() as session:
        return await repository.totals(
            session, by, first, last, user_id=user_id, group_id=group_id, limit=limit
        )
