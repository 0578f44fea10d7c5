"""A model that needs no key, says what it is and shows how an answer looks."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.chat_models import generate_from_stream
from langchain_core.messages import AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from chatapp.pool.content import text_of

QUOTED = 400
"""How many characters of the question are quoted at most."""

ANSWER = '''\
## This is a demo

No provider is configured yet, so **no model has read your question**. You asked:

{question}

### Get real answers

1. Get a key, for example a free one at `console.groq.com`.
2. Put it into the file `.env` beside the project: `GROQ_API_KEY=…`
   (or describe several accounts in `pool.toml`; see `pool.toml.example`).
3. Restart. This page then answers with that model.

### What an answer can look like

| kind | example |
| --- | --- |
| emphasis | *light*, **strong**, ~~gone~~ |
| code | `print("hello")` |
| formula | $e^{{i\\pi}} + 1 = 0$ |

```python
from collections.abc import Iterator


def fibonacci(limit: int) -> Iterator[int]:
    """Yield the Fibonacci numbers below the limit."""
    a, b = 0, 1
    while a < limit:
        yield a
        a, b = b, a + b


print(list(fibonacci(100)))
```

And a formula on a line of its own:

$$
\\int_{{-\\infty}}^{{\\infty}} e^{{-x^2}} \\, dx = \\sqrt{{\\pi}}
$$

> Everything else works as with a real model: stop, regenerate, rename, delete.
'''.replace("{{", "{").replace("}}", "}")

PIECE = re.compile(r"\s?\S{1,6}|\s+")


def demo_answer(question: str) -> str:
    """The demo's answer, with the question's text as a quote in which no markdown has effect."""
    text = question.strip()
    if len(text) > QUOTED:
        text = text[:QUOTED].rstrip() + " …"
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = "\n".join(f"> {line}" for line in [f"{fence}text", *text.splitlines(), fence])
    return ANSWER.replace("{question}", lines if text else "> (nothing)")


class DemoChatModel(BaseChatModel):
    """A chat model that answers every question with an explanation of itself."""

    delay: float = 1 / 120
    """Seconds between two pieces; a word has about two."""

    cache: Any = False

    @property
    def _llm_type(self) -> str:
        return "demo"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": "demo"}

    def _chunks(self, messages: list[BaseMessage]) -> Iterator[ChatGenerationChunk]:
        asked = [text_of(m.content) for m in messages if isinstance(m, HumanMessage)]
        pieces = PIECE.findall(demo_answer(asked[-1] if asked else ""))
        for piece in pieces:
            yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
        read = sum(len(PIECE.findall(text_of(message.content))) for message in messages)
        usage = UsageMetadata(
            input_tokens=read, output_tokens=len(pieces), total_tokens=read + len(pieces)
        )
        yield ChatGenerationChunk(
            message=AIMessageChunk(
                content="",
                usage_metadata=usage,
                response_metadata={"model_name": "demo", "model_provider": "demo"},
            ),
            generation_info={"finish_reason": "stop"},
        )

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._chunks(messages):
            yield chunk
            await asyncio.sleep(self.delay)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self._chunks(messages):
            yield chunk
            time.sleep(self.delay)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return generate_from_stream(self._chunks(messages))
