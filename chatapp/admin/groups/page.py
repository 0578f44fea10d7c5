"""The page about groups."""

from typing import Any

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink

from chatapp import routes
from chatapp.accounts.groups import LONGEST_NAME
from chatapp.admin.frame import admin_frame
from chatapp.admin.groups.state import GroupsState, GroupView
from chatapp.ui.parts import button, card, field, notice, skeleton
from chatapp.ui.store import chosen, expression, stored

_GROUPS = stored("admin:groups", list[GroupView])
_LINK = "text-sm text-accent underline underline-offset-2"
_BOX = "w-full px-3 py-2 rounded-control bg-ground border border-edge text-base"


def groups_page() -> rx.Component:
    """All groups and what can be done with them; for others a page that is none."""
    said, wrong = stored("admin:groups:said", str), stored("admin:groups:wrong", str)
    count = expression(f"{_GROUPS!s}?.length ?? -1", int, _GROUPS)
    rows = expression(f"{_GROUPS!s} ?? []", list[GroupView], _GROUPS)
    return admin_frame(
        "Groups",
        routes.ADMIN_GROUPS,
        rx.cond(said, notice(said.to(str))),
        rx.cond(wrong, notice(wrong.to(str), "danger")),
        chosen(
            count,
            (-1, skeleton("h-40 w-full")),
            (0, rx.el.p("There are no groups yet.", class_name="text-muted py-6 text-center")),
            otherwise=rx.el.ul(
                rx.foreach(rows, _group), aria_label="Groups", class_name="flex flex-col gap-3"
            ),
        ),
        card(
            rx.el.h2("A new group", class_name="text-lg font-semibold mb-4"),
            rx.el.form(
                field("Name", "name", required=True, max_length=LONGEST_NAME),
                rx.el.div(button("Make the group", type="submit")),
                on_submit=GroupsState.create,
                reset_on_submit=True,
                class_name="flex flex-col gap-4",
            ),
        ),
    )


def _group(group: rx.vars.ObjectVar[GroupView]) -> rx.Component:
    group_id, name = group["id"].to(str), group["name"].to(str)
    hidden = rx.el.input(type="hidden", name="id", value=group_id, read_only=True)
    return rx.el.li(
        rx.el.div(
            rx.el.h2(name, class_name="text-lg font-semibold break-words min-w-0"),
            rx.el.p(
                ReactRouterLink.create(
                    group["people"].to(str),
                    rx.cond(group["people"].to(str) == "1", " person", " people"),
                    to=f"{routes.ADMIN_PEOPLE}?group=" + group_id,
                    class_name=_LINK,
                ),
                ReactRouterLink.create(
                    "Limits", to=f"{routes.ADMIN_LIMITS}?group=" + group_id, class_name=_LINK
                ),
                class_name="flex gap-4",
            ),
            class_name="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1",
        ),
        _fold(
            "Add people",
            hidden,
            rx.el.label(
                rx.el.span("E-mails, one a line", class_name="block text-sm font-medium mb-1.5"),
                rx.el.textarea(name="emails", rows="3", required=True, class_name=_BOX),
            ),
            button("Add them", type="submit"),
            on_submit=GroupsState.add_people,
        ),
        _fold(
            "Rename",
            hidden,
            field("New name", "name", required=True, max_length=LONGEST_NAME, default_value=name),
            button("Rename", kind="quiet", type="submit"),
            on_submit=GroupsState.rename,
        ),
        _fold(
            "Remove",
            hidden,
            rx.el.p(
                "Its people stay; its limits and its agents go. This cannot be undone.",
                class_name="text-sm text-muted",
            ),
            field("Type the group’s name to confirm", "name", required=True, auto_complete="off"),
            button("Remove the group", kind="danger", type="submit"),
            on_submit=GroupsState.remove,
        ),
        key=group_id,
        class_name="bg-ground border border-line rounded-card p-5 flex flex-col gap-3",
    )


def _fold(title: str, *children: rx.Component, on_submit: Any) -> rx.Component:
    return rx.el.details(
        rx.el.summary(title, class_name="cursor-pointer text-sm text-muted w-fit rounded-control"),
        rx.el.form(
            *children,
            on_submit=on_submit,
            class_name="mt-3 flex flex-col items-start gap-3 [&>label]:w-full",
        ),
    )
