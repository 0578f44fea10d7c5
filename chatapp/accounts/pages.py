"""The pages of accounts: signing in, signing up, settings.

Their forms are plain: they post to the endpoints and load the next page, so that a new session
begins with a new page and password managers understand what they see.
"""

from collections.abc import Sequence
from typing import Any

import reflex as rx

from chatapp import routes
from chatapp.accounts import passwords
from chatapp.accounts.emails import LONGEST as LONGEST_EMAIL
from chatapp.accounts.plain_form import plain_form
from chatapp.accounts.problems import Problem, words
from chatapp.accounts.state import AccountState
from chatapp.ui.parts import button, card, field, notice, page_title
from chatapp.ui.store import expression, stored

_INVITE = expression(f"{stored('account:invite', str)!s} ?? ''", str, stored("account:invite", str))
_STALE = stored("account:stale", bool)
_LINK = expression(f"{stored('account:link', str)!s} ?? ''", str, stored("account:link", str))
_LINK_KNOWN = stored("account:link-known", bool)


def _said() -> rx.Component:
    """The word for this page."""
    return rx.cond(
        AccountState.said != "",
        rx.cond(
            AccountState.said_is_error,
            notice(AccountState.said, kind="danger"),
            notice(AccountState.said),
        ),
    )


def _form(action: str, *children: rx.Component, **props: Any) -> rx.Component:
    return plain_form(
        *children, action=action, method="post", class_name="flex flex-col gap-4", **props
    )


def _email() -> rx.Component:
    return field(
        "Email",
        "email",
        "email",
        default_value=AccountState.typed_email,
        auto_complete="username",
        auto_focus=True,
        required=True,
        max_length=LONGEST_EMAIL,
        spell_check=False,
        auto_capitalize="none",
    )


def _password(label: str, name: str, *, new: bool) -> rx.Component:
    extra: dict[str, Any] = {"min_length": passwords.SHORTEST} if new else {}
    return field(
        label,
        name,
        "password",
        auto_complete="new-password" if new else "current-password",
        required=True,
        max_length=passwords.LONGEST,
        **extra,
    )


def _hint(text: str) -> rx.Component:
    return rx.el.p(text, class_name="text-sm text-muted -mt-2")


def _onward() -> rx.Component:
    """Where to go afterwards, carried along by the form."""
    return rx.el.input(type="hidden", name="next", value=AccountState.onward, read_only=True)


def _narrow(title: str, *children: rx.Component) -> rx.Component:
    """A page with one small card in the middle."""
    return rx.el.main(
        rx.el.div(
            rx.el.div(page_title(title), class_name="mb-6 text-center"),
            card(*children, class_name="flex flex-col gap-4"),
            class_name="w-full max-w-sm",
        ),
        class_name=(
            "min-h-dvh bg-ground text-ink flex items-start sm:items-center justify-center "
            "px-4 py-12"
        ),
    )


def _elsewhere(question: str, label: str, href: str) -> rx.Component:
    """The way to the neighbouring page."""
    return rx.el.p(
        question,
        " ",
        rx.el.a(
            label,
            href=href + AccountState.onward_query,
            class_name="text-accent underline underline-offset-2",
        ),
        class_name="text-sm text-muted text-center",
    )


def login() -> rx.Component:
    """The page for signing in."""
    return _narrow(
        "Sign in",
        _said(),
        _form(
            routes.SIGN_IN,
            _email(),
            _password("Password", "password", new=False),
            _onward(),
            button("Sign in", type="submit"),
        ),
        rx.cond(
            AccountState.may_sign_up,
            _elsewhere("New here?", "Make an account", routes.SIGNUP),
        ),
    )


def signup() -> rx.Component:
    """The page for making an account."""
    return _narrow(
        "Make an account",
        rx.cond(
            AccountState.is_first,
            notice("Nobody has an account here yet. The first one is the administrator’s."),
        ),
        _said(),
        rx.cond(_INVITE, notice("You were invited. The invitation works once.")),
        rx.cond(_STALE, notice(words(Problem.LINK), "danger")),
        rx.cond(
            AccountState.may_sign_up,
            _form(
                routes.SIGN_UP,
                rx.el.input(type="hidden", name="invite", value=_INVITE, read_only=True),
                _email(),
                field("Name (optional)", "name", auto_complete="name", max_length=100),
                _password("Password", "password", new=True),
                _hint("At least 8 characters. Several words make a good password."),
                _onward(),
                button("Sign up", type="submit"),
            ),
            notice("New accounts are not open here. Please ask an administrator for one."),
        ),
        _elsewhere("Have an account?", "Sign in", routes.LOGIN),
    )


def reset() -> rx.Component:
    """The page for choosing a new password by a one-time link."""
    return _narrow(
        "Choose a new password",
        _said(),
        rx.cond(
            expression(f"{_LINK_KNOWN!s} && !{_LINK!s}", bool, _LINK_KNOWN, _LINK),
            notice(words(Problem.LINK), "danger"),
            _form(
                routes.RESET_PASSWORD,
                rx.el.input(type="hidden", name="link", value=_LINK, read_only=True),
                _password("New password", "new_password", new=True),
                _hint("At least 8 characters. All devices are signed out."),
                button("Change password", type="submit"),
            ),
        ),
        _elsewhere("You know it after all?", "Sign in", routes.LOGIN),
    )


def settings_section(title: str, *children: rx.Component) -> rx.Component:
    """One subject of the settings page."""
    return card(
        rx.el.h2(title, class_name="text-lg font-semibold mb-4"),
        *children,
        class_name="w-full",
    )


def account_sections() -> list[rx.Component]:
    """The sections of the settings page that are about the account."""
    return [
        settings_section(
            "Account",
            rx.el.dl(
                rx.el.dt("Email", class_name="text-sm text-muted"),
                rx.el.dd(AccountState.email, class_name="break-all"),
                rx.cond(
                    AccountState.name != "",
                    rx.fragment(
                        rx.el.dt("Name", class_name="text-sm text-muted mt-3"),
                        rx.el.dd(AccountState.name, class_name="break-words"),
                    ),
                ),
            ),
        ),
        settings_section(
            "Password",
            _form(
                routes.CHANGE_PASSWORD,
                rx.el.input(
                    type="hidden",
                    name="username",
                    auto_complete="username",
                    value=AccountState.email,
                    read_only=True,
                ),
                _password("Current password", "current_password", new=False),
                _password("New password", "new_password", new=True),
                _hint("At least 8 characters. All other devices are signed out."),
                rx.el.div(button("Change password", type="submit")),
            ),
        ),
        settings_section(
            "Signing out",
            rx.el.div(
                _form(routes.SIGN_OUT, button("Sign out", kind="quiet", type="submit")),
                _form(
                    routes.SIGN_OUT_EVERYWHERE,
                    button("Sign out everywhere", kind="danger", type="submit"),
                ),
                class_name="flex flex-wrap gap-3",
            ),
        ),
    ]


def settings(*more: rx.Component, last: Sequence[rx.Component] = ()) -> rx.Component:
    """The settings page.

    Args:
        *more: sections of other domains, shown before those of the account.
        last: sections shown after those.
    """
    return rx.el.main(
        rx.el.div(
            page_title("Settings"),
            rx.el.a(
                "Back to the chats",
                href=routes.HOME,
                class_name="text-sm text-accent underline underline-offset-2",
            ),
            _said(),
            *more,
            *account_sections(),
            *last,
            class_name="w-full max-w-2xl flex flex-col gap-5",
        ),
        class_name="min-h-dvh bg-panel text-ink flex justify-center px-4 py-10",
    )
