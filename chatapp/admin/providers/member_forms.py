"""The models of the pool: a line and a form for each."""

from typing import Any

import reflex as rx

from chatapp.admin.providers.editing_parts import (
    POOL,
    REVISION,
    badge,
    check,
    checked_field,
    confirmation,
    do,
    grid,
    line,
    outdated,
    summary,
)
from chatapp.admin.providers.editing_state import PoolEditingState
from chatapp.admin.providers.editing_views import MemberEditView
from chatapp.ui.parts import button, card, choice
from chatapp.ui.store import expression

_LABELS = {
    "weight": "Weight",
    "rpm": "Requests a minute",
    "tpm": "Tokens a minute",
    "rpd": "Requests a day",
    "rpd_resets": "The day begins (zone, or rolling)",
    "concurrency": "Answers at once",
    "context": "Longest context, in tokens",
    "price_in": "Price of a million tokens read",
    "price_out": "Price of a million tokens written",
}


def members() -> rx.Component:
    """All models, and a form for one more."""
    rows = expression(f"{POOL!s}?.members ?? []", list[MemberEditView], POOL)
    return card(
        rx.el.h2("Models", class_name="text-lg font-semibold mb-1"),
        rx.el.p(
            "A tier is what people choose; its models take turns by their weights.",
            class_name="text-sm text-muted mb-3",
        ),
        rx.el.ul(
            rx.foreach(rows, _member),
            aria_label="Models",
            class_name="divide-y divide-line border-y border-line",
        ),
        rx.el.details(
            summary("Add a model"),
            _member_form(None),
            class_name="mt-4",
        ),
    )


def _member(row: rx.vars.ObjectVar[MemberEditView]) -> rx.Component:
    where = row["place"].to(str)
    off, removed, mine = row["off"].to(bool), row["removed"].to(bool), row["mine"].to(bool)
    return rx.el.li(
        line(
            row["model"].to(str),
            rx.fragment(
                row["tier"].to(str),
                " · ",
                row["account"].to(str),
                " · ",
                row["words"].to(str),
                " · ",
                row["rules"].to(str),
            ),
            rx.cond(removed, badge("Not used"), rx.cond(off, badge("Switched off"))),
            rx.cond(
                removed,
                button("Use it again", kind="quiet", type="button", on_click=do("undo", where)),
                rx.fragment(
                    rx.cond(
                        off,
                        button("Switch on", type="button", on_click=do("on", where)),
                        button(
                            "Switch off", kind="quiet", type="button", on_click=do("off", where)
                        ),
                    ),
                    rx.cond(
                        mine & ~off & (row["rules"].to(str) == "Changed here"),
                        button(
                            "Take back", kind="quiet", type="button", on_click=do("undo", where)
                        ),
                    ),
                    button(
                        "Remove",
                        kind="danger",
                        type="button",
                        on_click=do("remove member", where),
                    ),
                ),
            ),
        ),
        confirmation(where),
        rx.cond(
            ~removed,
            rx.el.details(summary("Weight, limits and prices"), _member_form(row)),
        ),
        key=where,
        class_name="py-3",
    )


def _member_form(row: rx.vars.ObjectVar[MemberEditView] | None) -> rx.Component:
    if row is None:
        form: Any = "member:new"
        names = expression(f"({POOL!s}?.accounts ?? []).map((a) => a.name)", list[str], POOL)
        head = grid(
            checked_field(form, "Tier", "tier", required=True, list="tiers"),
            choice(
                "Account",
                "account",
                rx.fragment(rx.foreach(names, lambda name: rx.el.option(name, value=name))),
            ),
            checked_field(form, "Model", "model", required=True),
            rx.el.input(type="hidden", name="new", value="yes"),
        )
        values = {name: "1" if name == "weight" else "" for name in _LABELS}
        tools, vision = True, False
    else:
        place = row["place"].to(str)
        form = expression(f"'member:' + {place!s}", str, place)
        head = rx.fragment(
            *(
                rx.el.input(type="hidden", name=name, value=row[name].to(str), read_only=True)
                for name in ("tier", "account", "model", "version")
            )
        )
        given = row["values"].to(dict[str, str])
        values = {name: given[name].to(str) for name in _LABELS}
        tools, vision = row["tools"].to(bool), row["vision"].to(bool)
    return rx.el.form(
        head,
        grid(
            *(
                checked_field(form, label, name, default_value=values[name])
                for name, label in _LABELS.items()
            )
        ),
        rx.el.div(
            check("May use tools", "tools", tools),
            check("Takes images", "vision", vision),
            class_name="flex flex-wrap gap-x-6 gap-y-2",
        ),
        outdated(form),
        rx.el.div(button("Save" if row is not None else "Add the model", type="submit")),
        on_submit=PoolEditingState.save_member,
        # Its fields are the browser's own: what somebody else has changed needs new ones.
        key=REVISION if row is None else row["version"].to(str),
        no_validate=True,
        class_name="mt-3 flex flex-col gap-4",
    )
