"""The page about groups."""

from typing import Any

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink

from chatapp import routes
from chatapp.accounts.groups import LONGEST_NAME
from chatapp.admin.frame import admin_frame
from chatapp.admin.groups.state import GroupsState
from chatapp.admin.groups.views import AgentLink, GroupView, TierChoice
from chatapp.admin.stale import stale_notice
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
        # Only once the rest is there: what its load takes away must not be of this.
        rx.cond(count != -1, _new()),
    )


def _new() -> rx.Component:
    return card(
        rx.el.h2("A new group", class_name="text-lg font-semibold mb-4"),
        rx.el.form(
            field("Name", "name", required=True, max_length=LONGEST_NAME),
            rx.el.div(button("Make the group", type="submit")),
            on_submit=GroupsState.create,
            reset_on_submit=True,
            class_name="flex flex-col gap-4",
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
            ),
            class_name="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1",
        ),
        _facts(group),
        _models(group, hidden),
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
        class_name="bg-ground border border-line rounded-card p-5 sm:p-6 flex flex-col gap-3",
    )


def _facts(group: rx.vars.ObjectVar[GroupView]) -> rx.Component:
    agents = group["agents"].to(list[AgentLink])
    limits = ReactRouterLink.create(
        group["limits"].to(str),
        to=f"{routes.ADMIN_LIMITS}?group=" + group["id"].to(str),
        class_name=_LINK,
    )
    return rx.el.dl(
        _fact("Models", group["models"].to(str)),
        _fact("Limits", limits),
        _fact(
            "Agents",
            rx.cond(
                agents.length() > 0,
                rx.el.ul(
                    rx.foreach(agents, _agent),
                    aria_label="Agents of the group",
                    class_name="flex flex-wrap gap-x-4 gap-y-1",
                ),
                ReactRouterLink.create("None", to=routes.ADMIN_AGENTS, class_name=_LINK),
            ),
        ),
        class_name="grid grid-cols-[4rem_1fr] gap-x-3 gap-y-1 text-sm",
    )


def _fact(what: str, value: rx.Component | rx.Var[str]) -> rx.Component:
    return rx.fragment(
        rx.el.dt(what, class_name="text-muted"),
        rx.el.dd(value, class_name="min-w-0 break-words"),
    )


def _agent(agent: rx.vars.ObjectVar[AgentLink]) -> rx.Component:
    href = agent["href"].to(str)
    return rx.el.li(
        ReactRouterLink.create(agent["name"].to(str), to=href, class_name=_LINK), key=href
    )


def _models(group: rx.vars.ObjectVar[GroupView], hidden: rx.Component) -> rx.Component:
    stale = stored("admin:groups:stale", str).to(str) == group["id"].to(str)
    return _fold(
        "Choose models",
        hidden,
        rx.el.input(type="hidden", name="seen", value=group["seen"].to(str), read_only=True),
        rx.el.p(
            "Its people may use what is ticked, and what their other groups tick. With nothing "
            "ticked the group says nothing: who is in no group that does may use all models.",
            class_name="text-sm text-muted",
        ),
        rx.el.fieldset(
            rx.el.legend("Models of the group", class_name="sr-only"),
            rx.foreach(group["tiers"].to(list[TierChoice]), _tier),
            class_name="flex flex-wrap gap-x-6 gap-y-2",
        ),
        rx.cond(stale, stale_notice(GroupsState.load)),
        button("Save models", type="submit"),
        on_submit=GroupsState.set_tiers,
        # Its boxes are the browser's own: other models need new ones.
        key=group["seen"].to(str) + " " + group["tiers"].to(list).length().to_string(),
    )


def _tier(tier: rx.vars.ObjectVar[TierChoice]) -> rx.Component:
    name = tier["name"].to(str)
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            name="tier:" + name,
            value="yes",
            default_checked=tier["named"].to(bool),
            class_name="size-4 accent-accent",
        ),
        tier["label"].to(str),
        class_name="inline-flex items-center gap-2 text-sm min-h-6",
        key=name,
    )


def _fold(
    title: str, *children: rx.Component, on_submit: Any, key: rx.Var[str] | None = None
) -> rx.Component:
    return rx.el.details(
        rx.el.summary(title, class_name="cursor-pointer text-sm text-muted w-fit rounded-control"),
        rx.el.form(
            *children,
            on_submit=on_submit,
            key=key,
            class_name="mt-3 flex flex-col items-start gap-3 [&>label]:w-full",
        ),
    )
