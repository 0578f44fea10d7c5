"""The page that changes accounts and models."""

from typing import Any

import reflex as rx

from chatapp import routes
from chatapp.admin.frame import admin_frame
from chatapp.admin.providers.editing import PROVIDERS
from chatapp.admin.providers.editing_state import Action, ConfirmView, PoolEditingState
from chatapp.admin.providers.editing_views import AccountEditView, MemberEditView, PoolView
from chatapp.ui.parts import button, card, choice, field, notice, skeleton
from chatapp.ui.store import expression, stored

_POOL = stored("admin:pool", PoolView)
_MISTAKES = stored("admin:pool:mistakes", dict[str, str])
_CONFIRM = stored("admin:pool:confirm", ConfirmView)

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


def editing_page() -> rx.Component:
    """What the pool consists of, to be changed; for others a page that does not exist."""
    said = stored("admin:pool:said", str).to(str)
    wrong = expression(f"{_MISTAKES!s}?.[':'] ?? ''", str, _MISTAKES)
    return admin_frame(
        "Accounts and models",
        routes.ADMIN_PROVIDERS,
        rx.el.p(
            rx.el.a(
                "How the providers are",
                href=routes.ADMIN_PROVIDERS,
                class_name="text-accent underline underline-offset-2",
            ),
            " · What is changed here rules over ",
            expression(f"{_POOL!s}?.source ?? 'the file'", str, _POOL),
            " until it is taken back. It holds in all processes within a second, and after a "
            "restart.",
            class_name="text-sm text-muted",
        ),
        rx.cond(said, notice(said)),
        rx.cond(wrong, notice(wrong, "danger")),
        rx.cond(expression(f"!!{_CONFIRM!s}", bool, _CONFIRM), _confirm()),
        rx.cond(
            expression(f"!!{_POOL!s}", bool, _POOL),
            rx.el.div(
                _members(),
                _accounts(),
                key=stored("admin:pool:revision", int).to_string(),
                class_name="flex flex-col gap-5",
            ),
            skeleton("h-96 w-full"),
        ),
    )


def _confirm() -> rx.Component:
    action: Any = expression(f"{_CONFIRM!s}?.action ?? ''", str, _CONFIRM)
    name = expression(f"{_CONFIRM!s}?.name ?? ''", str, _CONFIRM)
    return card(
        rx.el.p(expression(f"{_CONFIRM!s}?.words ?? ''", str, _CONFIRM), class_name="mb-3"),
        rx.el.div(
            button("Do it all the same", kind="danger", on_click=_do(action, name, confirmed=True)),
            button("Leave it", kind="quiet", on_click=PoolEditingState.leave),
            class_name="flex flex-wrap gap-3",
        ),
        role="alertdialog",
        aria_label="Before it is done",
    )


def _do(action: Action | rx.Var, name: Any, *, confirmed: bool = False) -> Any:
    chosen: Any = action
    return PoolEditingState.do(chosen, name, confirmed)


def _members() -> rx.Component:
    rows = expression(f"{_POOL!s}?.members ?? []", list[MemberEditView], _POOL)
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
            _summary("Add a model"),
            _member_form(None),
            class_name="mt-4",
        ),
    )


def _member(row: rx.vars.ObjectVar[MemberEditView]) -> rx.Component:
    where = row["place"].to(str)
    off, removed, mine = row["off"].to(bool), row["removed"].to(bool), row["mine"].to(bool)
    return rx.el.li(
        _line(
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
            rx.cond(removed, _badge("Not used"), rx.cond(off, _badge("Switched off"))),
            rx.cond(
                removed,
                button("Use it again", kind="quiet", type="button", on_click=_do("undo", where)),
                rx.fragment(
                    rx.cond(
                        off,
                        button("Switch on", type="button", on_click=_do("on", where)),
                        button(
                            "Switch off", kind="quiet", type="button", on_click=_do("off", where)
                        ),
                    ),
                    rx.cond(
                        mine & ~off & (row["rules"].to(str) == "Changed here"),
                        button(
                            "Take back", kind="quiet", type="button", on_click=_do("undo", where)
                        ),
                    ),
                    button(
                        "Remove",
                        kind="danger",
                        type="button",
                        on_click=_do("remove member", where),
                    ),
                ),
            ),
        ),
        rx.cond(
            ~removed,
            rx.el.details(_summary("Weight, limits and prices"), _member_form(row)),
        ),
        key=where,
        class_name="py-3",
    )


def _member_form(row: rx.vars.ObjectVar[MemberEditView] | None) -> rx.Component:
    if row is None:
        form: Any = "member:new"
        names = expression(f"({_POOL!s}?.accounts ?? []).map((a) => a.name)", list[str], _POOL)
        head = _grid(
            _field(form, "Tier", "tier", required=True, list="tiers"),
            choice(
                "Account",
                "account",
                rx.fragment(rx.foreach(names, lambda name: rx.el.option(name, value=name))),
            ),
            _field(form, "Model", "model", required=True),
            rx.el.input(type="hidden", name="new", value="yes"),
        )
        values = {name: "1" if name == "weight" else "" for name in _LABELS}
        tools, vision = True, False
    else:
        place = row["place"].to(str)
        form = expression(f"'member:' + {place!s}", str, place)
        head = rx.fragment(
            *(
                rx.el.input(type="hidden", name=name, value=row[name].to(str))
                for name in ("tier", "account", "model")
            )
        )
        given = row["values"].to(dict[str, str])
        values = {name: given[name].to(str) for name in _LABELS}
        tools, vision = row["tools"].to(bool), row["vision"].to(bool)
    return rx.el.form(
        head,
        _grid(
            *(
                _field(form, label, name, default_value=values[name])
                for name, label in _LABELS.items()
            )
        ),
        rx.el.div(
            _check("May use tools", "tools", tools),
            _check("Takes images", "vision", vision),
            class_name="flex flex-wrap gap-x-6 gap-y-2",
        ),
        rx.el.div(button("Save" if row is not None else "Add the model", type="submit")),
        on_submit=PoolEditingState.save_member,
        no_validate=True,
        class_name="mt-3 flex flex-col gap-4",
    )


