"""Asking once more before something is done that cannot be undone."""

from typing import Any

import reflex as rx

from chatapp.ui.parts import button


def confirm(
    words: str | rx.Var[str], label: str | rx.Var[str], do: Any, leave: Any
) -> rx.Component:
    """The question, in place of or below the button that asks for it.

    The keyboard is on the way out, so that a second Enter does no harm.

    Args:
        words: what will be gone.
        label: of the button that does it.
        do: the event that does it.
        leave: the event that leaves all as it is.
    """
    return rx.el.div(
        rx.el.p(words, class_name="mb-3"),
        rx.el.div(
            button(label, kind="danger", type="button", on_click=do, class_name="bg-ground"),
            button(
                "Leave it",
                kind="quiet",
                type="button",
                on_click=leave,
                auto_focus=True,
                class_name="bg-ground",
            ),
            class_name="flex flex-wrap gap-3",
        ),
        role="alertdialog",
        aria_label="Before it is done",
        class_name="rounded-control border border-line bg-sunken px-4 py-3.5 mt-3 text-sm appear",
    )


def second_click(
    label: str, words: str | rx.Var[str], sure: str, do: Any, **props: Any
) -> rx.Component:
    """A button that opens what it does and the button that does it; it closes by itself.

    Args:
        label: of the first one.
        words: what will be gone.
        sure: the label of the second one.
        do: the event that does it.
        props: of the second one.
    """
    return rx.el.details(
        rx.el.summary(
            label,
            class_name=(
                "inline-flex items-center justify-center rounded-control px-4 h-10 text-sm "
                "font-medium cursor-pointer select-none list-none border border-line text-danger "
                "hover:bg-danger-soft [&::-webkit-details-marker]:hidden"
            ),
        ),
        rx.el.div(
            rx.el.p(words, class_name="mb-3"),
            button(
                sure, kind="danger", type="button", on_click=do, class_name="bg-ground", **props
            ),
            class_name="rounded-control bg-sunken px-4 py-3.5 mt-2 text-sm appear",
        ),
        class_name="open:basis-full",
    )
