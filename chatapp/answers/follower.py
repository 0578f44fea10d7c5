"""Follows a chat for one tab: what is there already, then what comes, as values for the store."""

from collections.abc import AsyncGenerator
from time import monotonic
from uuid import UUID, uuid4

from chatapp.agents import service as agents
from chatapp.agents.views import choice_views
from chatapp.answers.events import Kind, channel
from chatapp.answers.hub import Hub
from chatapp.answers.notices import Notices
from chatapp.answers.screen import Screen
from chatapp.answers.views import Values
from chatapp.answers.welcome import WELCOME

QUIET = 15.0
"""A chat in which an answer comes is looked at after so many seconds without news of it."""

LOOK = 4.0
"""Without Redis a chat in which an answer comes is looked at so often, in seconds."""


async def follow(
    hub: Hub, user_id: UUID, chat_id: UUID | None, zone: str
) -> AsyncGenerator[Values]:
    """Values for the store: first all that is shown, then every change, until it is closed.

    Args:
        hub: The process's reader of what is published.
        user_id: Whose tab it is.
        chat_id: The chat that is open, if one is.
        zone: The name of the tab's time zone.
    """
    async with hub.subscribed(channel(user_id), chat_id) as subscription:
        screen, notices = Screen(user_id, chat_id, zone), Notices(hub, user_id, zone)
        # Another one each time: what the page has sent over a lost connection it sends again.
        first: Values = {"following": uuid4().hex, "away": False} | await notices.everything()
        if chat_id is None:
            first["agents"] = choice_views(await agents.choices(user_id))
            first["welcome"] = WELCOME.dump(WELCOME.value)
        yield await screen.everything() | first
        heard = monotonic()
        while True:
            patience = (LOOK if notices.late else QUIET) + heard - monotonic()
            events, lagged = await subscription.wait(max(patience, 0.0) if screen.grows else None)
            # News of other chats is no sign of life of what comes in this one.
            if lagged or any(event.chat_id == chat_id for event in events):
                heard = monotonic()
            changes = await (screen.everything() if lagged else screen.changes(events))
            used = any(event.kind in _USE for event in events)
            if subscription.woken or lagged or used:
                subscription.woken = False
                noticed = await notices.changes(used=used)
                if "tiers" in noticed:
                    changes |= screen.other_tiers()
                changes |= noticed
            if changes:
                yield changes


_USE = (Kind.ASKED, Kind.END)
"""After these a limit may be nearer, or there may be more left."""
