"""What each process counts, added to the history each minute."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from prometheus_client.metrics import MetricWrapperBase
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from chatapp import metrics
from chatapp.accounts.sockets import sockets
from chatapp.answers.process import process
from chatapp.database import promptly, transaction
from chatapp.history import repository
from chatapp.redis import redis
from chatapp.tasks import going_on

logger = logging.getLogger(__name__)

MINUTE, HOUR = 60, 3600

KEEP = {MINUTE: 2 * 86_400, HOUR: 400 * 86_400}
"""How long, in seconds, minutes and hours are kept."""

AT_ONCE = 1_000
"""So many people are told to Redis in one command."""

LAST = 2.0
"""How long, in seconds, a process that ends may take for its last numbers."""


class Counting:
    """What a process has counted since it last wrote it down."""

    def __init__(self) -> None:
        self._written = Counter(_counted())

    async def write(self, moment: float | None = None) -> None:
        """Add what is new to the minute and the hour; what cannot be written is kept for later.

        Raises:
            SQLAlchemyError: the database cannot be reached.
        """
        at = int(time.time() if moment is None else moment)
        measured = await _now(at // MINUTE)
        counted = Counter(_counted())
        new = {name: value - self._written[name] for name, value in counted.items()}
        new = {name: value for name, value in (new | measured).items() if value > 0}
        if not new:
            return
        async with transaction() as session:
            for width in (MINUTE, HOUR):
                await repository.add(session, width, at // width, new)
        self._written = counted


@asynccontextmanager
async def counting() -> AsyncIterator[None]:
    """Write down what is counted until the context ends, and then what is left."""
    counted = Counting()
    try:
        async with going_on(partial(_for_ever, counted), "history"):
            yield
    finally:
        with suppress(SQLAlchemyError, OSError, TimeoutError):
            await promptly(counted.write(), LAST)


async def _for_ever(counted: Counting) -> None:
    while True:
        # In the middle of the minute: what is measured then, such as who is here, is of it.
        await asyncio.sleep(MINUTE - (time.time() - MINUTE / 2) % MINUTE)
        try:
            await counted.write()
        except (SQLAlchemyError, OSError) as error:
            logger.warning("The history has to wait: %s", type(error).__name__)


async def purge() -> None:
    """Forget what is too old."""
    moment = int(time.time())
    async with transaction() as session:
        for width, seconds in KEEP.items():
            await repository.purge(session, width, (moment - seconds) // width)


async def _now(minute: int) -> dict[str, int]:
    """What is measured once a minute: the sum over the processes of that minute."""
    try:
        here = process()
    except RuntimeError:
        return {}
    return {
        "online": await not_yet_counted([*map(str, sockets.people())], minute),
        "waiting": len(here.runner.line.waiting()),
        "running": here.runner.count,
    }


async def not_yet_counted(people: Sequence[str], minute: int) -> int:
    """How many of these no process has counted in a minute; from now on they are counted.

    So somebody with tabs on several processes is one. Without Redis each counts its own.
    """
    name = f"online:{minute}"
    try:
        async with redis().pipeline(transaction=False) as pipeline:
            for first in range(0, len(people), AT_ONCE):
                pipeline.sadd(name, *people[first : first + AT_ONCE])
            pipeline.expire(name, 3 * MINUTE)
            *added, _ = await pipeline.execute()
    except (RedisError, OSError):
        return len(people)
    return sum(added)


def _counted() -> dict[str, int]:
    found: Counter[str] = Counter()
    for name, metric in _PLAIN.items():
        for _, value in _samples(metric, "_total"):
            found[name] += value
    for labels, value in _samples(metrics.ANSWERS, "_total"):
        found[f"answers:{labels['status']}"] += value
        found[f"source:{labels['source']}"] += value
    for labels, value in _samples(metrics.TOKENS, "_total"):
        found[f"tokens:{labels['kind']}"] += value
    for labels, value in _samples(metrics.REFUSED, "_total"):
        found[f"refused:{labels['why']}"] += value
    for labels, value in _samples(metrics.ATTEMPTS, "_total"):
        found[f"member:{labels['member']}:{labels['outcome']}"] += value
    found.update({f"first:{upper}": value for upper, value in _buckets(metrics.FIRST_WORD)})
    for member in {labels["member"] for labels, _ in _samples(metrics.MEMBER_FIRST, "_count")}:
        for upper, value in _buckets(metrics.MEMBER_FIRST, member=member):
            found[f"member:{member}:first:{upper}"] += value
    return found


_PLAIN = {
    "questions": metrics.QUESTIONS,
    "tokens:saved": metrics.SAVED,
    "cost": metrics.COST,
}


def _samples(metric: MetricWrapperBase, ending: str) -> Iterator[tuple[dict[str, str], int]]:
    for family in metric.collect():
        for sample in family.samples:
            if sample.name.endswith(ending):
                yield sample.labels, round(sample.value)


def _buckets(metric: MetricWrapperBase, **wanted: str) -> Iterator[tuple[str, int]]:
    """How many were in each bucket; Prometheus tells how many were in it or before."""
    before = 0
    for labels, value in _samples(metric, "_bucket"):
        if wanted.items() <= labels.items():
            yield labels["le"], value - before
            before = value
