"""The page about announcements."""

from typing import Any
from uuid import UUID

import reflex as rx

from chatapp import routes
from chatapp.admin.announcements.state import AnnouncedView, AnnouncingState
from chatapp.admin.confirm import second_click
from chatapp.admin.frame import admin_frame
from chatapp.announcements.service import LONGEST
from chatapp.ui.clock import date_and_clock
from chatapp.ui.parts import button, card, choice, notice, skeleton
from chatapp.ui.store import chosen, expression, stored

_ROWS = stored("admin:announcements", list[AnnouncedView])
_COUNT = expression(f"{_ROWS!s}?.length ?? -1", int, _ROWS)

_LEVELS = (("info", "News"), ("warning", "Please note"), ("problem", "Problem"))
_STATES = {"shown": "Shown now", "coming": "Coming", "over": "Over"}
_INPUT = "w-full px-3 rounded-control bg-ground border border-edge text-base "


def announcements_page() -> rx.Component:
    """What is told to everybody; for others a page that does not exist."""
    said = stored("admin:announcements:said", str).to(str)
    mistake = stored("admin:announcements:mistake", str).to(str)
    return admin_frame(
        "Announcements",
        routes.ADMIN_ANNOUNCEMENTS,
        rx.cond(said, notice(said)),
        # Only once the list is there: what its load takes away must not be of this.
        rx.cond(_COUNT != -1, _form(mistake)),
        _list(),
    )


def _form(mistake: rx.Var[str]) -> rx.Component:
    return card(
        rx.el.h2("Tell everybody", class_name="text-lg font-semibold"),
        rx.el.p(
            "It is shown above the chats and on the status page at once, without a reload, until "
            "it ends. People may dismiss it. It is text: nothing in it becomes a link.",
            class_name="mt-1 mb-4 text-sm text-muted",
        ),
        rx.el.form(
            rx.el.label(
                rx.el.span("What is announced", class_name="block text-sm font-medium mb-1.5"),
                rx.el.textarea(
                    name="words",
                    rows="2",
                    max_length=LONGEST,
                    required=True,
                    aria_describedby="announcement-mistake",
                    class_name=_INPUT + "py-2.5 block",
                ),
                class_name="block",
            ),
            rx.el.div(
                choice("Level", "level", *_LEVELS),
                _time("From (empty: at once)", "starts"),
                _time("Until (empty: until it is ended)", "ends"),
                class_name="grid sm:grid-cols-3 gap-4",
            ),
            rx.el.p(
                mistake,
                id="announcement-mistake",
                role="alert",
                class_name="text-sm text-danger empty:hidden",
            ),
            rx.el.div(button("Announce", type="submit")),
            on_submit=AnnouncingState.announce,
            class_name="flex flex-col gap-4",
        ),
    )


def _time(label: str, name: str) -> rx.Component:
    return rx.el.label(
        rx.el.span(label, class_name="block text-sm font-medium mb-1.5"),
        rx.el.input(name=name, type="datetime-local", class_name=_INPUT + "h-11"),
        class_name="block min-w-0",
    )


def _list() -> rx.Component:
    rows = expression(f"{_ROWS!s} ?? []", list[AnnouncedView], _ROWS)
    return card(
        rx.el.h2("The last ones", class_name="text-lg font-semibold mb-3"),
        chosen(
            _COUNT,
            (-1, rx.el.div(*[skeleton("h-14 w-full") for _ in range(3)], class_name="space-y-2")),
            (0, rx.el.p("Nothing was announced yet.", class_name="text-muted py-6 text-center")),
            otherwise=rx.el.ul(
                rx.foreach(rows, _row),
                aria_label="Announcements",
                class_name="divide-y divide-line border-y border-line",
            ),
        ),
    )


def _row(row: rx.vars.ObjectVar[AnnouncedView]) -> rx.Component:
    state, ends = row["state"].to(str), row["ends"].to(str)
    level: Any = rx.match(row["level"].to(str), *_LEVELS, "News")
    announcement_id = row["id"].to(str).to(UUID)
    return rx.el.li(
        rx.el.div(
            rx.el.p(
                row["words"].to(str), class_name="whitespace-pre-wrap [overflow-wrap:anywhere]"
            ),
            rx.el.p(
                level,
                " · ",
                rx.match(state, *_STATES.items(), ""),
                " · from ",
                date_and_clock(row["starts"].to(str)),
                rx.cond(ends, rx.fragment(" until ", date_and_clock(ends))),
                class_name="mt-0.5 text-sm text-muted",
            ),
            class_name="min-w-0 flex-1 basis-72",
        ),
        rx.cond(
            state == "over",
            second_click(
                "Delete",
                "It is gone from this list for good. The audit keeps its words.",
                "Delete it for good",
                AnnouncingState.delete(announcement_id),
            ),
            button(
                "End now",
                kind="quiet",
                type="button",
                on_click=AnnouncingState.end(announcement_id),
            ),
        ),
        key=row["id"].to(str),
        class_name="flex flex-wrap items-center gap-x-4 gap-y-2 py-3",
    )
