"""Reflex's configuration. What people set is in chatapp.settings."""

import reflex as rx
from reflex.constants import StateManagerMode
from reflex.plugins import Plugin

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
    cors_allowed_origins=[],
    telemetry_enabled=False,
    show_built_with_reflex=False,
    # A tab's state is a view that is built again at each connect: the process that holds the tab's
    # socket keeps it, and no event needs Redis.
    state_manager_mode=StateManagerMode.MEMORY,
    # Seconds after its last event that a state is kept; the next event builds it again.
    redis_token_expiration=900,
    plugins=plugins,
    disable_plugins=[rx.plugins.SitemapPlugin],
)
