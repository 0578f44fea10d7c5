"""The page on which an agent is made, changed or looked at."""

from typing import Any
from uuid import UUID

import reflex as rx

from chatapp import routes
from chatapp.agents import editing
from chatapp.agents.components import badge, face, link, page, said
from chatapp.agents.picture_field import picture_field
from chatapp.agents.state import AgentState
from chatapp.agents.views import AwayView, FormView, GroupView, OptionsView, ToolView
from chatapp.ui.behaviour import fills_field
from chatapp.ui.layout import not_found
from chatapp.ui.parts import button, card, choice, field, link_button, notice, skeleton
from chatapp.ui.store import expression, stored

_FORM = stored("agents:form", FormView)
_OPTIONS = stored("agents:options", OptionsView)

EMOJI = ("🤖", "✍️", "💻", "📊", "🧮", "🌍", "🔎", "🎓", "⚖️", "🩺", "🎨", "💡")


def agent_page() -> rx.Component:
    """One agent, or a new one."""
    state = expression(
        f"!{_FORM!s} ? 'waiting' : {_FORM!s}.missing ? 'missing' : 'there'", str, _FORM
    )
    title = expression(
        f"!{_FORM!s}?.id ? 'New agent' : {_FORM!s}.editable ? 'Edit agent' : {_FORM!s}.name",
        str,
        _FORM,
    )
    content = rx.match(
        state,
        ("missing", not_found()),
        page(
            title,
            said(),
            rx.cond(state == "waiting", skeleton("h-[36rem] w-full"), _there()),
            back=link("Back to the agents", routes.AGENTS),
        ),
    )
    return rx.fragment(content)


def _there() -> rx.Component:
    agent_id = _text("id")
    return rx.fragment(
        rx.cond(
            ~_flag("active") & (agent_id != ""),
            notice("It is switched off: chats with it go on without it."),
        ),
        rx.cond(_flag("editable"), _form(), _looked_at()),
        # Another agent is another form, with its own words.
        key=agent_id,
    )


def _form() -> rx.Component:
    return rx.el.form(
        rx.el.input(type="hidden", name="id", default_value=_text("id")),
        rx.el.input(type="hidden", name="version", value=_text("version"), read_only=True),
        card(
            rx.el.div(
                _emoji(),
                rx.el.div(
                    field(
                        "Name",
                        "name",
                        default_value=_text("name"),
                        required=True,
                        max_length=editing.LONGEST_NAME,
                        placeholder="Support letters",
                        auto_complete="off",
                    ),
                    class_name="flex-1 min-w-0",
                ),
                class_name="flex gap-4",
            ),
            _emoji_choice(),
            picture_field(_text("picture")),
            field(
                "Description",
                "description",
                default_value=_text("description"),
                max_length=editing.LONGEST_DESCRIPTION,
                placeholder="What it is good for, in a sentence",
                auto_complete="off",
            ),
            _area(
                "Instructions",
                "instructions",
                f"How it is to answer, and what it must know. Up to "
                f"{editing.LONGEST_INSTRUCTIONS:,} characters; they are sent with each question.",
                rows="10",
                max_length=editing.LONGEST_INSTRUCTIONS,
                placeholder="You write answers to letters of customers. …",
            ),
            class_name="flex flex-col gap-4",
        ),
        card(
            rx.el.h2("How it answers", class_name="text-lg font-semibold"),
            rx.el.div(
                _tier(),
                field(
                    "Temperature",
                    "temperature",
                    default_value=_text("temperature"),
                    input_mode="decimal",
                    placeholder="As the model has it",
                    auto_complete="off",
                    max_length=5,
                ),
                class_name="grid gap-4 sm:grid-cols-2",
            ),
            rx.el.p(
                "0 is sober and nearly always the same, 1 is free, 2 is wild.",
                class_name="text-sm text-muted -mt-2",
            ),
            _tools(),
            class_name="flex flex-col gap-4",
        ),
        card(
            _area(
                "Suggestions",
                "suggestions",
                f"Up to {editing.MOST_SUGGESTIONS}, one a line: they are offered on the empty "
                "screen of a chat with it.",
                rows="4",
            ),
            _audience(),
            class_name="flex flex-col gap-4",
        ),
        rx.el.div(
            button("Save", type="submit"),
            link_button("Back", routes.AGENTS, kind="quiet"),
            class_name="flex gap-3",
        ),
        on_submit=AgentState.save,
        custom_attrs={"aria-label": "The agent"},
        class_name="flex flex-col gap-5",
    )


def _emoji() -> rx.Component:
    return rx.el.label(
        rx.el.span("Emoji", class_name="block text-sm font-medium mb-1.5"),
        rx.el.input(
            name="emoji",
            default_value=_text("emoji"),
            max_length=editing.LONGEST_EMOJI,
            placeholder="🤖",
            auto_complete="off",
            class_name=(
                "w-16 h-11 text-center text-xl rounded-control bg-ground border border-edge "
                "placeholder:opacity-40 focus-visible:border-accent"
            ),
        ),
        class_name="block shrink-0",
    )


def _emoji_choice() -> rx.Component:
    return rx.el.div(
        *[
            rx.el.button(
                emoji,
                type="button",
                aria_label=f"Take {emoji}",
                on_click=fills_field("emoji", emoji),
                class_name="size-9 rounded-control text-lg hover:bg-hover transition-colors",
            )
            for emoji in EMOJI
        ],
        role="group",
        aria_label="Emoji to choose from",
        class_name="flex flex-wrap gap-1 -mt-2 -ml-1.5",
    )


