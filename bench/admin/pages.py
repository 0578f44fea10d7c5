"""What each admin page asks of the database, statement by statement."""

import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

from sqlalchemy import event

from bench.admin.crowd import person_id
from chatapp import routes
from chatapp.accounts.guard import CurrentUser, acting_as
from chatapp.accounts.models import Role
from chatapp.admin.agents import state as agents
from chatapp.admin.announcements import state as announcements
from chatapp.admin.audit import endpoints as export
from chatapp.admin.audit import repository as audited
from chatapp.admin.audit import state as audit
from chatapp.admin.cache import state as cache
from chatapp.admin.groups import state as groups
from chatapp.admin.limits import views as limits
from chatapp.admin.overview import state as overview
from chatapp.admin.paging import Asked
from chatapp.admin.people import invitations_state as invitations
from chatapp.admin.people import person_state as person
from chatapp.admin.people import state as people
from chatapp.admin.providers import state as providers
from chatapp.admin.quality import state as quality
from chatapp.admin.tools import state as tools
from chatapp.agents.tools import service as kept_tools
from chatapp.announcements import service as announced
from chatapp.database import engine, new_id, now, reading_engine
from chatapp.limits.admin import ALL, Owner
from chatapp.status.service import status

Page = Callable[[], Awaitable[Any]]

LONG = ("answers", "messages", "provider_attempts", "users", "audit_notes")
"""The tables that no page may read from one end to the other."""

ADMIN = CurrentUser(new_id(), "admin@example.org", "Admin", Role.ADMIN, new_id())


SOMEBODY = person_id(777)
GROUP = UUID(f"{7:08x}-0000-7000-8000-{7:012x}")


def _people(**parameters: str) -> Page:
    return lambda: people._show(parameters)


def _audit(**parameters: str) -> Page:
    asked = Asked.of(routes.ADMIN_AUDIT, parameters, sort="-at", filters=audited.FILTERS)
    return lambda: audit._found(asked)


def _export(**filters: str) -> Page:
    async def page() -> None:
        # As far as the first batch; each further one begins where the one before ended.
        lines = export._lines(filters)
        for _ in range(2):
            await anext(lines, "")

    return page


def _limits(owner: Owner) -> Page:
    async def page() -> None:
        await limits.limits_view(owner)
        await limits.own_limits()
        await limits.totals_view(owner, "UTC")

    return page


async def _tools() -> None:
    await kept_tools.load()
    await tools._show("")


async def _status() -> None:
    # What a process knows of announcements it reads when they change.
    await announced.load()
    await status()


def _day(ago: int) -> str:
    return (now() - timedelta(days=ago)).date().isoformat()


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
    f"{routes.ADMIN_INVITATIONS}": lambda: invitations._show({}),
    f"{routes.ADMIN_INVITATIONS} (withdrawn)": lambda: invitations._show({"state": "withdrawn"}),
    f"{routes.ADMIN_PERSON}": lambda: person._show(SOMEBODY),
    f"{routes.ADMIN_GROUPS}": groups._show,
    f"{routes.ADMIN_LIMITS}": _limits(ALL),
    f"{routes.ADMIN_LIMITS} (a group)": _limits(Owner(group_id=GROUP)),
    f"{routes.ADMIN_LIMITS} (a person)": _limits(Owner(user_id=SOMEBODY)),
    f"{routes.ADMIN_LIMITS} (search)": lambda: limits.search("son 777"),
    f"{routes.ADMIN_CACHE}": lambda: cache._show(""),
    f"{routes.ADMIN_ANNOUNCEMENTS}": announcements._show,
    f"{routes.ADMIN_TOOLS}": _tools,
    f"{routes.ADMIN_AGENTS}": agents._show,
    f"{routes.ADMIN_AUDIT}": _audit(),
    f"{routes.ADMIN_AUDIT} (page 200)": _audit(page="200"),
    f"{routes.ADMIN_AUDIT} (a person)": _audit(person="person777@example.org"),
    f"{routes.ADMIN_AUDIT} (nobody)": _audit(person="nobody@example.org"),
    f"{routes.ADMIN_AUDIT} (an action)": _audit(action="limits.changed"),
    f"{routes.ADMIN_AUDIT} (two days)": _audit(since=_day(60), until=_day(59)),
    f"{routes.ADMIN_AUDIT} (all filters)": _audit(
        person="person777@example.org",
        action="person.signed-in",
        since=_day(80),
        until=_day(2),
    ),
    f"{routes.AUDIT_EXPORT} (500 of all)": _export(),
    f"{routes.AUDIT_EXPORT} (500 long ago)": _export(until=_day(85)),
    f"{routes.AUDIT_EXPORT} (a person)": _export(person="person777@example.org"),
    f"{routes.STATUS}": _status,
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


async def plan_of(query: Query, *, large: bool = False) -> Any:
    """How the database goes about a statement.

    Args:
        query: the statement.
        large: as if all tables were large: none is read whole when an index serves.
    """
    async with engine().connect() as connection:
        if large:
            await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
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
    # In the order of an index one soon has enough; of any rows too, if none is left out.
    bounded |= limited and (kind.startswith("Index") or "Filter" not in node)
    if table in tables and not bounded:
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

    listened = [each.sync_engine for each in (engine(), reading_engine())]
    for each in listened:
        event.listen(each, "before_cursor_execute", before)
        event.listen(each, "after_cursor_execute", after)
    try:
        yield found
    finally:
        for each in listened:
            event.remove(each, "before_cursor_execute", before)
            event.remove(each, "after_cursor_execute", after)


@contextmanager
def _silent() -> Iterator[None]:
    """Without a tab: nothing is sent, and the clock is UTC."""

    async def nothing(_values: Any) -> None:
        pass

    with ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if name.startswith("chatapp.admin."):
                for function, instead in (("push", nothing), ("zone_here", lambda: "UTC")):
                    if hasattr(module, function):
                        stack.enter_context(patch.object(module, function, instead))
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
