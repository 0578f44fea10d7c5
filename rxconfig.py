"""Reflex's configuration. What people set is in chatapp.settings."""

import reflex as rx
from reflex.constants import StateManagerMode
from reflex.plugins import Plugin

from chatapp.settings import settings
from chatapp.ui.build import SameOriginPlugin
from chatapp.ui.theme import ThemePlugin, tailwind

plugins: list[Plugin] = [
    rx.plugins.TailwindV4Plugin(tailwind()),
    ThemePlugin(),
    SameOriginPlugin(),
]

config = rx.Config(
    app_name="chatapp",
    app_module_import="chatapp.chatapp",
    redis_url=settings().redis_url,
    cors_allowed_origins=[],
    telemetry_enabled=False,
    show_built_with_reflex=False,
    # A tab's state is a view that can be built again: without Redis it needs no disk.
    state_manager_mode=StateManagerMode.REDIS if settings().redis_url else StateManagerMode.MEMORY,
    plugins=plugins,
    disable_plugins=[rx.plugins.SitemapPlugin],
)
