"""The page about limits: everybody's, a group's or a person's, and what was used."""

from typing import Any

import reflex as rx

from chatapp import routes
from chatapp.admin.frame import admin_frame
from chatapp.admin.limits.form import LIMITS, REST, SAVING
from chatapp.admin.limits.state import LimitsState
from chatapp.admin.limits.usage import usage_card
from chatapp.admin.limits.views import ChangeView, LimitsView, LinkView, PreviewView
from chatapp.admin.stale import stale_notice
from chatapp.ui.parts import button, card, choice, field, heading, notice, skeleton
from chatapp.ui.store import expression, stored

_LIMITS = stored("admin:limits", LimitsView)
_PREVIEW = stored("admin:limits:preview", PreviewView)
_FOUND = stored("admin:limits:found", list[LinkView])
_OWN = stored("admin:limits:own", list[LinkView])


def limits_page() -> rx.Component:
    """What everybody, a group or a person may have, and what is saved when quota is scarce."""
    said = stored("admin:limits:said", str).to(str)
    return admin_frame(
        "Limits",
        routes.ADMIN_LIMITS,
        _find(),
        rx.cond(said, notice(said)),
        rx.cond(expression(f"!!{_LIMITS!s}", bool, _LIMITS), _form(), skeleton("h-96 w-full")),
        rx.cond(expression(f"!!{_PREVIEW!s}", bool, _PREVIEW), _preview()),
        rx.cond(expression(f"!!{_OWN!s}?.length", bool, _OWN), _own()),
        rx.cond(expression(f"!!{_LIMITS!s}", bool, _LIMITS), usage_card()),
    )


def _find() -> rx.Component:
    found = expression(f"{_FOUND!s} ?? []", list[LinkView], _FOUND)
    none = expression(f"{_FOUND!s}?.length === 0", bool, _FOUND)
    return rx.el.div(
        rx.el.form(
            rx.el.input(
                name="search",
                type="search",
                aria_label="Find a group or a person",
                placeholder="Find a group or a person",
                max_length=100,
                class_name="w-full h-10 px-3 rounded-control bg-ground border border-edge",
            ),
            on_submit=LimitsState.search,
            role="search",
        ),
        rx.cond(none, rx.el.p("Nobody matches.", class_name="mt-2 text-sm text-muted")),
        _links(found, "Groups and people found", "mt-2"),
        class_name="w-full sm:max-w-md",
    )


def _form() -> rx.Component:
    everybody = expression(f"{_LIMITS!s}?.everybody ?? true", bool, _LIMITS)
    return rx.el.form(
        card(
            rx.el.div(
                rx.el.h2(_part("title"), class_name="text-lg font-semibold break-words min-w-0"),
                rx.cond(
                    ~everybody,
                    rx.el.a(
                        "Everybody’s limits",
                        href=routes.ADMIN_LIMITS,
                        class_name="text-sm text-accent underline underline-offset-2",
                    ),
                ),
                class_name="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1",
            ),
            rx.el.p(_part("note"), class_name="mt-1 mb-4 text-sm text-muted"),
            _grid(*(_limit(name) for name in LIMITS)),
        ),
        rx.el.input(type="hidden", name="version", value=_part("version"), read_only=True),
        rx.cond(everybody, rx.fragment(_saving(), _rest())),
        rx.cond(stored("admin:limits:stale", bool), stale_notice(LimitsState.forget)),
        rx.el.div(button("See whom it hits", type="submit")),
        on_submit=LimitsState.look,
        # Fields are the browser's own: new values need new ones.
        key=expression(f"JSON.stringify([{_LIMITS!s}?.title, {_LIMITS!s}?.values])", str, _LIMITS),
        class_name="flex flex-col gap-5",
    )


def _saving() -> rx.Component:
    tiers = expression(f"{_LIMITS!s}?.tiers ?? []", list[str], _LIMITS)
    left = expression(f"{_LIMITS!s}?.left ?? []", list[list[str]], _LIMITS)
    return card(
        heading(
            "When quota is scarce",
            "What is saved when less than so much is left of a tier’s day. People are told. "
            "0: never. When nothing is left, questions wait in line.",
        ),
        rx.el.ul(
            rx.foreach(left.to(list[list[str]]), _left),
            aria_label="What is left of today",
            class_name="-mt-2 mb-4 flex flex-wrap gap-x-6 gap-y-1 text-sm",
        ),
        _grid(
            *(_number(name) for name in SAVING if name != "small_tier"),
            choice(
                SAVING["small_tier"].label,
                "small_tier",
                ("", "The tier before one’s own"),
                rx.foreach(tiers, lambda tier: rx.el.option(tier, value=tier)),
                default_value=_value("small_tier"),
            ),
        ),
    )