def _area(label: str, name: str, help_: str, **props: Any) -> rx.Component:
    return rx.el.label(
        rx.el.span(label, class_name="block text-sm font-medium mb-1.5"),
        rx.el.textarea(
            name=name,
            default_value=_text(name),
            class_name=(
                "block w-full px-3 py-2.5 rounded-control bg-ground border border-edge text-base "
                "leading-6 placeholder:text-muted focus-visible:border-accent resize-y"
            ),
            **props,
        ),
        rx.el.span(help_, class_name="block mt-1.5 text-sm text-muted"),
        class_name="block",
    )


def _tier() -> rx.Component:
    tiers = expression(f"{_OPTIONS!s}?.tiers ?? []", list[str], _OPTIONS)
    return choice(
        "Models",
        "tier",
        rx.el.option("Auto", value=""),
        rx.foreach(tiers.to(list[str]), lambda tier: rx.el.option(tier.capitalize(), value=tier)),
        default_value=_text("tier"),
    )


def _tools() -> rx.Component:
    tools = expression(f"{_OPTIONS!s}?.tools ?? []", list[ToolView], _OPTIONS)
    away = expression(f"{_FORM!s}?.away ?? []", list[AwayView], _FORM)
    return rx.el.fieldset(
        rx.el.legend("Tools", class_name="text-sm font-medium mb-1.5"),
        rx.el.div(
            rx.foreach(tools.to(list[ToolView]), _tool),
            rx.foreach(away.to(list[AwayView]), _away),
            class_name="grid gap-2 sm:grid-cols-2",
        ),
        class_name="min-w-0",
    )


def _tool(tool: rx.vars.ObjectVar[ToolView]) -> rx.Component:
    name = tool["name"].to(str)
    return _ticked(
        name,
        tool["title"].to(str),
        rx.el.span(tool["meaning"].to(str), class_name="block text-sm text-muted"),
        rx.cond(
            tool["acts"].to(bool),
            rx.el.span(
                "Acts outside: you are asked before each use.",
                class_name="block text-sm text-danger",
            ),
        ),
        checked=expression(f"({_FORM!s}?.tools ?? []).includes({name!s})", bool, _FORM, name),
    )


def _away(tool: rx.vars.ObjectVar[AwayView]) -> rx.Component:
    return _ticked(
        tool["name"].to(str),
        tool["title"].to(str),
        rx.el.span(
            "Not available now. It is kept, and used again once it is there.",
            class_name="block text-sm text-muted",
        ),
        checked=True,
    )


def _ticked(
    name: rx.Var[str], title: rx.Var[str], *words: rx.Component, checked: bool | rx.Var[bool]
) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            name=expression(f"'{editing.TICKED}' + {name!s}", str, name),
            default_checked=checked,
            class_name="mt-1 size-4 shrink-0 accent-[var(--accent)]",
        ),
        rx.el.span(
            rx.el.span(title, class_name="block text-sm font-medium"),
            *words,
            class_name="min-w-0 [overflow-wrap:anywhere]",
        ),
        key=name,
        class_name=(
            "flex gap-3 rounded-control border border-line px-3 py-2.5 hover:bg-hover "
            "transition-colors cursor-pointer has-[:checked]:border-accent"
        ),
    )


def _audience() -> rx.Component:
    """For whom it is: only admins have a choice."""
    groups = expression(f"{_OPTIONS!s}?.groups ?? []", list[GroupView], _OPTIONS)
    admin = expression(f"{_OPTIONS!s}?.admin ?? false", bool, _OPTIONS)
    own = expression(f"({_FORM!s}?.id ?? '') === '' || {_FORM!s}.audience === 'me'", bool, _FORM)
    return rx.cond(
        admin,
        choice(
            "For",
            "audience",
            rx.cond(own, rx.el.option("Me alone", value=editing.ME)),
            rx.el.option("Everyone", value=editing.ALL),
            rx.foreach(
                groups.to(list[GroupView]),
                lambda group: rx.el.option(
                    expression(f"`The group ${{{group!s}.name}}`", str, group),
                    value=group["id"].to(str),
                ),
            ),
            default_value=_text("audience"),
        ),
        rx.el.input(type="hidden", name="audience", default_value=""),
    )


def _looked_at() -> rx.Component:
    """An agent that somebody else made."""
    return card(
        rx.el.div(
            face(_text("emoji"), _picture(), "big"),
            rx.el.div(
                rx.el.p(_text("description")),
                rx.cond(_flag("built_in"), badge("Comes with the product")),
                class_name="min-w-0 flex flex-col items-start gap-2",
            ),
            class_name="flex gap-4",
        ),
        rx.el.div(
            rx.el.h2("Instructions", class_name="text-sm font-medium mb-1.5"),
            rx.el.p(
                _text("instructions"),
                class_name=(
                    "rounded-control bg-sunken px-3.5 py-3 text-sm whitespace-pre-wrap "
                    "[overflow-wrap:anywhere]"
                ),
            ),
        ),
        rx.el.p(
            "It cannot be changed here. Duplicate it to have one of your own that can.",
            class_name="text-sm text-muted",
        ),
        rx.el.div(button("Duplicate", on_click=AgentState.duplicate(_text("id").to(UUID)))),
        class_name="flex flex-col gap-5",
    )


def _text(name: str) -> rx.Var[str]:
    return expression(f"{_FORM!s}?.{name} ?? ''", str, _FORM)


def _picture() -> rx.Var[str]:
    return expression(
        f"{_FORM!s}?.picture ? `{routes.picture('')}${{{_FORM!s}.picture}}` : ''", str, _FORM
    )


def _flag(name: str) -> rx.Var[bool]:
    return expression(f"{_FORM!s}?.{name} ?? false", bool, _FORM).to(bool)
