"""The page about one person: what they may and use, and what can be done. Never what they wrote."""

from uuid import UUID

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink

from chatapp import routes
from chatapp.admin.frame import admin_frame
from chatapp.admin.people.page import badges, one_time_link
from chatapp.admin.people.person_state import GroupChoice, PersonPageView, PersonState
from chatapp.limits.usage import BarView
from chatapp.ui.clock import date_and_clock
from chatapp.ui.parts import button, card, field, notice, skeleton
from chatapp.ui.store import expression, stored

_VIEW = stored("admin:person", PersonPageView)
_PERSON = expression(f"{_VIEW!s}?.person ?? {{}}", dict[str, str], _VIEW).to(dict[str, str])
_ID = _PERSON["id"].to(str)
_LINK = "text-sm text-accent underline underline-offset-2"
_SMALL = "text-sm text-muted"


def person_page() -> rx.Component:
    """One person; for others than admins a page that is none."""
    said = stored("admin:person:said", str)
    wrong = stored("admin:person:wrong", str)
    return admin_frame(
        "Person",
        routes.ADMIN_PEOPLE,
        ReactRouterLink.create("All people", to=routes.ADMIN_PEOPLE, class_name=f"{_LINK} w-fit"),
        rx.cond(said, notice(said.to(str))),
        rx.cond(wrong, notice(wrong.to(str), "danger")),
        rx.cond(
            expression(f"!!{_VIEW!s}", bool, _VIEW),
            rx.fragment(_head(), _usage(), _groups(), _password(), _data(), _notes(), _erase()),
            # Null: there is no such person; undefined: not known yet.
            rx.cond(expression(f"{_VIEW!s} === undefined", bool, _VIEW), skeleton("h-40 w-full")),
        ),
    )


def _section(title: str, *children: rx.Component) -> rx.Component:
    return card(rx.el.h2(title, class_name="text-lg font-semibold mb-3"), *children)


def _head() -> rx.Component:
    return card(
        rx.el.p(_PERSON["email"], class_name="text-lg font-semibold break-all"),
        rx.el.p(
            rx.cond(_PERSON["name"], rx.fragment(_PERSON["name"], " · ")),
            "since ",
            _PERSON["since"],
            class_name=f"{_SMALL} mb-2",
        ),
        badges(_PERSON),
    )


def _usage() -> rx.Component:
    bars = expression(f"{_VIEW!s}?.usage?.bars ?? []", list[BarView], _VIEW)
    return _section(
        "Usage and limits",
        rx.el.dl(
            rx.foreach(
                bars,
                lambda bar: rx.el.div(
                    rx.el.dt(bar["label"].to(str), class_name=_SMALL),
                    rx.el.dd(
                        bar["used"].to(str),
                        rx.cond(bar["limit"].to(str), rx.fragment(" of ", bar["limit"].to(str))),
                        class_name="font-medium tabular-nums",
                    ),
                ),
            ),
            class_name="grid grid-cols-2 md:grid-cols-4 gap-4 mb-3 items-end",
        ),
        rx.el.p(
            "Models: ",
            rx.el.span(_text("models"), class_name="text-ink font-medium"),
            class_name=f"{_SMALL} mb-3",
        ),
        ReactRouterLink.create(
            "Limits of this person", to=f"{routes.ADMIN_LIMITS}?person=" + _ID, class_name=_LINK
        ),
    )


def _text(name: str) -> rx.Var[str]:
    return expression(f"{_VIEW!s}?.{name} ?? ''", str, _VIEW)


def _groups() -> rx.Component:
    groups = expression(f"{_VIEW!s}?.groups ?? []", list[GroupChoice], _VIEW).to(list[GroupChoice])
    seen = expression(
        f"({_VIEW!s}?.groups ?? []).filter((g) => g.member).map((g) => g.id).join(' ')", str, _VIEW
    )
    return _section(
        "Groups",
        rx.cond(
            groups.length() > 0,
            rx.el.form(
                _hidden(),
                rx.el.input(type="hidden", name="seen", value=seen, read_only=True),
                rx.foreach(
                    groups,
                    lambda group: rx.el.label(
                        rx.el.input(
                            type="checkbox",
                            name="group-" + group["id"].to(str),
                            default_checked=group["member"].to(bool),
                        ),
                        group["name"].to(str),
                        class_name="flex items-center gap-2 text-sm",
                        key=group["id"].to(str),
                    ),
                ),
                rx.el.div(button("Save groups", kind="quiet", type="submit"), class_name="w-full"),
                on_submit=PersonState.set_groups,
                # Its boxes are the browser's own: other groups need new ones.
                key=seen,
                class_name="flex flex-wrap gap-x-6 gap-y-3",
            ),
            rx.el.p("There are no groups yet.", class_name=_SMALL),
        ),
    )


def _password() -> rx.Component:
    link = stored("admin:person:link", str)
    return _section(
        "Password",
        rx.el.p(
            "A link with which the person chooses a new password. It works once, for 24 hours, and "
            "signs the person out everywhere.",
            class_name=f"{_SMALL} mb-4",
        ),
        button(
            "Make a link for a new password",
            kind="quiet",
            on_click=PersonState.make_password_link(_ID.to(UUID)),
        ),
        rx.cond(link, one_time_link(link)),
    )


def _data() -> rx.Component:
    return _section(
        "Data",
        rx.el.p(
            "The person is offered a copy of everything in the settings, and gets it alone: "
            "administrators do not read people’s chats.",
            class_name=f"{_SMALL} mb-4",
        ),
        button("Offer a copy", kind="quiet", on_click=PersonState.offer_export(_ID.to(UUID))),
    )


def _notes() -> rx.Component:
    notes = expression(f"{_VIEW!s}?.notes ?? []", list[dict[str, str]], _VIEW)
    return _section(
        "Noted lately",
        rx.el.ul(
            rx.foreach(
                notes,
                lambda note: rx.el.li(
                    rx.el.span(note["action"]),
                    rx.el.span(
                        "by ",
                        note["by"],
                        " · ",
                        date_and_clock(note["at"].to(str)),
                        class_name="text-muted break-all",
                    ),
                    class_name="flex flex-wrap justify-between gap-x-4 py-2 text-sm",
                    key=note["id"],
                ),
            ),
            class_name="divide-y divide-line mb-3",
        ),
        ReactRouterLink.create(
            "All of it in the audit", to=f"{routes.ADMIN_AUDIT}?person=" + _ID, class_name=_LINK
        ),
    )


def _erase() -> rx.Component:
    return _section(
        "Delete the account",
        rx.el.p(
            "All chats, settings, keys and sessions of the person are removed at once and for "
            "good. What was used stays counted, without the person.",
            class_name=f"{_SMALL} mb-4",
        ),
        rx.el.details(
            rx.el.summary(
                "Delete this account",
                class_name="cursor-pointer text-sm font-medium text-danger rounded-control w-fit",
            ),
            rx.el.form(
                _hidden(),
                field(
                    "Type the person’s e-mail to confirm",
                    "email",
                    auto_complete="off",
                    required=True,
                    max_length=254,
                ),
                rx.el.div(button("Delete everything", kind="danger", type="submit")),
                on_submit=PersonState.erase,
                class_name="mt-4 flex flex-col gap-4",
            ),
        ),
    )


def _hidden() -> rx.Component:
    return rx.el.input(type="hidden", name="id", value=_ID, read_only=True)
