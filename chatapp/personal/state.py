"""What the settings page says of a copy that an admin has had offered."""

import reflex as rx

from chatapp.accounts.guard import current_user
from chatapp.database import reading
from chatapp.personal import repository
from chatapp.ui.store import push


class PersonalState(rx.State):
    """The section about all that is one's own. It holds nothing."""

    @rx.event
    async def load(self) -> None:
        """Show whether a copy is offered."""
        async with reading() as session:
            user = await repository.user(session, current_user().id)
        await push({"personal:offered": bool(user and user.export_offered_at)})
