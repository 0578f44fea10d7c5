"""The handlers of the overview. What is shown is in the browser's store."""

from dataclasses import asdict

import reflex as rx

from chatapp.accounts.guard import admin_only
from chatapp.admin.overview import repository
from chatapp.database import reading
from chatapp.ui.store import push


class OverviewState(rx.State):
    """What admins see first."""

    @admin_only
    @rx.event
    async def load(self) -> None:
        """Show how much there is."""
        async with reading() as session:
            totals = await repository.totals(session)
        await push({"admin:totals": asdict(totals)})
