"""How many turns a day the configured quotas allow, and what is missing."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chatapp.pool.check import columns
from chatapp.pool.config import DEMO, Member

MINUTES = 24 * 60

BUSY_HOUR = 0.15
"""The share of a day's questions that comes in its busiest hour."""

HEADS = ("member", "turns a day", "turns a minute", "what limits it")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What people will ask."""

    users: int
    questions: float
    """A user asks so many a day."""
    tokens: int
    """A turn has so many, the question with its history and the answer."""

    @property
    def a_day(self) -> int:
        """Turns a day."""
        return math.ceil(self.users * self.questions)

    @property
    def a_minute(self) -> int:
        """Turns a minute in the busiest hour."""
        return math.ceil(self.users * self.questions * BUSY_HOUR / 60)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What one quota allows. None: no limit is known."""

    member: Member
    a_day: int | None
    a_minute: int | None
    why: str


def allowed(member: Member, tokens: int) -> Allowed:
    """The turns that a member's quota allows, when a turn has so many tokens."""
    minute = [
        (limit, name)
        for limit, name in (
            (member.rpm, "requests a minute"),
            (member.tpm // tokens if member.tpm else None, "tokens a minute"),
        )
        if limit is not None
    ]
    day = [(limit * MINUTES, name) for limit, name in minute]
    if member.rpd is not None:
        day.append((member.rpd, "requests a day"))
    a_day, why = min(day, default=(None, "no limit is configured"))
    return Allowed(member, a_day, min(minute, default=(None, ""))[0], why)


def plan(members: Sequence[Member], wanted: Wanted) -> str:
    """The answer as text for a terminal."""
    quotas = [allowed(member, wanted.tokens) for member in members if not _is_demo(member)]
    if not quotas:
        return "Only the demo is configured, which no model answers: add a provider's key."
    rows: list[tuple[str, ...]] = [HEADS]
    rows += [
        (quota.member.name, _count(quota.a_day), _count(quota.a_minute), quota.why)
        for quota in quotas
    ]
    return "\n".join([columns(rows), "", *_verdict(quotas, wanted)])


def _verdict(quotas: Sequence[Allowed], wanted: Wanted) -> Iterator[str]:
    yield (
        f"Wanted: {wanted.users:,} users x {wanted.questions:g} questions = {wanted.a_day:,} turns "
        f"a day, {wanted.a_minute:,} a minute in the busiest hour, {wanted.tokens:,} tokens each."
    )
    unknown = [quota.member.name for quota in quotas if quota.a_day is None]
    day = sum(quota.a_day or 0 for quota in quotas)
    minute = sum(quota.a_minute or 0 for quota in quotas)
    yield f"Allowed: {day:,} turns a day and {minute:,} a minute by the limits that are configured."
    yield f"That is {day / wanted.users:,.2f} turns a day for each user."
    if unknown:
        yield (
            f"Not counted: {', '.join(unknown)}. Add rpm, tpm and rpd in pool.toml; "
            "`python -m chatapp.pool check` shows what some providers tell."
        )
    known = [quota for quota in quotas if quota.a_day]
    for have, need, unit in (
        (day, wanted.a_day, "a day"),
        (minute, wanted.a_minute, "a minute"),
    ):
        if have >= need:
            yield f"Enough turns {unit}."
            continue
        line = f"Missing: {need - have:,} turns {unit}"
        if known and have:
            line += f", {need / have:.1f} times of what there is"
        yield f"{line}: a paid plan, more accounts or a model of your own."
    yield "More keys of one account add nothing: the quota is the account's."


def _is_demo(member: Member) -> bool:
    return member.account.provider == DEMO


def _count(number: int | None) -> str:
    return "?" if number is None else f"{number:,}"
