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
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from bench.installation import Installation
from bench.load.counts import Counts, total
from bench.load.crowds import Crowds, Seen
from bench.load.seeding import seed
from bench.outcome import Outcome, Table, attempt, finish
from bench.plan import Plan
from bench.run import Run
from chatapp.ui.away import SOON
from tools.network import answers

PATIENCE = 120.0
RESTART = "all backends are replaced in turn"
UNSEEN = SOON * 1_000
"""A page that is away for less time than this, in milliseconds, says nothing of waiting either."""
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

    def cells(self) -> list[str]:
        """For the table."""
        of = self.counts.of
        return [
            self.name,
            f"{self.took:.1f} s",
            f"{self.away:,}",
            f"{self.back:.1f} s",
            f"{self.counts.delays_of('page shown').percentile(95) / 1000:.1f} s",
            f"{self.counts.delays_of('accepted').longest / 1000:.1f} s",
            f"{of('asked'):,}",
            f"{of('answers done') + of('answers stopped'):,}",
            f"{of('began again'):,}",
            f"{of('connects that failed'):,}",
            str(self.counts.errors),
            f"{self.counts.delays_of('word').percentile(95):,.0f} ms",
        ]


HEAD = ["trouble", "lasts", "pages away at most", "all are back after", "a page is away p95"]
HEAD += ["a question waits at most", "asked", "answered", "began again"]
HEAD += ["connects refused", "errors", "word p95"]


class BadDay:
    """Troubles, one after the other, for people who talk."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._installation = run.installation
        self._crowds = run.crowds
        self.troubles: list[Trouble] = []

    async def meet(self, name: str, happen: Callable[[], Awaitable[None]]) -> None:
        """Let something happen, and wait until all is well."""
        await asyncio.sleep(CALM)
        await self._run.look()
        began = time.monotonic()
        trouble = asyncio.create_task(self._timed(happen))
        seen: list[Seen] = []
        back, away = 0.0, 0
        while True:
            await asyncio.sleep(0.25)
            seen.append(await self._run.look())
            missing = self._crowds.people - seen[-1].there
            away = max(away, missing)
            elapsed = time.monotonic() - began
            if missing:
                back = elapsed
            if trouble.done() and not missing and elapsed > max(FIRST_RESPONSE, back + CALM):
                break
            if elapsed > PATIENCE:
                for counts in (seen[-1].counts, self._run.everything):
                    counts.fail("not all came back", f"{missing} pages after {name}")
                break
        try:
            took = await trouble
        except Exception as error:
            # The troubles after it are met all the same.
            took = time.monotonic() - began
            said = f"{name}: {type(error).__name__} {error}; {self._installation.up.text[-300:]!r}"
            for counts in (seen[-1].counts, self._run.everything):
                counts.fail("a trouble did not go as it should", said)
        counts = total([each.counts for each in seen])
        self.troubles.append(Trouble(name, took, away, back, counts))
        print(", ".join(self.troubles[-1].cells()), flush=True)
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
        """All backends are replaced in turn, once the one that died is back, and leave."""
        async with asyncio.timeout(PATIENCE):
            while not await self._all_ready():  # noqa: ASYNC110 - backends tell nobody
                await asyncio.sleep(0.2)
        before = set(self._installation.backends)
        os.kill(self._installation.up.pid, signal.SIGUSR1)
        async with asyncio.timeout(PATIENCE):
            while any(map(_lives, before)):  # noqa: ASYNC110
                await asyncio.sleep(0.2)

    async def _all_ready(self) -> bool:
        ports = self._installation.state["backends"]
        ready = (asyncio.to_thread(answers, port, "/readyz") for port in ports)
        return all(await asyncio.gather(*ready))

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


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def measure(plan: Plan, outcome: Outcome) -> None:
    """Let people talk and meet all troubles."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-bad-day-")))
        installation = Installation(stack, folder, plan.backends, plan.settings)
        await installation.start()
        accounts = await seed(installation.database_url, plan.people)
        crowds = Crowds(accounts, plan.manners, [installation.port], plan.crowds)
        stack.push_async_callback(crowds.stop)
        await crowds.start()
        run = Run(installation, crowds)
        try:
            await _meet(plan, run, outcome)
        finally:
            outcome.wrong += run.wrong


