"""The page about the audit."""

import reflex as rx

from chatapp import routes
from chatapp.admin.frame import admin_frame
from chatapp.admin.tables import Column, Filter, Row, table
from chatapp.ui.clock import date_and_clock
from chatapp.ui.parts import card, link_button
from chatapp.ui.store import expression, stored

_ACTIONS = stored("admin:audit:actions", list[list[str]])
_EXPORT = stored("admin:audit:export", str)


def audit_page() -> rx.Component:
    """Who did what, when, from where; for others a page that does not exist."""
    actions = expression(f"{_ACTIONS!s} ?? []", list[list[str]], _ACTIONS)
    return admin_frame(
        "Audit",
        routes.ADMIN_AUDIT,
        rx.el.p(
            "What admins have changed, and who has signed in. Nothing here can be changed or "
            "deleted, not even by an administrator. Times are by your clock, in the export UTC.",
            class_name="text-sm text-muted",
        ),
        card(
            table(
                "admin:audit",
                (
                    Column("action", "What", _what),
                    Column("at", "When", _when, sort=True),
                    Column("by", "By", lambda note: note["by"].to(str)),
                    Column("subject", "To whom or what", lambda note: note["subject"].to(str)),
                    Column("address", "From", lambda note: note["address"].to(str)),
                ),
                path=routes.ADMIN_AUDIT,
                caption="The audit",
                filters=(
                    Filter("person", "Person (e-mail)", (), kind="text"),
                    Filter("action", "Everything", actions),
                    Filter("since", "From", (), kind="date"),
                    Filter("until", "To", (), kind="date"),
                ),
                empty="Nothing of the kind has been noted.",
                more=(
                    link_button(
                        "Export as CSV",
                        _EXPORT.to(str),
                        kind="quiet",
                        # Not a page of ours that Reflex could show: the browser fetches it.
                        custom_attrs={"reloadDocument": True},
                    ),
                ),
            )
        ),
    )


def _what(note: Row) -> rx.Component:
    changes = note["changes"].to(list[list[str]])
    return rx.el.div(
        rx.el.p(note["action"].to(str), class_name="font-medium"),
        rx.el.ul(
            rx.foreach(changes, _change),
            class_name="text-muted text-xs mt-1 flex flex-col gap-0.5 empty:hidden",
        ),
    )


def _change(change: rx.vars.ArrayVar[list[str]]) -> rx.Component:
    name, before, after = change[0].to(str), change[1].to(str), change[2].to(str)
    return rx.el.li(
        rx.cond(name, rx.fragment(name, ": ")),
        rx.cond(before, rx.el.del_(before)),
        " ",
        rx.cond(after, rx.el.ins(after, class_name="no-underline text-ink")),
        class_name="break-words max-w-md",
    )


def _when(note: Row) -> rx.Component:
    at = note["at"].to(str)
    return rx.el.time(
        date_and_clock(at, seconds=True), date_time=at, class_name="lg:whitespace-nowrap"
    )
