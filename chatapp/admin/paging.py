"""Paging, sorting and filtering of long tables in the database; the URL says what is shown.

What it costs is bounded however long the table is: nobody pages or counts beyond
:data:`FURTHEST` rows, and every sort that is offered has an index. ::

    asked = Asked.of(routes.ADMIN_PEOPLE, self.router.url.query_parameters, sort="-since")
    await show("admin:people", asked, found(asked))
"""

import logging
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypedDict, TypeVar
from urllib.parse import urlencode

from sqlalchemy import func, literal
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chatapp.chats.text import storable
from chatapp.database import AWAY
from chatapp.ui.store import push

logger = logging.getLogger(__name__)

PAGE = 50
"""How many rows are shown at once."""

FURTHEST = 10_000
"""So many rows are counted and paged through at most; who looks for more, searches."""

LONGEST = 100
"""The longest text in the URL that counts, in characters."""

FAILED = "The database cannot be reached right now. Please try again in a moment."

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the URL of a table asks for. It may ask for anything: what is unknown counts as not."""

    path: str
    sort: str = ""
    """The name of a column, with ``-`` before it when the greatest come first."""
    search: str = ""
    page: int = 0
    """The number of the page, from 0 on."""
    filters: Mapping[str, str] = field(default_factory=dict)
    """The chosen values by the filters' names; those that are not chosen are missing."""

    @classmethod
    def of(
        cls,
        path: str,
        parameters: Mapping[str, str],
        *,
        sort: str,
        filters: Sequence[str] = (),
    ) -> "Asked":
        """Read it.

        Args:
            path: the page's own.
            parameters: the parameters of its URL.
            sort: how rows are sorted unless the URL says it.
            filters: the names of parameters that filter.
        """
        given = {
            name: text
            for name, value in parameters.items()
            if (text := storable(str(value)).strip()[:LONGEST])
        }
        number = given.get("page", "")
        page = int(number) - 1 if number.isascii() and number.isdigit() else 0
        return cls(
            path,
            given.get("sort", sort),
            given.get("search", ""),
            max(min(page, FURTHEST // PAGE - 1), 0),
            {name: given[name] for name in filters if name in given},
        )

    def link(self, **changes: Any) -> str:
        """The URL that asks for the same but for some changes."""
        asked = replace(self, **changes)
        parts = {"search": asked.search, **asked.filters, "sort": asked.sort}
        if asked.page:
            parts["page"] = str(asked.page + 1)
        query = urlencode({name: value for name, value in parts.items() if value})
        return f"{asked.path}?{query}" if query else asked.path

    def sorted_by(self, name: str) -> str:
        """The URL after a click on a column's head: sorted by it, then the other way round."""
        return self.link(sort=f"-{name}" if self.sort == name else name, page=0)


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """The rows of one page."""

    rows: Sequence[R]
    count: int
    """How many rows there are on all pages; at most one more than :data:`FURTHEST`."""


async def page_of(
    session: AsyncSession,
    query: SelectOfScalar[R],
    asked: Asked,
    sorts: Mapping[str, Any],
    key: Any,
) -> Page[R]:
    """Look up one page of a query.

    Args:
        session: where.
        query: all rows that fit, in no order.
        asked: which of them.
        sorts: the columns that rows may be sorted by; with an index each. What is asked for and
            is not among them sorts by the key, the newest first.
        key: a unique column, which decides between equals.
    """
    by = sorts.get(asked.sort.removeprefix("-"))
    down = by is None or asked.sort.startswith("-")
    order = [each.desc() if down else each.asc() for each in (by, key) if each is not None]
    one = query.order_by(None).with_only_columns(literal(1), maintain_column_froms=True)
    within = one.limit(FURTHEST + 1).subquery()
    count = (await session.exec(select(func.count()).select_from(within))).one()
    found = await session.exec(query.order_by(*order).offset(asked.page * PAGE).limit(PAGE))
    return Page(found.all(), count)


class TableView(TypedDict):
    """A table, as its page shows it."""

    rows: Sequence[Any]
    """Mappings of JSON, with an ``id`` each."""
    links: dict[str, str]
    """Where the heads of columns lead; see :meth:`Asked.sorted_by`."""
    sort: str
    words: str
    """Which rows of how many."""
    previous: str
    next: str
    failed: str
    """Why there are no rows."""


async def show(
    name: str, asked: Asked, found: Awaitable[Page[Any]], sorts: Sequence[str] = ()
) -> None:
    """Show a page in the table of a name; its rows must be what the table's columns read.

    Args:
        name: where the table looks, as ``admin:people``.
        asked: what was asked for.
        found: the rows, as they are shown; awaited here, so that the table can say that it failed.
        sorts: the names of the columns that can be sorted by.
    """
    try:
        page, failed = await found, ""
    except AWAY as error:
        logger.warning("The table %s cannot be shown: %s", name, type(error).__name__)
        page, failed = Page[Any]((), 0), FAILED
    last = min(page.count, FURTHEST) - 1
    more = (asked.page + 1) * PAGE <= last
    view: TableView = {
        "rows": page.rows,
        "links": {each: asked.sorted_by(each) for each in sorts},
        "sort": asked.sort,
        "words": _words(asked.page * PAGE, len(page.rows), page.count),
        "previous": asked.link(page=asked.page - 1) if asked.page else "",
        "next": asked.link(page=asked.page + 1) if more else "",
        "failed": failed,
    }
    await push({name: view})


def whole(rows: Sequence[Any]) -> TableView:
    """A table that has few rows: all of them, as the table's columns read them."""
    return {
        "rows": rows,
        "links": {},
        "sort": "",
        "words": "",
        "previous": "",
        "next": "",
        "failed": "",
    }


def _words(before: int, shown: int, count: int) -> str:
    if not shown:
        return ""
    of = f"{count:,}" if count <= FURTHEST else f"more than {FURTHEST:,}"
    return f"{before + 1:,}–{before + shown:,} of {of}"
