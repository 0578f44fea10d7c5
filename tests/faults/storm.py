"""Faults at random moments of many answers, and the judgement of their history, to the token.

All is drawn from one seed: what is asked, when, where, and what goes wrong meanwhile.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text

from tests.browser.rows import Rows
from tests.faults import troubles
from tests.faults.browser import FOR_EVER, Asked, Browser
from tests.faults.fleet import Fleet
from tests.faults.tagging import is_beginning, is_whole
from tests.faults.troubles import Trouble
from tests.harness.backends import connected

IN_TIME = 1.0
"""Whoever stops an answer has so many seconds of it yet to come: later it may just have ended."""

RECOVERY = 5.0
"""Seconds after something went wrong in which its traces may still be there."""

Lane = Sequence[tuple[str, Trouble]]
"""Troubles with their names, which come one after the other."""


@dataclass
class Incident:
    """Something that went wrong, and when, by the loop's clock."""

    what: str
    began: float
    ended: float = 0.0


@dataclass
class History:
    """What was asked and shown, what went wrong, and what the database has."""

    asked: list[Asked] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    rows: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """Per question, by its client's id: status, text and problem of each of its answers."""

    def wrong(self) -> list[str]:
        """Everything that is not as promised."""
        found: list[str] = []
        for asked in self.asked:
            said = [*dict.fromkeys(asked.wrong), *self._judge(asked)]
            during = ", ".join(
                f"{i.what} at {i.began - asked.began:+.1f} s"
                for i in self.incidents
                if i.began < asked.ended and (i.ended or asked.ended) > asked.began - RECOVERY
            )
            found += [f"{asked.text} ({during}): {each}" for each in said]
        return found

    def _judge(self, asked: Asked) -> list[str]:
        kept = self.rows.get(str(asked.client_id), [])
        if len(kept) != 1:
            return [f"it has {len(kept)} answers in the database"]
        ((status, words, problem),) = kept
        wrong = [
            f"a screen shows {shown!r}, the database has {(status, words)!r}"
            for shown in asked.shown
            if shown != (status, words)
        ]
        if not is_beginning(words, asked.count):
            wrong.append(f"it was kept as …{words[-60:]!r}")
        if status == "done" and not is_whole(words, asked.count):
            wrong.append(f"it counts as done and ends with …{words[-20:]!r}")
        if status == "stopped" and not asked.stopped:
            wrong.append("nobody has stopped it")
        if status == "done" and asked.stopped and self._had_to_stop(asked):
            wrong.append(f"it was stopped with {asked.left} words to come, and went on")
        if status == "failed" and not problem:
            wrong.append("it failed and nothing is said of it")
        if status not in ("done", "stopped", "failed"):
            wrong.append(f"it is left {status}")
        return wrong

    def _had_to_stop(self, asked: Asked) -> bool:
        """Whether Stop was pressed in time, and nothing went wrong that may have swallowed it."""
        meanwhile = any(
            i.began < asked.ended and (i.ended or asked.ended) > asked.stopped - RECOVERY
            for i in self.incidents
        )
        return asked.left > IN_TIME * asked.rate and not meanwhile

    def count(self, status: str) -> int:
        """How many answers ended so."""
        return sum(kept[0][0] == status for kept in self.rows.values() if kept)


async def storm(
    fleet: Fleet,
    lanes: Sequence[Lane],
    answers: int,
    seed: int,
    people: int = 8,
    patience: float = FOR_EVER,
) -> History:
    """Ask so many questions while faults happen.

    Args:
        fleet: What is driven and hurt.
        lanes: What goes wrong: lanes go side by side.
        answers: How many questions are asked at least.
        seed: What everything random is drawn from.
        people: How many ask at the same time.
        patience: After so many seconds an answer that has not ended never will.
    """
    choice, history = random.Random(seed), History()
    rows = Rows(fleet.env)
    numbers = iter(range(10**9))
    over = asyncio.Event()

    async def sit() -> None:
        person, draw = await rows.person(), random.Random(choice.random())
        browser = Browser(fleet, person, draw.randrange(10**9), patience)
        while not over.is_set() or len(history.asked) < answers:
            count, rate = draw.choice([3, 40, 80, 160, 240]), draw.choice([30, 60, 120])
            history.asked.append(await browser.ask(next(numbers), count, rate))
            await asyncio.sleep(draw.random())

    seats = [asyncio.create_task(sit()) for _ in range(people)]
    try:
        draws = [random.Random(choice.random()) for _ in lanes]
        async with asyncio.TaskGroup() as group:
            for lane, draw in zip(lanes, draws, strict=True):
                group.create_task(_hurt(lane, fleet, draw, history))
        over.set()
        await asyncio.gather(*seats)
    finally:
        for seat in seats:
            seat.cancel()
        await asyncio.gather(*seats, return_exceptions=True)
    history.rows = await _kept(fleet)
    return history


async def _hurt(lane: Lane, fleet: Fleet, choice: random.Random, history: History) -> None:
    clock = asyncio.get_running_loop().time
    for name, trouble in lane:
        await asyncio.sleep(choice.uniform(0.2, 1.5))
        incident = Incident(name, clock())
        history.incidents.append(incident)
        await trouble.meet(fleet, choice)
        incident.ended = clock()


def every_fault(seed: int, *, fronted: bool = False) -> list[Lane]:
    """All troubles once, in lanes: of processes, of the links to servers, of servers, and of nginx.

    Those of the providers come last: what they break off ends in words and not in an answer.
    """
    choice = random.Random(seed)
    lanes = [troubles.PROCESSES, troubles.LINKS, troubles.SERVICES]
    if fronted:
        lanes.append(troubles.FRONT)
    providers = _shuffled(troubles.PROVIDERS, choice)
    return [
        [*_shuffled(lane, choice), *providers[number :: len(lanes)]]
        for number, lane in enumerate(lanes)
    ]


def long_faults(seed: int) -> list[Lane]:
    """What lasts long, in a lane for the servers and one for each of the links."""
    choice = random.Random(seed)
    return [_shuffled(lane, choice) for lane in (troubles.LONG_SERVICES, *troubles.LONG_LINKS)]


def _shuffled(lane: Mapping[str, Trouble], choice: random.Random) -> list[tuple[str, Trouble]]:
    return choice.sample(list(lane.items()), len(lane))


async def _kept(fleet: Fleet) -> dict[str, list[tuple[str, str, str]]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    async with connected(fleet.env) as connection:
        rows = await connection.execute(
            text(
                "SELECT q.client_id, m.status, m.text, a.problem FROM messages q "
                "JOIN messages m ON m.parent_id = q.id JOIN answers a ON a.id = m.id"
            )
        )
        for client_id, status, words, problem in rows:
            found.setdefault(str(client_id), []).append((status, words, problem))
    return found
