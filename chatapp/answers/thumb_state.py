"""The handlers of the thumbs under an answer."""

from typing import Any, Literal, TypedDict
from uuid import UUID

import reflex as rx

from chatapp.accounts.identity import current_user
from chatapp.answers import thumbs
from chatapp.answers.thumbs import DOWN, NONE, UP
from chatapp.chats.service import NotFound
from chatapp.ui.store import push

GONE = "This answer is no longer there."

_THUMBS = {"up": UP, "down": DOWN, "none": NONE}


class ThumbView(TypedDict):
    """What was said of an answer in this tab."""

    thumb: int
    asks: bool
    """Whether the reader may say why now."""
    thanks: bool


class ThumbState(rx.State):
    """What people do with thumbs."""

    @rx.event
    async def rate(self, answer_id: UUID, thumb: Literal["up", "down", "none"]) -> None:
        """Say that an answer is good or bad, or take it back."""
        value = _THUMBS[thumb]
        try:
            await thumbs.rate(current_user().id, answer_id, value)
        except NotFound:
            await push({"notice": GONE})
            return
        await _show(answer_id, {"thumb": value, "asks": value != NONE, "thanks": False})

    @rx.event
    async def explain(self, form: dict[str, Any]) -> None:
        """Say why."""
        value = DOWN if form.get("thumb") == "down" else UP
        try:
            answer_id = UUID(str(form.get("answer_id")))
            words = str(form.get("words", ""))
            said = await thumbs.explain(current_user().id, answer_id, value, words)
        except (ValueError, NotFound):
            await push({"notice": GONE})
            return
        await _show(answer_id, {"thumb": value, "asks": False, "thanks": bool(said)})


async def _show(answer_id: UUID, view: ThumbView) -> None:
    # The thumb goes before what came with the answer; the person's other tabs are told it as well.
    await push({f"t:{answer_id}": view["thumb"], f"why:{answer_id}": view})
