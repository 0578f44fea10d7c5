"""The part of the page about tools on which the most that one answer may use is changed."""

from typing import Any

import reflex as rx

from chatapp.admin.stale import stale_notice
from chatapp.admin.tools.state import BudgetView, ToolsState
from chatapp.ui.parts import button, card, field, heading, notice, skeleton
from chatapp.ui.store import expression, stored

_BUDGET = stored("admin:budget", BudgetView)
_VERSION = stored("admin:budget:version", str).to(str)


def budget_card() -> rx.Component:
    """What one answer with tools may use."""
    said = stored("admin:budget:said", str).to(str)
    wrong = stored("admin:budget:wrong", bool).to(bool)
    return card(
        heading(
            "What one answer may use",
            "An answer with tools asks a model several times. Once any of these is used up, no "
            "more tools are used, and the model answers with what it has found so far and says "
            "what is missing. It holds for answers that begin from now on.",
        ),
        rx.cond(
            _BUDGET,
            rx.el.form(
                rx.el.div(
                    _number(
                        "Steps",
                        "steps",
                        "From 1 to 50. In each a model is asked once, and may use tools. With 1 "
                        "no tool is used.",
                    ),
                    _number(
                        "Tokens",
                        "tokens",
                        "1,000 or more: what all steps together read and write.",
                    ),
                    _number(
                        "Seconds",
                        "seconds",
                        "From 5 to 3,600, without the time in which it waits for a person’s word.",
                    ),
                    class_name="grid gap-4 sm:grid-cols-3",
                ),
                rx.el.div(button("Save", type="submit")),
                rx.cond(said, rx.cond(wrong, notice(said, "danger"), notice(said))),
                rx.cond(stored("admin:budget:stale", bool), stale_notice(ToolsState.load)),
                rx.el.input(type="hidden", name="version", value=_VERSION, read_only=True),
                on_submit=ToolsState.save_budget,
                # Its fields are the browser's own: other values need new ones.
                key=_VERSION,
                class_name="flex flex-col gap-4",
            ),
            skeleton("h-40 w-full"),
        ),
        aria_label="What one answer may use",
    )


def _number(label: str, name: str, help_: str) -> rx.Component:
    props: dict[str, Any] = {"input_mode": "numeric", "pattern": "[0-9]{1,9}"}
    return rx.el.div(
        field(
            label,
            name,
            default_value=expression(f"String({_BUDGET!s}?.{name} ?? '')", str, _BUDGET),
            required=True,
            auto_complete="off",
            aria_describedby=f"budget-{name}",
            **props,
        ),
        rx.el.p(help_, id=f"budget-{name}", class_name="mt-1.5 text-sm text-muted"),
    )
