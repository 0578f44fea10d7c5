"""Which member is next. The choice is made here alone, so that processes can come to share it."""

from collections.abc import Collection, Sequence

from chatapp.pool.config import Member
from chatapp.pool.events import Attempt


class Rotation:
    """Smooth weighted round robin, kept by this process.

    Weights 3 and 1 give A A B A and again, not A A A B; concurrent calls see one another.
    """

    def __init__(self) -> None:
        self._credit: dict[str, dict[str, int]] = {}

    async def admit(
        self, group: str, members: Sequence[Member], tried: Collection[str] = ()
    ) -> Member | None:
        """Choose who is to answer.

        Args:
            group: The name of the rotation: a tier, or empty for the whole pool.
            members: Those who could answer.
            tried: The names of those who have already failed in this call.

        Returns:
            The member, or None when nobody is left.
        """
        left = [member for member in members if member.name not in tried]
        if not left:
            return None
        credit = self._credit.setdefault(group, {})
        for member in left:
            credit[member.name] = credit.get(member.name, 0) + member.weight
        chosen = max(left, key=lambda member: credit[member.name])
        credit[chosen.name] -= sum(member.weight for member in left)
        return chosen

    async def settle(self, attempt: Attempt) -> None:
        """Be told how an attempt ended. One process alone has nothing to give back."""
