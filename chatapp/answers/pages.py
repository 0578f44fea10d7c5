"""The chat page, with a chat or without one."""

from typing import Any
from uuid import UUID

import reflex as rx
from reflex_base.components.component import NoSSRComponent
from reflex_components_core.core.banner import has_connection_errors

from chatapp import routes
from chatapp.answers.components import CHAT_ID, conversation, running_answer
from chatapp.answers.state import ChatState
from chatapp.answers.views import ChatView
from chatapp.chats.components import Uses, chat_list, new_chat_link
from chatapp.ui.behaviour import fills_composer, loads, restores_draft
from chatapp.ui.layout import frame
from chatapp.ui.parts import icon_button
from chatapp.ui.store import stored

SUGGESTIONS = (
    ("Explain", "Explain how a hash table works, with a small example in Python."),
    ("Compare", "Compare PostgreSQL and SQLite in a table, and say when to use which."),
    ("Plan", "Plan three days in Lisbon for a family with a ten-year-old."),
    ("Derive", "Derive the formula for the roots of a quadratic equation, step by step."),
)


_NO_CHAT = rx.Var("undefined", _var_type=ChatView)
_CONVERSATION = conversation(chat=_NO_CHAT)


class LazyConversation(NoSSRComponent):
    """The conversation, loaded after the page: what renders markdown is most of the weight."""

    library = str(_CONVERSATION.library)
    tag = str(_CONVERSATION.tag)

    chat: rx.Var[Any]


def home_page() -> rx.Component:
    """A greeting, suggestions and the composer."""
    return _page(_greeting())


def chat_page() -> rx.Component:
    """One chat and the composer."""
    return _page(LazyConversation.create(chat=_chat()))


def _chat() -> rx.Var[Any]:
    return stored(f"c:{CHAT_ID}", ChatView)


def _page(content: rx.Component) -> rx.Component:
    return frame(
        rx.fragment(
            new_chat_link(),
            rx.el.div(
                chat_list(Uses(CHAT_ID, ChatState.rename, ChatState.delete)),
                class_name="flex-1 min-h-0 overflow-y-auto -mx-1 px-1",
            ),
        ),
        content,
        _footer(),
        title=stored(f"c:{CHAT_ID}", dict).to(dict)["title"].to(str),
    )


def _greeting() -> rx.Component:
    return rx.el.div(
        # Loaded while the first question is being typed.
        rx.el.span(on_mount=loads(LazyConversation.library)),
        rx.el.h1(
            "What would you like to know?",
            class_name="text-2xl sm:text-3xl font-semibold tracking-tight text-balance",
        ),
        rx.el.ul(
            *[
                rx.el.li(
                    rx.el.button(
                        rx.el.span(verb, class_name="block font-medium"),
                        rx.el.span(text, class_name="block mt-0.5 text-muted line-clamp-2"),
                        type="button",
                        on_click=fills_composer(text),
                        class_name=(
                            "w-full h-full text-left rounded-card border border-line px-4 py-3 "
                            "hover:bg-hover transition-colors"
                        ),
                    )
                )
                for verb, text in SUGGESTIONS
            ],
            class_name="mt-8 grid gap-3 sm:grid-cols-2 w-full max-w-column text-left",
        ),
        class_name=(
            "flex-1 min-h-0 overflow-y-auto flex flex-col items-center justify-center px-4 py-6 "
            "text-center"
        ),
    )


def _footer() -> rx.Component:
    return rx.el.div(
        _notices(),
        _composer(),
        rx.el.p(
            "Answers can be wrong. Check what matters.",
            class_name="mt-2 text-center text-xs text-muted",
        ),
        class_name=(
            "mx-auto w-full max-w-column px-3 sm:px-4 pb-[max(0.5rem,env(safe-area-inset-bottom))]"
        ),
    )


def _notices() -> rx.Component:
    words, deleted = stored("notice", str).to(str), stored("deleted", str).to(str)

    def waiting(what: str) -> rx.Component:
        said = f"{what} What you typed is kept; trying again."
        return rx.el.p(said, role="status", class_name=shape + "!py-2.5 bg-sunken text-muted")

    shape = "mb-2 flex items-center justify-between gap-3 rounded-control pl-4 pr-1 py-1 appear "
    return rx.fragment(
        rx.cond(has_connection_errors, waiting("The connection was lost.")),
        rx.cond(stored("away", bool), waiting("Your chats cannot be reached right now.")),
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


def _composer() -> rx.Component:
    running = running_answer(_chat())
    return rx.el.form(
        rx.el.input(type="hidden", name="client_id"),
        rx.el.textarea(
            name="message",
            aria_label="Message",
            placeholder="Ask anything",
            rows="1",
            max_length=stored("limit", int),
            class_name=(
                "block w-full resize-none bg-transparent px-4 pt-3.5 pb-1 text-base leading-6 "
                "focus-visible:!outline-none placeholder:text-muted field-sizing-content "
                "max-h-[50vh]"
            ),
        ),
        rx.el.div(
            rx.cond(
                running,
                icon_button(
                    "square",
                    "Stop",
                    size=15,
                    on_click=ChatState.stop(running.to(UUID)),
                    class_name=_ROUND,
                ),
                icon_button("arrow-up", "Send", type="submit", class_name=_ROUND + _WHEN_EMPTY),
            ),
            class_name="flex justify-end px-2 pb-2",
        ),
        id="composer",
        on_submit=ChatState.ask,
        on_mount=restores_draft(),
        custom_attrs={
            "data-accepted": stored("accepted", str),
            "data-running": rx.cond(running, "", rx.Var("undefined")),
        },
        class_name=(
            "group/composer bg-ground border border-edge rounded-bubble shadow-raised "
            "focus-within:border-accent transition-colors"
        ),
    )


_ROUND = (
    "!rounded-full [&_.lucide-square]:fill-current bg-accent !text-on-accent "
    "hover:!bg-accent-strong "
)
_WHEN_EMPTY = "group-data-[empty]/composer:opacity-40"

PAGES = {routes.HOME: home_page, routes.CHAT: chat_page}
