"""What is to be made."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Job:
    """An answer to be made."""

    user_id: UUID
    chat_id: UUID
    question_id: UUID
    answer_id: UUID
    tier: str | None = None
    epoch: int = 1
    """Which writer of its log this is: one that takes over has the next."""
    anew: bool = False
    """Whether a new answer is wanted, whatever is kept."""
