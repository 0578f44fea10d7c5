"""What the clock does with the ledger: everybody's sums are drawn, old single rows go."""

import asyncio
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from chatapp.controls import Control
from chatapp.database import now, transaction
from chatapp.limits import sums_repository as repository
from chatapp.limits.periods import day_of

KEPT_DAYS = Control(
    "limits.ledger_days",
    Annotated[int, Field(ge=0, le=36_500)],
    90,
    "For how many days each request to a provider stays in the ledger; the sums of people, members "
    "and days stay for good (0: all stays).",
)

CHANGING = timedelta(days=1)
"""How far back each drawing looks again for what came late."""

SETTLING = timedelta(hours=3)
"""How long after its end a day's sums are still added up by who looks; then they are drawn."""

BATCH = 1000
"""How many rows go in one transaction, so that nobody waits for it."""

PAUSE = 0.05
"""Seconds of rest after each batch."""

PATIENCE = 600.0
"""How long, in seconds, drawing the sums may take: at first all days are to be summed up."""


def growing_since() -> date:
    """The first day whose sums of everybody may still grow, but for what comes very late."""
    return day_of(now() - SETTLING).first_day


async def sum_up() -> None:
    """Draw everybody's sums of the days that have grown. All processes may do it at once."""
    async with transaction(PATIENCE) as session:
        last = await repository.last_summed_up(session)
        await repository.sum_up(session, last - CHANGING if last else date.min)


async def purge() -> None:
    """Remove the rows of the ledger that have had their time, in small steps."""
    if not KEPT_DAYS.value:
        return
    before = now() - timedelta(days=KEPT_DAYS.value)
    while True:
        async with transaction() as session:
            gone = await repository.forget_attempts(session, before, BATCH)
        if gone < BATCH:
            return
        await asyncio.sleep(PAUSE)
