"""``python -m bench recovery [rounds]``: how soon an answer stops or goes on, whatever has failed,
beside what is promised."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from statistics import median

from socketio.exceptions import SocketIOError

from bench.outcome import Outcome, Table, attempt, finish
from tests.answers.world import words
from tests.browser.rows import Rows
from tests.faults.fleet import Fleet, fleet
from tests.faults.people import Person, Screen, gone

ROUNDS = 5
AWAY = 2.0
"""Seconds for which a server is away."""

LONG = 4_000
"""Words, of which fifty come in a second: more than anything here waits for."""

BRIEF = 150
PATIENCE = 60.0


class Scene:
    """An answer that is made in one process and read in another."""

    def __init__(self, ships: Fleet) -> None:
        self.ships = ships
        self.here, self.there = (member.server for member in ships.members)
        self.wrong: list[str] = []
        self._rows = Rows(ships.env)
        self._open: list[Screen] = []

    async def reader(self, count: int) -> Screen:
        """Who reads there what somebody has asked here: so many words."""
        person = await self._person()
        asking = await person.open(self.here)
        chat_id = await asking.ask(f"[[say {count} words at 50/s]]")
        reader = await person.open(self.there, chat_id)
        self._open += [asking, reader]
        await reader.shows("w20")
        return reader

    async def used(self) -> None:
        """Ask here, read there, as often as it takes until both work."""
        while True:
            try:
                async with asyncio.timeout(PATIENCE):
                    person = await self._person()
                    asking = await person.open(self.here)
                    self._open.append(asking)
                    chat_id = await asking.ask("[[say 3 words]]")
                    reader = await person.open(self.there, chat_id)
                    self._open.append(reader)
                    self.judge(await reader.ended(), reader.text(), 3)
                    return
            except (SocketIOError, OSError, TimeoutError):
                await asyncio.sleep(0.1)

    def judge(self, status: str, text: str, count: int) -> None:
        """Note an answer that is not what was asked for."""
        if (status, text) != ("done", words(count)):
            self.wrong.append(f"{status} with {len(text)} characters, ending …{text[-20:]!r}")

    async def another_writes(self, reader: Screen) -> None:
        """Wait until words of another process are read."""
        take = _take(reader)
        await reader.tab.until(lambda _: _take(reader) != take and reader.text(), PATIENCE)

    async def close(self) -> None:
        """End what is still under way."""
        for screen in self._open:
            if screen.tab.connected and screen.status() == "streaming":
                await screen.stop()
                await screen.ended()
            await screen.close()
        self._open.clear()

    async def _person(self) -> Person:
        return Person(f"chatapp_session={(await self._rows.person()).token}")


def _take(screen: Screen) -> str:
    return screen.store[f"m:{screen.answers()[-1]}"]["take"]


async def _stop(scene: Scene) -> float:
    reader = await scene.reader(LONG)
    closed = sum(each["state"] == "closed_early" for each in await scene.ships.providers.requests())
    began = time.monotonic()
    await reader.stop()
    await reader.ended()
    await scene.ships.providers.wait(closed_early=closed + 1)
    took = time.monotonic() - began
    if not words(LONG).startswith(reader.text()):
        scene.wrong.append(f"stopped as …{reader.text()[-20:]!r}")
    return took


async def _killed(scene: Scene) -> float:
    reader = await scene.reader(LONG)
    began = time.monotonic()
    os.kill(scene.here.process.pid, signal.SIGKILL)
    await scene.another_writes(reader)
    took = time.monotonic() - began
    await gone(scene.here)
    await scene.here.start()
    return took


async def _ended(scene: Scene) -> float:
    reader = await scene.reader(LONG)
    began = time.monotonic()
    os.kill(scene.here.process.pid, signal.SIGTERM)
    goes_on = asyncio.create_task(scene.another_writes(reader))
    await gone(scene.here)
    took = time.monotonic() - began
    await goes_on
    await scene.here.start()
    return took


async def _without_redis(scene: Scene) -> float:
    reader = await scene.reader(BRIEF)
    await scene.ships.redis.process.kill()
    await asyncio.sleep(AWAY)
    await scene.ships.redis.start()
    return await _works_again(scene, reader)


async def _without_postgres(scene: Scene) -> float:
    reader = await scene.reader(BRIEF)
    await scene.ships.postgres.process.stop(signal.SIGINT)
    await asyncio.sleep(AWAY)
    await scene.ships.postgres.restart()
    return await _works_again(scene, reader)


async def _works_again(scene: Scene, reader: Screen) -> float:
    began = time.monotonic()
    status, _ = await asyncio.gather(reader.ended(), scene.used())
    scene.judge(status, reader.text(), BRIEF)
    return time.monotonic() - began


PROMISES: dict[str, tuple[Callable[[Scene], Awaitable[float]], float]] = {
    "Stop in another process, until screen and provider know": (_stop, 0.3),
    "kill -9, until another process's words are on the screen": (_killed, 5.0),
    "SIGTERM with an answer under way, until the process has gone": (_ended, 20.0),
    "Redis back and empty, until all works and what ran has ended": (_without_redis, 10.0),
    "PostgreSQL back, until all works and what ran has ended": (_without_postgres, 10.0),
}
"""What is done, and within how many seconds."""


async def measure(rounds: int, outcome: Outcome) -> None:
    """See some times how long each promise takes to be kept."""
    rows: list[list[str]] = []
    head = ["what", "median", "worst", "promised"]
    outcome.tables.append(Table(f"{rounds} times each", head, rows))
    with tempfile.TemporaryDirectory(prefix="chatapp-recovery-") as folder:
        async with fleet(Path(folder), size=2) as ships:
            scene = Scene(ships)
            outcome.wrong = scene.wrong
            for what, (happen, limit) in PROMISES.items():
                took: list[float] = []
                for _ in range(rounds):
                    took.append(await happen(scene))
                    await scene.close()
                worst = max(took)
                rows.append([what, f"{median(took):.2f} s", f"{worst:.2f} s", f"{limit:.1f} s"])
                print(", ".join(rows[-1]), flush=True)
                outcome.bar(what, f"{worst:.2f} s at most", passed=worst <= limit)


def named() -> Outcome:
    """What is still to be filled."""
    intro = (
        "An answer is made in one process and read in another when one of them, or a server, fails."
    )
    return Outcome("How soon all goes on", intro)


async def main(wanted: Sequence[str]) -> int:
    """Measure, and say how it went; 1 if a text was wrong."""
    outcome = named()
    await attempt(outcome, measure(int(wanted[0]) if wanted else ROUNDS, outcome))
    return finish(outcome)