async def _meet(plan: Plan, run: Run, outcome: Outcome) -> None:
    await run.crowds.come(plan.arrivals)
    await run.all_there(plan.people / plan.arrivals + PATIENCE)
    # They do nothing but ask: the page of one who goes to another chat would count as away.
    manners = replace(plan.manners, reloads=0.0, switches=0.0)
    think = manners.pause_for_streams(plan.people, plan.streams)
    await run.crowds.talk(think=think, reloads=0.0, switches=0.0)
    await run.watch(plan.settle)
    day = BadDay(run)
    troubles = {
        "a backend is killed": day.kill_backend,
        RESTART: day.restart_all,
        "Redis dies and comes back empty": day.restart_redis,
        "PostgreSQL is restarted": day.restart_postgres,
        "one of two providers is down": day.provider_down,
        "everybody reconnects at once": day.drop_all,
    }
    rows: list[list[str]] = []
    outcome.tables.append(Table("Six troubles", HEAD, rows))
    for name, happen in troubles.items():
        await day.meet(name, happen)
        rows.append(day.troubles[-1].cells())
    waiting = (await run.all_answered(PATIENCE))[-1].waiting
    kept = await asyncio.to_thread(_kept, run.installation.database_url)
    counts = run.everything
    outcome.notes += [
        f"{counts.of('asked'):,} questions were asked in all, {counts.of('tokens'):,} words came.",
        f"The database has {kept.answers:,} of their answers, {kept.taken_over:,} taken over.",
    ]
    lost = run.lost + kept.endless
    found = f"{lost} lost, {counts.errors} errors, {kept.endless} without an end in the database"
    outcome.bar("no question, answer or word is lost", found, passed=not (lost or counts.errors))
    outcome.bar("nobody waits at the end", f"{waiting} wait", passed=not waiting)
    restart = next(trouble for trouble in day.troubles if trouble.name == RESTART)
    refused = restart.counts.of("connects that failed")
    away = restart.counts.delays_of("page shown").percentile(95)
    found = f"{refused} connects refused, a page is away {away:.0f} ms (p95)"
    what = "nobody sees a rolling restart"
    outcome.bar(what, found, passed=not refused and away < UNSEEN)
    back = max(trouble.back for trouble in day.troubles)
    found = f"{len(day.troubles)} troubles, {back:.0f} s at most"
    within = all(trouble.back < PATIENCE for trouble in day.troubles)
    what = f"all are back within {PATIENCE:.0f} s of every trouble"
    outcome.bar(what, found, passed=within)
    if kept.endless:
        outcome.wrong.append(f"{kept.endless} answers have no end in the database")


@dataclass(frozen=True)
class Kept:
    """What the database has of the answers."""

    answers: int
    endless: int
    taken_over: int


def _kept(database_url: str) -> Kept:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE ended_at IS NULL),"
            " count(*) FILTER (WHERE epoch > 1) FROM answers WHERE runner <> ''"
        ).fetchone()
    assert row
    return Kept(*row)


def planned(arguments: list[str]) -> Plan:
    """What is done unless options say otherwise."""
    return Plan.of(arguments, people=2_000, streams=60, crowds=2, words=150, arrivals=150.0)


def named(plan: Plan) -> Outcome:
    """What is still to be filled."""
    intro = (
        f"{plan.people:,} people on {plan.backends} backends of whom some {plan.streams} are being "
        f"answered, {plan.words} words each at {plan.rate} a second. Each trouble is over when "
        "every page shows its chat again; *a question waits* until it is on the page."
    )
    return Outcome("A bad day", intro)


async def main(arguments: list[str]) -> int:
    """Run, and say how it went."""
    plan = planned(arguments)
    print(plan, flush=True)
    outcome = named(plan)
    await attempt(outcome, measure(plan, outcome))
    return finish(outcome)
