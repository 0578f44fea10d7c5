"""The first page: how much there is."""

import reflex as rx

from chatapp import routes
from chatapp.admin.frame import admin_frame
from chatapp.ui.parts import skeleton
from chatapp.ui.store import expression, stored

_TOTALS = stored("admin:totals", dict[str, int]).to(dict[str, int])


def overview_page() -> rx.Component:
    """The numbers of the installation; for others a page that is none."""
    return admin_frame(
        "Administration",
        routes.ADMIN,
        rx.el.div(
            _number("People", "people"),
            _number("Waiting for approval", "waiting"),
            _number("Chats", "chats"),
            _number("Questions", "questions"),
            class_name="grid grid-cols-2 md:grid-cols-4 gap-3",
        ),
    )


def _number(label: str, name: str) -> rx.Component:
    value = expression(f"{_TOTALS!s}?.{name}?.toLocaleString() ?? ''", str, _TOTALS)
    return rx.el.div(
        rx.el.p(label, class_name="text-sm text-muted"),
        rx.cond(
            value,
            rx.el.p(value, class_name="text-2xl font-semibold tabular-nums"),
            skeleton("h-8 w-16 mt-1"),
        ),
        class_name="bg-ground border border-line rounded-card p-4",
    )
