"""Small parts that pages share. They know no domain."""

from typing import Any, Literal

import reflex as rx

Kind = Literal["primary", "quiet", "danger"]

_CONTROL = (
    "inline-flex items-center justify-center gap-2 rounded-control px-4 h-10 text-sm font-medium "
    "transition-colors select-none disabled:opacity-50 "
)
_KINDS: dict[Kind, str] = {
    "primary": "bg-accent text-on-accent hover:bg-accent-strong",
    "quiet": "border border-line text-ink hover:bg-hover",
    "danger": "border border-line text-danger hover:bg-danger-soft",
}


def button(label: str | rx.Var[str], *, kind: Kind = "primary", **props: Any) -> rx.Component:
    """A button with a word on it."""
    extra = props.pop("class_name", "")
    return rx.el.button(label, class_name=f"{_CONTROL}{_KINDS[kind]} {extra}", **props)


def link_button(
    label: str, href: str | rx.Var[str], *, kind: Kind = "primary", **props: Any
) -> rx.Component:
    """A link that looks like a button."""
    return rx.el.a(label, href=href, class_name=_CONTROL + _KINDS[kind], **props)


def icon_button(
    icon: str, label: str | rx.Var[str], *, size: int = 18, **props: Any
) -> rx.Component:
    """A button with an icon; ``label`` is its accessible name and its tooltip."""
    extra = props.pop("class_name", "")
    return rx.el.button(
        rx.icon(icon, size=size, aria_hidden="true"),
        type=props.pop("type", "button"),
        aria_label=label,
        title=label,
        class_name=(
            "inline-flex items-center justify-center rounded-control size-9 shrink-0 text-muted "
            f"hover:bg-hover hover:text-ink transition-colors disabled:opacity-40 {extra}"
        ),
        **props,
    )


def field(
    label: str, name: str, type_: Literal["text", "email", "password"] = "text", **props: Any
) -> rx.Component:
    """A labelled input."""
    return rx.el.label(
        rx.el.span(label, class_name="block text-sm font-medium mb-1.5"),
        rx.el.input(
            name=name,
            type=type_,
            class_name=(
                "w-full h-11 px-3 rounded-control bg-ground border border-edge text-base "
                "placeholder:text-muted focus-visible:border-accent"
            ),
            **props,
        ),
        class_name="block",
    )


def choice(
    label: str, name: str, *options: rx.Component | tuple[str, str], **props: Any
) -> rx.Component:
    """A labelled list to choose from; an option is a value and its words."""
    return rx.el.label(
        rx.el.span(label, class_name="block text-sm font-medium mb-1.5"),
        rx.el.select(
            *[
                rx.el.option(option[1], value=option[0]) if isinstance(option, tuple) else option
                for option in options
            ],
            name=name,
            class_name=(
                "w-full h-11 px-3 rounded-control bg-ground border border-edge text-base "
                "focus-visible:border-accent"
            ),
            **props,
        ),
        class_name="block min-w-0",
    )


def card(*children: rx.Component, **props: Any) -> rx.Component:
    """A raised area."""
    extra = props.pop("class_name", "")
    return rx.el.section(
        *children,
        class_name=f"bg-ground border border-line rounded-card p-5 sm:p-6 {extra}",
        **props,
    )


def page_title(text: str) -> rx.Component:
    """The heading of a page."""
    return rx.el.h1(text, class_name="text-2xl font-semibold tracking-tight")


def heading(text: str, meaning: str = "") -> rx.Component:
    """The heading of a card, and what it is about."""
    return rx.el.div(
        rx.el.h2(text, class_name="text-lg font-semibold"),
        rx.el.p(meaning, class_name="mt-1 text-sm text-muted") if meaning else rx.fragment(),
        class_name="mb-4",
    )


def notice(text: str | rx.Var[str], kind: Literal["info", "danger"] = "info") -> rx.Component:
    """A sentence that people should not miss; an error is announced to screen readers."""
    colours = "bg-danger-soft text-danger" if kind == "danger" else "bg-sunken text-ink"
    return rx.el.p(
        text,
        role="alert" if kind == "danger" else "status",
        class_name=f"rounded-control px-3.5 py-2.5 text-sm {colours} appear",
    )


def skeleton(class_name: str) -> rx.Component:
    """A place held for content that is on its way."""
    return rx.el.div(aria_hidden="true", class_name=f"bg-sunken rounded-control pulse {class_name}")
