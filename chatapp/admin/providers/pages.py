"""The page about providers: how each is now, and the last attempts."""

from typing import Any

import reflex as rx

from chatapp import routes
from chatapp.admin.frame import admin_frame
from chatapp.admin.providers.state import ProviderState
from chatapp.admin.providers.views import AttemptView, MemberView, QuotaView, TestView
from chatapp.ui.clock import clock
from chatapp.ui.parts import button, card, notice, skeleton
from chatapp.ui.store import chosen, expression, stored

_MEMBERS = stored("admin:members", list[MemberView])
_ATTEMPTS = stored("admin:attempts", list[AttemptView])

_ALONE = (
    "Redis cannot be reached. The pool goes on, and this is what one process knows by itself: "
    "quotas are shared out, and holds of other processes are not seen."
)
_TONES = {
    "good": "bg-sunken text-accent",
    "warn": "bg-mark text-ink",
    "bad": "bg-danger-soft text-danger",
}


def providers_page() -> rx.Component:
    """How each provider is, live; for others a page that does not exist."""
    return admin_frame(
        "Providers",
        routes.ADMIN_PROVIDERS,
        rx.el.p(
            rx.el.a(
                "Change accounts and models",
                href=routes.ADMIN_POOL,
                class_name="text-sm text-accent underline underline-offset-2",
            )
        ),
        rx.cond(stored("admin:alone", bool), notice(_ALONE, "danger")),
        _members(),
        _attempts(),
    )


def _members() -> rx.Component:
    rows = expression(f"{_MEMBERS!s} ?? []", list[MemberView], _MEMBERS)
    return rx.cond(
        _MEMBERS,
        rx.el.ul(
            rx.foreach(rows, _member),
            aria_label="Providers",
            class_name="grid grid-cols-1 md:grid-cols-2 gap-3",
        ),
        rx.el.div(
            *[skeleton("h-64 w-full") for _ in range(2)],
            class_name="grid grid-cols-1 md:grid-cols-2 gap-3",
        ),
    )


def _member(member: rx.vars.ObjectVar[MemberView]) -> rx.Component:
    name, until = member["name"].to(str), member["until"].to(str)
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.h2(member["label"].to(str), class_name="font-semibold break-words"),
                rx.el.p(
                    name,
                    " · ",
                    member["tiers"].to(str),
                    class_name="text-sm text-muted break-words",
                ),
                class_name="min-w-0",
            ),
            _badge(member["state"].to(str), member["tone"].to(str)),
            class_name="flex items-start justify-between gap-3",
        ),
        rx.cond(
            member["why"].to(str),
            rx.el.p(
                member["why"].to(str),
                rx.cond(until, rx.fragment(" Until ", clock(until), ".")),
                class_name="text-sm",
            ),
        ),
        rx.cond(
            member["quotas"].to(list[QuotaView]).length() > 0,
            rx.el.ul(
                rx.foreach(member["quotas"].to(list[QuotaView]), _quota), class_name="space-y-3"
            ),
            rx.el.p("No limit is known.", class_name="text-sm text-muted"),
        ),
        rx.el.dl(
            rx.foreach(member["facts"].to(list[list[str]]), _fact),
            class_name="grid grid-cols-2 gap-x-4 gap-y-2 text-sm",
        ),
        rx.cond(
            member["errors"].to(list[list[str]]).length() > 0,
            rx.el.ul(
                rx.foreach(member["errors"].to(list[list[str]]), _error),
                aria_label="Errors of this hour and the last",
                class_name="text-sm border-t border-line pt-3 space-y-1",
            ),
        ),
        _test(name),
        key=name,
        class_name="bg-ground border border-line rounded-card p-4 sm:p-5 flex flex-col gap-4",
    )


def _quota(quota: rx.vars.ObjectVar[QuotaView]) -> rx.Component:
    percent, resets = quota["percent"].to(int), quota["resets"].to(str)
    return rx.el.li(
        rx.el.div(
            rx.el.span(quota["what"].to(str)),
            rx.el.span(quota["left"].to(str), class_name="tabular-nums text-muted"),
            class_name="flex flex-wrap justify-between gap-x-3 text-sm",
        ),
        rx.el.div(
            rx.el.div(class_name="h-full rounded-full bg-accent", style={"width": f"{percent}%"}),
            aria_hidden="true",
            class_name="h-1.5 rounded-full bg-sunken overflow-hidden mt-1",
        ),
        rx.cond(
            resets,
            rx.el.p(
                "all there again ",
                clock(resets),
                class_name="text-xs text-muted mt-1 tabular-nums",
            ),
        ),
        key=quota["what"].to(str),
    )


