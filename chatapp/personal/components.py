"""The sections of the settings page about all that is one's own."""

import reflex as rx

from chatapp import routes
from chatapp.accounts import passwords
from chatapp.accounts.pages import settings_section
from chatapp.accounts.plain_form import plain_form
from chatapp.ui.parts import button, field, notice
from chatapp.ui.store import stored

_TEXT = "text-sm text-muted"


def export_section() -> rx.Component:
    """A copy of everything."""
    return settings_section(
        "Your data",
        rx.cond(
            stored("personal:offered", bool),
            rx.el.div(
                notice("An administrator has asked that you get a copy of your data. Here it is."),
                class_name="mb-4",
            ),
        ),
        rx.el.p(
            "Your chats, your settings, what you have used and what is noted about you, in one "
            "file. Nobody else gets it.",
            class_name=f"{_TEXT} mb-4",
        ),
        plain_form(
            button("Download everything", kind="quiet", type="submit"),
            action=routes.EXPORT,
            method="post",
        ),
    )


def erase_section() -> rx.Component:
    """The end of the account."""
    return settings_section(
        "Delete the account",
        rx.el.p(
            "Your chats and everything else of yours are removed at once and for good. What was "
            "used stays counted, without your name. Download your data first if you may want it.",
            class_name=f"{_TEXT} mb-4",
        ),
        rx.el.details(
            rx.el.summary(
                "Delete my account",
                class_name="cursor-pointer text-sm font-medium text-danger rounded-control w-fit",
            ),
            plain_form(
                field(
                    "Your password",
                    "current_password",
                    "password",
                    auto_complete="current-password",
                    required=True,
                    max_length=passwords.LONGEST,
                ),
                rx.el.label(
                    rx.el.input(type="checkbox", name="sure", value="yes", required=True),
                    "I am sure: this cannot be undone.",
                    class_name="flex items-center gap-2 text-sm",
                ),
                rx.el.div(button("Delete everything", kind="danger", type="submit")),
                action=routes.ERASE,
                method="post",
                class_name="mt-4 flex flex-col gap-4",
                custom_attrs={"aria-label": "Delete the account"},
            ),
        ),
    )
