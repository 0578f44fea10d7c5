"""Announcements as people see them: above what they do, text only."""

from uuid import UUID

import reflex as rx

from chatapp.announcements.service import AnnouncementView
from chatapp.announcements.state import AnnouncementState
from chatapp.ui.parts import icon_button
from chatapp.ui.store import expression, stored

_LOOKS = {
    "problem": "bg-danger-soft text-danger border-danger/30",
    "warning": "bg-mark text-ink border-line",
}
_NAMES = {"problem": "Problem", "warning": "Please note"}


def announcements() -> rx.Component:
    """All that is announced and not dismissed, what matters most first."""
    found = stored("announcements", list[AnnouncementView])
    return announced(expression(f"{found!s} ?? []", list[AnnouncementView], found))


def announced(found: rx.Var[list[AnnouncementView]], *, dismissible: bool = True) -> rx.Component:
    """Announcements, one below the other."""
    rows = found.to(list[AnnouncementView])
    return rx.cond(
        rows.length() > 0,
        rx.el.ul(
            rx.foreach(rows, lambda row: _announcement(row, dismissible)),
            aria_label="Announcements",
            class_name="mx-auto w-full max-w-column px-3 sm:px-4 py-2 flex flex-col gap-2 shrink-0",
        ),
    )


def _announcement(row: rx.vars.ObjectVar[AnnouncementView], dismissible: bool) -> rx.Component:
    level = row["level"].to(str)
    icon = rx.match(
        level,
        ("problem", rx.icon("octagon-alert", size=16, aria_hidden="true")),
        ("warning", rx.icon("triangle-alert", size=16, aria_hidden="true")),
        rx.icon("megaphone", size=16, aria_hidden="true"),
    )
    return rx.el.li(
        rx.el.span(icon, class_name="shrink-0 mt-1"),
        rx.el.p(
            rx.el.strong(
                rx.match(level, *_NAMES.items(), "News"), ": ", class_name="font-semibold"
            ),
            row["words"].to(str),
            class_name="min-w-0 flex-1 py-0.5 whitespace-pre-wrap [overflow-wrap:anywhere]",
        ),
        icon_button(
            "x",
            "Dismiss this announcement",
            size=16,
            on_click=AnnouncementState.dismiss(row["id"].to(str).to(UUID)),
            class_name="-my-1 !text-current",
        )
        if dismissible
        else rx.fragment(),
        key=row["id"].to(str),
        role="listitem",
        class_name=[
            "flex items-start gap-3 rounded-control border pl-4 pr-1 py-1.5 text-sm appear",
            rx.match(level, *_LOOKS.items(), "bg-sunken text-ink border-line"),
        ],
    )
