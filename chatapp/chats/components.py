"""The list of chats."""

from typing import Any, NamedTuple
from uuid import UUID

import reflex as rx
from reflex_components_core.react_router.dom import ReactRouterLink

from chatapp import routes
from chatapp.chats.sidebar import ChatLine, Group
from chatapp.ui.behaviour import on_escape, selects_all
from chatapp.ui.parts import icon_button, skeleton
from chatapp.ui.store import chosen, expression, stored

_SIDEBAR = stored("sidebar", list[Group])

renaming = rx._x.client_state("renaming", default="")
"""The id of the chat whose title is being edited in this tab."""


class Uses(NamedTuple):
    """What the list is used for: the handlers come from above."""

    current: rx.Var[str]
    """The id of the open chat."""
    rename: Any
    """Takes the form of a new title."""
    delete: Any
    """Takes the id of a chat."""


def chat_list(uses: Uses) -> rx.Component:
    """The chats by date, or the place held for them."""
    lines = rx.el.div(
        rx.foreach(_SIDEBAR.to(list[Group]), lambda group: _group(group, uses)),
        class_name="space-y-4",
    )
    waiting = rx.el.div(*[skeleton("h-8 w-full") for _ in range(5)], class_name="space-y-2")
    empty = rx.el.p("Your chats will be listed here.", class_name="px-2.5 text-muted")
    count = expression(f"{_SIDEBAR!s}?.length ?? -1", int, _SIDEBAR)
    return chosen(count, (-1, waiting), (0, empty), otherwise=lines)


def _group(group: rx.vars.ObjectVar[Group], uses: Uses) -> rx.Component:
    return rx.el.section(
        rx.el.h2(group["label"], class_name="px-2.5 pb-1 text-xs font-medium text-muted"),
        rx.el.ul(
            rx.foreach(
                group["chats"].to(list[ChatLine]),
                lambda chat: _line(chat, uses),
            )
        ),
        key=group["label"].to(str),
    )


def _line(chat: rx.vars.ObjectVar[ChatLine], uses: Uses) -> rx.Component:
    chat_id, title = chat["id"].to(str), chat["title"].to(str)
    return rx.el.li(
        rx.cond(
            renaming.value == chat_id,
            _title_form(chat_id, title, uses),
            rx.fragment(
                ReactRouterLink.create(
                    title,
                    to=f"/c/{chat_id}",
                    title=title,
                    aria_current=rx.cond(uses.current == chat_id, "page", "false"),
                    class_name="flex-1 min-w-0 truncate py-2 pl-2.5 rounded-control",
                ),
                rx.cond(
                    chat["unseen"].to(bool) & (uses.current != chat_id),  # else it is on the screen
                    _new_dot(),
                ),
                _menu(chat_id, title, uses),
            ),
        ),
        key=chat_id,
        class_name=(
            "group flex items-center rounded-control hover:bg-hover "
            "has-[[aria-current=page]]:bg-hover has-[[aria-current=page]]:font-medium"
        ),
    )


def _title_form(chat_id: rx.Var[str], title: rx.Var[str], uses: Uses) -> rx.Component:
    return rx.el.form(
        rx.el.input(type="hidden", name="chat_id", default_value=chat_id),
        rx.el.input(
            name="title",
            default_value=title,
            aria_label="New title",
            auto_focus=True,
            on_focus=selects_all(),
            max_length=200,
            on_key_down=on_escape(renaming.set_value("")),
            class_name="w-full h-9 px-2 rounded-control bg-ground border border-accent text-sm",
        ),
        on_submit=[uses.rename, renaming.set_value("")],
        class_name="flex-1",
    )


def _new_dot() -> rx.Component:
    return rx.el.span(
        rx.el.span("New answer", class_name="sr-only"),
        class_name="size-2 rounded-full bg-accent shrink-0 mx-1",
        title="New answer",
    )


def _menu(chat_id: rx.Var[str], title: rx.Var[str], uses: Uses) -> rx.Component:
    menu_id = f"menu-{chat_id}"
    item = "flex items-center gap-2.5 w-full px-3 h-9 text-sm rounded-lg hover:bg-hover text-left"
    return rx.fragment(
        icon_button(
            "ellipsis",
            f"Options of {title}",
            custom_attrs={"popoverTarget": menu_id},
            class_name=(
                "md:opacity-0 group-hover:opacity-100 focus-visible:opacity-100 "
                "group-has-[:popover-open]:opacity-100"
            ),
        ),
        rx.el.div(
            rx.el.button(
                rx.icon("pencil", size=15, aria_hidden="true"),
                "Rename",
                type="button",
                on_click=renaming.set_value(chat_id),
                class_name=item,
            ),
            rx.el.button(
                rx.icon("trash-2", size=15, aria_hidden="true"),
                "Delete",
                type="button",
                custom_attrs={
                    "popoverTarget": menu_id,
                    "popoverTargetAction": "hide",
                    "data-closes": "",
                },
                on_click=uses.delete(chat_id.to(UUID)),
                class_name=f"{item} text-danger",
            ),
            id=menu_id,
            custom_attrs={"popover": "auto"},
            class_name="menu bg-ground border border-line rounded-control shadow-raised p-1 w-40",
        ),
    )


def new_chat_link() -> rx.Component:
    """The way to an empty chat."""
    return ReactRouterLink.create(
        rx.icon("square-pen", size=16, aria_hidden="true"),
        "New chat",
        to=routes.HOME,
        role="button",
        class_name=(
            "flex items-center gap-2.5 h-10 px-2.5 rounded-control font-medium "
            "hover:bg-hover transition-colors"
        ),
    )
