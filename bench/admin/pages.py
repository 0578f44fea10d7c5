"""What each admin page asks of the database, statement by statement."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from sqlalchemy import event

from chatapp import routes
from chatapp.accounts.guard import CurrentUser, acting_as
from chatapp.accounts.models import Role
from chatapp.admin.announcements import state as announcements
from chatapp.admin.cache import views as cache
from chatapp.admin.limits import views as limits
from chatapp.admin.overview import state as overview
from chatapp.admin.paging import Asked
from chatapp.admin.people import state as people
from chatapp.admin.providers import state as providers
from chatapp.admin.quality import state as quality
from chatapp.database import engine, new_id
from chatapp.limits.admin import ALL

Page = Callable[[], Awaitable[Any]]

ADMIN = CurrentUser(new_id(), "admin@example.org", "Admin", Role.ADMIN, new_id())


def _people(**parameters: str) -> Page:
    filters = ("role", "status", "group")
    asked = Asked.of(routes.ADMIN_PEOPLE, parameters, sort="-since", filters=filters)
    return lambda: people._found(asked)


async def _limits() -> None:
    await limits.limits_view(ALL)
    await limits.own_limits()
    await limits.totals_view(ALL, "UTC")


PAGES: dict[str, Page] = {
    f"{routes.ADMIN} (hour)": lambda: overview.overview("hour"),
    f"{routes.ADMIN} (day)": lambda: overview.overview("day"),
    f"{routes.ADMIN} (week)": lambda: overview.overview("week"),
    f"{routes.ADMIN} (month)": lambda: overview.overview("month"),
    f"{routes.ADMIN_PEOPLE}": _people(),
    f"{routes.ADMIN_PEOPLE} (by name, page 200)": _people(sort="name", page="200"),
    f"{routes.ADMIN_PEOPLE} (search)": _people(search="son 777"),
    f"{routes.ADMIN_PEOPLE} (search, nobody)": _people(search="nobody at all"),
    f"{routes.ADMIN_PEOPLE} (waiting)": _people(status="pending"),
    f"{routes.ADMIN_PROVIDERS}": providers._look,
    f"{routes.ADMIN_QUALITY}": quality._show,
    f"{routes.ADMIN_LIMITS}": _limits,
    f"{routes.ADMIN_LIMITS} (search)": lambda: limits.search("son 777"),
    f"{routes.ADMIN_CACHE}": cache.cache_view,
    f"{routes.ADMIN_ANNOUNCEMENTS}": announcements._show,
}


@dataclass(frozen=True, slots=True)
class Query:
    """One statement that a page made."""

    statement: str
    values: Any
    milliseconds: float


async def queries_of(page: Page) -> list[Query]:
    """Open a page as an admin, without a browser, and see what it asks."""
    with _recorded() as found, acting_as(ADMIN), _silent():
        await page()
    return found


async def plan_of(query: Query) -> Any:
    """How the database goes about a statement."""
    async with engine().connect() as connection:
        statement = "EXPLAIN (FORMAT JSON) " + query.statement
        found = (await connection.exec_driver_sql(statement, query.values)).scalar_one()
        await connection.rollback()
    return json.loads(found) if isinstance(found, str) else found


def whole(plan: Any, tables: tuple[str, ...]) -> Iterator[str]:
    """What of a plan reads a table, or one of its indexes, from one end to the other."""
    for each in plan:
        yield from _whole(each["Plan"], tables, limited=False)


def _whole(node: dict[str, Any], tables: tuple[str, ...], *, limited: bool) -> Iterator[str]:
    kind, table = node["Node Type"], node.get("Relation Name", "")
    bounded = "Index Cond" in node or "Recheck Cond" in node
    if table in tables and not bounded and not (limited and kind.startswith("Index")):
        yield f"{kind} of {table}"
    # A limit bounds what is below it, until something below needs all of its rows first.
    limited = kind == "Limit" or (limited and kind not in ("Sort", "Aggregate", "Hash"))
    for below in node.get("Plans", ()):
        yield from _whole(below, tables, limited=limited)


@contextmanager
def _recorded() -> Iterator[list[Query]]:
    found: list[Query] = []
    began: list[float] = []

    def before(*_: Any) -> None:
        began.append(time.perf_counter())

    def after(_c: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        took = (time.perf_counter() - began.pop()) * 1000
        found.append(Query(statement, values, took))

    listened = engine().sync_engine
    event.listen(listened, "before_cursor_execute", before)
    event.listen(listened, "after_cursor_execute", after)
    try:
        yield found
    finally:
        event.remove(listened, "before_cursor_execute", before)
        event.remove(listened, "after_cursor_execute", after)


@contextmanager
def _silent() -> Iterator[None]:
    async def nothing(_values: Any) -> None:
        pass

    with (
        patch.object(people, "push", nothing),
        patch.object(quality, "push", nothing),
        patch.object(announcements, "push", nothing),
    ):
        yield


@asynccontextmanager
async def closed_after() -> AsyncIterator[None]:
    """Leave no connection of the pages open."""
    from chatapp import database, redis
    from chatapp.pool.service import close_pool

    try:
        yield
    finally:
        await close_pool()
        await redis.close()
        await database.close()
