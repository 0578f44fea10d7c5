"""The page about agents."""

import reflex as rx

from chatapp import routes
from chatapp.admin.agents.state import AdminAgentState
from chatapp.admin.agents.welcome import welcome_card
from chatapp.admin.frame import admin_frame
from chatapp.admin.stale import stale_notice
from chatapp.agents.components import (
    card as agent_card,
)
from chatapp.agents.components import (
    delete_button,
    duplicate_button,
    edit_button,
    said,
    switch_button,
    undo,
)
from chatapp.agents.service import LONGEST_RULES
from chatapp.agents.views import CardView
from chatapp.ui.parts import button, card, link_button, notice, skeleton
from chatapp.ui.store import expression, stored

_LIST = stored("admin:agents", dict[str, list[CardView]])
_RULES = stored("admin:rules", str)
_VERSION = stored("admin:rules:version", str).to(str)


def admin_agents_page() -> rx.Component:
    """What the organisation says to every model, its agents, and those that come."""
    return admin_frame(
        "Agents",
        routes.ADMIN_AGENTS,
        said(),
        undo(stored("admin:agents:deleted", str).to(str), AdminAgentState.restore),
        _rules(),
        welcome_card(),
        _section(
            "Your organisation’s agents",
            "Everyone, or a group, can chat with them. Only administrators change them.",
            "ours",
            link_button("New agent", f"{routes.NEW_AGENT}?for=all"),
        ),
        _section(
            "Ready to use",
            "They come with the product. One that is switched off is offered to nobody; chats "
            "with it go on without it.",
            "come",
        ),
    )


def _rules() -> rx.Component:
    words = stored("admin:rules:said", str).to(str)
    there = expression(f"{_RULES!s} !== undefined", bool, _RULES)
    return card(
        rx.el.h2("Instructions for every chat", class_name="text-lg font-semibold"),
        rx.el.p(
            "Every model is given them before every chat, after chatapp’s own rules and before "
            "those of an agent and of the person. They cost quota with each question.",
            class_name="mt-1 mb-4 text-sm text-muted max-w-prose",
        ),
        rx.cond(
            there,
            rx.el.form(
                rx.el.input(type="hidden", name="version", value=_VERSION, read_only=True),
                rx.el.textarea(
                    name="rules",
                    default_value=_RULES.to(str),
                    rows="5",
                    max_length=LONGEST_RULES,
                    aria_label="Instructions for every chat",
                    placeholder="We are a hospital. Never give advice on doses; name the ward’s "
                    "handbook instead.",
                    class_name=(
                        "block w-full px-3 py-2.5 rounded-control bg-ground border border-edge "
                        "text-base leading-6 placeholder:text-muted focus-visible:border-accent "
                        "resize-y"
                    ),
                ),
                rx.el.div(
                    button("Save", type="submit"),
                    rx.el.p(
                        f"Up to {LONGEST_RULES:,} characters.", class_name="text-sm text-muted"
                    ),
                    class_name="flex flex-wrap items-center gap-3",
                ),
                rx.cond(words, notice(words)),
                rx.cond(stored("admin:rules:stale", bool), stale_notice(AdminAgentState.load)),
                on_submit=AdminAgentState.save_rules,
                # The box is the browser's own: other words need another one.
                key=_VERSION,
                class_name="flex flex-col gap-3",
            ),
            skeleton("h-36 w-full"),
        ),
    )


def _section(title: str, words: str, name: str, *more: rx.Component) -> rx.Component:
    agents = expression(f"{_LIST!s}?.{name} ?? []", list[CardView], _LIST).to(list[CardView])
    count = expression(f"{_LIST!s}?.{name}.length ?? -1", int, _LIST)
    return rx.el.section(
        rx.el.div(
            rx.el.div(
                rx.el.h2(title, class_name="text-lg font-semibold"),
                rx.el.p(words, class_name="mt-1 text-sm text-muted max-w-prose"),
            ),
            *more,
            class_name="flex flex-wrap items-end justify-between gap-3 mb-3",
        ),
        rx.match(
            count,
            (
                -1,
                rx.el.div(
                    *[skeleton("h-36 w-full") for _ in range(3)],
                    class_name="grid gap-3 sm:grid-cols-2 lg:grid-cols-3",
                ),
            ),
            (
                0,
                rx.el.p(
                    "There are none yet.",
                    class_name=(
                        "rounded-card border border-dashed border-line px-4 py-6 text-center "
                        "text-muted"
                    ),
                ),
            ),
            rx.el.ul(
                rx.foreach(agents, _card), class_name="grid gap-3 sm:grid-cols-2 lg:grid-cols-3"
            ),
        ),
        aria_label=title,
    )


def _card(agent: rx.vars.ObjectVar[CardView]) -> rx.Component:
    return agent_card(
        agent,
        edit_button(agent),
        duplicate_button(agent),
        switch_button(agent, AdminAgentState.set_active),
        rx.cond(agent["editable"].to(bool), delete_button(agent, AdminAgentState.delete)),
    )
