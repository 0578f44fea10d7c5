"""``python -m bench bad-day [people=2000 …]``: what a bad day costs people who are connected.

Each trouble meets people who ask. It is over when every page shows its chat again. Nothing may be
lost: a question without its answer, or a wrong text, is an error.
"""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.installation import Installation
from bench.load.counts import Counts, total
from bench.load.crowds import Crowds, Seen
from bench.load.manners import Manners
from bench.load.seeding import seed
from bench.people import Plan

PATIENCE = 120.0
CALM = 4.0
"""How long people talk before each trouble, in seconds."""
FIRST_RESPONSE = 10.0
"""So many seconds after it has begun a trouble is looked at further at least."""


@dataclass
class Trouble:
    """What came of one trouble."""

    name: str
    took: float
    """Seconds that the trouble itself lasted."""
    away: int
    """The most pages that did not show their chat at one time."""
    back: float
    """Seconds from its begin until all pages showed their chat again."""
    counts: Counts

    def __str__(self) -> str:
        word = self.counts.delays_of("word")
        return (
            f"{self.name:34} {self.took:5.1f} s, {self.away:6,} away, back in {self.back:5.1f} s, "
            f"{self.counts.of('asked'):4} asked, {self.counts.of('answers done'):4} answered, "
            f"{self.counts.errors} wrong, word p95 {word.percentile(95):.0f} ms"
        )


class BadDay:
    """Troubles, one after the other, for people who talk."""

    def __init__(self, installation: Installation, crowds: Crowds) -> None:
        self._installation = installation
        self._crowds = crowds
        self.troubles: list[Trouble] = []

    async def meet(self, name: str, happen: Callable[[], Awaitable[None]]) -> None:
        """Let something happen, and wait until all is well."""
        await asyncio.sleep(CALM)
        before = await self._crowds.report()
        began = time.monotonic()
        trouble = asyncio.create_task(self._timed(happen))
        seen: list[Seen] = []
        back, away = 0.0, 0
        while True:
            await asyncio.sleep(0.25)
            seen.append(await self._crowds.report())
            missing = self._crowds.people - seen[-1].there
            away = max(away, missing)
            elapsed = time.monotonic() - began
            if missing:
                back = elapsed
            if trouble.done() and not missing and elapsed > max(FIRST_RESPONSE, back + CALM):
                break
            if elapsed > PATIENCE:
                seen[-1].counts.fail("not all came back", f"{missing} pages")
                break
        took = await trouble
        counts = total([each.counts for each in seen])
        for what, times in before.counts.happened.items():
            if what.startswith("wrong: "):
                counts.note(what, times)
        self.troubles.append(Trouble(name, took, away, back, counts))
        print(self.troubles[-1], flush=True)
        for line in counts.wrong[:5]:
            print(f"  ! {line}", flush=True)

    @staticmethod
    async def _timed(happen: Callable[[], Awaitable[None]]) -> float:
        began = time.monotonic()
        await happen()
        return time.monotonic() - began

    async def kill_backend(self) -> None:
        """A backend dies in the middle of everything."""
        os.kill(self._installation.backends[0], signal.SIGKILL)

    async def restart_all(self) -> None:
        """All backends are replaced, one after the other."""
        before = set(self._installation.backends)
        os.kill(self._installation.up.pid, signal.SIGUSR1)
        async with asyncio.timeout(PATIENCE):
            while before & await self._replaced():
                continue

    async def _replaced(self) -> set[int]:
        while True:
            await asyncio.sleep(0.2)
            with suppress(FileNotFoundError):  # one is just between two processes
                return set(self._installation.backends)

    async def restart_redis(self) -> None:
        """Redis dies, and comes back with nothing in it."""
        os.kill(self._installation.pid("redis"), signal.SIGKILL)

    async def restart_postgres(self) -> None:
        """PostgreSQL ends all sessions and comes back."""
        os.kill(self._installation.pid("postgres"), signal.SIGINT)

    async def provider_down(self) -> None:
        """One of two providers is gone for ten seconds."""
        provider = self._installation.providers[0]
        await provider.kill()
        await asyncio.sleep(10)
        await self._installation.provide_again(0)

    async def drop_all(self) -> None:
        """Every connection breaks at once, and everybody comes back at once."""
        await self._crowds.drop()


async def main(arguments: list[str]) -> int:
    """Run, and say how it went."""
    plan = Plan.of(arguments, people=2_000, streams=60, crowds=2, words=150)
    print(plan, flush=True)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-bad-day-")))
        return await _run(plan, folder, stack)


async def _run(plan: Plan, folder: Path, stack: AsyncExitStack) -> int:
    installation = Installation(stack, folder, plan.backends, plan.settings)
    await installation.start()
    accounts = await seed(installation.database_url, plan.people)
    manners = Manners(words=plan.words, rate=plan.rate, deflate=bool(plan.deflate))
    crowds = Crowds(accounts, manners, [installation.port], plan.crowds)
    stack.push_async_callback(crowds.stop)
    await crowds.start()
    await crowds.come(plan.arrivals)
    until = time.monotonic() + plan.people / plan.arrivals + PATIENCE
    while (await crowds.report()).there < plan.people:
        if time.monotonic() > until:
            raise TimeoutError("Not everybody came.")
        await asyncio.sleep(0.5)
    await crowds.talk(think=plan.think, reloads=0.0)
    await asyncio.sleep(plan.settle)
    day = BadDay(installation, crowds)
    await day.meet("a backend is killed", day.kill_backend)
    await day.meet("all backends are replaced in turn", day.restart_all)
    await day.meet("Redis dies and comes back empty", day.restart_redis)
    await day.meet("PostgreSQL is restarted", day.restart_postgres)
    await day.meet("one of two providers is down", day.provider_down)
    await day.meet("everybody reconnects at once", day.drop_all)
    await crowds.quiet()
    seen = [await crowds.report()]
    until = time.monotonic() + PATIENCE
    while seen[-1].waiting and time.monotonic() < until:
        await asyncio.sleep(0.5)
        seen.append(await crowds.report())
    last = total([each.counts for each in seen])
    asked = sum(each.counts.of("asked") for each in day.troubles)
    wrong = sum(each.counts.errors for each in day.troubles) + last.errors
    kept = await asyncio.to_thread(_kept, installation.database_url)
    print(f"\nAt the end {seen[-1].waiting} questions wait. {asked} were asked in trouble.")
    print(f"In the database: {kept}")
    for line in last.wrong[:5]:
        print(f"  ! {line}")
    print(f"{wrong} errors")
    return 1 if wrong or seen[-1].waiting or "0 without an end" not in kept else 0


def _kept(database_url: str) -> str:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE ended_at IS NULL),"
            " count(*) FILTER (WHERE epoch > 1) FROM answers WHERE runner <> ''"
        ).fetchone()
    assert row
    return f"{row[0]} answers, {row[1]} without an end, {row[2]} taken over"
