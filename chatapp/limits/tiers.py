"""Which tiers people may use: all of them, or those that their groups name.

Who is in several groups that name tiers may use what any of them names; a group that names none
says nothing. It is judged in memory, so it costs a question nothing.
"""

from uuid import UUID

from chatapp.limits import policy
from chatapp.pool.service import tiers

AUTO = ""
"""The whole pool, in place of a tier: for those who may use all of it."""

NONE = (
    "None of the models that your groups may use is there just now. Please ask whoever runs this "
    "installation."
)


class NotYours(Exception):
    """A tier that somebody may not use. ``str()`` of it says so."""


def choices(user_id: UUID) -> list[str]:
    """What a person may choose from, in the configured order, :data:`AUTO` first if at all."""
    known, named = tiers(), policy.tiers_of(user_id)
    if named is None or named.issuperset(known):
        return [AUTO, *known]
    return [tier for tier in known if tier in named]


def offered(user_id: UUID) -> list[str]:
    """What a person is asked to choose from; empty: there is no choice."""
    found = choices(user_id)
    return found if len(found) > 1 + (AUTO in found) else []


def among(user_id: UUID, tier: str) -> str:
    """A tier if a person may choose it, else nothing."""
    return tier if tier in choices(user_id) else ""


def settled(user_id: UUID, chosen: str | None, usual: str | None) -> str | None:
    """The tier that answers a person; None: the whole pool.

    Args:
        user_id: who asks.
        chosen: what the person has asked for, if anything.
        usual: what is meant without that, where the person may use it.

    Raises:
        NotYours: the person may not use what was chosen, or nothing at all.
    """
    possible = choices(user_id)
    if AUTO in possible:
        return chosen or usual
    if not possible:
        raise NotYours(NONE)
    if chosen and chosen not in possible:
        raise NotYours(
            f"{name_of(chosen)} is not among the models that your groups may use. Please choose "
            f"{listed(possible)}."
        )
    wanted = chosen or usual
    return wanted if wanted in possible else possible[0]


def name_of(tier: str) -> str:
    """A tier as people read it."""
    return tier.capitalize() if tier else "Auto"


def listed(names: list[str]) -> str:
    """Tiers in a sentence: one of them is meant."""
    *before, last = map(name_of, names)
    return f"{', '.join(before)} or {last}" if before else last
