"""The section of the settings page about one's own keys."""

import reflex as rx

from chatapp import routes
from chatapp.accounts.own_keys import LONGEST
from chatapp.accounts.pages import settings_section
from chatapp.accounts.plain_form import plain_form
from chatapp.answers.own_key_state import KeyView, OfferView
from chatapp.ui.parts import button, choice, field, notice
from chatapp.ui.store import expression, stored

USES = (
    ("dry", "When all shared models are busy"),
    ("first", "Before the shared models"),
    ("never", "Only when I ask for it"),
)

_KEYS = stored("own:keys", list[KeyView])
_OFFERS = stored("own:offers", list[OfferView])


def own_key_section() -> rx.Component:
    """The keys that are there, and a form for another one."""
    keys = expression(f"{_KEYS!s} ?? []", list[KeyView], _KEYS)
    return settings_section(
        "Your own keys",
        rx.el.p(
            "With a key of your own at a provider you need not wait when the shared models are at "
            "their limits. It answers your questions and nobody else’s, is kept sealed, and is "
            "never shown again.",
            class_name="text-sm text-muted",
        ),
        rx.el.ul(
            rx.foreach(keys, _key),
            class_name="mt-4 divide-y divide-line empty:hidden",
            aria_label="Your keys",
        ),
        _new_key(),
    )


def _key(key: rx.vars.ObjectVar[KeyView]) -> rx.Component:
    key_id = key["id"].to(str)
    return rx.el.li(
        rx.el.p(
            rx.el.span(key["title"].to(str), class_name="font-medium"),
            rx.el.span(
                " ends in ",
                rx.el.code(key["ending"].to(str), class_name="text-ink"),
                class_name="text-sm text-muted",
            ),
        ),
        rx.cond(
            key["refused"].to(bool),
            notice(
                "The provider does not take this key any more, so it is not used. Add it anew "
                "to have it checked.",
                "danger",
            ),
        ),
        rx.el.div(
            plain_form(
                _hidden(key_id),
                choice("Use it", "use", *USES, default_value=key["use"].to(str)),
                button("Save", kind="quiet", type="submit"),
                action=routes.OWN_KEY_USE,
                method="post",
                class_name="flex flex-wrap items-end gap-2 min-w-0",
            ),
            plain_form(
                _hidden(key_id),
                button(
                    "Remove",
                    kind="danger",
                    type="submit",
                    aria_label=expression(f"`Remove the ${{{key!s}.title}} key`", str, key),
                ),
                action=routes.OWN_KEY_REMOVE,
                method="post",
            ),
            class_name="flex flex-wrap items-end justify-between gap-2",
        ),
        key=key_id,
        class_name="py-4 flex flex-col gap-3",
    )


def _new_key() -> rx.Component:
    offers = expression(f"{_OFFERS!s} ?? []", list[OfferView], _OFFERS)
    return plain_form(
        rx.el.div(
            choice(
                "Provider",
                "provider",
                rx.foreach(
                    offers,
                    lambda offer: rx.el.option(offer["title"].to(str), value=offer["name"].to(str)),
                ),
            ),
            choice("Use it", "use", *USES),
            class_name="grid gap-4 sm:grid-cols-2",
        ),
        field(
            "Key",
            "key",
            "password",
            auto_complete="off",
            required=True,
            max_length=LONGEST,
            spell_check=False,
        ),
        rx.el.div(
            button("Check and keep", type="submit"),
            rx.el.p(
                "It is tried once at the provider, which may take some seconds.",
                class_name="text-sm text-muted",
            ),
            class_name="flex flex-wrap items-center gap-3",
        ),
        action=routes.OWN_KEY,
        method="post",
        class_name="mt-4 pt-4 border-t border-line flex flex-col gap-4",
        custom_attrs={"aria-label": "A new key"},
    )


def _hidden(key_id: rx.Var[str]) -> rx.Component:
    return rx.el.input(type="hidden", name="id", value=key_id, read_only=True)
