"""What an admin is told whose form was made from what holds no more: two may be at work at once."""

from typing import Any

import reflex as rx

from chatapp.ui.parts import button

WORDS = (
    "Somebody else has changed this since you opened it, so nothing was saved. What you typed is "
    "still here."
)


def stale_notice(show: Any, **props: Any) -> rx.Component:
    """The words, and a button that shows what holds now in place of what was typed.

    Args:
        show: the event that shows it.
        props: of the whole.
    """
    return rx.el.div(
        rx.el.p(WORDS, class_name="min-w-0 flex-1 basis-64"),
        button(
            "Show what holds now",
            kind="quiet",
            type="button",
            on_click=show,
            class_name="bg-ground",
        ),
        role="alert",
        class_name=(
            "flex flex-wrap items-center gap-3 rounded-control bg-danger-soft text-danger px-3.5 "
            "py-2.5 text-sm appear"
        ),
        **props,
    )
