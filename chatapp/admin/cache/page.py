"""The page about the cache."""

import reflex as rx

from chatapp import routes
from chatapp.admin.cache.state import CacheState
from chatapp.admin.cache.views import POLICIES, CacheView
from chatapp.admin.confirm import confirm
from chatapp.admin.frame import admin_frame
from chatapp.admin.tables import Column, table
from chatapp.answers.cache import Scope
from chatapp.ui.clock import date_and_clock
from chatapp.ui.parts import button, card, heading, notice, skeleton
from chatapp.ui.store import expression, stored

_CACHE = stored("admin:cache", CacheView)
_CLEAR = stored("admin:cache:clear", dict[str, str])


def cache_page() -> rx.Component:
    """Who may be given an answer again, and what that has saved."""
    said = stored("admin:cache:said", str).to(str)
    there = expression(f"!!{_CACHE!s}", bool, _CACHE)
    return admin_frame(
        "Cache",
        routes.ADMIN_CACHE,
        rx.cond(said, notice(said)),
        rx.cond(
            expression(f"{_CACHE!s}?.forbidden ?? false", bool, _CACHE),
            notice("The operator has switched the cache off: no answer is given again."),
        ),
        rx.cond(there, rx.fragment(_numbers(), _policy()), skeleton("h-96 w-full")),
        _best(),
        _clearing(),
    )


def _numbers() -> rx.Component:
    rows = expression(f"{_CACHE!s}?.numbers ?? []", list[list[str]], _CACHE)
    return rx.el.div(
        rx.foreach(rows.to(list[list[str]]), _period), class_name="grid md:grid-cols-2 gap-3"
    )


def _period(numbers: rx.vars.ArrayVar[list[str]]) -> rx.Component:
    return card(
        rx.el.h2(numbers[0], class_name="text-sm text-muted"),
        rx.el.p(
            numbers[1],
            rx.el.span(" from the cache", class_name="text-sm font-normal text-muted"),
            class_name="text-2xl font-semibold tabular-nums",
        ),
        rx.el.p(
            numbers[2],
            " questions · ",
            numbers[3],
            " tokens saved",
            class_name="mt-1 text-sm text-muted tabular-nums",
        ),
    )


def _policy() -> rx.Component:
    return card(
        rx.el.form(
            rx.el.fieldset(
                rx.el.legend(
                    "Who may be given an answer again within an hour",
                    class_name="text-lg font-semibold mb-3",
                ),
                *(_option(str(policy), *words) for policy, words in POLICIES.items()),
                class_name="flex flex-col gap-4",
            ),
            button("Save", type="submit", class_name="mt-5"),
            on_submit=CacheState.set_policy,
            key=expression(f"{_CACHE!s}?.policy", str, _CACHE),
        ),
    )


def _option(value: str, name: str, meaning: str) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="policy",
            value=value,
            default_checked=expression(f"{_CACHE!s}?.policy === '{value}'", bool, _CACHE),
            class_name="mt-1 size-4 shrink-0 accent-accent",
        ),
        rx.el.span(
            rx.el.span(name, class_name="block font-medium"),
            rx.el.span(meaning, class_name="block text-sm text-muted"),
        ),
        class_name="flex gap-3",
    )


def _best() -> rx.Component:
    return card(
        heading(
            "What saved most",
            "Answers that are kept now, by the tokens that no model was asked for. What was asked "
            "and answered is not shown.",
        ),
        table(
            "admin:cache:best",
            (
                Column("id", "Answer", lambda row: rx.el.code(row["id"].to(str))),
                Column("scope", "Whose", lambda row: row["scope"].to(str)),
                Column("by", "Made by", lambda row: row["by"].to(str)),
                Column("at", "Made", lambda row: date_and_clock(row["at"].to(str))),
                Column("hits", "Given again", lambda row: row["hits"].to(str), number=True),
                Column("tokens", "Tokens saved", lambda row: row["tokens"].to(str), number=True),
            ),
            path=routes.ADMIN_CACHE,
            caption="Answers that saved most",
            empty="No answer has been given again yet.",
        ),
    )


def _clearing() -> rx.Component:
    scope = expression(f"{_CLEAR!s}?.scope ?? ''", str, _CLEAR).to(str)
    words = expression(f"{_CLEAR!s}?.words ?? ''", str, _CLEAR).to(str)
    return card(
        heading("Forget what is kept"),
        rx.cond(
            scope,
            confirm(
                words + " This cannot be undone.",
                "Forget them",
                CacheState.clear(scope),
                CacheState.ask_to_clear(""),
            ),
            rx.el.div(
                button(
                    "Forget everybody’s answers",
                    kind="danger",
                    on_click=CacheState.ask_to_clear(str(Scope.SHARED)),
                ),
                button(
                    "Forget people’s own answers",
                    kind="danger",
                    on_click=CacheState.ask_to_clear(str(Scope.PERSON)),
                ),
                class_name="flex flex-wrap gap-3",
            ),
        ),
    )