def _accounts() -> rx.Component:
    rows = expression(f"{_POOL!s}?.accounts ?? []", list[AccountEditView], _POOL)
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
        rx.el.details(_summary("Add an account"), _account_form(None), class_name="mt-4"),
    )


def _account(row: rx.vars.ObjectVar[AccountEditView]) -> rx.Component:
    name, removed = row["name"].to(str), row["removed"].to(bool)
    return rx.el.li(
        _line(
            name,
            rx.fragment(
                row["title"].to(str),
                " · key: ",
                row["key"].to(str),
                " · ",
                row["rules"].to(str),
            ),
            rx.cond(removed, _badge("Not used")),
            rx.cond(
                removed,
                button("Use it again", kind="quiet", type="button", on_click=_do("undo", name)),
                rx.fragment(
                    rx.cond(
                        row["mine"].to(bool) & (row["rules"].to(str) == "Changed here"),
                        button(
                            "Take back", kind="quiet", type="button", on_click=_do("undo", name)
                        ),
                    ),
                    button(
                        "Remove",
                        kind="danger",
                        type="button",
                        on_click=_do("remove account", name),
                    ),
                ),
            ),
        ),
        rx.cond(~removed, rx.el.details(_summary("Key and address"), _account_form(row))),
        key=name,
        class_name="py-3",
    )


def _account_form(row: rx.vars.ObjectVar[AccountEditView] | None) -> rx.Component:
    if row is None:
        form: Any = "account:new"
        head = rx.fragment(
            _field(form, "Name", "name", required=True),
            rx.el.input(type="hidden", name="new", value="yes"),
            choice("Provider", "provider", *PROVIDERS.items()),
        )
        title, base_url, key = "", "", "Key"
    else:
        name = row["name"].to(str)
        form = expression(f"'account:' + {name!s}", str, name)
        head = rx.fragment(
            rx.el.input(type="hidden", name="name", value=name),
            rx.el.input(type="hidden", name="provider", value=row["provider"].to(str)),
        )
        title, base_url = row["title"].to(str), row["base_url"].to(str)
        key = "New key (empty: as it is)"
    return rx.el.form(
        _grid(
            head,
            _field(form, "As people know it", "title", default_value=title),
            _field(form, "Address (empty: the provider’s)", "base_url", default_value=base_url),
            _field(form, key, "key", type_="password", auto_complete="new-password"),
        ),
        rx.el.div(button("Save" if row is not None else "Add the account", type="submit")),
        on_submit=PoolEditingState.save_account,
        no_validate=True,
        class_name="mt-3 flex flex-col gap-4",
    )


def _line(
    title: rx.Var[str], words: rx.Component, badge: rx.Component, actions: rx.Component
) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.p(
                rx.el.span(title, class_name="font-medium [overflow-wrap:anywhere]"),
                badge,
                class_name="flex flex-wrap items-center gap-2",
            ),
            rx.el.p(words, class_name="text-sm text-muted [overflow-wrap:anywhere]"),
            class_name="min-w-0 flex-1 basis-64",
        ),
        rx.el.div(actions, class_name="flex flex-wrap gap-2"),
        class_name="flex flex-wrap items-center gap-x-4 gap-y-2",
    )


def _summary(words: str) -> rx.Component:
    return rx.el.summary(
        words, class_name="mt-2 text-sm text-accent w-fit rounded-control py-1 select-none"
    )


def _badge(words: str) -> rx.Component:
    return rx.el.span(words, class_name="rounded-full bg-mark text-ink px-2.5 py-0.5 text-xs")


def _check(label: str, name: str, checked: Any) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="checkbox",
            name=name,
            value="yes",
            default_checked=checked,
            class_name="size-4 accent-accent",
        ),
        label,
        class_name="inline-flex items-center gap-2 text-sm min-h-6",
    )


def _grid(*children: rx.Component) -> rx.Component:
    return rx.el.div(*children, class_name="grid sm:grid-cols-2 lg:grid-cols-3 gap-4 items-start")


def _field(form: Any, label: str, name: str, **props: Any) -> rx.Component:
    """An input with what is wrong with it below."""
    where = rx.Var.create(form)
    mistake = expression(f"{_MISTAKES!s}?.[{where!s} + ':{name}'] ?? ''", str, _MISTAKES, where)
    return rx.el.div(
        field(label, name, aria_invalid=mistake != "", **props),
        rx.cond(mistake, rx.el.p(mistake, role="alert", class_name="mt-1 text-sm text-danger")),
        class_name="min-w-0",
    )
