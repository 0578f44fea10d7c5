"""What a tab is told besides its chat: limits, tiers, announcements, and whether news come late."""

from uuid import UUID

from chatapp.announcements import service as announcements
from chatapp.answers.hub import Hub
from chatapp.answers.views import Values
from chatapp.limits import degradation, tiers
from chatapp.limits.usage import allowance
from chatapp.settings import settings


class Notices:
    """What one tab has been told besides its chat."""

    def __init__(self, hub: Hub, user_id: UUID, zone: str) -> None:
        self._hub = hub
        self._user_id = user_id
        self._zone = zone
        self.late = hub.blind
        """Whether the tab knows that news come late, as Redis is away."""
        self._choices = tiers.choices(user_id)
        self._announced = announcements.shown()

    async def everything(self) -> Values:
        """All that is to be told."""
        values: Values = {
            "limit": settings().question_length,
            "late": self.late,
            "tiers": tiers.offered(self._user_id),
            "announcements": await announcements.shown_to(self._user_id),
        }
        return values | await self._what_is_left()

    async def changes(self, *, used: bool) -> Values:
        """What is otherwise than the tab was told; ``used`` says that a limit may be nearer now."""
        values: Values = {}
        if self.late is not self._hub.blind:
            self.late = values["late"] = self._hub.blind
        if self._announced is not announcements.shown():
            self._announced = announcements.shown()
            values["announcements"] = await announcements.shown_to(self._user_id)
        if self._choices != tiers.choices(self._user_id):
            self._choices = tiers.choices(self._user_id)
            values["tiers"] = tiers.offered(self._user_id)
        if used or "tiers" in values:
            values |= await self._what_is_left()
        return values

    async def _what_is_left(self) -> Values:
        """What is said at the composer of what is left for this person, and for all."""
        return {
            "allowance": await allowance(self._user_id, self._zone),
            "saving": await degradation.announcements(self._zone, tiers.choices(self._user_id)),
        }
