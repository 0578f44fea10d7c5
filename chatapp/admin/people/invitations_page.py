"""The list of invitations."""

from collections.abc import Callable
from uuid import UUID

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink

from chatapp import routes
from chatapp.admin.frame import admin_frame
from chatapp.admin.people.invitations_state import InvitationsState
from chatapp.admin.tables import Column, Filter, Row, table
from chatapp.ui.clock import date_and_clock
from chatapp.ui.parts import button, card, link_button, notice
from chatapp.ui.store import chosen, stored

STATES = (
    ("open", "Open"),
    ("used", "Used"),
    ("withdrawn", "Withdrawn"),
    ("over", "Too old"),
)


def invitations_page() -> rx.Component:
    """Who was invited, by whom, and what became of it; for others a page that is none."""
    said = stored("admin:invitations:said", str).to(str)
    wrong = stored("admin:invitations:wrong", str).to(str)
    return admin_frame(
        "Invitations",
        routes.ADMIN_PEOPLE,
        rx.cond(said, notice(said)),
        rx.cond(wrong, notice(wrong, "danger")),
        card(
            table(
                "admin:invitations",
                (
                    Column("email", "For", _text("email")),
                    Column("group", "Group", _text("group")),
                    Column("by", "Made by", _text("by")),
                    Column("made", "Made", _moment("made"), sort=True),
                    Column("until", "Until", _moment("until")),
                    Column("state", "State", _state),
                    Column("do", "", _withdraw),
                ),
                path=routes.ADMIN_INVITATIONS,
                caption="Invitations",
                filters=(Filter("state", "All", STATES),),
                empty="There is no such invitation.",
                more=(link_button("Invite somebody", routes.ADMIN_PEOPLE, kind="quiet"),),
            )
        ),
        rx.el.p(
            "An invitation works once, for seven days. What became of it can be seen here for "
            "three months, and in the audit for good.",
            class_name="text-sm text-muted",
        ),
    )


def _text(name: str) -> Callable[[Row], rx.Component]:
    def cell(row: Row) -> rx.Component:
        text = row[name].to(str)
        return rx.el.span(rx.cond(text, text, "None"), class_name="[overflow-wrap:anywhere]")

    return cell


def _moment(name: str) -> Callable[[Row], rx.Component]:
    def cell(row: Row) -> rx.Component:
        at = row[name].to(str)
        return rx.el.time(date_and_clock(at), date_time=at)

    return cell


def _state(row: Row) -> rx.Component:
    at, who = row["at"].to(str), row["who"].to(str)
    person = rx.cond(
        row["who_id"].to(str),
        ReactRouterLink.create(
            who,
            to=f"{routes.ADMIN_PERSON}?id=" + row["who_id"].to(str),
            class_name="text-accent underline underline-offset-2 [overflow-wrap:anywhere]",
        ),
        who,
    )
    how = rx.el.span(" by ", person, ", ", date_and_clock(at), class_name="text-muted")
    return rx.el.span(
        chosen(
            row["state"].to(str),
            ("open", rx.el.span("Open", class_name="font-medium")),
            ("used", rx.fragment("Used", how)),
            ("withdrawn", rx.fragment("Withdrawn", how)),
            otherwise=rx.fragment("Too old"),
        )
    )


def _withdraw(row: Row) -> rx.Component:
    return rx.cond(
        row["state"].to(str) == "open",
        button(
            "Withdraw",
            kind="danger",
            on_click=InvitationsState.withdraw(row["id"].to(str).to(UUID)),
        ),
    )
