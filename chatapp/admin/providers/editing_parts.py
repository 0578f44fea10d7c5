"""What the lines and forms of accounts and models are made of."""

from typing import Any

import reflex as rx

from chatapp.admin.confirm import confirm
from chatapp.admin.providers.editing_state import STALE, Action, ConfirmView, PoolEditingState
from chatapp.admin.providers.editing_views import PoolView
from chatapp.admin.stale import stale_notice
from chatapp.ui.parts import field
from chatapp.ui.store import expression, stored

POOL = stored("admin:pool", PoolView)
MISTAKES = stored("admin:pool:mistakes", dict[str, str])
REVISION = stored("admin:pool:revision", int).to_string()
"""Changes with each save, so that the forms for something new are empty again."""

_CONFIRM = stored("admin:pool:confirm", ConfirmView)


def do(action: Action | rx.Var, name: Any, *, confirmed: bool = False) -> Any:
    """The event of a button."""
    chosen: Any = action
    return PoolEditingState.do(chosen, name, confirmed)


def line(
    title: rx.Var[str], words: rx.Component, badge: rx.Component, actions: rx.Component
) -> rx.Component:
    """One account or model, and what can be done with it."""
    return rx.el.div(
        rx.el.div(
            rx.el.p(
                rx.el.span(title, class_name="font-medium [overflow-wrap:anywhere]"),
                badge,
                class_name="flex flex-wrap items-center gap-2",
            ),
            rx.el.p(words, class_name="text-sm text-muted [overflow-wrap:anywhere]"),
            class_name="min-w-0 flex-1 basis-64",
        ),
        rx.el.div(actions, class_name="flex flex-wrap gap-2"),
        class_name="flex flex-wrap items-center gap-x-4 gap-y-2",
    )


def summary(words: str) -> rx.Component:
    """What opens a form."""
    return rx.el.summary(
        words, class_name="mt-2 text-sm text-accent w-fit rounded-control py-1 select-none"
    )


def badge(words: str) -> rx.Component:
    """A word that marks a line."""
    return rx.el.span(words, class_name="rounded-full bg-mark text-ink px-2.5 py-0.5 text-xs")


def check(label: str, name: str, checked: Any) -> rx.Component:
    """A box to tick."""
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            name=name,
            value="yes",
            default_checked=checked,
            class_name="size-4 accent-accent",
        ),
        label,
        class_name="inline-flex items-center gap-2 text-sm min-h-6",
    )


def grid(*children: rx.Component) -> rx.Component:
    """Fields beside one another."""
    return rx.el.div(*children, class_name="grid sm:grid-cols-2 lg:grid-cols-3 gap-4 items-start")


def checked_field(form: Any, label: str, name: str, **props: Any) -> rx.Component:
    """An input with what is wrong with it below."""
    where = rx.Var.create(form)
    mistake = expression(f"{MISTAKES!s}?.[{where!s} + ':{name}'] ?? ''", str, MISTAKES, where)
    return rx.el.div(
        field(label, name, aria_invalid=mistake != "", **props),
        rx.cond(mistake, rx.el.p(mistake, role="alert", class_name="mt-1 text-sm text-danger")),
        class_name="min-w-0",
    )


def outdated(form: Any) -> rx.Component:
    """What is said in a form that was made from what holds no more."""
    where = rx.Var.create(form)
    stale = expression(f"!!{MISTAKES!s}?.[{where!s} + ':{STALE}']", bool, MISTAKES, where)
    return rx.cond(stale, stale_notice(PoolEditingState.load))


def confirmation(name: rx.Var[str]) -> rx.Component:
    """Where the line is asked whether it is meant."""
    action: Any = expression(f"{_CONFIRM!s}?.action ?? ''", str, _CONFIRM)
    return rx.cond(
        expression(f"{_CONFIRM!s}?.name === {name!s}", bool, _CONFIRM, name),
        confirm(
            expression(f"{_CONFIRM!s}?.words ?? ''", str, _CONFIRM),
            "Do it all the same",
            do(action, name, confirmed=True),
            PoolEditingState.leave,
        ),
    )
