"""A tab that sends events to the guard, without a socket."""

from typing import Any
from uuid import uuid4

from reflex.event import Event
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import BaseStateToken
from reflex_base.event.processor import BaseStateEventProcessor

from chatapp.accounts.guard import SESSION_HEADER, ZONE_HEADER
from tests.accounts.probe import ProbeState

NAME = ProbeState.get_full_name()


class Tab:
    """A tab that sends events as a socket does, and keeps what comes back."""

    def __init__(self, processor: BaseStateEventProcessor, manager: StateManagerMemory) -> None:
        self._processor = processor
        self._manager = manager
        self.token = str(uuid4())
        self.session = ""
        self.zone = ""
        self.deltas: list[Any] = []
        self.events: list[Event] = []

    async def send(self, name: str, payload: dict[str, Any] | None = None, **router: Any) -> None:
        headers = {SESSION_HEADER: self.session} if self.session else {}
        headers |= {ZONE_HEADER: self.zone} if self.zone else {}
        router_data = {"headers": headers, "token": self.token, **router}
        full = name if "." in name else f"{NAME}.{name}"
        event = Event(full, router_data, payload or {})
        future = await self._processor.enqueue(self.token, event)
        await future.wait_all()

    async def probe(self) -> ProbeState:
        root = await self._manager.get_state(BaseStateToken(ident=self.token, cls=ProbeState))
        return await root.get_state(ProbeState)

    async def value(self) -> int:
        return (await self.probe()).value

    @property
    def sent_away(self) -> list[str]:
        return [event.payload["path"] for event in self.events if event.name == "_redirect"]


def shown(deltas: list[Any]) -> set[str]:
    """The states that anything was shown of."""
    return {name for delta in deltas for name in delta}
