"""The handlers of the usage section. What is shown is in the browser's store."""

import reflex as rx
from reflex_base.event.context import EventContext

from chatapp.accounts.guard import ZONE_HEADER
from chatapp.accounts.identity import current_user
from chatapp.limits.usage import usage
from chatapp.ui.store import push


class UsageState(rx.State):
    """What the usage section shows."""

    @rx.event
    async def load(self) -> None:
        """Show what this person has used."""
        await push({"usage": await usage(current_user().id, zone_here())})


def zone_here() -> str:
    """The name of the time zone of the tab whose event is being handled."""
    return EventContext.get().router_data.get("headers", {}).get(ZONE_HEADER, "")
