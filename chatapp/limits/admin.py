"""What admins do with limits: set them, see before whom that hits, and read the sums."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement
from sqlmodel import col

from chatapp import audit, controls
from chatapp.accounts import groups
from chatapp.accounts.finding import named_like
from chatapp.accounts.models import User
from chatapp.controls import Outdated
from chatapp.database import reading, transaction
from chatapp.limits import override_repository as repository
from chatapp.limits import policy, sums_repository, tiers_repository
from chatapp.limits.override_repository import Use, has_of_groups, has_own, in_group
from chatapp.limits.periods import day_of, month_of
from chatapp.limits.policy import EVERYBODY, Amount
from chatapp.limits.repository import SUMS
from chatapp.limits.upkeep import growing_since

SHOWN = 3
"""How many of those who would be over a limit are named."""

FOUND = 10
"""How many people a search finds at most."""

_COUNTED = {
    "questions_a_day": ("day", "questions"),
    "tokens_a_day": ("day", "tokens"),
    "questions_a_month": ("month", "questions"),
    "tokens_a_month": ("month", "tokens"),
}


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose limits: a group's, a person's, or everybody's who has none of their own."""

    group_id: UUID | None = None
    user_id: UUID | None = None

    @property
    def subject(self) -> str:
        """As the audit names it."""
        return audit.of_person(self.user_id) if self.user_id else f"group:{self.group_id}"


ALL = Owner()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody and what they have used."""

    id: UUID
    email: str
    used: int


@dataclass(frozen=True, slots=True)
class Preview:
    """Whom a change of a limit hits."""

    people: int
    """For how many it would hold."""
    over: int
    """How many of them have used as much already."""
    named: Sequence[Person]
    """Those of them who have used most; at most :data:`SHOWN`."""


async def set_limit(owner: Owner, name: str, value: int | None, by: UUID | None) -> None:
    """Give everybody, a group or a person a limit.

    Args:
        owner: whose.
        name: the limit.
        value: what it is; 0: none. None takes back what a group or a person has of their own.
        by: the admin who does it; None for the command line.

    Raises:
        KeyError: there is no such limit.
        pydantic.ValidationError: the value is none.
    """
    control = EVERYBODY[name]
    if owner == ALL:
        await controls.change(control, value, by)
        return
    valid = None if value is None else _AMOUNT.validate_python(value)
    async with transaction() as session:
        before = await repository.override(session, name, owner.group_id, owner.user_id)
        await repository.set_override(
            session, name, valid, by, group_id=owner.group_id, user_id=owner.user_id
        )
        await audit.note(
            session,
            "limits.changed",
            by=by,
            subject=owner.subject,
            before={name: before},
            after={name: valid},
        )
    await policy.load()
    await groups.changed()


_AMOUNT: TypeAdapter[int] = TypeAdapter(Amount)


async def set_tiers(
    group_id: UUID, tiers: Collection[str], by: UUID | None, seen: Collection[str] | None = None
) -> None:
    """Say which tiers the people of a group may use; none: the group says nothing of them.

    Args:
        group_id: which group.
        tiers: what they may use.
        by: the admin who does it; None for the command line.
        seen: what it was when the admin looked; None: whatever it is.

    Raises:
        Outdated: it is not as it was seen; nothing was changed.
        sqlalchemy.exc.IntegrityError: there is no such group.
    """
    async with transaction() as session:
        before = await tiers_repository.of_group(session, group_id)
        if seen is not None and before != frozenset(seen):
            raise Outdated
        await tiers_repository.set_tiers(session, group_id, tiers)
        await audit.note(
            session,
            "group.tiers-changed",
            by=by,
            subject=Owner(group_id=group_id).subject,
            before={"tiers": sorted(before)},
            after={"tiers": sorted(tiers)},
        )
    await policy.load()
    await groups.changed()


async def preview(owner: Owner, name: str, value: int | None) -> Preview:
    """Whom a limit would hold for, and who of them has used as much already.

    Args:
        owner: whose limit.
        name: the limit.
        value: what it would be; 0: none; None: it is taken back.

    Raises:
        KeyError: there is no such limit.
    """
    everybodys = EVERYBODY[name].value
    hit = _hit(owner, name, value)
    if value is None:
        value = policy.without_own(owner.user_id)[name] if owner.user_id else everybodys
    async with reading() as session:
        people = await repository.how_many(session, *hit)
        if not value or name not in _COUNTED:
            return Preview(people, 0, ())
        kind, what = _COUNTED[name]
        first = (day_of() if kind == "day" else month_of()).first_day
        use = Use(kind, first, what, value)
        over = await repository.how_many_used(session, use, *hit)
        named = await repository.most_used(session, use, SHOWN, *hit) if over else ()
    return Preview(people, over, [Person(*each) for each in named])


def _hit(owner: Owner, name: str, value: int | None) -> list[ColumnElement[bool]]:
    """Whom a change of a limit reaches: not those whose nearer or better one goes before it."""
    if owner.user_id:
        return [col(User.id) == owner.user_id]
    if not owner.group_id:
        return [~has_own(name), ~has_of_groups(name)]
    found = [in_group(owner.group_id), ~has_own(name)]
    if value != 0:
        found.append(~has_of_groups(name, but=owner.group_id, above=value))
    return found


async def name_of(owner: Owner) -> str | None:
    """The name of a group or the e-mail of a person; None: there is none such."""
    if owner == ALL:
        return ""
    async with reading() as session:
        return await repository.name_of(session, owner.group_id, owner.user_id)


async def names(user_ids: Collection[UUID], limit: int) -> Sequence[tuple[UUID, str]]:
    """The e-mails of people, in their order."""
    if not user_ids:
        return []
    async with reading() as session:
        return await repository.emails(session, limit, col(User.id).in_(user_ids))


async def search(text: str) -> Sequence[tuple[UUID, str]]:
    """Some people whose e-mail or name holds a text."""
    async with reading() as session:
        return await repository.emails(session, FOUND, named_like(text))


async def totals(first: date, last: date, owner: Owner = ALL) -> Sequence[dict[str, Any]]:
    """What was used from one day to another, both among them; :func:`added_up` makes it less.

    Args:
        first: the first day, by the organisation's clock.
        last: the last one.
        owner: of this person, or of the people who are in this group now.

    Returns:
        A row for each ``day`` and ``member``, with ``attempts``, ``questions``, ``prompt_tokens``,
        ``completion_tokens``, ``cached_tokens``, ``saved_tokens`` and ``cost`` (in millionths).
    """
    async with reading() as session:
        return await sums_repository.totals(
            session,
            first,
            last,
            growing=growing_since(),
            user_id=owner.user_id,
            group_id=owner.group_id,
        )


def added_up(
    rows: Iterable[Mapping[str, Any]], by: Literal["day", "member"]
) -> list[dict[str, Any]]:
    """Such rows, those of each day or of each member together, in order."""
    found: dict[Any, dict[str, Any]] = {}
    for row in rows:
        sums = found.setdefault(row[by], {by: row[by]} | dict.fromkeys(SUMS, 0))
        for name in SUMS:
            sums[name] += row[name]
    return [found[key] for key in sorted(found)]


async def most_questions(owner: Owner, limit: int) -> list[Person]:
    """Who has asked most this month, of everybody or of a group."""
    use = Use("month", month_of().first_day, "questions", 1)
    async with reading() as session:
        found = await repository.most_used(session, use, limit, group_id=owner.group_id)
    return [Person(*each) for each in found]
