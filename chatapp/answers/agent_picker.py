"""Choosing an agent: for a new chat, for this chat, or by ``@`` for one question."""

from typing import Any

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink

from chatapp import routes
from chatapp.agents.components import face, portrait
from chatapp.agents.views import ChoiceView
from chatapp.answers.components import CHAT_ID
from chatapp.answers.state import ChatState
from chatapp.answers.welcome import MOST
from chatapp.ui.behaviour import fills_composer
from chatapp.ui.parts import skeleton
from chatapp.ui.store import expression, stored
from chatapp.ui.url import url_parameter

AGENTS = stored("agents", list[ChoiceView])
"""The agents that can be chosen; on the page of a chat undefined until somebody asks."""

WELCOME = stored("welcome", dict[str, Any]).to(dict[str, Any])
"""What the empty screen says, a :class:`chatapp.answers.welcome.Welcome`."""

FEW = 6
"""How many are offered on the empty screen."""

_QUERY = url_parameter("agent")

# What is not in the list cannot be chosen, whatever the URL says.
_CHOSEN = expression(
    f"({CHAT_ID!s} ? undefined : ({AGENTS!s} ?? []).find((agent) => agent.id === {_QUERY!s}))",
    ChoiceView,
    CHAT_ID,
    AGENTS,
    _QUERY,
)


def chosen_id() -> rx.Var[str]:
    """The id of the agent that is chosen for a new chat, or nothing."""
    return expression(f"{_CHOSEN!s}?.id ?? ''", str, _CHOSEN)


def agent_picker(chat: rx.Var[Any]) -> rx.Component:
    """Says which agent answers, and lets another one be chosen."""
    mark = expression(f"{chat!s}?.agent", dict, chat)
    label = expression(
        f"{mark!s}?.label ?? ({_CHOSEN!s} && ({_CHOSEN!s}.picture ? {_CHOSEN!s}.name : "
        f"`${{{_CHOSEN!s}.emoji}} ${{{_CHOSEN!s}.name}}`.trim())) ?? ''",
        str,
        mark,
        _CHOSEN,
    )
    picture = expression(f"{mark!s}?.picture ?? {_CHOSEN!s}?.picture ?? ''", str, mark, _CHOSEN)
    off = expression(f"{mark!s}?.off ?? false", bool, mark)
    current = expression(f"{mark!s}?.id ?? {_CHOSEN!s}?.id ?? ''", str, mark, _CHOSEN)
    return rx.el.div(
        rx.el.button(
            rx.cond(
                label,
                rx.fragment(
                    rx.cond(picture, portrait(picture, "size-5 rounded")),
                    rx.el.span(label, class_name="truncate"),
                ),
                rx.fragment(
                    rx.icon("bot", size=16, aria_hidden="true", class_name="shrink-0"),
                    rx.el.span("Agent"),
                ),
            ),
            rx.cond(
                off,
                rx.el.span(
                    "switched off",
                    title="This chat goes on without it.",
                    class_name="rounded-full bg-sunken px-2 py-0.5 text-xs whitespace-nowrap",
                ),
            ),
            rx.icon("chevron-down", size=14, aria_hidden="true", class_name="shrink-0"),
            type="button",
            aria_label=expression(
                f"{label!s} ? `Agent: ${{{label!s}}}${{{off!s} ? ', switched off' : ''}}` "
                ": 'Choose an agent'",
                str,
                label,
                off,
            ),
            on_click=ChatState.load_agents,
            custom_attrs={"popoverTarget": "agents"},
            class_name=(
                "inline-flex items-center gap-1.5 h-9 px-2.5 max-w-[11rem] sm:max-w-[16rem] "
                "rounded-control text-sm text-muted hover:bg-hover hover:text-ink "
                "transition-colors"
            ),
        ),
        _menu(current),
        class_name="ml-auto shrink-0",
    )


