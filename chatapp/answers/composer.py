"""The composer: the question box with what is said above it."""

from typing import Any
from uuid import UUID

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from chatapp.answers.agent_picker import AGENTS, chosen_id, mentions
from chatapp.answers.components import running_answer
from chatapp.answers.state import ChatState
from chatapp.ui.behaviour import restores_draft
from chatapp.ui.parts import icon_button
from chatapp.ui.store import expression, stored


def composer(chat: rx.Var[Any], name: rx.Var[str]) -> rx.Component:
    """The box, its notices and what waits to be sent."""
    return rx.el.div(
        _notices(chat),
        _queue(),
        mentions(),
        # Each chat has a box of its own, with its own draft.
        rx.fragment(_box(chat), key=name),
        rx.el.p(
            "Answers can be wrong. Check what matters.",
            class_name="mt-2 text-center text-xs text-muted",
        ),
        class_name=(
            "mx-auto w-full max-w-column px-3 sm:px-4 pb-[max(0.5rem,env(safe-area-inset-bottom))]"
        ),
    )


def _notices(chat: rx.Var[Any]) -> rx.Component:
    words, deleted = stored("notice", str).to(str), stored("deleted", str).to(str)
    away, late = stored("away", bool).to(bool), stored("late", bool).to(bool)
    allowance, saving = stored("allowance", str).to(str), stored("saving", list[str])
    taken = expression(f"{chat!s}?.taken ?? ''", str, chat)

    def quiet(said: str | rx.Var[str]) -> rx.Component:
        return rx.el.p(said, role="status", class_name=shape + "!py-2.5 bg-sunken text-muted")

    def waiting(what: str) -> rx.Component:
        return quiet(f"{what} What you typed is kept; trying again.")

    shape = "mb-2 flex items-center justify-between gap-3 rounded-control pl-4 pr-1 py-1 appear "
    return rx.fragment(
        rx.cond(has_connection_errors, waiting("The connection was lost.")),
        rx.cond(away, waiting("Your chats cannot be reached right now.")),
        rx.cond(
            late & ~away,
            quiet("What is answered elsewhere is shown with a delay right now. Nothing is lost."),
        ),
        rx.foreach(expression(f"{saving!s} ?? []", list[str], saving).to(list[str]), quiet),
        rx.cond(taken, quiet(taken)),
        rx.cond(allowance & ~words.bool(), quiet(allowance)),
        rx.cond(
            words,
            rx.el.div(
                rx.el.p(words, role="alert"),
                icon_button("x", "Dismiss", size=16, on_click=ChatState.dismiss),
                class_name=shape + "bg-danger-soft text-danger",
            ),
        ),
        rx.cond(
            deleted,
            rx.el.div(
                rx.el.p("The chat was deleted.", role="status"),
                rx.el.div(
                    rx.el.button(
                        "Undo",
                        type="button",
                        on_click=ChatState.restore(deleted.to(UUID)),
                        class_name=(
                            "h-9 px-3 font-medium text-accent rounded-control hover:bg-hover"
                        ),
                    ),
                    icon_button("x", "Dismiss", size=16, on_click=ChatState.dismiss),
                    class_name="flex",
                ),
                class_name=shape + "bg-sunken",
            ),
        ),
    )


def _queue() -> rx.Component:
    """The question that waits for the end of an answer; see assets/behaviour.js."""
    return rx.el.div(
        rx.icon("clock", size=15, aria_hidden="true", class_name="shrink-0"),
        rx.el.p(
            rx.el.span("Next: ", class_name="font-medium"),
            rx.el.span(custom_attrs={"data-queue-text": ""}),
            class_name="flex-1 min-w-0 truncate",
            role="status",
        ),
        rx.el.button(
            "Take back",
            type="button",
            custom_attrs={"data-queue-back": ""},
            class_name="h-9 px-3 font-medium text-accent rounded-control hover:bg-hover shrink-0",
        ),
        custom_attrs={"data-queue": "", "hidden": True},
        class_name=(
            "mb-2 flex items-center gap-3 rounded-control pl-4 pr-1 py-1 bg-sunken text-muted "
            "[&[hidden]]:hidden"
        ),
    )


def _box(chat: rx.Var[Any]) -> rx.Component:
    running = running_answer(chat)
    return rx.el.form(
        rx.el.input(type="hidden", name="client_id"),
        rx.el.input(type="hidden", name="queued"),
        rx.el.input(type="hidden", name="agent", value=chosen_id(), read_only=True),
        rx.el.textarea(
            name="message",
            aria_label="Message",
            placeholder="Ask anything",
            rows="1",
            aria_autocomplete="list",
            aria_controls="mentions",
            class_name=(
                "block w-full resize-none bg-transparent px-4 pt-3.5 pb-1 text-base leading-6 "
                "focus-visible:!outline-none placeholder:text-muted field-sizing-content "
                "max-h-[50vh]"
            ),
        ),
        rx.el.div(
            _tiers(chat),
            rx.el.output(
                name="count",
                class_name="mr-auto px-2 text-sm text-muted group-data-[over]/composer:text-danger",
            ),
            rx.cond(
                running,
                icon_button(
                    "square",
                    "Stop",
                    size=15,
                    on_click=ChatState.stop(running.to(UUID)),
                    class_name=_ROUND,
                ),
            ),
            icon_button("arrow-up", "Send", type="submit", class_name=_ROUND + _WHEN_EMPTY),
            class_name="flex items-center justify-end gap-1.5 px-2 pb-2",
        ),
        id="composer",
        on_submit=ChatState.ask,
        on_mount=restores_draft(),
        custom_attrs={
            "data-accepted": stored("accepted", str),
            "data-refused": stored("refused", str),
            "data-busy": stored("busy", str),
            # The same may be said of a question again.
            "data-accepted-anew": stored("accepted_anew", str),
            "data-refused-anew": stored("refused_anew", str),
            "data-following": stored("following", str),
            "data-limit": stored("limit", int),
            "data-agents": expression(f"{AGENTS!s}?.length", int, AGENTS),
            "data-known": rx.cond(chat, "", rx.Var("undefined")),
            "data-running": rx.cond(running, "", rx.Var("undefined")),
        },
        class_name=(
            "group/composer bg-ground border border-edge rounded-bubble shadow-raised "
            "focus-within:border-accent transition-colors"
        ),
    )


def _tiers(chat: rx.Var[Any]) -> rx.Component:
    """Which models shall answer, where there is a choice; a chat stays with what was chosen."""
    chosen = rx.cond(chat, chat.to(dict)["tier"].to(str), "")
    tiers = stored("tiers", list[str]).to(list[str])
    return rx.cond(
        expression(f"!!{tiers!s}?.length", bool, tiers),
        rx.el.select(
            rx.foreach(
                tiers,
                lambda tier: rx.el.option(rx.cond(tier, tier.capitalize(), "Auto"), value=tier),
            ),
            name="tier",
            aria_label="Models",
            # Other tiers make another list, in which nothing is chosen yet.
            key=expression(f"[{chosen!s}, ...{tiers!s}].join()", str, rx.Var.create(chosen), tiers),
            default_value=chosen,
            class_name=(
                "h-9 max-w-[9rem] px-2 rounded-control bg-transparent text-sm text-muted "
                "hover:bg-hover"
            ),
        ),
    )


_ROUND = (
    "!rounded-full [&_.lucide-square]:fill-current bg-accent !text-on-accent "
    "hover:!bg-accent-strong "
)
_WHEN_EMPTY = (
    "group-data-[empty]/composer:opacity-40 group-[[data-empty][data-running]]/composer:hidden"
)
