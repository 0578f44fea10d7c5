"""What was used in the last days, beside the limits."""

import reflex as rx

from chatapp import routes
from chatapp.admin.limits.views import COLUMNS, DAYS, TotalsView
from chatapp.admin.tables import Column, Row, table
from chatapp.limits.components import usage_bars
from chatapp.limits.usage import UsageView
from chatapp.ui.parts import card, heading, skeleton
from chatapp.ui.store import expression, stored

_TOTALS = stored("admin:limits:totals", TotalsView)


def usage_card() -> rx.Component:
    """Sums of the last days, by models and days, and who asked most."""
    whole = expression(f"{_TOTALS!s}?.sum ?? []", list[list[str]], _TOTALS)
    used = expression(f"{_TOTALS!s}?.used", UsageView, _TOTALS)
    one_person = expression(f"!!{used!s}", bool, used)
    return card(
        heading(f"Used in the last {DAYS} days"),
        rx.cond(
            expression(f"!!{_TOTALS!s}", bool, _TOTALS),
            rx.el.dl(
                rx.foreach(whole.to(list[list[str]]), _number),
                class_name="grid grid-cols-2 sm:grid-cols-5 gap-3",
            ),
            skeleton("h-14 w-full"),
        ),
        rx.cond(one_person, rx.el.div(usage_bars(used), class_name="mt-6")),
        _part("By model", "members", *_columns("Model")),
        _part("By day", "days", *_columns("Day")),
        rx.cond(
            ~one_person,
            _part(
                "Who asked most this month",
                "people",
                Column("name", "Person", _link),
                Column("questions", "Questions", lambda row: row["questions"].to(str), number=True),
            ),
        ),
    )


def _columns(first: str) -> list[Column]:
    return [
        Column("name", first, lambda row: row["name"].to(str)),
        *(
            Column(name, title, lambda row, name=name: row[name].to(str), number=True)
            for name, title in COLUMNS.items()
        ),
    ]


def _number(pair: rx.vars.ArrayVar[list[str]]) -> rx.Component:
    return rx.el.div(
        rx.el.dt(pair[0], class_name="text-sm text-muted"),
        rx.el.dd(pair[1], class_name="text-xl font-semibold tabular-nums"),
    )


def _part(title: str, name: str, *columns: Column) -> rx.Component:
    return rx.el.div(
        rx.el.h3(title, class_name="font-medium mb-1"),
        table(
            f"admin:limits:{name}",
            columns,
            path=routes.ADMIN_LIMITS,
            caption=title,
            empty="Nothing yet.",
        ),
        class_name="mt-6",
    )


def _link(row: Row) -> rx.Component:
    return rx.el.a(
        row["name"].to(str),
        href=row["href"].to(str),
        class_name="text-accent underline underline-offset-2 break-all",
    )
