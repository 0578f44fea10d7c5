"""The frame of the pages: the sidebar, the top line, the content and what stands below it."""

from typing import Literal

import reflex as rx
from reflex.style import color_mode, set_color_mode
from reflex_components_core.base.error_boundary import ErrorBoundary
from reflex_components_core.react_router.dom import ReactRouterLink

from chatapp import routes
from chatapp.ui.behaviour import reloads
from chatapp.ui.parts import button, icon_button, link_button, page_title
from chatapp.ui.store import chosen

NAME = "chatapp"


def frame(
    sidebar: rx.Component,
    content: rx.Component,
    footer: rx.Component,
    *,
    title: rx.Var[str],
    aside: rx.Component,
) -> rx.Component:
    """A page with the sidebar; on a phone that is a drawer over it.

    Args:
        sidebar: what stands in it.
        content: the page itself.
        footer: what stays below it.
        title: what the top line says.
        aside: what stands at its end.
    """
    return rx.el.div(
        rx.el.nav(
            rx.el.div(
                wordmark(),
                icon_button(
                    "x",
                    "Close the list of chats",
                    custom_attrs={"popoverTarget": "sidebar", "popoverTargetAction": "hide"},
                    class_name="md:hidden",
                ),
                class_name="flex items-center justify-between pl-2.5 h-12",
            ),
            sidebar,
            _foot(),
            id="sidebar",
            aria_label="Chats",
            custom_attrs={"popover": "auto"},
            class_name="drawer bg-panel text-ink border-r border-line p-2 gap-3",
        ),
        rx.el.div(
            rx.el.header(
                icon_button(
                    "menu",
                    "Open the list of chats",
                    custom_attrs={"popoverTarget": "sidebar"},
                    class_name="md:hidden",
                ),
                rx.el.p(
                    title,
                    custom_attrs={"data-title": title},
                    class_name="truncate font-medium px-1",
                ),
                aside,
                class_name="flex items-center gap-1 h-12 px-2 shrink-0",
            ),
            rx.el.main(content, class_name="flex-1 min-h-0 flex flex-col"),
            footer,
            class_name="flex-1 min-w-0 flex flex-col h-dvh",
        ),
        class_name="flex h-dvh bg-ground text-ink",
    )


def message_page(title: str, words: str, *more: rx.Component) -> rx.Component:
    """A page that only says something."""
    return rx.el.main(
        page_title(title),
        rx.el.p(words, class_name="mt-3 text-muted max-w-sm"),
        rx.el.div(*more, class_name="mt-6"),
        class_name=(
            "min-h-dvh bg-ground text-ink flex flex-col items-center justify-center px-6 "
            "text-center"
        ),
    )


def not_found() -> rx.Component:
    """The page of an address that is none."""
    return message_page(
        "There is no such page",
        "The address may be mistyped, or the page has moved.",
        link_button("Go to your chats", routes.HOME),
    )


def broken() -> rx.Component:
    """What is shown when the page itself fails."""
    return message_page(
        "This page has stopped working",
        "Nothing you wrote is lost on the server. Loading the page again should help.",
        button("Load again", on_click=reloads()),
    )


def guarded(_stateful: bool) -> rx.Component:
    """Catches what fails while pages are drawn."""
    return ErrorBoundary.create(fallback_render=broken())


def wordmark() -> rx.Component:
    """The product's name."""
    return rx.el.span(NAME, class_name="text-base font-semibold tracking-tight")


def _foot() -> rx.Component:
    line = "flex items-center gap-2.5 h-10 px-2.5 rounded-control hover:bg-hover flex-1"
    return rx.el.div(
        ReactRouterLink.create(
            rx.icon("settings", size=16, aria_hidden="true"),
            "Settings",
            to=routes.SETTINGS,
            class_name=line,
        ),
        theme_button(),
        class_name="flex items-center gap-1 border-t border-line pt-2",
    )


def theme_button() -> rx.Component:
    """Switches between light, dark and the system's theme."""
    return chosen(
        color_mode,
        ("light", _theme("sun", "Theme: light", "dark")),
        ("dark", _theme("moon", "Theme: dark", "system")),
        otherwise=_theme("monitor", "Theme: as the system", "light"),
    )


def _theme(icon: str, label: str, following: Literal["light", "dark", "system"]) -> rx.Component:
    return icon_button(icon, label, on_click=set_color_mode(following))
