"""Parts that the pages about agents share."""

from typing import Any, Literal
from uuid import UUID

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink

from chatapp import routes
from chatapp.agents.state import AgentState
from chatapp.agents.views import CardView
from chatapp.ui.parts import icon_button, notice
from chatapp.ui.store import expression, stored


def page(title: str | rx.Var[str], *content: rx.Component, back: rx.Component) -> rx.Component:
    """A page of its own, with the way back."""
    return rx.el.main(
        rx.el.div(
            rx.el.div(
                rx.el.h1(title, class_name="text-2xl font-semibold tracking-tight"),
                back,
                class_name="flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1",
            ),
            *content,
            class_name="w-full max-w-4xl flex flex-col gap-5",
        ),
        class_name="min-h-dvh bg-panel text-ink flex justify-center px-4 py-10",
    )


def link(label: str, to: str) -> rx.Component:
    """A link to another page."""
    return ReactRouterLink.create(
        label, to=to, class_name="text-sm text-accent underline underline-offset-2"
    )


def agents_link() -> rx.Component:
    """The way to the agents, in the sidebar."""
    return ReactRouterLink.create(
        rx.icon("bot", size=16, aria_hidden="true"),
        "Agents",
        to=routes.AGENTS,
        class_name=(
            "flex items-center gap-2.5 h-10 px-2.5 -mt-2 rounded-control hover:bg-hover "
            "transition-colors"
        ),
    )


def said() -> rx.Component:
    """What was done or could not be done."""
    words, failure = stored("agents:said", str).to(str), stored("notice", str).to(str)
    return rx.fragment(
        rx.cond(failure, notice(failure, "danger")),
        rx.cond(
            words,
            rx.cond(stored("agents:wrong", bool).to(bool), notice(words, "danger"), notice(words)),
        ),
    )


def undo(deleted: rx.Var[str], restore: Any) -> rx.Component:
    """That an agent was deleted, and the way back."""
    return rx.cond(
        deleted,
        rx.el.div(
            rx.el.p("The agent was deleted. Chats with it go on without it.", role="status"),
            rx.el.button(
                "Undo",
                type="button",
                on_click=restore(deleted.to(UUID)),
                class_name="h-9 px-3 font-medium text-accent rounded-control hover:bg-hover",
            ),
            class_name=(
                "flex items-center justify-between gap-3 rounded-control bg-sunken pl-3.5 pr-1 "
                "py-1 text-sm appear"
            ),
        ),
    )


_SIZES = {
    "tiny": "size-5 text-base rounded",
    "small": "size-6 text-lg rounded",
    "usual": "size-10 text-xl rounded-control bg-sunken",
    "big": "size-14 text-3xl rounded-control bg-sunken",
}


def face(
    emoji: rx.Var[str],
    picture: rx.Var[str],
    size: Literal["tiny", "small", "usual", "big"] = "usual",
) -> rx.Component:
    """The picture of an agent, or its emoji."""
    sign = emoji if size in ("tiny", "small") else rx.cond(emoji, emoji, rx.icon("bot", size=20))
    return rx.el.span(
        rx.cond(picture, portrait(picture, "size-full"), sign),
        aria_hidden="true",
        class_name=(
            f"{_SIZES[size]} shrink-0 inline-flex items-center justify-center overflow-hidden "
            "leading-none select-none"
        ),
    )


def portrait(picture: rx.Var[str], class_name: str) -> rx.Component:
    """The picture of an agent. One that is gone by now leaves its place empty."""
    return rx.el.img(
        src=picture, alt="", draggable=False, class_name=f"{class_name} object-cover shrink-0"
    )


def badge(text: str | rx.Var[str]) -> rx.Component:
    """A word about an agent."""
    return rx.el.span(
        text,
        class_name="rounded-full bg-sunken px-2.5 py-0.5 text-xs text-muted whitespace-nowrap",
    )


