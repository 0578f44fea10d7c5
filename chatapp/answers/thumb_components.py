"""The thumbs under an answer, and the box for a few words."""

from typing import Any
from uuid import UUID

import reflex as rx

from chatapp.answers.thumb_state import ThumbState, ThumbView
from chatapp.answers.thumbs import DOWN, UP, WORDS
from chatapp.ui.parts import button, icon_button
from chatapp.ui.store import expression, stored


def thumbs(message: rx.Var[Any], message_id: rx.Var[str]) -> rx.Component:
    """Two buttons; the one that is pressed takes its word back when it is pressed again."""
    said = stored(f"t:{message_id}", int)
    thumb = expression(f"{said!s} ?? {message!s}?.thumb ?? 0", int, said, message)
    return rx.fragment(
        _thumb("thumbs-up", "Good answer", "up", thumb == UP, message_id),
        _thumb("thumbs-down", "Bad answer", "down", thumb == DOWN, message_id),
    )


def why(message_id: rx.Var[str]) -> rx.Component:
    """The box for a few words, once a thumb was pressed in this tab."""
    said, now = stored(f"why:{message_id}", ThumbView), stored(f"t:{message_id}", int)
    down = expression(f"{said!s}?.thumb === {DOWN}", bool, said)
    # What another tab has said since goes before: nobody explains what does not hold any more.
    holds = f"{said!s}?.thumb === {now!s}"
    label = rx.cond(down, "What was wrong with it? (optional)", "What was good? (optional)")
    return rx.fragment(
        rx.cond(
            expression(f"{holds} && ({said!s}?.asks ?? false)", bool, said, now),
            rx.el.form(
                rx.el.input(type="hidden", name="answer_id", value=message_id),
                rx.el.input(type="hidden", name="thumb", value=rx.cond(down, "down", "up")),
                rx.el.label(
                    rx.el.span(label, class_name="block mb-1.5 text-sm"),
                    rx.el.input(
                        name="words",
                        max_length=WORDS,
                        auto_complete="off",
                        class_name=(
                            "w-full h-10 px-3 rounded-control bg-ground border border-edge "
                            "text-base focus-visible:border-accent"
                        ),
                    ),
                    class_name="block flex-1 basis-60 min-w-0",
                ),
                button("Send feedback", kind="quiet", type="submit"),
                rx.el.p(
                    "The administrators read this without your name, question and answer.",
                    class_name="basis-full text-xs text-muted",
                ),
                on_submit=ThumbState.explain,
                class_name=(
                    "flex flex-wrap items-end gap-2 rounded-card border border-line p-3 appear"
                ),
            ),
        ),
        rx.cond(
            expression(f"{holds} && ({said!s}?.thanks ?? false)", bool, said, now),
            rx.el.p("Thank you.", role="status", class_name="text-sm text-muted appear"),
        ),
    )


def _thumb(
    icon: str, label: str, name: str, pressed: rx.Var[bool], message_id: rx.Var[str]
) -> rx.Component:
    wanted: Any = rx.cond(pressed, "none", name)
    return icon_button(
        icon,
        label,
        size=15,
        aria_pressed=pressed,
        on_click=ThumbState.rate(message_id.to(UUID), wanted),
        class_name=rx.cond(pressed, "size-8 !text-accent bg-hover", "size-8"),
    )
