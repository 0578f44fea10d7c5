"""The one table of the admin pages: sorted, searched, filtered and paged by links of its URL.

So Back, reload and a link sent to a colleague show the same. The rows come from
:mod:`chatapp.admin.paging`. On a phone each row is a small card. ::

    table(
        "admin:people",
        (Column("email", "E-mail", lambda row: row["email"].to(str), sort=True), ...),
        path=routes.ADMIN_PEOPLE,
        caption="People",
        search="Search by e-mail or name",
        filters=(Filter("role", "Role", (("admin", "Admins"), ("member", "Members"))),),
        empty="Nobody matches.",
    )
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import reflex as rx
from reflex_components_core.el.elements.base import BaseHTML
from reflex_components_core.react_router.dom import ReactRouterLink

from chatapp.admin.paging import TableView
from chatapp.ui.behaviour import follows_url, reloads, submits_form
from chatapp.ui.parts import button, notice, skeleton
from chatapp.ui.store import chosen, expression, stored

Row = rx.vars.ObjectVar[dict[str, Any]]

_INPUT = "h-10 px-3 rounded-control bg-ground border border-edge text-sm"
_PAGE = (
    "inline-flex items-center h-9 px-3.5 rounded-control border border-line text-sm hover:bg-hover"
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    title: str
    """Its head. Empty: what one can do with a row."""
    cell: Callable[[Row], Any]
    sort: bool = False
    """Whether rows can be sorted by it, under its name."""
    number: bool = False
    """Whether it stands at the right."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A choice that leaves only some rows. The first choice of all is none."""

    name: str
    """The parameter of the URL."""
    title: str
    options: Sequence[tuple[str, str]] | rx.Var[list[list[str]]]
    """Values and their words."""
    kind: Literal["choice", "date", "text"] = "choice"
    """``date`` or ``text`` for a box of that type in place of options."""


class _GetForm(BaseHTML):
    """A form that leads to the URL of what is in it, without loading the page anew."""

    library = "react-router"
    tag = "Form"
    alias = "ReactRouterForm"

    action: rx.Var[str]
    method: rx.Var[str]


def table(
    name: str,
    columns: Sequence[Column],
    *,
    path: str,
    caption: str,
    search: str = "",
    filters: Sequence[Filter] = (),
    empty: str = "There is nothing.",
    more: Sequence[rx.Component] = (),
) -> rx.Component:
    """The table of a name.

    Args:
        name: where its rows are, as :func:`chatapp.admin.paging.show` puts them.
        columns: the first one names the row.
        path: the page's own.
        caption: what it shows, for those who do not see it.
        search: the words in the empty search box; empty: there is none.
        filters: the choices beside it.
        empty: what is said when nothing matches.
        more: what stands beside the search box.
    """
    view = stored(name, TableView)
    rows = expression(f"{view!s}?.rows ?? []", list[dict[str, Any]], view)
    failed = expression(f"{view!s}?.failed ?? ''", str, view)
    state = expression(
        f"!{view!s} ? 'loading' : {view!s}.failed ? 'failed' : {view!s}.rows.length ? 'rows' "
        ": 'empty'",
        str,
        view,
    )
    return rx.el.div(
        _controls(view, path, caption, search, filters, more),
        chosen(
            state,
            ("loading", _loading()),
            ("failed", _failed(failed)),
            ("empty", rx.el.p(empty, class_name="text-muted py-10 text-center")),
            otherwise=_rows(view, rows, columns, caption),
        ),
        _turning(view, caption),
        class_name="min-w-0",
    )


def _controls(
    view: rx.Var,
    path: str,
    caption: str,
    search: str,
    filters: Sequence[Filter],
    more: Sequence[rx.Component],
) -> rx.Component:
    if not (search or filters or more):
        return rx.fragment()
    sort = expression(f"{view!s}?.sort ?? ''", str, view)
    box = rx.el.input(
        name="search",
        type="search",
        aria_label=f"Search {caption.lower()}",
        placeholder=search,
        max_length=100,
        custom_attrs={"ref": follows_url("search")},
        class_name=f"{_INPUT} w-full sm:w-64",
    )
    return rx.el.div(
        _GetForm.create(
            box if search else rx.fragment(),
            *(_filter(each) for each in filters),
            rx.el.input(type="hidden", name="sort", value=sort, read_only=True),
            button("Search", kind="quiet", type="submit", class_name="sr-only focus:not-sr-only"),
            method="get",
            action=path,
            role="search",
            class_name="flex flex-wrap items-center gap-2 min-w-0 flex-1 max-sm:basis-full",
        ),
        *more,
        class_name="flex flex-wrap items-center justify-between gap-3 mb-4",
    )