def card(agent: rx.vars.ObjectVar[CardView], *actions: rx.Component) -> rx.Component:
    """An agent in a list."""
    active, audience = agent["active"].to(bool), agent["audience"].to(str)
    tools = agent["tools"].to(str)
    return rx.el.li(
        rx.el.div(
            face(agent["emoji"].to(str), agent["picture"].to(str)),
            rx.el.div(
                rx.el.h3(agent["name"].to(str), class_name="font-medium truncate"),
                rx.el.p(
                    rx.cond(agent["description"], agent["description"], "No description"),
                    class_name="text-sm text-muted line-clamp-2 [overflow-wrap:anywhere]",
                ),
                class_name="min-w-0",
            ),
            class_name="flex gap-3",
        ),
        rx.el.div(
            rx.cond(~active, badge("Switched off")),
            rx.cond(audience, badge(audience)),
            rx.cond(
                tools,
                rx.el.p(
                    rx.icon("wrench", size=13, aria_hidden="true", class_name="shrink-0"),
                    rx.el.span(tools, class_name="truncate"),
                    title=tools,
                    class_name="flex items-center gap-1.5 min-w-0 text-xs text-muted",
                ),
            ),
            class_name="flex flex-wrap items-center gap-2 empty:hidden",
        ),
        rx.el.div(
            rx.cond(
                active,
                ReactRouterLink.create(
                    "Chat",
                    to=expression(f"`/?agent=${{{agent!s}.id}}`", str, agent),
                    aria_label=named("Chat with", agent),
                    class_name=(
                        "inline-flex items-center h-9 px-3.5 rounded-control text-sm font-medium "
                        "border border-line hover:bg-hover transition-colors"
                    ),
                ),
            ),
            rx.el.div(*actions, class_name="flex ml-auto -mr-2"),
            class_name="flex items-center mt-auto pt-1",
        ),
        key=agent["id"].to(str),
        custom_attrs={"data-testid": "agent"},
        class_name=(
            "bg-ground border border-line rounded-card p-4 flex flex-col gap-3 min-w-0 appear"
        ),
    )


def edit_button(agent: rx.vars.ObjectVar[CardView]) -> rx.Component:
    """The way to the form."""
    label = rx.cond(agent["editable"].to(bool), named("Edit", agent), named("Look at", agent))
    return ReactRouterLink.create(
        rx.cond(
            agent["editable"].to(bool),
            rx.icon("pencil", size=16, aria_hidden="true"),
            rx.icon("eye", size=16, aria_hidden="true"),
        ),
        to=expression(f"`/agents/${{{agent!s}.id}}`", str, agent),
        aria_label=label,
        title=label,
        class_name=(
            "inline-flex items-center justify-center rounded-control size-9 shrink-0 text-muted "
            "hover:bg-hover hover:text-ink transition-colors"
        ),
    )


def duplicate_button(agent: rx.vars.ObjectVar[CardView]) -> rx.Component:
    """Makes a copy."""
    return icon_button(
        "copy",
        named("Duplicate", agent),
        size=16,
        on_click=AgentState.duplicate(agent["id"].to(str).to(UUID)),
    )


def switch_button(agent: rx.vars.ObjectVar[CardView], handler: Any) -> rx.Component:
    """Switches off or on."""
    agent_id, active = agent["id"].to(str).to(UUID), agent["active"].to(bool)
    return rx.cond(
        active,
        icon_button(
            "power-off", named("Switch off", agent), size=16, on_click=handler(agent_id, False)
        ),
        icon_button("power", named("Switch on", agent), size=16, on_click=handler(agent_id, True)),
    )


def delete_button(agent: rx.vars.ObjectVar[CardView], handler: Any) -> rx.Component:
    """Deletes; there is a way back."""
    return icon_button(
        "trash-2", named("Delete", agent), size=16, on_click=handler(agent["id"].to(str).to(UUID))
    )


def named(verb: str, agent: rx.vars.ObjectVar[CardView]) -> rx.Var[str]:
    """What a button does, and with which agent."""
    return expression(f"`{verb} ${{{agent!s}.name}}`", str, agent)
