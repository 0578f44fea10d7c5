"""The accounts of the pool: a line and a form for each."""

from typing import Any

import reflex as rx

from chatapp.admin.providers.editing import PROVIDERS
from chatapp.admin.providers.editing_parts import (
    POOL,
    REVISION,
    badge,
    checked_field,
    confirmation,
    do,
    grid,
    line,
    outdated,
    summary,
)
from chatapp.admin.providers.editing_state import PoolEditingState
from chatapp.admin.providers.editing_views import AccountEditView
from chatapp.ui.parts import button, card, choice
from chatapp.ui.store import expression


def accounts() -> rx.Component:
    """All accounts, and a form for one more."""
    rows = expression(f"{POOL!s}?.accounts ?? []", list[AccountEditView], POOL)
    return card(
        rx.el.h2("Accounts", class_name="text-lg font-semibold mb-1"),
        rx.el.p(
            "One key and one quota at a provider. A key is kept sealed and never shown again.",
            class_name="text-sm text-muted mb-3",
        ),
        rx.el.ul(
            rx.foreach(rows, _account),
            aria_label="Accounts",
            class_name="divide-y divide-line border-y border-line",
        ),
        rx.el.details(summary("Add an account"), _account_form(None), class_name="mt-4"),
    )


def _account(row: rx.vars.ObjectVar[AccountEditView]) -> rx.Component:
    name, removed = row["name"].to(str), row["removed"].to(bool)
    return rx.el.li(
        line(
            name,
            rx.fragment(
                row["title"].to(str),
                " · key: ",
                row["key"].to(str),
                " · ",
                row["rules"].to(str),
            ),
            rx.cond(removed, badge("Not used")),
            rx.cond(
                removed,
                button("Use it again", kind="quiet", type="button", on_click=do("undo", name)),
                rx.fragment(
                    rx.cond(
                        row["mine"].to(bool) & (row["rules"].to(str) == "Changed here"),
                        button("Take back", kind="quiet", type="button", on_click=do("undo", name)),
                    ),
                    button(
                        "Remove",
                        kind="danger",
                        type="button",
                        on_click=do("remove account", name),
                    ),
                ),
            ),
        ),
        confirmation(name),
        rx.cond(~removed, rx.el.details(summary("Key and address"), _account_form(row))),
        key=name,
        class_name="py-3",
    )


def _account_form(row: rx.vars.ObjectVar[AccountEditView] | None) -> rx.Component:
    if row is None:
        form: Any = "account:new"
        head = rx.fragment(
            checked_field(form, "Name", "name", required=True),
            rx.el.input(type="hidden", name="new", value="yes"),
            choice("Provider", "provider", *PROVIDERS.items()),
        )
        title, base_url, key = "", "", "Key"
    else:
        name = row["name"].to(str)
        form = expression(f"'account:' + {name!s}", str, name)
        head = rx.fragment(
            rx.el.input(type="hidden", name="name", value=name, read_only=True),
            rx.el.input(
                type="hidden", name="provider", value=row["provider"].to(str), read_only=True
            ),
            rx.el.input(
                type="hidden", name="version", value=row["version"].to(str), read_only=True
            ),
        )
        title, base_url = row["title"].to(str), row["base_url"].to(str)
        key = "New key (empty: as it is)"
    return rx.el.form(
        grid(
            head,
            checked_field(form, "As people know it", "title", default_value=title),
            checked_field(
                form, "Address (empty: the provider’s)", "base_url", default_value=base_url
            ),
            checked_field(form, key, "key", type_="password", auto_complete="new-password"),
        ),
        outdated(form),
        rx.el.div(button("Save" if row is not None else "Add the account", type="submit")),
        on_submit=PoolEditingState.save_account,
        # Made anew once it was taken: no key stays in it.
        key=REVISION if row is None else row["version"].to(str),
        no_validate=True,
        class_name="mt-3 flex flex-col gap-4",
    )
