"""The status page."""

import reflex as rx

from chatapp import routes
from chatapp.announcements.components import announced
from chatapp.announcements.service import AnnouncementView
from chatapp.status.service import StatusView, TierView
from chatapp.ui.clock import clock
from chatapp.ui.layout import wordmark
from chatapp.ui.parts import notice, page_title, skeleton
from chatapp.ui.store import expression, stored

_STATUS = stored("status", StatusView)

# Never by colour alone: each has a shape and a word of its own.
_ICONS = {"green": "circle-check", "amber": "triangle-alert", "red": "circle-x"}
_COLOURS = {"green": "text-accent", "amber": "text-code-number", "red": "text-danger"}
_AWAY = "How it goes cannot be told right now. It is tried again every few seconds."


def status_page() -> rx.Component:
    """How it goes, tier by tier, for everybody."""
    tiers = expression(f"{_STATUS!s}?.tiers ?? []", list[TierView], _STATUS)
    told = expression(f"{_STATUS!s}?.announcements ?? []", list[AnnouncementView], _STATUS)
    light = expression(f"{_STATUS!s}?.light ?? ''", str, _STATUS)
    words = expression(f"{_STATUS!s}?.words ?? ''", str, _STATUS)
    return rx.el.main(
        rx.el.div(
            rx.el.div(
                wordmark(),
                rx.el.a(
                    "To the chats",
                    href=routes.HOME,
                    class_name="text-sm text-accent underline underline-offset-2",
                ),
                class_name="flex items-baseline justify-between gap-3",
            ),
            page_title("Status"),
            rx.el.div(announced(told, dismissible=False), class_name="-mx-4 empty:hidden"),
            rx.cond(stored("status:away", bool), notice(_AWAY, "danger")),
            rx.cond(
                light,
                rx.fragment(
                    rx.el.p(
                        _icon(light, 22),
                        rx.el.span(words, class_name="text-lg font-semibold"),
                        role="status",
                        class_name="flex items-center gap-3",
                    ),
                    rx.el.ul(
                        rx.foreach(tiers, _tier),
                        aria_label="Models to choose from",
                        class_name=(
                            "bg-ground border border-line rounded-card divide-y divide-line"
                        ),
                    ),
                ),
                rx.el.div(
                    skeleton("h-8 w-56"), skeleton("h-36 w-full"), class_name="flex flex-col gap-5"
                ),
            ),
            rx.el.p(
                "This page looks again every ten seconds by itself.",
                class_name="text-sm text-muted",
            ),
            class_name="w-full max-w-column flex flex-col gap-5",
        ),
        class_name=(
            "min-h-dvh bg-panel text-ink flex flex-col items-center gap-4 px-4 py-8 sm:py-12"
        ),
    )


def _tier(tier: rx.vars.ObjectVar[TierView]) -> rx.Component:
    until = tier["until"].to(str)
    return rx.el.li(
        _icon(tier["light"].to(str), 20),
        rx.el.div(
            rx.el.p(tier["name"].to(str), class_name="font-medium"),
            rx.el.p(
                tier["words"].to(str),
                rx.cond(until, rx.fragment(" Expected back ", clock(until), ".")),
                class_name="text-sm text-muted",
            ),
            class_name="min-w-0 flex-1",
        ),
        rx.el.span(tier["state"].to(str), class_name="text-sm font-medium"),
        key=tier["name"].to(str),
        class_name="flex items-center gap-4 p-4",
    )


def _icon(light: rx.Var[str], size: int) -> rx.Component:

    def drawn(name: str) -> rx.Component:
        look = f"shrink-0 {_COLOURS[name]}"
        return rx.icon(_ICONS[name], size=size, aria_hidden="true", class_name=look)

    return rx.fragment(rx.match(light, *((name, drawn(name)) for name in _ICONS), rx.fragment()))
