"""The URLs of pages and endpoints. Nothing else spells a path."""

from uuid import UUID

HOME = "/"
CHAT = "/c/[chat_id]"
LOGIN = "/login"
SIGNUP = "/signup"
STATUS = "/status"
RESET = "/reset"
SETTINGS = "/settings"
AGENTS = "/agents"
AGENT = "/agents/[agent_id]"
NEW_AGENT = "/agents/new"
ADMIN = "/admin"
ADMIN_PEOPLE = "/admin/people"
ADMIN_PERSON = "/admin/person"
ADMIN_INVITATIONS = "/admin/invitations"
ADMIN_GROUPS = "/admin/groups"
ADMIN_AUDIT = "/admin/audit"
ADMIN_PROVIDERS = "/admin/providers"
ADMIN_QUALITY = "/admin/quality"
ADMIN_POOL = "/admin/pool"
ADMIN_ANNOUNCEMENTS = "/admin/announcements"
ADMIN_LIMITS = "/admin/limits"
ADMIN_CACHE = "/admin/cache"
ADMIN_TOOLS = "/admin/tools"
ADMIN_AGENTS = "/admin/agents"

SIGN_UP = "/auth/sign-up"
SIGN_IN = "/auth/sign-in"
SIGN_OUT = "/auth/sign-out"
SIGN_OUT_EVERYWHERE = "/auth/sign-out-everywhere"
RESET_PASSWORD = "/auth/reset"  # noqa: S105 - a path
CHANGE_PASSWORD = "/auth/password"  # noqa: S105 - a path

EXPORT = "/settings/export"
ERASE = "/settings/erase"
AUDIT_EXPORT = "/admin/audit.csv"

PICTURES = "/pictures"

OWN_KEY = "/settings/own-key"
OWN_KEY_USE = "/settings/own-key/use"
OWN_KEY_REMOVE = "/settings/own-key/remove"

HEALTH = "/healthz"
METRICS = "/metrics"
READY = "/readyz"
SOCKET = "/_event"


def agent(agent_id: UUID | str) -> str:
    """The page on which one agent is looked at and changed."""
    return f"/agents/{agent_id}"


def picture(picture_id: UUID | str) -> str:
    """Where an agent's picture is."""
    return f"{PICTURES}/{picture_id}"


def new_chat_with(agent_id: UUID | str) -> str:
    """The empty screen, for a chat with an agent."""
    return f"/?agent={agent_id}"


def chat(chat_id: UUID | str) -> str:
    """The page of one chat."""
    return f"/c/{chat_id}"


def limits_of(*, group_id: UUID | None = None, user_id: UUID | None = None) -> str:
    """The page of a group's or a person's limits, for admins."""
    return f"{ADMIN_LIMITS}?{f'group={group_id}' if group_id else f'person={user_id}'}"


def person(user_id: UUID | str) -> str:
    """The admin page about one person."""
    return f"{ADMIN_PERSON}?id={user_id}"


def invitation(token: str) -> str:
    """Where an invitation leads."""
    return f"{SIGNUP}?invite={token}"


def password_reset(token: str) -> str:
    """Where a link for a new password leads."""
    return f"{RESET}?link={token}"
