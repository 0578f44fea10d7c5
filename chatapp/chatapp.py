"""Wiring only: the app, its pages, what stands in front of it and what lives with the process."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import reflex as rx
from redis.exceptions import RedisError
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from chatapp import controls, database, leaving, redis, routes
from chatapp.accounts import own_keys
from chatapp.accounts import pages as account_pages
from chatapp.accounts.endpoints import routes as account_routes
from chatapp.accounts.garbage import collecting
from chatapp.accounts.gate import SocketGate
from chatapp.accounts.guard import EventGuard
from chatapp.accounts.revocation import revocations
from chatapp.accounts.state import AccountState
from chatapp.admin.agents.page import admin_agents_page
from chatapp.admin.agents.state import AdminAgentState
from chatapp.admin.announcements.page import announcements_page
from chatapp.admin.announcements.state import AnnouncingState
from chatapp.admin.audit.endpoints import routes as audit_routes
from chatapp.admin.audit.page import audit_page
from chatapp.admin.audit.state import AuditState
from chatapp.admin.cache.page import cache_page
from chatapp.admin.cache.state import CacheState
from chatapp.admin.frame import administration_link
from chatapp.admin.groups.page import groups_page
from chatapp.admin.groups.state import GroupsState
from chatapp.admin.limits.page import limits_page
from chatapp.admin.limits.state import LimitsState
from chatapp.admin.overview.page import overview_page
from chatapp.admin.overview.state import OverviewState
from chatapp.admin.people.invitations_page import invitations_page
from chatapp.admin.people.invitations_state import InvitationsState
from chatapp.admin.people.page import people_page
from chatapp.admin.people.person_page import person_page
from chatapp.admin.people.person_state import PersonState
from chatapp.admin.people.state import PeopleState
from chatapp.admin.providers.editing_page import editing_page
from chatapp.admin.providers.editing_state import PoolEditingState
from chatapp.admin.providers.pages import providers_page
from chatapp.admin.providers.state import ProviderState
from chatapp.admin.quality.page import quality_page
from chatapp.admin.quality.state import QualityState
from chatapp.admin.state import AdminState
from chatapp.admin.tools.page import tools_page
from chatapp.admin.tools.state import ToolsState
from chatapp.agents import persona
from chatapp.agents.form import agent_page
from chatapp.agents.pages import agents_page
from chatapp.agents.persona_section import memory_section, persona_section
from chatapp.agents.persona_state import PersonaState
from chatapp.agents.picture_endpoints import routes as picture_routes
from chatapp.agents.state import AgentState
from chatapp.agents.tools import service as tools
from chatapp.announcements import service as announcements
from chatapp.answers import pages as chat_pages
from chatapp.answers.own_key_endpoints import routes as own_key_routes
from chatapp.answers.own_key_section import own_key_section
from chatapp.answers.own_key_state import OwnKeyState
from chatapp.answers.process import answering
from chatapp.answers.state import ChatState
from chatapp.api.health import routes as health_routes
from chatapp.api.metrics import measuring
from chatapp.api.metrics import routes as metrics_routes
from chatapp.headers import SecurityHeaders
from chatapp.history.counting import counting
from chatapp.housekeeping import housekeeping
from chatapp.limits import policy
from chatapp.limits.components import usage_section
from chatapp.limits.state import UsageState
from chatapp.personal.components import erase_section, export_section
from chatapp.personal.endpoints import routes as personal_routes
from chatapp.personal.state import PersonalState
from chatapp.pool.own import close_own
from chatapp.pool.service import close_pool, open_pool
from chatapp.static import Pages
from chatapp.status.page import status_page
from chatapp.status.state import StatusState
from chatapp.traces import tracing
from chatapp.ui import layout, tabs
from chatapp.ui.behaviour import SCRIPT

logger = logging.getLogger(__name__)

TITLE = "chatapp"


def transform(reflex_app: ASGIApp) -> ASGIApp:
    """Put our own endpoints, the built pages and the gate around Reflex."""
    own = Starlette(
        routes=[
            *account_routes,
            *own_key_routes,
            *personal_routes,
            *picture_routes,
            *audit_routes,
            *health_routes,
            *metrics_routes,
            Mount("/", Pages()),
        ]
    )

    async def split(scope: Scope, receive: Receive, send: Send) -> None:
        inner = reflex_app if scope["type"] == "websocket" else own
        await inner(scope, receive, send)

    return SecurityHeaders(SocketGate(split))


def report(exception: Exception) -> rx.event.EventSpec | None:
    """Log what a handler raised, and tell the person in plain words."""
    # What redis-py and the loop say of a broken connection is not always redis-py's own error.
    if isinstance(exception, (RedisError, ConnectionError, TimeoutError, *database.AWAY)):
        logger.warning("A handler could not do its work: %s", type(exception).__name__)
    else:
        logger.error("A handler failed", exc_info=exception)
    return cast("rx.event.EventSpec", ChatState.tell_failure())


@asynccontextmanager
async def living() -> AsyncIterator[None]:
    """Everything that begins and ends with the process."""
    await open_pool()
    try:
        async with (
            tracing(),
            controls.following(),
            announcements.following(),
            own_keys.following(),
            persona.following(),
            policy.following(),
            revocations(),
            tools.following(),
            counting(),
            answering(),
            collecting(),
            housekeeping(),
            measuring(),
        ):
            yield
            # Reflex itself ends what is being handled only after all that it stands on.
            await app.event_processor.stop(leaving.LAST_EVENTS)
    finally:
        await close_own()
        await close_pool()
        await redis.close()
        await database.close()


app = rx.App(
    sio=tabs.server(),
    app_wraps={(55, "ErrorBoundary"): layout.guarded},
    toaster=None,
    html_lang="en",
    head_components=[
        # Not deferred: the pages, whose scripts may come at any time, call into it.
        rx.el.script(src=SCRIPT),
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.meta(name="color-scheme", content="light dark"),
    ],
    backend_exception_handler=report,
    api_transformer=transform if os.environ.get("__REFLEX_SKIP_COMPILE") else None,
)
app.add_middleware(EventGuard())
app.register_lifespan_task(living)

app.add_page(layout.not_found, route="404", title=f"Not found · {TITLE}")
app.add_page(chat_pages.home_page, route=routes.HOME, title=TITLE, on_load=ChatState.follow)
app.add_page(chat_pages.chat_page, route=routes.CHAT, title=TITLE, on_load=ChatState.follow)
app.add_page(
    account_pages.login,
    route=routes.LOGIN,
    title=f"Sign in · {TITLE}",
    on_load=AccountState.load_sign_in,
)
app.add_page(
    account_pages.signup,
    route=routes.SIGNUP,
    title=f"Sign up · {TITLE}",
    on_load=AccountState.load_sign_in,
)
app.add_page(
    account_pages.reset,
    route=routes.RESET,
    title=f"New password · {TITLE}",
    on_load=AccountState.load_reset,
)
app.add_page(
    lambda: account_pages.settings(
        rx.cond(AccountState.is_admin, administration_link()),
        usage_section(),
        persona_section(),
        memory_section(),
        own_key_section(),
        last=(export_section(), erase_section()),
    ),
    route=routes.SETTINGS,
    title=f"Settings · {TITLE}",
    on_load=[
        AccountState.load_account,
        UsageState.load,
        OwnKeyState.load,
        PersonaState.load,
        PersonalState.load,
    ],
)
app.add_page(agents_page, route=routes.AGENTS, title=f"Agents · {TITLE}", on_load=AgentState.load)
app.add_page(agent_page, route=routes.AGENT, title=f"Agent · {TITLE}", on_load=AgentState.open)
app.add_page(
    overview_page,
    route=routes.ADMIN,
    title=f"Administration · {TITLE}",
    on_load=[AdminState.enter, OverviewState.watch],
)
app.add_page(
    people_page,
    route=routes.ADMIN_PEOPLE,
    title=f"People · {TITLE}",
    on_load=[AdminState.enter, PeopleState.load],
)
app.add_page(
    announcements_page,
    route=routes.ADMIN_ANNOUNCEMENTS,
    title=f"Announcements · {TITLE}",
    on_load=[AdminState.enter, AnnouncingState.load],
)
app.add_page(
    admin_agents_page,
    route=routes.ADMIN_AGENTS,
    title=f"Agents · {TITLE}",
    on_load=[AdminState.enter, AdminAgentState.load],
)
app.add_page(
    person_page,
    route=routes.ADMIN_PERSON,
    title=f"Person · {TITLE}",
    on_load=[AdminState.enter, PersonState.load],
)
app.add_page(
    invitations_page,
    route=routes.ADMIN_INVITATIONS,
    title=f"Invitations · {TITLE}",
    on_load=[AdminState.enter, InvitationsState.load],
)
app.add_page(
    groups_page,
    route=routes.ADMIN_GROUPS,
    title=f"Groups · {TITLE}",
    on_load=[AdminState.enter, GroupsState.load],
)
app.add_page(
    audit_page,
    route=routes.ADMIN_AUDIT,
    title=f"Audit · {TITLE}",
    on_load=[AdminState.enter, AuditState.load],
)
app.add_page(
    limits_page,
    route=routes.ADMIN_LIMITS,
    title=f"Limits · {TITLE}",
    on_load=[AdminState.enter, LimitsState.load],
)
app.add_page(
    cache_page,
    route=routes.ADMIN_CACHE,
    title=f"Cache · {TITLE}",
    on_load=[AdminState.enter, CacheState.load],
)
app.add_page(
    tools_page,
    route=routes.ADMIN_TOOLS,
    title=f"Tools · {TITLE}",
    on_load=[AdminState.enter, ToolsState.load],
)
app.add_page(
    providers_page,
    route=routes.ADMIN_PROVIDERS,
    title=f"Providers · {TITLE}",
    on_load=[AdminState.enter, ProviderState.watch],
)
app.add_page(
    editing_page,
    route=routes.ADMIN_POOL,
    title=f"Accounts and models · {TITLE}",
    on_load=[AdminState.enter, PoolEditingState.load],
)
app.add_page(
    quality_page,
    route=routes.ADMIN_QUALITY,
    title=f"Quality · {TITLE}",
    on_load=[AdminState.enter, QualityState.load],
)
app.add_page(
    status_page,
    route=routes.STATUS,
    title=f"Status · {TITLE}",
    on_load=StatusState.watch,
)
