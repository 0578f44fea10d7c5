"""What people do with announcements."""

from uuid import UUID

import reflex as rx

from chatapp.accounts.identity import current_user
from chatapp.announcements import service
from chatapp.ui.store import push


class AnnouncementState(rx.State):
    """It holds nothing: what is announced comes with the chats."""

    @rx.event
    async def dismiss(self, announcement_id: UUID) -> None:
        """Show one no more to this person."""
        me = current_user().id
        await service.dismiss(me, announcement_id)
        await push({"announcements": await service.shown_to(me)})
