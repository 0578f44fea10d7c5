"""One chat model made of many: each question goes to the member whose turn it is."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import Any, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.language_models.chat_models import agenerate_from_stream
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field, PrivateAttr

from chatapp.pool import bridge
from chatapp.pool.admission import Admission
from chatapp.pool.attempt import Patience
from chatapp.pool.calling import Gathered, Tool
from chatapp.pool.config import PoolConfig
from chatapp.pool.content import text_of, thought_of
from chatapp.pool.events import Asked, Done, Held, Hop, PoolEvent, Restart, Text, Thought
from chatapp.pool.members import Clients
from chatapp.pool.relay import Question, Relay
from chatapp.pool.status import MemberStatus, read_status
from chatapp.pool.tracing import forbid_tracing

log = logging.getLogger(__name__)

FIRST_TOKEN = 20.0
IDLE_GAP = 30.0
TOTAL = 300.0
LINE = 2.0


class PooledChatModel(BaseChatModel):
    """A LangChain chat model that spreads questions over the members of a pool.

    A member that fails before its first word is replaced unseen by the next one. After a member
    that fails later the answer begins anew, if the caller can take words back, or ends with an
    error: two answers are never joined.
    """

    config: PoolConfig = Field(exclude=True, repr=False)
    tier: str | None = None
    """The tier that answers; None: the whole pool."""
    first_token_timeout: float = Field(default=FIRST_TOKEN, gt=0)
    """Seconds in which a member must begin to answer."""
    idle_gap_timeout: float = Field(default=IDLE_GAP, gt=0)
    """Seconds that may pass between two pieces of an answer."""
    total_timeout: float = Field(default=TOTAL, gt=0)
    """Seconds for a whole answer with all attempts."""
    line_timeout: float = Field(default=LINE, ge=0)
    """Seconds for which a question stands in line when nobody can be asked at once."""
    hedge_after: float | None = Field(default=None, gt=0)
    """Seconds without a first word, or a first thought where thoughts are told, after which a
    second member is asked as well; the faster one answers, both are paid for. None: never."""
    cache: Any = False

    _clients: Clients = PrivateAttr(default_factory=Clients)
    _admission: Admission = PrivateAttr(default_factory=Admission)

    def model_post_init(self, context: Any, /) -> None:
        """Make sure that nothing is traced."""
        super().model_post_init(context)
        forbid_tracing()

    def with_tier(self, tier: str | None) -> Self:
        """The same pool, sharing its clients and its books, for another tier."""
        return self.model_copy(update={"tier": tier})

    async def open(self) -> None:
        """Build the clients of all members now; one that cannot be built is left to its turn."""
        for member in self.config.members_of(None):
            try:
                await self._clients.get(member)
            except Exception as error:
                log.error("%s cannot be used: %s", member.name, type(error).__name__)

    async def aclose(self) -> None:
        """Close all connections of the running loop."""
        await self._admission.aclose()
        await self._clients.aclose()

    async def status(self) -> list[MemberStatus]:
        """How each member is, the same in all processes."""
        return await read_status(self._admission, self.config)

    @property
    def alone(self) -> bool:
        """Whether this process goes on without Redis."""
        return self._admission.alone

    async def answer(
        self,
        messages: list[BaseMessage],
        *,
        tier: str | None = None,
        restarts: bool = False,
        prefer: str = "",
        waits: bool = False,
        temperature: float | None = None,
        tools: Sequence[Tool] = (),
    ) -> AsyncGenerator[PoolEvent, None]:
        """Answer a conversation as a stream of events, the last of which is :class:`Done`.

        Close the generator (or cancel the task that reads it) to stop: the provider's connection
        is closed at once.

        Args:
            messages: The conversation, the question last.
            tier: Who answers; None: the model's own tier.
            restarts: Whether the caller understands :class:`Restart`. Without it an answer that
                breaks off after its first words ends with AnswerCut, and what a model thinks
                before its first word is held back until then.
            prefer: The name of the member that is asked first if it can be, out of turn.
            waits: Whether the caller understands :class:`Held` and waits until it makes sense to
                look again. Without it a question waits here, and not for long.
            temperature: How much chance there is in the answer; None: as the member has it.
            tools: Those that a member may call, see :class:`Calls`.

        Raises:
            PoolExhausted: nobody said a word.
            AnswerCut: the answer broke off after its first words and nobody could begin it anew.
        """
        options: dict[str, Any] = {} if temperature is None else {"temperature": temperature}
        if tools:
            options["tools"] = list(tools)
        relay = self._relay(
            messages,
            tier or self.tier,
            None,
            options,
            restarts=restarts,
            prefer=prefer,
            waits=waits,
        )
        gathered = Gathered() if tools else None
        async with aclosing(relay) as events:
            async for event in events:
                if isinstance(event, ChatGenerationChunk):
                    if gathered is not None:
                        gathered.add(event.message)
                    if thought := thought_of(event.message):
                        yield Thought(thought)
                    if text := text_of(event.message.content):
                        yield Text(text)
                    continue
                if gathered is not None:
                    if isinstance(event, Hop):
                        gathered = Gathered()
                    elif isinstance(event, Done) and (calls := gathered.calls()):
                        yield calls
                yield event

    def _relay(
        self,
        messages: list[BaseMessage],
        tier: str | None,
        stop: list[str] | None,
        options: dict[str, Any],
        *,
        restarts: bool = False,
        prefer: str = "",
        waits: bool = False,
    ) -> AsyncGenerator[ChatGenerationChunk | Hop | Restart | Held | Asked | Done, None]:
        """Try members until one answers. What all entries have in common."""
        question = Question(tier or "", messages, stop, options, restarts, prefer, waits)
        patience = Patience(
            self.first_token_timeout,
            self.idle_gap_timeout,
            self.total_timeout,
            0.0 if waits else self.line_timeout,
            self.hedge_after,
        )
        members = self.config.members_of(tier)
        return Relay(question, members, self._clients, self._admission, patience).run()

    # What LangChain asks of a chat model.

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        # To its callers the pool's tiers are its models; whose model answers is not theirs to say.
        tier = kwargs.pop("tier", None) or kwargs.pop("model", None) or self.tier
        async with aclosing(self._relay(messages, tier, stop, kwargs)) as events:
            async for event in events:
                if isinstance(event, ChatGenerationChunk):
                    if run_manager:
                        await run_manager.on_llm_new_token(event.text, chunk=event)
                    yield event
                elif isinstance(event, Done):
                    yield _signature(event)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return await agenerate_from_stream(self._astream(messages, stop, **kwargs))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in bridge.iterate(lambda: self._astream(messages, stop, **kwargs)):
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return bridge.run(lambda: self._agenerate(messages, stop, **kwargs))

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Give the model tools, in a neutral form that each member's integration translates."""
        if tool_choice:
            kwargs["tool_choice"] = tool_choice
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    @property
    def _llm_type(self) -> str:
        return "chatapp-pool"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.tier or "auto"}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = LangSmithParams(
            ls_provider="chatapp",
            ls_model_name=kwargs.get("model") or self.tier or "auto",
            ls_model_type="chat",
        )
        if stop:
            params["ls_stop"] = stop
        return params


def _signature(done: Done) -> ChatGenerationChunk:
    """The last chunk, which tells who answered."""
    return ChatGenerationChunk(
        message=AIMessageChunk(
            content="",
            response_metadata={
                "answered_by": done.attempt.member,
                "answered_by_label": done.attempt.label,
                "attempts": len(done.attempts),
            },
            chunk_position="last",
        )
    )