def _fact(fact: rx.vars.ArrayVar[list[str]]) -> rx.Component:
    return rx.el.div(
        rx.el.dt(fact[0], class_name="text-muted"),
        rx.el.dd(fact[1], class_name="tabular-nums font-medium"),
    )


def _error(error: rx.vars.ArrayVar[list[str]]) -> rx.Component:
    return rx.el.li(
        rx.el.span(
            error[0], " ", rx.el.span(error[1], class_name="text-muted break-all"), class_name=""
        ),
        rx.el.span(error[2], class_name="tabular-nums font-medium"),
        class_name="flex justify-between gap-3",
    )


def _test(name: rx.vars.StringVar) -> rx.Component:
    tested = stored(expression(f"'admin:tested:' + {name!s}", str, name), TestView)

    def part(key: str, type_: Any, empty: str) -> rx.Var:
        return expression(f"{tested!s}?.{key} ?? {empty}", type_, tested)

    busy, words = part("busy", bool, "false"), part("words", str, "''")
    return rx.el.div(
        button(
            "Test now",
            kind="quiet",
            type="button",
            disabled=busy,
            aria_busy=busy,
            title="Asks for one word. It counts as one request.",
            on_click=ProviderState.test(name),
        ),
        rx.el.p(
            words,
            role="status",
            class_name=rx.cond(
                part("failed", bool, "false"), "text-sm text-danger", "text-sm text-muted"
            ),
        ),
        class_name="flex flex-wrap items-center gap-3 mt-auto",
    )


def _attempts() -> rx.Component:
    rows = expression(f"{_ATTEMPTS!s} ?? []", list[AttemptView], _ATTEMPTS)
    count = expression(f"{_ATTEMPTS!s}?.length ?? -1", int, _ATTEMPTS)
    return card(
        rx.el.h2("Last attempts", class_name="text-lg font-semibold mb-3"),
        chosen(
            count,
            (-1, rx.el.div(*[skeleton("h-12 w-full") for _ in range(4)], class_name="space-y-2")),
            (0, rx.el.p("Nobody has asked yet.", class_name="text-muted py-6 text-center")),
            otherwise=rx.el.ul(
                rx.foreach(rows, _attempt),
                aria_label="Last attempts",
                class_name="divide-y divide-line border-y border-line",
            ),
        ),
    )


def _attempt(attempt: rx.vars.ObjectVar[AttemptView]) -> rx.Component:
    why = attempt["why"].to(str)
    return rx.el.li(
        rx.el.div(
            rx.el.p(attempt["label"].to(str), class_name="font-medium break-words"),
            rx.cond(why, rx.el.p(why, class_name="text-sm text-muted break-words")),
            class_name="min-w-0 flex-1 basis-60",
        ),
        rx.el.div(
            rx.el.p(
                rx.el.span(
                    clock(attempt["at"].to(str), seconds=True), class_name="text-xs text-muted"
                ),
                _badge(attempt["outcome"].to(str), attempt["tone"].to(str)),
                class_name="flex flex-row-reverse sm:flex-row justify-end items-center gap-2",
            ),
            rx.el.p(attempt["facts"].to(str), class_name="text-xs text-muted mt-1 sm:text-right"),
            class_name="tabular-nums",
        ),
        key=attempt["id"].to(str),
        class_name="flex flex-wrap items-start gap-x-4 gap-y-1 py-3",
    )


def _badge(text: rx.vars.StringVar, tone: rx.vars.StringVar) -> rx.Component:
    colours = rx.match(tone, *_TONES.items(), "bg-sunken text-muted")
    return rx.el.span(
        text,
        class_name=[
            "inline-block rounded-full px-2.5 py-0.5 text-xs font-medium whitespace-nowrap",
            colours,
        ],
    )
