"""Who may ask how much and whom: everybody's limits, and what groups and people have instead.

Each process holds all that differs from everybody's in memory, so a question is judged without
asking the database; a change is told to all processes.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.accounts import groups
from chatapp.broadcast import listening
from chatapp.controls import Control
from chatapp.database import reading
from chatapp.limits import override_repository, tiers_repository


@dataclass(frozen=True, slots=True)
class Limits:
    """What one person may have; 0 means that there is no such limit."""

    questions_a_minute: int = 0
    questions_in_a_row: int = 0
    """So many at once, before the pace of the minute counts."""
    answers_at_once: int = 0
    questions_a_day: int = 0
    tokens_a_day: int = 0
    questions_a_month: int = 0
    tokens_a_month: int = 0

    @property
    def every(self) -> float:
        """The milliseconds after which there is room for one more question; 0: always."""
        return 60_000 / self.questions_a_minute if self.questions_a_minute else 0

    @property
    def burst(self) -> int:
        """How many questions may come at once."""
        return max(1, self.questions_in_a_row)

    @property
    def counted(self) -> bool:
        """Whether any limit of a day or a month holds."""
        return any(
            (
                self.questions_a_day,
                self.tokens_a_day,
                self.questions_a_month,
                self.tokens_a_month,
            )
        )


NAMES = tuple(each.name for each in fields(Limits))

Amount = Annotated[int, Field(ge=0, le=10**12)]


def _everybodys(name: str, default: int, meaning: str) -> Control[int]:
    return Control(f"limits.{name}", Amount, default, f"{meaning} (0: no limit).")


EVERYBODY: Mapping[str, Control[int]] = {
    "questions_a_minute": _everybodys(
        "questions_a_minute", 30, "How many questions a minute one person may ask in the long run"
    ),
    "questions_in_a_row": _everybodys(
        "questions_in_a_row", 30, "How many questions one person may ask at once"
    ),
    "answers_at_once": _everybodys(
        "answers_at_once", 20, "How many answers may come for one person at the same time"
    ),
    "questions_a_day": _everybodys("questions_a_day", 0, "Questions of one person a day"),
    "tokens_a_day": _everybodys("tokens_a_day", 0, "Tokens of one person a day"),
    "questions_a_month": _everybodys("questions_a_month", 0, "Questions of one person a month"),
    "tokens_a_month": _everybodys("tokens_a_month", 0, "Tokens of one person a month"),
}


@dataclass(slots=True)
class Overrides:
    """What differs from everybody's limits, and who is in a group that differs."""

    of_groups: dict[UUID, dict[str, int]] = field(default_factory=dict)
    of_people: dict[UUID, dict[str, int]] = field(default_factory=dict)
    tiers: dict[UUID, frozenset[str]] = field(default_factory=dict)
    """The tiers that groups name for their people."""
    memberships: dict[UUID, list[UUID]] = field(default_factory=dict)

    def limits_of(self, user_id: UUID) -> Limits:
        """A person's own limits, else those that are theirs without."""
        return Limits(**self.without_own(user_id) | self.of_people.get(user_id, {}))

    def without_own(self, user_id: UUID) -> dict[str, int]:
        """The most generous limit of a person's groups, else everybody's."""
        values = {name: control.value for name, control in EVERYBODY.items()}
        of_groups = [self.of_groups.get(group, {}) for group in self.memberships.get(user_id, ())]
        for name in NAMES:
            if given := [each[name] for each in of_groups if name in each]:
                values[name] = most_generous(given)
        return values

    def tiers_of(self, user_id: UUID) -> frozenset[str] | None:
        """All tiers that a person's groups name; None: none of them names any."""
        groups_of = self.memberships.get(user_id, ())
        named = [self.tiers[group] for group in groups_of if group in self.tiers]
        return frozenset().union(*named) if named else None


def most_generous(values: Iterable[int]) -> int:
    """The greatest of some limits, where 0 is none."""
    given = list(values)
    return 0 if 0 in given else max(given)


@cache
def _held() -> list[Overrides]:
    return [Overrides()]


def limits_of(user_id: UUID) -> Limits:
    """What a person may have now. Asks nobody."""
    return _held()[0].limits_of(user_id)


def without_own(user_id: UUID) -> dict[str, int]:
    """What a person may have now but for limits of their own. Asks nobody."""
    return _held()[0].without_own(user_id)


def own() -> tuple[Mapping[UUID, Mapping[str, int]], Mapping[UUID, Mapping[str, int]]]:
    """The limits that groups and people have of their own. Asks nobody."""
    return _held()[0].of_groups, _held()[0].of_people


def own_of(owner: UUID | None) -> Mapping[str, int]:
    """The limits that a group or a person has of their own. Asks nobody."""
    return {} if owner is None else next((held[owner] for held in own() if owner in held), {})


def tiers_of(user_id: UUID) -> frozenset[str] | None:
    """The tiers that a person's groups name; None: the person may use all. Asks nobody."""
    return _held()[0].tiers_of(user_id)


def tiers_of_groups() -> Mapping[UUID, frozenset[str]]:
    """The tiers that groups name for their people. Asks nobody."""
    return _held()[0].tiers


async def load() -> None:
    """Take over what the database says."""
    async with reading() as session:
        found = await read(session)
    before, _held()[0] = _held()[0], found
    if (before.tiers, before.memberships) != (found.tiers, found.memberships):
        for listener in tuple(_listeners()):
            listener()


async def read(session: AsyncSession) -> Overrides:
    """What the database says."""
    found = Overrides()
    for override in await override_repository.overrides(session):
        if override.group_id:
            found.of_groups.setdefault(override.group_id, {})[override.name] = override.value
        elif override.user_id:
            found.of_people.setdefault(override.user_id, {})[override.name] = override.value
    found.tiers = await tiers_repository.every(session)
    told = list(found.of_groups.keys() | found.tiers.keys())
    for user_id, group_id in await groups.memberships_in(session, told):
        found.memberships.setdefault(user_id, []).append(group_id)
    return found


@cache
def _listeners() -> set[Callable[[], None]]:
    return set()


@asynccontextmanager
async def woken(listener: Callable[[], None]) -> AsyncIterator[None]:
    """Have something called whenever people may use other tiers than before."""
    _listeners().add(listener)
    try:
        yield
    finally:
        _listeners().discard(listener)


async def _heard(_message: bytes) -> None:
    await load()


@asynccontextmanager
async def following() -> AsyncIterator[None]:
    """Keep this process's copy true for as long as this is open."""
    async with listening(groups.CHANNEL, _heard, load):
        yield
