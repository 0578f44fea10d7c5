"""What is to be made."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from chatapp.answers.models import Answer
from chatapp.database import now


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
    asked_at: datetime = field(default_factory=now)
    """The moment for whose day and month it counts."""
    agent_id: UUID | None = None
    """The agent that is asked."""
    here: bool = True
    """Whether the process that was asked makes it; one that ends leaves it to others."""

    @classmethod
    def of(cls, answer: Answer, question_id: UUID, epoch: int) -> "Job":
        """An answer whose row is there, for its runner of this epoch."""
        return cls(
            answer.user_id,
            answer.chat_id,
            question_id,
            answer.id,
            answer.tier,
            epoch,
            answer.anew,
            answer.queued_at,
            answer.agent_id,
        )
