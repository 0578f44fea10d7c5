"""What all admin pages have around them."""

import reflex as rx

from chatapp import routes
from chatapp.ui.behaviour import reloads
from chatapp.ui.layout import not_found
from chatapp.ui.parts import button, notice, page_title
from chatapp.ui.store import stored

_PAGES = {
    "Overview": routes.ADMIN,
    "People": routes.ADMIN_PEOPLE,
    "Groups": routes.ADMIN_GROUPS,
    "Providers": routes.ADMIN_PROVIDERS,
    "Tools": routes.ADMIN_TOOLS,
    "Quality": routes.ADMIN_QUALITY,
    "Limits": routes.ADMIN_LIMITS,
    "Cache": routes.ADMIN_CACHE,
    "Announcements": routes.ADMIN_ANNOUNCEMENTS,
    "Agents": routes.ADMIN_AGENTS,
    "Audit": routes.ADMIN_AUDIT,
}


def admin_frame(title: str, here: str, *content: rx.Component) -> rx.Component:
    """A page for admins; for others one that does not exist."""
    page = rx.el.main(
        rx.el.div(
            rx.el.div(
                page_title(title),
                rx.el.a(
                    "Back to the chats",
                    href=routes.HOME,
                    class_name="text-sm text-accent underline underline-offset-2",
                ),
                class_name="flex flex-wrap items-baseline justify-between gap-3",
            ),
            _navigation(here),
            _failed(),
            *content,
            class_name="w-full max-w-5xl flex flex-col gap-5",
        ),
        class_name="min-h-dvh bg-panel text-ink flex justify-center px-4 py-10",
    )
    return rx.cond(stored("admin:missing", bool), not_found(), page)


def _failed() -> rx.Component:
    """What is said while the database is away, and once something could not be done."""
    away, words = stored("away", bool).to(bool), stored("notice", str).to(str)
    return rx.fragment(
        rx.cond(
            away & ~words.bool(),
            notice("The database cannot be reached right now. Trying again."),
        ),
        rx.cond(
            words,
            rx.el.div(
                rx.el.p(words, class_name="min-w-0 flex-1 basis-64"),
                button(
                    "Load the page again",
                    kind="quiet",
                    type="button",
                    on_click=reloads(),
                    class_name="bg-ground",
                ),
                role="alert",
                class_name=(
                    "flex flex-wrap items-center gap-3 rounded-control bg-danger-soft text-danger "
                    "px-3.5 py-2.5 text-sm appear"
                ),
            ),
        ),
    )


def administration_link() -> rx.Component:
    """The way here, on the settings page of an admin."""
    return rx.el.a(
        "Administration",
        href=routes.ADMIN,
        class_name="text-sm text-accent underline underline-offset-2",
    )


def _navigation(here: str) -> rx.Component:
    shape = "inline-flex items-center h-9 px-3.5 rounded-control text-sm "
    return rx.el.nav(
        *(
            rx.el.a(
                name,
                href=path,
                aria_current="page" if path == here else None,
                class_name=shape
                + ("bg-sunken font-medium" if path == here else "text-muted hover:bg-hover"),
            )
            for name, path in _PAGES.items()
        ),
        aria_label="Administration",
        class_name="flex flex-wrap gap-1 -mx-1",
    )