def _menu(current: rx.Var[str]) -> rx.Component:
    none = rx.Var.create("")
    waiting = rx.el.div(*[skeleton("h-9 w-full") for _ in range(4)], class_name="space-y-1 p-1")
    return rx.el.div(
        rx.cond(
            expression(f"!!{AGENTS!s}", bool, AGENTS),
            rx.el.ul(
                _item("", none, none, "No agent", "", current),
                rx.foreach(
                    AGENTS.to(list[ChoiceView]),
                    lambda agent: _item(
                        agent["id"].to(str),
                        agent["emoji"].to(str),
                        agent["picture"].to(str),
                        agent["name"].to(str),
                        agent["description"].to(str),
                        current,
                    ),
                ),
                aria_label="Agents",
                class_name="max-h-[min(24rem,60vh)] overflow-y-auto",
            ),
            waiting,
        ),
        ReactRouterLink.create(
            "All agents",
            to=routes.AGENTS,
            class_name=(
                "block mt-1 pt-2.5 pb-1.5 px-3 border-t border-line text-sm text-accent "
                "hover:underline underline-offset-2"
            ),
        ),
        id="agents",
        custom_attrs={"popover": "auto"},
        class_name=(
            "menu end bg-ground text-ink border border-line rounded-control shadow-raised p-1 "
            "w-[min(20rem,calc(100vw-1rem))]"
        ),
    )


def _item(
    agent_id: str | rx.Var[str],
    emoji: rx.Var[str],
    picture: rx.Var[str],
    name: str | rx.Var[str],
    description: str | rx.Var[str],
    current: rx.Var[str],
) -> rx.Component:
    chosen = current == agent_id
    inside = (
        face(emoji, picture, "small"),
        rx.el.span(
            rx.el.span(name, class_name="block text-sm font-medium truncate"),
            rx.el.span(description, class_name="block text-xs text-muted truncate empty:hidden"),
            class_name="flex-1 min-w-0",
        ),
        rx.cond(chosen, rx.icon("check", size=16, aria_hidden="true", class_name="shrink-0")),
    )
    shape = (
        "flex items-center gap-2.5 w-full px-2 py-1.5 min-h-10 rounded-lg hover:bg-hover text-left"
    )
    link = expression(
        f"{rx.Var.create(agent_id)!s} ? `/?agent=${{{rx.Var.create(agent_id)!s}}}` : '/'",
        str,
        rx.Var.create(agent_id),
    )
    closes = {"data-closes-menu": ""}
    return rx.el.li(
        rx.cond(
            CHAT_ID,
            rx.el.button(
                *inside,
                type="button",
                aria_pressed=chosen,
                on_click=ChatState.choose_agent(agent_id),
                custom_attrs=closes,
                class_name=shape,
            ),
            ReactRouterLink.create(
                *inside,
                to=link,
                replace=True,
                aria_current=rx.cond(chosen, "true", "false"),
                custom_attrs=closes,
                class_name=shape,
            ),
        ),
        key=agent_id,
    )


def agent_greeting() -> rx.Component:
    """The empty screen: of the agent that is chosen, or of none, with some to choose from."""
    there = expression(f"!!{_CHOSEN!s}", bool, _CHOSEN)
    own = expression(f"{_CHOSEN!s}?.suggestions ?? []", list[str], _CHOSEN)
    return rx.cond(
        there,
        rx.el.div(
            face(
                expression(f"{_CHOSEN!s}?.emoji ?? ''", str, _CHOSEN),
                expression(f"{_CHOSEN!s}?.picture ?? ''", str, _CHOSEN),
                "big",
            ),
            rx.el.h1(
                expression(f"{_CHOSEN!s}?.name ?? ''", str, _CHOSEN), class_name=_TITLE + " mt-4"
            ),
            rx.el.p(
                expression(f"{_CHOSEN!s}?.description ?? ''", str, _CHOSEN),
                class_name="mt-2 text-muted max-w-prose text-balance",
            ),
            rx.el.ul(
                rx.foreach(
                    own.to(list[str]),
                    lambda text: rx.el.li(_suggestion(text), key=text),
                ),
                class_name=_SUGGESTIONS + " empty:hidden",
            ),
            class_name="my-auto w-full flex flex-col items-center",
        ),
        rx.el.div(
            rx.cond(
                WELCOME,
                rx.fragment(
                    rx.el.h1(WELCOME["greeting"].to(str), class_name=_TITLE),
                    rx.el.ul(
                        rx.foreach(
                            WELCOME["suggestions"].to(list[dict[str, str]]),
                            lambda each, at: rx.el.li(
                                _suggestion(each["text"], each["title"]), key=at.to_string()
                            ),
                        ),
                        class_name=_SUGGESTIONS + " empty:hidden",
                    ),
                ),
                _coming(),
            ),
            _some(),
            class_name="my-auto w-full flex flex-col items-center",
        ),
    )


