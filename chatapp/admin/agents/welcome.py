"""The part of the page about agents on which the words of the empty screen are changed."""

from typing import Any

import reflex as rx

from chatapp.admin.agents.state import AdminAgentState
from chatapp.admin.confirm import second_click
from chatapp.admin.stale import stale_notice
from chatapp.answers.welcome import LONGEST_GREETING, LONGEST_QUESTION, LONGEST_TITLE, MOST
from chatapp.ui.parts import button, card, field, heading, notice, skeleton
from chatapp.ui.store import expression, stored

_WELCOME = stored("admin:welcome", dict[str, Any])


def welcome_card() -> rx.Component:
    """What a new chat begins with, for everyone."""
    said = stored("admin:welcome:said", str).to(str)
    wrong = stored("admin:welcome:wrong", bool).to(bool)
    return card(
        heading(
            "The empty screen",
            "A new chat greets everyone so, and offers these questions to begin with. A click puts "
            "one into the box. Agents have suggestions of their own.",
        ),
        rx.cond(
            _WELCOME,
            rx.el.form(
                field(
                    "Greeting",
                    "greeting",
                    default_value=_text("greeting"),
                    required=True,
                    max_length=LONGEST_GREETING,
                    auto_complete="off",
                ),
                *[_suggestion(at) for at in range(MOST)],
                rx.el.div(
                    button("Save", type="submit"),
                    second_click(
                        "Restore the original",
                        "The greeting and the questions of your own are forgotten.",
                        "Forget them",
                        AdminAgentState.restore_welcome,
                    ),
                    class_name="flex flex-wrap gap-3",
                ),
                rx.cond(said, rx.cond(wrong, notice(said, "danger"), notice(said))),
                rx.cond(stored("admin:welcome:stale", bool), stale_notice(AdminAgentState.load)),
                rx.el.input(
                    type="hidden",
                    name="version",
                    value=stored("admin:welcome:version", str).to(str),
                    read_only=True,
                ),
                on_submit=AdminAgentState.save_welcome,
                # What was restored is another form, with other words in it.
                key=stored("admin:welcome:take", str).to(str),
                class_name="flex flex-col gap-4",
            ),
            skeleton("h-96 w-full"),
        ),
        aria_label="The empty screen",
    )


def _suggestion(at: int) -> rx.Component:
    return rx.el.div(
        field(
            f"Word above question {at + 1}",
            f"title{at}",
            default_value=_text(f"suggestions[{at}]?.title"),
            max_length=LONGEST_TITLE,
            placeholder="None",
            auto_complete="off",
        ),
        field(
            f"Question {at + 1}",
            f"text{at}",
            default_value=_text(f"suggestions[{at}]?.text"),
            max_length=LONGEST_QUESTION,
            placeholder="None",
            auto_complete="off",
        ),
        class_name="grid gap-x-4 gap-y-3 sm:grid-cols-[12rem_1fr]",
    )


def _text(path: str) -> rx.Var[str]:
    return expression(f"{_WELCOME!s}?.{path} ?? ''", str, _WELCOME)