def _filter(which: Filter) -> rx.Component:
    shared: dict[str, Any] = {
        "name": which.name,
        "aria_label": which.title,
        "custom_attrs": {"ref": follows_url(which.name)},
        "on_change": submits_form(),
        "class_name": f"{_INPUT} min-w-0 max-w-full",
    }
    if which.kind == "date":
        box = rx.el.input(type="date", **shared)
        return rx.el.label(
            rx.el.span(which.title), box, class_name="flex items-center gap-2 text-sm text-muted"
        )
    if which.kind != "choice":
        return rx.el.input(type=which.kind, placeholder=which.title, max_length=254, **shared)
    if isinstance(which.options, rx.Var):
        options = rx.foreach(
            which.options, lambda each: rx.el.option(each[1].to(str), value=each[0].to(str))
        )
    else:
        options = rx.fragment(*(rx.el.option(words, value=value) for value, words in which.options))
    return rx.el.select(rx.el.option(which.title, value=""), options, **shared)


def _rows(view: rx.Var, rows: rx.Var, columns: Sequence[Column], caption: str) -> rx.Component:
    return rx.el.table(
        rx.el.caption(caption, class_name="sr-only"),
        rx.el.thead(
            rx.el.tr(
                *(_head(view, column) for column in columns),
                role="row",
                class_name="max-md:flex max-md:flex-wrap max-md:gap-x-4 max-md:pb-2",
            ),
            role="rowgroup",
            class_name="max-md:block text-left text-muted",
        ),
        rx.el.tbody(
            rx.foreach(rows, lambda row: _row(row, columns)),
            role="rowgroup",
            class_name="max-md:block divide-y divide-line border-y border-line",
        ),
        role="table",
        class_name="w-full max-md:block text-sm tabular-nums",
    )


def _head(view: rx.Var, column: Column) -> rx.Component:
    shape = "font-medium py-2 md:pr-4 md:last:pr-0 whitespace-nowrap"
    if column.number:
        shape += " md:text-right"
    if not column.sort:
        title = column.title or rx.el.span("What to do", class_name="sr-only")
        return rx.el.th(
            title, scope="col", role="columnheader", class_name=f"{shape} max-md:hidden"
        )
    direction = expression(
        f"{view!s}?.sort === '{column.name}' ? 'ascending' "
        f": {view!s}?.sort === '-{column.name}' ? 'descending' : 'none'",
        str,
        view,
    )
    arrow = rx.match(
        direction,
        ("ascending", rx.icon("arrow-up", size=14, aria_hidden="true")),
        ("descending", rx.icon("arrow-down", size=14, aria_hidden="true")),
        rx.fragment(),
    )
    return rx.el.th(
        ReactRouterLink.create(
            column.title,
            rx.fragment(arrow),
            to=expression(f"{view!s}?.links?.['{column.name}'] ?? ''", str, view),
            class_name="inline-flex items-center gap-1 rounded-control hover:text-ink",
        ),
        scope="col",
        role="columnheader",
        aria_sort=direction,
        class_name=shape,
    )


def _row(row: Row, columns: Sequence[Column]) -> rx.Component:
    return rx.el.tr(
        *(_cell(row, column, first=not number) for number, column in enumerate(columns)),
        key=row["id"].to(str),
        role="row",
        class_name="max-md:block max-md:py-3 align-middle",
    )


def _cell(row: Row, column: Column, *, first: bool) -> rx.Component:
    shape = "max-md:flex max-md:gap-4 max-md:py-0.5 md:py-3 md:pr-4 md:last:pr-0 min-w-0 "
    if column.title and not first:
        shape += (
            "max-md:justify-between max-md:text-right max-md:before:content-[attr(data-label)] "
            "max-md:before:text-muted max-md:before:shrink-0 "
        )
    if column.number:
        shape += "md:text-right"
    return rx.el.td(
        rx.el.div(column.cell(row), class_name="min-w-0 break-words"),
        role="rowheader" if first else "cell",
        custom_attrs={"data-label": column.title},
        class_name=shape,
    )


def _loading() -> rx.Component:
    return rx.el.div(
        *[skeleton("h-12 w-full") for _ in range(5)],
        role="status",
        aria_label="Loading",
        class_name="space-y-2",
    )


def _failed(words: rx.Var[str]) -> rx.Component:
    return rx.el.div(
        notice(words, "danger"),
        rx.el.button(
            "Try again", type="button", on_click=reloads(), class_name=f"{_PAGE} self-start"
        ),
        class_name="flex flex-col gap-3 py-4",
    )


def _turning(view: rx.Var, caption: str) -> rx.Component:
    words = expression(f"{view!s}?.words ?? ''", str, view)
    back = expression(f"{view!s}?.previous ?? ''", str, view)
    on = expression(f"{view!s}?.next ?? ''", str, view)
    # The place is kept while rows are looked for; a table that has all of its rows needs none.
    needed = expression(f"!({view!s}?.words === '' && {view!s}.rows.length)", bool, view)
    bar = rx.el.nav(
        rx.el.p(words, role="status", class_name="text-sm text-muted tabular-nums"),
        rx.el.div(
            rx.cond(back, ReactRouterLink.create("Previous page", to=back, class_name=_PAGE)),
            rx.cond(on, ReactRouterLink.create("Next page", to=on, class_name=_PAGE)),
            class_name="flex gap-2",
        ),
        aria_label=f"Pages of {caption.lower()}",
        class_name="flex flex-wrap items-center justify-between gap-3 mt-3 min-h-9",
    )
    return rx.cond(needed, bar)
