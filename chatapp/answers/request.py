"""What decides an answer: all that a model is given, and for whom."""

from dataclasses import dataclass
from uuid import UUID

from langchain_core.messages import BaseMessage

from chatapp.answers.own_key import OwnKeys
from chatapp.answers.prompt import RULES, prompt
from chatapp.answers.staying import preferred
from chatapp.limits.degradation import SHORTER, Step, small_tier
from chatapp.limits.tiers import choices
from chatapp.pool.service import pool


@dataclass(frozen=True, slots=True)
class Request:
    """The effective request behind an answer.

    Whatever can change an answer is a field here: a new one is part of the cache's key by itself,
    and a request in which it is set is its person's alone (see :mod:`chatapp.answers.cache`).
    """

    user_id: UUID
    messages: tuple[BaseMessage, ...]
    """The rules, then the branch, the question last."""
    tier: str | None = None
    models: tuple[str, ...] = ()
    """The members that may answer: what one gave is not given again once it is gone."""
    prefer: str = ""
    """The member that is asked first."""
    begins_at: UUID | None = None
    """The message with which the history begins, if earlier ones were left out."""
    own_keys: tuple[str, ...] = ()
    """The ids of the person's own keys that may be used: then the answer is nobody else's."""
    tools: tuple[str, ...] = ()
    """The names of the tools that may be used: then the answer is of its moment alone."""
    temperature: float | None = None
    """How much chance there is in it; None: as the member has it."""
    common: str = RULES
    """The rules as they are for everybody who asks the same agent."""
    personal: bool = False
    """Whether the rules hold what is not everybody's: an agent of few, or words of the person."""


async def request_for(
    user_id: UUID,
    question_id: UUID,
    tier: str | None,
    step: Step = Step.ALL,
    agent_id: UUID | None = None,
) -> Request:
    """The effective request of the answer to a question, when so much is to be saved."""
    if step is Step.SMALL_MODEL:
        tier = small_tier(tier, choices(user_id))
    share = SHORTER if step in (Step.SHORTER_CONTEXT, Step.SMALL_MODEL) else 1.0
    given = await prompt(user_id, question_id, tier, agent_id=agent_id, share=share)
    models = tuple(sorted(member.name for member in pool().config.members_of(tier)))
    prefer = await preferred(user_id, question_id)
    own = await OwnKeys.of(user_id)
    return Request(
        user_id,
        tuple(given.messages),
        tier,
        models,
        prefer,
        given.begins_at,
        own.names,
        given.brief.tools,
        given.brief.temperature,
        given.common,
        given.brief.personal,
    )
