"""The handlers of the overview. What is shown is in the browser's store."""

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Literal, TypedDict

import reflex as rx
from redis.exceptions import RedisError
from reflex_base.event.context import EventContext
from sqlalchemy.exc import SQLAlchemyError

from chatapp.accounts.guard import admin_only, is_still_admin
from chatapp.admin.overview import repository, views
from chatapp.admin.overview.charts import ChartView
from chatapp.admin.overview.views import CardView, PaceView
from chatapp.database import now, reading
from chatapp.history.counting import HOUR, MINUTE
from chatapp.history.repository import points, sums_of
from chatapp.history.series import Span, series
from chatapp.pool import service as pool
from chatapp.ui.backlog import has_room
from chatapp.ui.store import push
from chatapp.ui.watching import until_left

logger = logging.getLogger(__name__)

BEAT = 15.0
"""Seconds between two looks; the numbers are written once a minute."""

NOT_NOW = "The numbers cannot be read right now. It is tried again every few seconds."

_spans: dict[str, Span] = {}
"""Which time each open tab of this process looks at."""


class OverviewView(TypedDict):
    """All that the page shows."""

    span: str
    people: int
    exact: bool
    """Otherwise there are about so many people."""
    pending: int
    cards: list[CardView]
    charts: list[ChartView]
    pace: list[PaceView]


class OverviewState(rx.State):
    """What admins see first."""

    @admin_only
    @rx.event(background=True)
    async def watch(self) -> None:
        """Show how it goes until the page is left or its reader is no admin any more."""
        await until_left(_watch)

    @admin_only
    @rx.event
    async def look(self, span: Literal["hour", "day", "week", "month"]) -> None:
        """Look at another time."""
        token = EventContext.get().token
        if token in _spans:
            _spans[token] = span
        await _show(span)


async def _watch() -> None:
    token = EventContext.get().token
    _spans[token] = "day"
    try:
        while await is_still_admin():
            await _show(_spans[token])
            await has_room()
            await asyncio.sleep(BEAT)
    finally:
        _spans.pop(token, None)


async def _show(span: Span) -> None:
    try:
        await push({"admin:overview": await overview(span), "admin:overview:failed": ""})
    except (SQLAlchemyError, RedisError, OSError) as error:
        logger.warning("The overview cannot be shown: %s", type(error).__name__)
        await push({"admin:overview:failed": NOT_NOW})


async def overview(span: Span) -> OverviewView:
    """All that the page shows of a time.

    Raises:
        SQLAlchemyError, RedisError: it cannot be read.
    """
    found = await series(span)
    minute = int(time.time()) // MINUTE + 1
    async with reading() as session:
        people = await repository.people(session)
        measured = await points(session, MINUTE, 1, minute - 2, minute, ("online", "waiting"))
        counts = await sums_of(session, MINUTE, minute - HOUR // MINUTE, minute, "member:")
    return {
        "span": span,
        "people": people.count,
        "exact": people.exact,
        "pending": people.waiting,
        "cards": views.card_views(found, span, _latest(measured)),
        "charts": views.chart_views(found, span),
        "pace": views.pace_views(await pool.status(), _asked(counts), now()),
    }


def _latest(measured: Mapping[str, Mapping[int, int]]) -> dict[str, int]:
    """What was measured in the last minute of which something is known."""
    last = max((at for line in measured.values() for at in line), default=0)
    return {name: line.get(last, 0) for name, line in measured.items()}


def _asked(counts: dict[str, int]) -> dict[str, int]:
    """How often each member was asked: what is counted for it, but for those that were passed."""
    asked: dict[str, int] = {}
    for name, count in counts.items():
        member, _, what = name.removeprefix("member:").rpartition(":")
        if what in ("ok", "fail", "stopped", "client") and ":first" not in member:
            asked[member] = asked.get(member, 0) + count
    return asked
