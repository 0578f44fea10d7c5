"""The page that lists the agents."""

import reflex as rx

from chatapp import routes
from chatapp.agents.components import (
    card,
    delete_button,
    duplicate_button,
    edit_button,
    link,
    page,
    said,
    switch_button,
    undo,
)
from chatapp.agents.state import AgentState
from chatapp.agents.views import CardView
from chatapp.ui.parts import link_button, skeleton
from chatapp.ui.store import expression, stored

_LIST = stored("agents:list", dict[str, list[CardView]])

_searched = rx._x.client_state("searched_agents", default="")
"""What is looked for in the list, in this tab."""

_FOUND = """((cards, text) => {
  const wanted = text.trim().toLowerCase();
  return (cards ?? []).filter((card) =>
    `${card.name} ${card.description} ${card.tools}`.toLowerCase().includes(wanted));
})"""


def agents_page() -> rx.Component:
    """One's own agents, the organisation's, and those that come with the product."""
    return page(
        "Agents",
        rx.el.p(
            "An agent answers with instructions, models and tools of its own. Start a chat with "
            "one, or write @ and its name anywhere in a question.",
            class_name="text-muted max-w-prose",
        ),
        rx.el.div(
            rx.el.input(
                type="search",
                aria_label="Search agents",
                placeholder="Search agents",
                max_length=100,
                on_change=_searched.set_value,
                class_name=(
                    "h-10 px-3 rounded-control bg-ground border border-edge w-full sm:w-72 "
                    "placeholder:text-muted"
                ),
            ),
            link_button("New agent", routes.NEW_AGENT),
            class_name="flex flex-wrap items-center justify-between gap-3",
        ),
        said(),
        undo(stored("agents:deleted", str).to(str), AgentState.restore),
        rx.cond(
            expression(f"!!{_LIST!s}", bool, _LIST),
            rx.fragment(
                _section("Yours", "mine", _yours_empty()),
                _section("Your organisation’s", "theirs", None),
                _section("Ready to use", "come", None),
                _nothing(),
            ),
            rx.el.div(
                *[skeleton("h-36 w-full") for _ in range(6)],
                aria_label="The agents are being fetched",
                class_name="grid gap-3 sm:grid-cols-2 lg:grid-cols-3",
            ),
        ),
        back=link("Back to the chats", routes.HOME),
    )


def _found(name: str) -> rx.Var:
    text = _searched.value
    return expression(f"{_FOUND}({_LIST!s}?.{name}, {text!s})", list[CardView], _LIST, text)


def _section(title: str, name: str, empty: rx.Component | None) -> rx.Component:
    found = _found(name)
    some = expression(f"{found!s}.length > 0", bool, found)
    cards = rx.el.ul(
        rx.foreach(found.to(list[CardView]), _card),
        class_name="grid gap-3 sm:grid-cols-2 lg:grid-cols-3",
    )
    there = rx.el.section(
        rx.el.h2(title, class_name="text-lg font-semibold mb-3"), cards, aria_label=title
    )
    searching = expression(f"{_searched.value!s}.trim() !== ''", bool, _searched.value)
    return rx.cond(some, there, rx.cond(searching, rx.fragment(), empty or rx.fragment()))


def _yours_empty() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Yours", class_name="text-lg font-semibold mb-3"),
        rx.el.p(
            "You have none yet. Make one, or duplicate one of those below and change it.",
            class_name=(
                "rounded-card border border-dashed border-line px-4 py-6 text-center text-muted"
            ),
        ),
        aria_label="Yours",
    )


def _nothing() -> rx.Component:
    parts = [_found(name) for name in ("mine", "theirs", "come")]
    count = " + ".join(f"{part!s}.length" for part in parts)
    text = _searched.value
    none = expression(f"{text!s}.trim() !== '' && ({count}) === 0", bool, text, *parts)
    return rx.cond(none, rx.el.p("No agent matches.", class_name="text-muted py-6 text-center"))


def _card(agent: rx.vars.ObjectVar[CardView]) -> rx.Component:
    return card(
        agent,
        edit_button(agent),
        duplicate_button(agent),
        rx.cond(
            agent["editable"].to(bool),
            rx.fragment(
                switch_button(agent, AgentState.set_active),
                delete_button(agent, AgentState.delete),
            ),
        ),
    )
