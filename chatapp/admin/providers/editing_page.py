"""The page that changes accounts and models."""

import reflex as rx

from chatapp import routes
from chatapp.admin.frame import admin_frame
from chatapp.admin.providers.account_forms import accounts
from chatapp.admin.providers.editing_parts import MISTAKES, POOL
from chatapp.admin.providers.member_forms import members
from chatapp.ui.parts import notice, skeleton
from chatapp.ui.store import expression, stored


def editing_page() -> rx.Component:
    """What the pool consists of, to be changed; for others a page that does not exist."""
    said = stored("admin:pool:said", str).to(str)
    wrong = expression(f"{MISTAKES!s}?.[':'] ?? ''", str, MISTAKES)
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
            expression(f"{POOL!s}?.source ?? 'the file'", str, POOL),
            " until it is taken back. It holds in all processes within a second, and after a "
            "restart.",
            class_name="text-sm text-muted",
        ),
        rx.cond(said, notice(said)),
        rx.cond(wrong, notice(wrong, "danger")),
        rx.cond(
            expression(f"!!{POOL!s}", bool, POOL),
            rx.el.div(members(), accounts(), class_name="flex flex-col gap-5"),
            skeleton("h-96 w-full"),
        ),
    )
