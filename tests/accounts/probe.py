"""A state with one handler of each kind, as other domains write them."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import reflex as rx

from chatapp.accounts.guard import SignedOut, admin_only, current_user, public


class Colour(StrEnum):
    RED = "red"


@dataclass
class Point:
    x: int
    y: int


class ProbeState(rx.State):
    """Notes who called what."""

    value: int = 0
    who: str = ""
    seen: str = ""

    def _note(self, value: int) -> None:
        self.value += value
        try:
            self.who = current_user().email
        except SignedOut:
            self.who = "nobody"

    @public
    @rx.event
    def public_above(self, value: int) -> None:
        self._note(value)

    @rx.event
    @public
    def public_below(self, value: int) -> None:
        self._note(value)

    @public
    @rx.event(background=True)
    async def public_background(self, value: int) -> None:
        async with self:
            self._note(value)

    @rx.event
    def member(self, value: int) -> None:
        self._note(value)

    def undecorated(self, value: int) -> None:
        self._note(value)

    @rx.event(background=True)
    async def background(self, value: int) -> None:
        async with self:
            self._note(value)

    @admin_only
    @rx.event
    def admin(self, value: int) -> None:
        self._note(value)

    @admin_only
    @rx.event(background=True)
    async def admin_background(self, value: int) -> None:
        async with self:
            self._note(value)

    @public
    @rx.event
    def chains_to_member(self) -> rx.event.EventSpec:
        return ProbeState.member(1)  # pyright: ignore[reportCallIssue, reportReturnType]

    @public
    @rx.event
    async def yields_admin(self):
        yield ProbeState.admin(1)  # pyright: ignore[reportCallIssue]
        yield ProbeState.background(1)  # pyright: ignore[reportCallIssue]

    @rx.event
    def typed(
        self,
        number: int = 0,
        text: str = "",
        uid: UUID | None = None,
        colour: Colour | None = None,
        point: Point | None = None,
        numbers: list[int] | None = None,
        pair: tuple[int, str] | None = None,
        flag: bool = False,
        ratio: float = 0.0,
    ) -> None:
        self.value += 1
        given = [number, text, uid, colour, point, numbers, pair, flag, ratio]
        self.seen = ",".join(type(each).__name__ for each in given)
        self.who = text

    @rx.event
    def form(self, data: dict[str, str]) -> None:
        self.value += 1
        self.seen = data["name"]

    @rx.event
    def unannotated(self, value) -> None:
        self.value += 1

    @rx.event
    def anything(self, **values: int) -> None:
        self.value += 1
