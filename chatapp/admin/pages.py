"""The page about people."""

from uuid import UUID

import reflex as rx

from chatapp import routes
from chatapp.admin.frame import admin_frame
from chatapp.admin.state import PAGE, AdminState, PeopleView, PersonView
from chatapp.ui.parts import button, card, icon_button, notice, skeleton
from chatapp.ui.store import chosen, expression, stored

_PEOPLE = stored("admin:people", PeopleView)
_SEARCH = expression(f"{_PEOPLE!s}?.search ?? ''", str, _PEOPLE)
_OFFSET = expression(f"{_PEOPLE!s}?.offset ?? 0", int, _PEOPLE).to(int)


def people_page() -> rx.Component:
    """The people of the installation; for others a page that is none."""
    words = stored("admin:notice", str).to(str)
    return admin_frame(
        "Administration",
        routes.ADMIN_PEOPLE,
        rx.cond(words, notice(words, "danger")),
        _people(),
    )


def _people() -> rx.Component:
    rows = expression(f"{_PEOPLE!s}?.rows ?? []", list[PersonView], _PEOPLE)
    count = expression(f"{_PEOPLE!s}?.rows.length ?? -1", int, _PEOPLE)
    return card(
        rx.el.div(
            rx.el.h2("People", class_name="text-lg font-semibold"),
            rx.el.form(
                rx.el.input(
                    name="search",
                    type="search",
                    aria_label="Search people",
                    placeholder="Search by e-mail or name",
                    max_length=100,
                    class_name="w-full h-10 px-3 rounded-control bg-ground border border-edge",
                ),
                on_submit=AdminState.search,
                role="search",
                class_name="w-full sm:w-72",
            ),
            class_name="flex flex-wrap items-center justify-between gap-3 mb-4",
        ),
        chosen(
            count,
            (-1, rx.el.div(*[skeleton("h-12 w-full") for _ in range(4)], class_name="space-y-2")),
            (0, rx.el.p("Nobody matches.", class_name="text-muted py-6 text-center")),
            otherwise=rx.el.ul(
                rx.foreach(rows, _person), class_name="divide-y divide-line border-y border-line"
            ),
        ),
        _turning(),
    )


def _person(person: rx.vars.ObjectVar[PersonView]) -> rx.Component:
    status, role = person["status"].to(str), person["role"].to(str)
    return rx.el.li(
        rx.el.div(
            rx.el.p(
                rx.cond(person["name"], person["name"], person["email"]),
                class_name="font-medium truncate",
            ),
            rx.el.p(
                person["email"].to(str),
                " · since ",
                person["since"].to(str),
                class_name="text-sm text-muted truncate",
            ),
            class_name="min-w-0 flex-1 basis-60",
        ),
        rx.el.div(
            rx.cond(role == "admin", _badge("Admin")),
            rx.cond(status == "pending", _badge("Waiting")),
            rx.cond(status == "disabled", _badge("Switched off")),
            rx.cond(person["me"].to(bool), _badge("You")),
            class_name="flex gap-1.5",
        ),
        rx.cond(
            ~person["me"].to(bool),
            rx.el.div(
                _change_status(person, status), _change_role(person, role), class_name="flex gap-2"
            ),
        ),
        key=person["id"].to(str),
        class_name="flex flex-wrap items-center gap-x-4 gap-y-2 py-3",
    )


def _change_status(
    person: rx.vars.ObjectVar[PersonView], status: rx.vars.StringVar
) -> rx.Component:
    user_id = person["id"].to(str).to(UUID)
    return chosen(
        status,
        (
            "active",
            button(
                "Switch off",
                kind="danger",
                on_click=AdminState.set_status(user_id, "disabled", _SEARCH, _OFFSET),
            ),
        ),
        (
            "pending",
            button(
                "Approve",
                on_click=AdminState.set_status(user_id, "active", _SEARCH, _OFFSET),
            ),
        ),
        otherwise=button(
            "Switch on",
            kind="quiet",
            on_click=AdminState.set_status(user_id, "active", _SEARCH, _OFFSET),
        ),
    )


def _change_role(person: rx.vars.ObjectVar[PersonView], role: rx.vars.StringVar) -> rx.Component:
    user_id = person["id"].to(str).to(UUID)
    return rx.cond(
        role == "admin",
        button(
            "Make member",
            kind="quiet",
            on_click=AdminState.set_role(user_id, "member", _SEARCH, _OFFSET),
        ),
        button(
            "Make admin",
            kind="quiet",
            on_click=AdminState.set_role(user_id, "admin", _SEARCH, _OFFSET),
        ),
    )


def _badge(text: str) -> rx.Component:
    return rx.el.span(
        text, class_name="rounded-full bg-sunken px-2.5 py-0.5 text-xs text-muted whitespace-nowrap"
    )


def _turning() -> rx.Component:
    more = expression(f"{_PEOPLE!s}?.more ?? false", bool, _PEOPLE)
    return rx.cond(
        more | (_OFFSET > 0),
        rx.el.div(
            icon_button(
                "chevron-left",
                "Previous page",
                disabled=_OFFSET == 0,
                on_click=AdminState.turn(_SEARCH, (_OFFSET - PAGE).to(int)),
            ),
            icon_button(
                "chevron-right",
                "Next page",
                disabled=~more,
                on_click=AdminState.turn(_SEARCH, (_OFFSET + PAGE).to(int)),
            ),
            class_name="flex justify-end gap-1 mt-3",
        ),
    )
