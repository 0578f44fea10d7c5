"""The page about limits."""

from typing import Any

import reflex as rx

from chatapp import routes
from chatapp.admin.frame import admin_frame
from chatapp.admin.limits.state import LimitsState, PreviewView
from chatapp.limits.policy import EVERYBODY
from chatapp.ui.parts import button, card, field, notice, skeleton
from chatapp.ui.store import expression, stored

_VALUES = stored("admin:limits", dict[str, str])
_PREVIEW = stored("admin:limits:preview", PreviewView)

_STEPS = {
    "shorter_context": "Shorter contexts below (percent)",
    "small_model": "A smaller model below (percent)",
    "cache_only": "Only known answers below (percent)",
}


def limits_page() -> rx.Component:
    """What everybody may have, and what is saved when quota is scarce."""
    said = stored("admin:limits:said", str).to(str)
    return admin_frame(
        "Administration",
        routes.ADMIN_LIMITS,
        rx.cond(said, notice(said)),
        rx.cond(expression(f"!!{_VALUES!s}", bool, _VALUES), _form(), skeleton("h-96 w-full")),
        rx.cond(expression(f"!!{_PREVIEW!s}", bool, _PREVIEW), _preview()),
    )


def _form() -> rx.Component:
    return rx.el.form(
        card(
            rx.el.h2("Everybody’s limits", class_name="text-lg font-semibold"),
            rx.el.p(
                "For each person whose group has none of its own, nor the person. 0: no limit.",
                class_name="mt-1 mb-4 text-sm text-muted",
            ),
            _grid(*(_number(name.replace("_", " ").capitalize(), name) for name in EVERYBODY)),
            _grid(_field("Time zone of days and months", "zone"), class_name="mt-4"),
        ),
        card(
            rx.el.h2("When quota is scarce", class_name="text-lg font-semibold"),
            rx.el.p(
                "What is saved when less than so much is left of a tier’s day. People are told. "
                "0: never. When nothing is left, questions wait in line.",
                class_name="mt-1 mb-4 text-sm text-muted",
            ),
            _grid(*(_number(label, name) for name, label in _STEPS.items())),
        ),
        rx.el.div(button("Look whom it hits", type="submit")),
        on_submit=LimitsState.look,
        class_name="flex flex-col gap-5",
    )


def _preview() -> rx.Component:
    words = expression(f"{_PREVIEW!s}?.words ?? []", list[str], _PREVIEW)
    values = expression(f"{_PREVIEW!s}?.values ?? {{}}", dict[str, Any], _PREVIEW)
    return card(
        rx.el.h2("Before it holds", class_name="text-lg font-semibold mb-2"),
        rx.el.ul(rx.foreach(words, rx.el.li), class_name="flex flex-col gap-1 mb-4"),
        rx.el.div(
            button("Save", on_click=LimitsState.save(values)),
            button("Leave it", kind="quiet", on_click=LimitsState.forget),
            class_name="flex gap-3",
        ),
        custom_attrs={"data-testid": "preview"},
    )


def _grid(*children: rx.Component, class_name: str = "") -> rx.Component:
    return rx.el.div(*children, class_name=f"grid sm:grid-cols-2 lg:grid-cols-3 gap-4 {class_name}")


def _number(label: str, name: str) -> rx.Component:
    return _field(label, name, input_mode="numeric", pattern="[0-9]{1,12}")


def _field(label: str, name: str, **props: Any) -> rx.Component:
    value = expression(f"{_VALUES!s}?.['{name}'] ?? ''", str, _VALUES)
    return field(label, name, default_value=value, required=True, **props)
