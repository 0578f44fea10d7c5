"""The page about quality."""

import reflex as rx

from chatapp import routes
from chatapp.admin.frame import admin_frame
from chatapp.admin.quality.state import MemberQualityView, QualityState, QualityView, WordsView
from chatapp.history.quality import DOUBT
from chatapp.pool.changes import LEAST, MOST
from chatapp.ui.clock import date_and_clock
from chatapp.ui.parts import button, card, skeleton
from chatapp.ui.store import chosen, expression, stored

_VIEW = stored("admin:quality", QualityView)

_HEAD = "px-3 py-2 text-left text-xs font-medium text-muted whitespace-nowrap"
_CELL = "px-3 py-2.5 tabular-nums whitespace-nowrap"


def quality_page() -> rx.Component:
    """How good each member is; for others a page that does not exist."""
    return admin_frame(
        "Quality",
        routes.ADMIN_QUALITY,
        rx.cond(
            expression(f"!!{_VIEW!s}", bool, _VIEW),
            rx.fragment(_table(), _feeding(), _said()),
            rx.el.div(
                skeleton("h-56 w-full"), skeleton("h-32 w-full"), class_name="flex flex-col gap-5"
            ),
        ),
    )


def _table() -> rx.Component:
    rows = expression(f"{_VIEW!s}?.members ?? []", list[MemberQualityView], _VIEW)
    heads = expression(
        f"({_VIEW!s}?.members[0]?.cells ?? []).map((cell) => cell[0])", list[str], _VIEW
    )
    days = expression(f"{_VIEW!s}?.days ?? 7", int, _VIEW)
    return card(
        rx.el.h2(
            "Who answers how, in the last ",
            days.to_string(),
            " days",
            class_name="text-lg font-semibold mb-3",
        ),
        rx.el.div(
            rx.el.table(
                rx.el.caption("Quality of each member", class_name="sr-only"),
                rx.el.thead(
                    rx.el.tr(
                        rx.el.th("Member", scope="col", class_name=_HEAD),
                        rx.foreach(
                            heads, lambda head: rx.el.th(head, scope="col", class_name=_HEAD)
                        ),
                    ),
                    class_name="border-b border-line",
                ),
                rx.el.tbody(rx.foreach(rows, _row), class_name="divide-y divide-line"),
                class_name="w-full text-sm",
            ),
            tab_index=0,
            role="region",
            aria_label="Quality of each member",
            class_name="overflow-x-auto -mx-3",
        ),
    )


def _row(row: rx.vars.ObjectVar[MemberQualityView]) -> rx.Component:
    return rx.el.tr(
        rx.el.th(
            row["label"].to(str),
            scope="row",
            title=row["name"].to(str),
            class_name="px-3 py-2.5 text-left font-medium min-w-40",
        ),
        rx.foreach(
            row["cells"].to(list[list[str]]), lambda cell: rx.el.td(cell[1], class_name=_CELL)
        ),
        key=row["name"].to(str),
    )


def _feeding() -> rx.Component:
    feeds = expression(f"{_VIEW!s}?.feeds ?? false", bool, _VIEW).bool()
    return card(
        rx.el.h2("Quality and weights", class_name="text-lg font-semibold mb-1"),
        rx.el.p(
            "When this is on, who answers more reliably and is liked more than the others gets "
            f"more turns: its weight is multiplied by {LEAST} to {MOST}, never by less or more. "
            f"The last column shows by how much. Few numbers count little: {DOUBT} average "
            "attempts and thumbs are added to each. It is looked at once an hour. The weights "
            "themselves stay as they are.",
            class_name="text-sm text-muted mb-3 max-w-prose",
        ),
        rx.cond(
            feeds,
            button("Stop feeding weights", kind="quiet", on_click=QualityState.feed(False)),
            button("Let quality feed weights", on_click=QualityState.feed(True)),
        ),
    )


def _said() -> rx.Component:
    rows = expression(f"{_VIEW!s}?.words ?? []", list[WordsView], _VIEW)
    count = expression(f"{_VIEW!s}?.words.length ?? 0", int, _VIEW)
    return card(
        rx.el.h2("What people said", class_name="text-lg font-semibold mb-1"),
        rx.el.p(
            "Without their names, questions and answers.", class_name="text-sm text-muted mb-3"
        ),
        chosen(
            count,
            (0, rx.el.p("Nobody has said anything yet.", class_name="text-muted py-6 text-center")),
            otherwise=rx.el.ul(
                rx.foreach(rows, _word),
                aria_label="What people said",
                class_name="divide-y divide-line border-y border-line",
            ),
        ),
    )


def _word(row: rx.vars.ObjectVar[WordsView]) -> rx.Component:
    return rx.el.li(
        rx.cond(
            row["up"].to(bool),
            rx.icon("thumbs-up", size=16, aria_label="Good", class_name="mt-1 shrink-0"),
            rx.icon("thumbs-down", size=16, aria_label="Bad", class_name="mt-1 shrink-0"),
        ),
        rx.el.div(
            rx.el.p(row["words"].to(str), class_name="[overflow-wrap:anywhere]"),
            rx.el.p(
                row["label"].to(str),
                " · ",
                date_and_clock(row["at"].to(str)),
                class_name="text-xs text-muted",
            ),
            class_name="min-w-0",
        ),
        key=row["at"].to(str) + row["words"].to(str),
        class_name="flex gap-3 py-3",
    )
