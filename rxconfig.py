"""Reflex's configuration. What people set is in chatapp.settings."""

import reflex as rx

from chatapp.settings import settings
from chatapp.ui.build import SameOriginPlugin
from chatapp.ui.theme import ThemePlugin, tailwind

config = rx.Config(
    app_name="chatapp",
    app_module_import="chatapp.chatapp",
    redis_url=settings().redis_url,
    cors_allowed_origins=[],
    telemetry_enabled=False,
    show_built_with_reflex=False,
    plugins=[rx.plugins.TailwindV4Plugin(tailwind()), ThemePlugin(), SameOriginPlugin()],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
