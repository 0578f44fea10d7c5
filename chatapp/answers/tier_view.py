"""The tier that a chat goes on with, as the browser's store holds it."""

from typing import TypedDict
from uuid import UUID

from chatapp.limits import tiers


class TierView(TypedDict):
    """What stands in the choice of models, and why it is not what was chosen last."""

    tier: str
    """Empty: whichever are free."""
    taken: str


def tier_view(user_id: UUID, chosen: str) -> TierView:
    """The tier of the next question in a chat for which one was chosen."""
    possible = tiers.choices(user_id)
    if not possible:
        return {"tier": "", "taken": tiers.NONE}
    if chosen in possible:
        return {"tier": chosen, "taken": ""}
    follows = tiers.name_of(possible[0])
    taken = f"{tiers.name_of(chosen)} cannot be chosen any more: {follows} answers from here on."
    return {"tier": possible[0], "taken": taken if chosen else ""}
