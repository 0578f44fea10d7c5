"""How an answer came about: a line in it, a drawer with its steps, and what waits for a word."""

from typing import Any
from uuid import UUID

import reflex as rx

from chatapp.agents.steps import Kind, State, StepView
from chatapp.answers.state import ChatState
from chatapp.ui.parts import button, icon_button, skeleton
from chatapp.ui.store import STORE, chosen, expression

_ALL = """((store, id) => {
  const steps = [];
  for (let n = 0, step; (step = store[`s:${id}.${n}`]); n++) steps.push({ ...step, n });
  return steps;
})"""


@rx.memo
def thoughts(
    message_id: rx.Var[str], line: rx.Var[str], by: rx.Var[str], running: rx.Var[bool]
) -> rx.Component:
    """The line, which opens the drawer."""
    drawer = expression(f"'steps-' + {message_id!s}", str, message_id)
    return rx.el.div(
        # What comes live is in the store; what was before is fetched when somebody looks.
        rx.cond(
            running,
            _opener(line, drawer, pulse=True),
            _opener(line, drawer, on_click=ChatState.show_steps(message_id.to(UUID))),
        ),
        _drawer(_steps(message_id), by, drawer),
        class_name="flex min-w-0",
        custom_attrs={"data-testid": "thoughts"},
    )


@rx.memo
def approvals(message_id: rx.Var[str]) -> rx.Component:
    """The steps that wait for their person."""
    steps = _steps(message_id)
    asking = expression(
        f"{steps!s}.filter((step) => step.state === '{State.ASKS}')", list[StepView], steps
    )
    return rx.fragment(rx.foreach(asking, lambda step: _asks(step, message_id)))


def _steps(message_id: rx.Var[str]) -> rx.Var[list[StepView]]:
    return expression(f"{_ALL}({STORE!s}, {message_id!s})", list[StepView], STORE, message_id)


def _opener(
    line: rx.Var[str], drawer: rx.Var[str], *, pulse: bool = False, **props: Any
) -> rx.Component:
    mark = "size-2 mx-1 rounded-full bg-accent pulse shrink-0"
    return rx.el.button(
        rx.el.span(class_name=mark)
        if pulse
        else rx.icon("list-tree", size=16, aria_hidden="true", class_name="shrink-0"),
        rx.el.span(line, class_name="truncate"),
        rx.icon("chevron-right", size=14, aria_hidden="true", class_name="shrink-0"),
        type="button",
        title="Show the steps",
        custom_attrs={"popoverTarget": drawer, "aria-haspopup": "dialog"},
        class_name=(
            "inline-flex items-center gap-2 h-8 px-2 -ml-2 max-w-full text-sm text-muted "
            "rounded-control hover:bg-hover hover:text-ink transition-colors"
        ),
        **props,
    )


def _drawer(steps: rx.Var[list[StepView]], by: rx.Var[str], drawer: rx.Var[str]) -> rx.Component:
    shown = expression(
        f"{steps!s}.filter((step) => step.kind !== '{Kind.MODEL}' || step.output)",
        list[StepView],
        steps,
    )
    none = expression(f"{shown!s}.length === 0", bool, shown)
    return rx.el.aside(
        rx.el.div(
            rx.el.h3("How this answer came about", class_name="font-medium"),
            icon_button(
                "x",
                "Close the steps",
                custom_attrs={"popoverTarget": drawer, "popoverTargetAction": "hide"},
            ),
            class_name="flex items-center justify-between gap-2 pl-4 pr-2 h-12 shrink-0",
        ),
        rx.cond(
            none,
            rx.el.div(
                skeleton("h-5 w-1/2"),
                skeleton("h-16 w-full"),
                class_name="flex flex-col gap-3 px-4",
            ),
            rx.el.ol(
                rx.foreach(shown, _step),
                class_name="flex-1 min-h-0 overflow-y-auto px-4 pb-6 flex flex-col gap-5",
                custom_attrs={"tabIndex": 0, "aria-label": "Steps"},
            ),
        ),
        rx.cond(
            by,
            rx.el.p(
                rx.el.span("Answered by ", class_name="text-ink"),
                by,
                class_name="shrink-0 mt-auto px-4 py-3 border-t border-line text-sm text-muted",
                custom_attrs={"data-testid": "answered-by"},
            ),
        ),
        id=drawer,
        role="dialog",
        aria_label="How this answer came about",
        custom_attrs={"popover": "auto"},
        class_name="steps bg-panel text-ink border-l border-line gap-2",
    )


