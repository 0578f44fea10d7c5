"""Whether this process can do its work just now."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import asdict, dataclass
from functools import cache
from time import monotonic

from alembic.script import ScriptDirectory
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from chatapp import leaving
from chatapp.database import promptly, reading
from chatapp.migrate import configuration
from chatapp.redis import redis, tagged

PATIENCE = 2.0
"""How long, in seconds, the database and Redis have to answer."""

FRESH = 1.0
"""For so long, in seconds, an answer holds: who asks often costs nothing."""

OK = "ok"
AWAY = "away"
BEHIND = "not migrated"
LEAVING = "leaving"


@dataclass(frozen=True, slots=True)
class Readiness:
    """What each part is found to be."""

    process: str
    database: str
    redis: str

    def ready(self, excluded: Collection[str] = ()) -> bool:
        """Whether all is well, or no more is wrong than that excluded parts are away.

        What an excluded part says still counts: tables that are too old are.
        """
        return all(
            said == OK or (said == AWAY and part in excluded) for part, said in asdict(self).items()
        )


class Checks:
    """Asks the parts, all at once, and remembers for a moment what they said."""

    def __init__(self) -> None:
        self._asking = asyncio.Lock()
        self._said: tuple[float, str, str] | None = None

    async def readiness(self) -> Readiness:
        """What holds now, or did a moment ago."""
        async with self._asking:
            if self._said is None or monotonic() - self._said[0] > FRESH:
                found = await asyncio.gather(_asked(_database), _asked(_redis))
                self._said = (monotonic(), *found)
            _moment, database, redis_said = self._said
        return Readiness(LEAVING if leaving.begun() else OK, database, redis_said)


checks = Checks()
"""Those of this process."""


async def _asked(ask: Callable[[], Awaitable[str]]) -> str:
    try:
        return await promptly(ask(), PATIENCE)
    except (SQLAlchemyError, RedisError, OSError):
        return AWAY


async def _database() -> str:
    async with reading() as session:
        connection = await session.connection()
        found = await connection.execute(text("SELECT version_num FROM alembic_version"))
        revision = found.scalar_one_or_none()
    return BEHIND if revision is None or revision in _outdated() else OK


async def _redis() -> str:
    # One that is full, or that has become a replica, answers and takes nothing.
    await redis().set(tagged("ready"), "", ex=60)
    return OK


@cache
def _outdated() -> frozenset[str]:
    """The revisions that this code has gone beyond. One that it does not know is a newer one."""
    scripts = ScriptDirectory.from_config(configuration())
    heads = scripts.get_heads()
    return frozenset(each.revision for each in scripts.walk_revisions()) - set(heads)
