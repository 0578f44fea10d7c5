"""Reflex's configuration of the naive app."""

import os

import reflex as rx

config = rx.Config(
    app_name="naive",
    app_module_import="bench.naive.app",
    redis_url=os.environ.get("REDIS_URL"),
    cors_allowed_origins=["*"],
    telemetry_enabled=False,
    disable_plugins=[rx.plugins.SitemapPlugin],
)