def _coming() -> rx.Component:
    """As much room as the greeting and four suggestions take."""
    return rx.fragment(
        rx.el.h1(
            rx.el.span("A new chat", class_name="sr-only"),
            class_name=_TITLE + " w-80 max-w-full h-9 bg-sunken rounded-control pulse",
        ),
        rx.el.div(
            *[
                rx.el.div(class_name="h-[5.6875rem] rounded-card border border-line pulse")
                for _ in range(MOST)
            ],
            aria_hidden="true",
            class_name=_SUGGESTIONS,
        ),
    )


def _suggestion(text: str | rx.Var[str], title: str | rx.Var[str] = "") -> rx.Component:
    return rx.el.button(
        rx.el.span(title, class_name="block font-medium mb-0.5 empty:hidden"),
        rx.el.span(text, class_name="block text-muted line-clamp-2"),
        type="button",
        on_click=fills_composer(text),
        class_name=(
            "w-full h-full text-left rounded-card border border-line px-4 py-3 hover:bg-hover "
            "transition-colors"
        ),
    )


def _some() -> rx.Component:
    """The first few agents. Their place is held: nothing jumps when they come."""
    few = expression(f"({AGENTS!s} ?? []).slice(0, {FEW})", list[ChoiceView], AGENTS)
    shape = (
        "inline-flex items-center gap-2 h-9 px-3.5 rounded-full border border-line text-sm "
        "hover:bg-hover transition-colors max-w-[14rem]"
    )
    return rx.el.ul(
        rx.foreach(
            few.to(list[ChoiceView]),
            lambda agent: rx.el.li(
                ReactRouterLink.create(
                    face(agent["emoji"].to(str), agent["picture"].to(str), "tiny"),
                    rx.el.span(agent["name"].to(str), class_name="truncate"),
                    to=expression(f"`/?agent=${{{agent!s}.id}}`", str, agent),
                    title=agent["description"].to(str),
                    class_name=shape,
                ),
                key=agent["id"].to(str),
            ),
        ),
        aria_label="Agents to chat with",
        class_name=(
            "mt-6 flex sm:flex-wrap sm:justify-center gap-2 min-h-9 max-w-full overflow-x-auto "
            "[scrollbar-width:none]"
        ),
    )


def mentions() -> rx.Component:
    """The agents whose names begin as what stands behind an @; see assets/behaviour.js."""
    return rx.el.div(
        rx.el.button(
            type="button",
            tab_index=-1,
            on_click=ChatState.load_agents,
            custom_attrs={"data-loads-agents": "", "hidden": True},
        ),
        rx.el.ul(
            rx.foreach(
                expression(f"{AGENTS!s} ?? []", list[ChoiceView], AGENTS).to(list[ChoiceView]),
                lambda agent: rx.el.li(
                    face(agent["emoji"].to(str), agent["picture"].to(str), "small"),
                    rx.el.span(agent["name"].to(str), class_name="text-sm font-medium truncate"),
                    rx.el.span(
                        agent["description"].to(str),
                        class_name="text-xs text-muted truncate flex-1 min-w-0",
                    ),
                    key=agent["id"].to(str),
                    id=expression(f"`mention-${{{agent!s}.id}}`", str, agent),
                    role="option",
                    custom_attrs={"data-name": agent["name"].to(str)},
                    class_name=(
                        "flex items-center gap-2.5 px-2 h-10 rounded-lg cursor-pointer "
                        "hover:bg-hover aria-selected:bg-hover [&[hidden]]:hidden"
                    ),
                ),
            ),
            id="mentions",
            role="listbox",
            aria_label="Agents",
            custom_attrs={"hidden": True},
            class_name=(
                "absolute bottom-full inset-x-0 mb-2 max-h-[40vh] overflow-y-auto bg-ground border "
                "border-line rounded-card shadow-raised p-1 [&[hidden]]:hidden z-10"
            ),
        ),
        class_name="relative",
    )


_TITLE = "text-2xl sm:text-3xl font-semibold tracking-tight text-balance"
_SUGGESTIONS = "mt-8 grid gap-3 sm:grid-cols-2 w-full max-w-column sm:px-4 text-left"
