"""The list of people."""

from uuid import UUID

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink

from chatapp import routes
from chatapp.admin.frame import admin_frame
from chatapp.admin.people.state import PeopleState
from chatapp.admin.tables import Column, Filter, Row, table
from chatapp.ui.behaviour import copies, selects_all
from chatapp.ui.parts import button, card, choice, field, icon_button, notice
from chatapp.ui.store import chosen, expression, stored

_WAITING = stored("admin:waiting", int)
_NAMES = stored("admin:group-names", list[list[str]])

GROUPS = expression(f"{_NAMES!s} ?? []", list[list[str]], _NAMES)
"""The groups: their ids and names."""

ROLES = (("admin", "Admins"), ("member", "Members"))
STATUSES = (
    ("active", "May come in"),
    ("pending", "Wait for approval"),
    ("disabled", "Switched off"),
)


def people_page() -> rx.Component:
    """The people of the installation; for others a page that is none."""
    words = stored("admin:notice", str).to(str)
    return admin_frame(
        "People",
        routes.ADMIN_PEOPLE,
        rx.cond(words, notice(words, "danger")),
        _waiting(),
        card(
            table(
                "admin:people",
                (
                    Column("email", "E-mail", _who, sort=True),
                    Column("name", "Name", lambda row: row["name"].to(str), sort=True),
                    Column("since", "Since", lambda row: row["since"].to(str), sort=True),
                    Column(
                        "questions",
                        "Questions this month",
                        lambda row: row["questions"].to(str),
                        number=True,
                    ),
                    Column("do", "", _actions),
                ),
                path=routes.ADMIN_PEOPLE,
                caption="People",
                search="Search by e-mail or name",
                filters=(
                    Filter("role", "All roles", ROLES),
                    Filter("status", "All", STATUSES),
                    Filter("group", "All groups", GROUPS),
                ),
                empty="Nobody matches.",
            )
        ),
        # Only once its groups are there: what the load takes away must not be a link of it.
        rx.cond(expression(f"{_NAMES!s} !== undefined", bool, _NAMES), _invite()),
    )


def _invite() -> rx.Component:
    link = stored("admin:invite", str)
    return card(
        rx.el.h2("Invite", class_name="text-lg font-semibold"),
        rx.el.p(
            "A link with which one person makes an account, also where sign-up is closed. It works "
            "once, for seven days.",
            class_name="mt-1 mb-4 text-sm text-muted",
        ),
        rx.el.form(
            field("E-mail (optional: only for this one)", "email", "email", max_length=254),
            choice(
                "Group",
                "group",
                ("", "None"),
                rx.foreach(GROUPS, lambda each: rx.el.option(each[1], value=each[0])),
            ),
            button("Make a link", type="submit"),
            on_submit=PeopleState.invite,
            class_name="grid gap-4 sm:grid-cols-[1fr_14rem_auto] items-end",
        ),
        rx.cond(link, one_time_link(link)),
        rx.el.p(
            ReactRouterLink.create(
                "All invitations",
                to=routes.ADMIN_INVITATIONS,
                class_name="text-accent underline underline-offset-2",
            ),
            ": who was invited, and whether it can be withdrawn.",
            class_name="mt-4 text-sm text-muted",
        ),
        custom_attrs={"aria-label": "Invite"},
    )


def one_time_link(path: rx.Var) -> rx.Component:
    """A link that is shown this once."""
    url = expression(f"{path!s} ? location.origin + {path!s} : ''", str, path)
    return rx.el.div(
        rx.el.p("This link is shown only now. Give it to its person yourself.", class_name="mb-2"),
        rx.el.div(
            rx.el.input(
                value=url,
                read_only=True,
                aria_label="The link",
                on_focus=selects_all(),
                class_name="flex-1 min-w-0 h-10 px-3 rounded-control bg-ground border border-edge",
            ),
            icon_button("copy", "Copy the link", on_click=copies(url)),
            class_name="flex items-center gap-2",
        ),
        role="status",
        class_name="mt-4 rounded-control px-3.5 py-3 text-sm bg-sunken",
    )


def _waiting() -> rx.Component:
    words = expression(
        f"{_WAITING!s} === 1 ? 'One person waits for approval.' "
        f": `${{{_WAITING!s}?.toLocaleString()}} people wait for approval.`",
        str,
        _WAITING,
    )
    return rx.cond(
        _WAITING,
        rx.el.p(
            words,
            " ",
            ReactRouterLink.create(
                "Show them",
                to=f"{routes.ADMIN_PEOPLE}?status=pending",
                class_name="text-accent underline underline-offset-2",
            ),
            role="status",
            class_name="rounded-control px-3.5 py-2.5 text-sm bg-mark text-ink",
        ),
    )


def _who(person: Row) -> rx.Component:
    return rx.el.div(
        ReactRouterLink.create(
            person["email"].to(str),
            to=f"{routes.ADMIN_PERSON}?id=" + person["id"].to(str),
            class_name="font-medium break-all underline-offset-2 hover:underline",
        ),
        badges(person),
        class_name="flex flex-wrap items-center gap-x-2 gap-y-1",
    )


def badges(person: Row) -> rx.Component:
    """What is special about a person."""
    status, role = person["status"].to(str), person["role"].to(str)
    return rx.el.span(
        rx.cond(role == "admin", _badge("Admin")),
        rx.cond(status == "pending", _badge("Waiting")),
        rx.cond(status == "disabled", _badge("Switched off")),
        rx.cond(person["me"].to(bool), _badge("You")),
        class_name="flex flex-wrap gap-1 empty:hidden",
    )


def _badge(text: str) -> rx.Component:
    return rx.el.span(
        text, class_name="rounded-full bg-sunken px-2.5 py-0.5 text-xs text-muted whitespace-nowrap"
    )


def _actions(person: Row) -> rx.Component:
    return rx.cond(
        ~person["me"].to(bool),
        rx.el.div(
            _change_status(person),
            _change_role(person),
            class_name="flex flex-wrap md:justify-end gap-2 max-md:pt-2",
        ),
    )


def _change_status(person: Row) -> rx.Component:
    user_id = person["id"].to(str).to(UUID)
    return chosen(
        person["status"].to(str),
        (
            "active",
            button(
                "Switch off", kind="danger", on_click=PeopleState.set_status(user_id, "disabled")
            ),
        ),
        ("pending", button("Approve", on_click=PeopleState.set_status(user_id, "active"))),
        otherwise=button(
            "Switch on", kind="quiet", on_click=PeopleState.set_status(user_id, "active")
        ),
    )


def _change_role(person: Row) -> rx.Component:
    user_id = person["id"].to(str).to(UUID)
    return rx.cond(
        person["role"].to(str) == "admin",
        button("Make member", kind="quiet", on_click=PeopleState.set_role(user_id, "member")),
        button("Make admin", kind="quiet", on_click=PeopleState.set_role(user_id, "admin")),
    )
