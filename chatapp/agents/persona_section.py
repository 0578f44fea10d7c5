"""The sections of the settings page about what answers may know of a person."""

from typing import Any
from uuid import UUID

import reflex as rx

from chatapp.accounts.pages import settings_section
from chatapp.agents.persona import LONGEST_ENTRY, LONGEST_TEXT, MOST_ENTRIES
from chatapp.agents.persona_state import MemoryView, PersonaState, PersonaView
from chatapp.ui.behaviour import on_escape, selects_all
from chatapp.ui.parts import button, icon_button, notice, skeleton
from chatapp.ui.store import chosen, expression, stored

_PERSONA = stored("persona", PersonaView)
_THERE = expression(f"!!{_PERSONA!s}", bool, _PERSONA).to(bool)

_editing = rx._x.client_state("editing_memory", default="")
"""The id of the entry that is being changed in this tab."""


def persona_section() -> rx.Component:
    """What answers should know and how they should sound."""
    said = stored("persona:said", str).to(str)
    return settings_section(
        "Your instructions",
        rx.el.p(
            "They go with each of your questions, so write what matters often. Answers to you are "
            "then kept for you alone. Empty: nothing is sent.",
            class_name="text-sm text-muted mb-4",
        ),
        rx.cond(
            _THERE,
            rx.el.form(
                _area(
                    "What should answers know about you?",
                    "about",
                    "I teach physics at a secondary school in Ghent.",
                ),
                _area(
                    "How should they sound?", "style", "Short and direct. Metric units. No emoji."
                ),
                rx.el.p(
                    f"Up to {LONGEST_TEXT:,} characters each.", class_name="text-sm text-muted"
                ),
                rx.cond(said, notice(said)),
                rx.el.div(button("Save", type="submit")),
                on_submit=PersonaState.save,
                class_name="flex flex-col gap-4",
                custom_attrs={"aria-label": "Your instructions"},
            ),
            rx.el.div(skeleton("h-24 w-full"), skeleton("h-24 w-full"), class_name="space-y-4"),
        ),
    )


def memory_section() -> rx.Component:
    """What is remembered, to be read, changed and deleted."""
    on = expression(f"{_PERSONA!s}?.remembers ?? false", bool, _PERSONA).to(bool)
    memories = expression(f"{_PERSONA!s}?.memories ?? []", list[MemoryView], _PERSONA)
    some = expression(f"{memories!s}.length > 0", bool, memories)
    said = stored("memory:said", str).to(str)
    return settings_section(
        "Memory",
        rx.el.p(
            "With the memory on, what is listed here goes with each of your questions, and agents "
            "with tools may add to it when you tell them something lasting; their thoughts show "
            "it. Nothing is remembered that is not listed here.",
            class_name="text-sm text-muted mb-4",
        ),
        rx.cond(
            _THERE,
            rx.el.div(
                _switch(on),
                rx.cond(
                    some,
                    rx.el.ul(
                        rx.foreach(memories.to(list[MemoryView]), _entry),
                        aria_label="What is remembered",
                        class_name="divide-y divide-line border-y border-line",
                    ),
                    rx.el.p("Nothing is remembered yet.", class_name="text-muted"),
                ),
                rx.cond(said, notice(said, "danger")),
                _new_entry(),
                rx.cond(some, _clear()),
                class_name="flex flex-col gap-4",
            ),
            skeleton("h-24 w-full"),
        ),
    )


def _switch(on: rx.Var[bool]) -> rx.Component:
    return rx.el.button(
        rx.el.span(
            rx.el.span(
                class_name=rx.cond(
                    on,
                    "block size-5 rounded-full bg-ground transition-transform translate-x-5",
                    "block size-5 rounded-full bg-ground transition-transform",
                )
            ),
            aria_hidden="true",
            class_name=rx.cond(
                on,
                "w-11 h-6 p-0.5 rounded-full transition-colors bg-accent",
                "w-11 h-6 p-0.5 rounded-full transition-colors bg-edge",
            ),
        ),
        "Use the memory",
        type="button",
        role="switch",
        aria_checked=on,
        on_click=PersonaState.set_remembers(~on),
        class_name="flex items-center gap-3 self-start py-1 font-medium rounded-control",
    )