def _step(step: rx.Var[StepView]) -> rx.Component:
    kind, state, title = _of(step, "kind"), _of(step, "state"), _of(step, "title")
    took = expression(f"{step!s}.ms >= 50 ? ({step!s}.ms / 1000).toFixed(1) + ' s' : ''", str, step)
    return rx.el.li(
        rx.el.div(
            chosen(
                kind,
                (Kind.TOOL.value, _icon("wrench")),
                (Kind.HOP.value, _icon("shuffle")),
                otherwise=_icon("brain"),
            ),
            rx.el.span(
                rx.cond(kind == Kind.MODEL.value, "Reasoning", title),
                class_name="font-medium min-w-0 [overflow-wrap:anywhere]",
            ),
            rx.el.span(
                chosen(
                    state,
                    *[(each.value, rx.fragment(words)) for each, words in _STATES.items()],
                    otherwise=rx.fragment(took),
                ),
                class_name="ml-auto shrink-0 text-xs text-muted tabular-nums",
            ),
            class_name="flex items-start gap-2 text-sm",
        ),
        _part("Asked for", _of(step, "input")),
        _part(
            chosen(
                kind,
                (Kind.TOOL.value, rx.fragment("Got")),
                (Kind.HOP.value, rx.fragment("Its reasoning until then")),
                otherwise=rx.fragment(),
            ),
            _of(step, "output"),
            grows=(kind == Kind.MODEL.value) & (state == State.RUNNING.value),
        ),
        class_name="flex flex-col gap-2 min-w-0",
        custom_attrs={"data-testid": "step", "data-kind": kind, "data-state": state},
    )


_STATES = {
    State.QUEUED: "next",
    State.ASKS: "waits for approval",
    State.APPROVED: "approved",
    State.RUNNING: "under way",
    State.FAILED: "did not work",
    State.REFUSED: "refused",
    State.STOPPED: "stopped",
}


def _icon(name: str) -> rx.Component:
    return rx.icon(name, size=16, aria_hidden="true", class_name="shrink-0 mt-0.5 text-muted")


def _part(
    label: str | rx.Component, text: rx.Var[str], grows: bool | rx.Var[bool] = False
) -> rx.Component:
    """A part of a step, as the plain text that it is. Of one that grows the end is in view."""
    box = "mt-1 rounded-control bg-sunken px-3 py-2 text-sm max-h-80 overflow-y-auto"
    return rx.cond(
        text,
        rx.el.div(
            rx.el.p(label, class_name="text-xs text-muted empty:hidden"),
            rx.el.div(
                rx.el.p(text, class_name="whitespace-pre-wrap [overflow-wrap:anywhere]"),
                class_name=rx.cond(grows, f"{box} flex flex-col-reverse", box),
            ),
            class_name="pl-6",
        ),
    )


def _asks(step: rx.Var[StepView], message_id: rx.Var[str]) -> rx.Component:
    """A step that acts on the outside, and the two words that let it go on."""
    answer_id = message_id.to(UUID)
    number = expression(f"{step!s}.n", int, step)
    title = _of(step, "title")
    return rx.el.div(
        rx.el.p(
            rx.icon("shield-question", size=16, aria_hidden="true", class_name="shrink-0 mt-1"),
            rx.el.span(
                rx.el.strong(title, class_name="font-medium"),
                " would act outside of this chat. It waits a day for you, even if you close this"
                " page.",
                class_name="min-w-0",
            ),
            role="status",
            class_name="flex gap-3",
        ),
        _part("", _of(step, "input")),
        rx.el.div(
            button("Approve", on_click=ChatState.decide(answer_id, number, True)),
            button("Refuse", kind="quiet", on_click=ChatState.decide(answer_id, number, False)),
            class_name="flex flex-wrap gap-2 sm:pl-7",
        ),
        role="group",
        aria_label="Approval",
        custom_attrs={"data-testid": "approval"},
        class_name=(
            "w-full rounded-card border border-line px-4 py-3.5 flex flex-col gap-3 appear"
        ),
    )


def _of(step: rx.Var[StepView], name: str) -> rx.Var[str]:
    return expression(f"{step!s}?.{name} ?? ''", str, step)
