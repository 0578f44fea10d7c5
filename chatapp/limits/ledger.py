"""The ledger: what each answer cost, written with the answer's end in one transaction.

What was tried for an answer whose process was killed before its end is not in it: the process that
takes over writes its own attempts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.limits import repository
from chatapp.limits.models import ProviderAttempt
from chatapp.limits.periods import day_of, month_of
from chatapp.limits.repository import SUMS, Used
from chatapp.pool.config import Member
from chatapp.pool.service import pool
from chatapp.statement import new_row

CACHE = "cache"
"""The outcome of an answer for which no provider was asked."""


UNASKED = ""
"""The member of an answer for which no provider was asked."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What is known of an answer that has ended."""

    user_id: UUID
    answer_id: UUID
    asked_at: datetime
    tier: str
    attempts: Sequence[Mapping[str, Any]]
    """The pool's attempts in their order, as mappings."""
    tokens: int
    """What the answer counts against the person's limits."""
    charged: bool
    """Whether it counts at all: what failed does not."""
    saved_tokens: int = 0
    """What an answer that was there already would have cost."""


async def record(session: AsyncSession, bill: Bill) -> Used | None:
    """Write an answer's end into the ledger and its sums.

    Returns:
        What now counts against the person's limits; None: nothing was charged.
    """
    day = day_of(bill.asked_at).first_day
    rows = [_row(bill, attempt) for attempt in bill.attempts]
    if bill.saved_tokens or (bill.charged and not rows):
        rows.append(_blank(bill, CACHE, saved_tokens=bill.saved_tokens))
    if rows:
        repository.add_attempts(session, rows)
        repository.add_to_days(session, _sums(rows, charged=bill.charged))
    if not bill.charged:
        return None
    month = month_of(bill.asked_at).first_day
    return await repository.count(session, bill.user_id, day, month, bill.tokens)


def _row(bill: Bill, attempt: Mapping[str, Any]) -> ProviderAttempt:
    name = str(attempt["member"])
    read, written = attempt.get("prompt_tokens") or 0, attempt.get("completion_tokens") or 0
    kept = attempt.get("cached_tokens") or 0
    return _blank(
        bill,
        str(attempt["outcome"]),
        account=name.partition("/")[0],
        member=name,
        prompt_tokens=read,
        completion_tokens=written,
        cached_tokens=kept,
        first_token_ms=_whole(attempt.get("first_token_ms")),
        duration_ms=_whole(attempt.get("duration_ms")) or 0,
        wait_ms=_whole(attempt.get("wait_ms")) or 0,
        error=str(attempt.get("error") or ""),
        cost=cost(name, read, written, kept),
    )


def _blank(bill: Bill, outcome: str, **values: Any) -> ProviderAttempt:
    return new_row(
        ProviderAttempt,
        user_id=bill.user_id,
        answer_id=bill.answer_id,
        day=day_of(bill.asked_at).first_day,
        tier=bill.tier,
        outcome=outcome,
        **values,
    )


def _sums(rows: Sequence[ProviderAttempt], *, charged: bool) -> list[dict[str, Any]]:
    """One row for each member; the question counts for the last one, which answered."""
    sums: dict[str, dict[str, Any]] = {}
    for row in rows:
        of_member = sums.setdefault(
            row.member,
            {"day": row.day, "user_id": row.user_id, "member": row.member} | dict.fromkeys(SUMS, 0),
        )
        of_member["attempts"] += bool(row.member)
        for name in SUMS[2:]:
            of_member[name] += getattr(row, name)
    if charged:
        sums[rows[-1].member]["questions"] += 1
    return list(sums.values())


def cost(member: str, prompt: int, completion: int, cached: int) -> int:
    """What tokens cost at a member's configured prices, in millionths of their unit."""
    found = _priced().get(member)
    if found is None:
        return 0
    kept = min(cached, prompt)
    price_cached = found.price_in if found.price_cached is None else found.price_cached
    return round(
        (prompt - kept) * found.price_in + kept * price_cached + completion * found.price_out
    )


def _priced() -> Mapping[str, Member]:
    return {
        member.name: member
        for member in pool().config.members
        if member.price_in or member.price_out
    }


def _whole(number: float | None) -> int | None:
    return None if number is None else round(number)