def _left(tier: rx.vars.ArrayVar[list[str]]) -> rx.Component:
    return rx.el.li(
        rx.el.span(tier[0], class_name="font-medium"),
        ": ",
        tier[1],
        " of today is left, ",
        tier[2],
        class_name="tabular-nums",
    )


def _rest() -> rx.Component:
    return card(
        heading(
            "Time, length and record",
            "Long chats are cut to the tokens that a model is given, and people are told. Of each "
            "request there is a record, without a word of it; sums of people, models and days stay "
            "when it goes (0 days: it stays as well).",
        ),
        _grid(
            _field(REST["zone"].label, "zone", required=True),
            *(_number(name) for name in REST if name != "zone"),
        ),
    )


def _preview() -> rx.Component:
    changes = expression(f"{_PREVIEW!s}?.changes ?? []", list[ChangeView], _PREVIEW)
    values = expression(f"{_PREVIEW!s}?.values ?? {{}}", dict[str, Any], _PREVIEW)
    return card(
        heading("Before it holds"),
        rx.el.ul(rx.foreach(changes, _change), class_name="flex flex-col gap-2 mb-4"),
        rx.el.div(
            button("Save", on_click=LimitsState.save(values)),
            button("Leave it", kind="quiet", on_click=LimitsState.forget),
            class_name="flex gap-3",
        ),
        custom_attrs={"data-testid": "preview"},
    )


def _change(change: rx.vars.ObjectVar[ChangeView]) -> rx.Component:
    return rx.el.li(
        rx.el.p(change["what"].to(str), class_name="font-medium tabular-nums"),
        rx.el.p(change["whom"].to(str), class_name="text-sm text-muted break-words empty:hidden"),
    )


def _own() -> rx.Component:
    return card(
        heading(
            "Groups and people with limits of their own",
            "A person’s own limit goes before those of groups, and of several groups’ the most "
            "generous holds.",
        ),
        _links(expression(f"{_OWN!s} ?? []", list[LinkView], _OWN), "With limits of their own"),
    )


def _links(rows: rx.Var, label: str, class_name: str = "") -> rx.Component:
    return rx.el.ul(
        rx.foreach(rows.to(list[LinkView]), _link),
        aria_label=label,
        class_name=f"divide-y divide-line border-y border-line empty:hidden {class_name}",
    )


def _link(row: rx.vars.ObjectVar[LinkView]) -> rx.Component:
    return rx.el.li(
        rx.el.a(
            row["name"].to(str),
            href=row["href"].to(str),
            class_name="font-medium text-accent underline underline-offset-2 break-words",
        ),
        rx.el.p(row["words"].to(str), class_name="text-sm text-muted empty:hidden"),
        key=row["href"].to(str),
        class_name="py-2.5",
    )


def _grid(*children: rx.Component) -> rx.Component:
    return rx.el.div(*children, class_name="grid sm:grid-cols-2 lg:grid-cols-3 gap-4 items-end")


def _limit(name: str) -> rx.Component:
    without = expression(f"{_LIMITS!s}?.without?.['{name}'] ?? ''", str, _LIMITS)
    everybody = expression(f"{_LIMITS!s}?.everybody ?? true", bool, _LIMITS)
    return _field(LIMITS[name], name, placeholder=without, required=everybody, **_DIGITS)


_DIGITS = {"input_mode": "numeric", "pattern": "[0-9]{1,12}", "title": "A whole number"}


def _number(name: str) -> rx.Component:
    return _field((SAVING | REST)[name].label, name, required=True, **_DIGITS)


def _field(label: str, name: str, **props: Any) -> rx.Component:
    return field(label, name, default_value=_value(name), **props)


def _value(name: str) -> rx.Var[str]:
    return expression(f"{_LIMITS!s}?.values?.['{name}'] ?? ''", str, _LIMITS)


def _part(name: str) -> rx.Var[str]:
    return expression(f"{_LIMITS!s}?.{name} ?? ''", str, _LIMITS)
