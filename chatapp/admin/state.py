"""What all admin pages begin with."""

import reflex as rx

from chatapp.accounts.guard import current_user
from chatapp.ui.store import push


class AdminState(rx.State):
    """Whether there are admin pages for somebody."""

    @rx.event
    async def enter(self) -> None:
        """Tell those who are no admins that there is no such page."""
        if not current_user().is_admin:
            await push({"admin:missing": True})
