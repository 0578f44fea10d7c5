"""A person's own keys in the making of an answer, and the check before one is kept."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from langchain_core.messages import BaseMessage
from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from chatapp.accounts import own_keys
from chatapp.accounts.models import KeyUse
from chatapp.accounts.problems import Problem, Refused
from chatapp.database import new_id
from chatapp.pool.calling import Tool
from chatapp.pool.errors import PoolError
from chatapp.pool.events import Attempt, Done, PoolEvent
from chatapp.pool.own import OwnAccount, key_refused, offers, own_pool, refusal_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OwnKeys:
    """The keys with which one person's question may be answered."""

    user_id: UUID
    accounts: tuple[tuple[KeyUse, OwnAccount], ...] = ()

    @classmethod
    async def of(cls, user_id: UUID) -> Self:
        """Those of a person that may be used now."""
        found = await own_keys.usable(user_id)
        known = offers() if found else {}
        return cls(
            user_id,
            tuple(
                (key.use, OwnAccount(known[key.provider], key.id.hex, key.secret))
                for key in found
                if key.provider in known
            ),
        )

    def used(self, *uses: KeyUse) -> list[OwnAccount]:
        """Those that are used so."""
        return [account for use, account in self.accounts if use in uses]

    @property
    def names(self) -> tuple[str, ...]:
        """What an answer depends on: the keys that may be used without a further word."""
        return tuple(account.id for account in self.used(KeyUse.FIRST, KeyUse.DRY))

    async def answer(
        self,
        accounts: Sequence[OwnAccount],
        messages: list[BaseMessage],
        tier: str | None,
        temperature: float | None = None,
        tools: Sequence[Tool] = (),
    ) -> AsyncGenerator[PoolEvent, None]:
        """Answer with these keys alone.

        Raises:
            PoolExhausted: none of them could be used.
            AnswerCut: the answer broke off.
        """
        source = own_pool(accounts, tier).answer(
            messages, restarts=True, temperature=temperature, tools=tools
        )
        try:
            async with aclosing(source) as events:
                async for event in events:
                    yield event
                    if isinstance(event, Done):
                        await self._learn(accounts, event.attempts)
        except PoolError as error:
            await self._learn(accounts, error.attempts)
            raise

    async def _learn(self, accounts: Sequence[OwnAccount], attempts: Sequence[Attempt]) -> None:
        for account in accounts:
            if key_refused(attempts, account):
                try:
                    await own_keys.refuse(self.user_id, UUID(account.id))
                except SQLAlchemyError as error:
                    logger.warning("A refused key was not noted: %s", type(error).__name__)


async def check_and_keep(user_id: UUID, provider: str, typed: str, use: KeyUse) -> None:
    """Keep a key of a person's own if its provider takes it.

    Raises:
        Refused: it does not look like a key, the provider does not take it or cannot be reached.
    """
    offer, key = offers().get(provider), own_keys.cleaned(typed)
    if offer is None or not key:
        raise Refused(Problem.NO_KEY)
    try:
        failure = await refusal_of(OwnAccount(offer, new_id().hex, SecretStr(key)))
    except TimeoutError:
        # Raised anew below, so that nothing of the call is its context.
        failure = None
        reached = False
    else:
        reached = failure is None or failure.outcome != "fail"
    if not reached:
        raise Refused(Problem.KEY_UNCHECKED)
    # One that is at its limit is a good key all the same.
    if failure is not None and failure.outcome != "rate":
        raise Refused(Problem.KEY_REFUSED)
    await own_keys.keep(user_id, provider, key, use)