def _entry(entry: rx.vars.ObjectVar[MemoryView]) -> rx.Component:
    entry_id, text = entry["id"].to(str), entry["text"].to(str)
    return rx.el.li(
        rx.cond(
            _editing.value == entry_id,
            rx.el.form(
                rx.el.input(type="hidden", name="id", default_value=entry_id),
                rx.el.input(
                    name="text",
                    default_value=text,
                    aria_label="What is to be remembered",
                    auto_focus=True,
                    on_focus=selects_all(),
                    max_length=LONGEST_ENTRY,
                    on_key_down=on_escape(_editing.set_value("")),
                    class_name=(
                        "flex-1 min-w-0 h-10 px-3 rounded-control bg-ground border border-accent"
                    ),
                ),
                button("Save", kind="quiet", type="submit"),
                on_submit=[PersonaState.rewrite, _editing.set_value("")],
                class_name="flex-1 flex gap-2 min-w-0",
            ),
            rx.fragment(
                rx.el.div(
                    rx.el.p(text, class_name="[overflow-wrap:anywhere]"),
                    rx.el.p(
                        rx.cond(entry["noted"].to(bool), "Noted by an agent · ", ""),
                        entry["at"].to(str),
                        class_name="text-xs text-muted",
                    ),
                    class_name="flex-1 min-w-0",
                ),
                icon_button(
                    "pencil",
                    expression(f"`Change: ${{{text!s}}}`", str, text),
                    size=15,
                    on_click=_editing.set_value(entry_id),
                ),
                icon_button(
                    "trash-2",
                    expression(f"`Forget: ${{{text!s}}}`", str, text),
                    size=15,
                    on_click=PersonaState.delete(entry_id.to(UUID)),
                ),
            ),
        ),
        key=entry_id,
        class_name="flex items-center gap-1 py-2 min-h-14",
    )


def _new_entry() -> rx.Component:
    typed = stored("memory:typed", str).to(str)
    room = expression(f"{_PERSONA!s}?.room ?? 0", int, _PERSONA)
    # What was kept leaves the box empty: another number of entries is another box.
    return rx.el.form(
        rx.el.label(
            rx.el.span("Remember that …", class_name="block text-sm font-medium mb-1.5"),
            rx.el.input(
                name="text",
                default_value=typed,
                key=room.to_string(),
                max_length=LONGEST_ENTRY,
                placeholder="I prefer trains to planes",
                auto_complete="off",
                class_name=(
                    "w-full h-11 px-3 rounded-control bg-ground border border-edge text-base "
                    "placeholder:text-muted focus-visible:border-accent"
                ),
            ),
            class_name="block flex-1 min-w-0",
        ),
        button("Add", kind="quiet", type="submit", class_name="h-11"),
        rx.el.p(
            f"Up to {LONGEST_ENTRY} characters an entry; room for ",
            room.to_string(),
            f" more of {MOST_ENTRIES}.",
            class_name="basis-full text-sm text-muted",
        ),
        on_submit=PersonaState.add,
        custom_attrs={"aria-label": "A new entry"},
        class_name="flex flex-wrap items-end gap-x-2 gap-y-1.5",
    )


def _clear() -> rx.Component:
    """Asks once more: there is no way back."""
    asked = _editing.value == "all"
    return chosen(
        asked,
        (
            True,
            rx.el.div(
                rx.el.p("All entries will be gone for good.", role="alert"),
                button(
                    "Forget everything",
                    kind="danger",
                    on_click=[PersonaState.delete_all, _editing.set_value("")],
                ),
                button("Keep them", kind="quiet", on_click=_editing.set_value("")),
                class_name="flex flex-wrap items-center gap-3",
            ),
        ),
        otherwise=rx.el.div(
            button("Forget everything …", kind="danger", on_click=_editing.set_value("all"))
        ),
    )


def _area(label: str, name: str, example: str, **props: Any) -> rx.Component:
    return rx.el.label(
        rx.el.span(label, class_name="block text-sm font-medium mb-1.5"),
        rx.el.textarea(
            name=name,
            default_value=expression(f"{_PERSONA!s}?.{name} ?? ''", str, _PERSONA),
            rows="3",
            max_length=LONGEST_TEXT,
            placeholder=example,
            class_name=(
                "block w-full px-3 py-2.5 rounded-control bg-ground border border-edge text-base "
                "leading-6 placeholder:text-muted focus-visible:border-accent resize-y "
                "field-sizing-content min-h-24"
            ),
            **props,
        ),
        class_name="block",
    )
