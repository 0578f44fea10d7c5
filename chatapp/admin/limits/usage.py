"""What was used in the last days, beside the limits."""

from collections.abc import Sequence

import reflex as rx

from chatapp.admin.limits.views import COLUMNS, DAYS, RowView, TotalsView
from chatapp.limits.components import usage_bars
from chatapp.limits.usage import UsageView
from chatapp.ui.parts import card, skeleton
from chatapp.ui.store import expression, stored

_TOTALS = stored("admin:limits:totals", TotalsView)


def usage_card() -> rx.Component:
    """Sums of the last days, by models and days, and who asked most."""
    used = expression(f"{_TOTALS!s}?.used", UsageView, _TOTALS)
    there = expression(f"!!{used!s}", bool, used)
    return card(
        rx.el.h2(f"Used in the last {DAYS} days", class_name="text-lg font-semibold mb-4"),
        rx.cond(there, rx.el.div(usage_bars(used), class_name="mb-6")),
        rx.cond(
            expression(f"!!{_TOTALS!s}", bool, _TOTALS),
            _sums(),
            skeleton("h-40 w-full"),
        ),
    )


def _sums() -> rx.Component:
    whole = expression(f"{_TOTALS!s}?.sum ?? []", list[list[str]], _TOTALS)
    return rx.el.div(
        rx.el.dl(
            rx.foreach(whole.to(list[list[str]]), _number),
            class_name="grid grid-cols-2 sm:grid-cols-5 gap-3",
        ),
        _table("By model", "members", COLUMNS),
        _table("By day", "days", COLUMNS),
        _table("Who asked most this month", "people", ("Questions",)),
        class_name="flex flex-col gap-6",
    )


def _number(pair: rx.vars.ArrayVar[list[str]]) -> rx.Component:
    return rx.el.div(
        rx.el.dt(pair[0], class_name="text-sm text-muted"),
        rx.el.dd(pair[1], class_name="text-xl font-semibold tabular-nums"),
    )


def _table(title: str, name: str, columns: Sequence[str]) -> rx.Component:
    rows = expression(f"{_TOTALS!s}?.{name} ?? []", list[RowView], _TOTALS)
    any_row = expression(f"!!{_TOTALS!s}?.{name}?.length", bool, _TOTALS)
    return rx.cond(
        any_row,
        rx.el.div(
            rx.el.table(
                rx.el.caption(title, class_name="text-left font-medium pb-2"),
                rx.el.thead(
                    rx.el.tr(
                        rx.el.th(
                            rx.el.span(title, class_name="sr-only"),
                            scope="col",
                        ),
                        *(
                            rx.el.th(
                                column,
                                scope="col",
                                class_name="text-right font-medium pl-4 pb-1.5 whitespace-nowrap",
                            )
                            for column in columns
                        ),
                        class_name="text-muted",
                    )
                ),
                rx.el.tbody(
                    rx.foreach(rows.to(list[RowView]), _row), class_name="divide-y divide-line"
                ),
                class_name="w-full text-sm tabular-nums",
            ),
            class_name="overflow-x-auto",
        ),
    )


def _row(row: rx.vars.ObjectVar[RowView]) -> rx.Component:
    name, href = row["name"].to(str), row["href"].to(str)
    return rx.el.tr(
        rx.el.th(
            rx.cond(
                href,
                rx.el.a(name, href=href, class_name="text-accent underline underline-offset-2"),
                name,
            ),
            scope="row",
            class_name="text-left font-normal py-1.5 whitespace-nowrap",
        ),
        rx.foreach(
            row["cells"].to(list[str]),
            lambda cell: rx.el.td(cell, class_name="text-right pl-4 py-1.5"),
        ),
    )
