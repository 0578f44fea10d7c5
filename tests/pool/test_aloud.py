"""What most of an answer is made of is the same as LangChain makes, without its making."""

from typing import Any

import pytest
from langchain_core.messages import AIMessageChunk, BaseMessageChunk
from langchain_openai import ChatOpenAI

from chatapp.pool.aloud import Aloud

ADDRESS = "http://127.0.0.1:1/v1"


def chunk(delta: dict[str, Any], **choice: Any) -> dict[str, Any]:
    whole = {"index": 0, "delta": delta, "finish_reason": None} | choice
    return {"id": "1", "object": "chat.completion.chunk", "model": "m", "choices": [whole]}


@pytest.mark.parametrize(
    "given",
    [
        chunk({"content": "some words"}),
        chunk({"content": "some words", "role": "assistant"}),
        chunk({"content": "some words", "role": "user"}),
        chunk({"content": "", "role": "assistant"}),
        chunk({"content": None}),
        chunk({"content": "the last"}, finish_reason="stop"),
        chunk({"content": "likely"}, logprobs={"content": []}),
        chunk({"content": "so"}) | {"usage": {"prompt_tokens": 1, "completion_tokens": 2}},
        chunk({"content": "so", "id": "x"}),
    ],
)
@pytest.mark.parametrize("info", [{}, {"headers": {"x": "y"}}, None])
def test_each_chunk_is_what_langchain_makes_of_it(
    given: dict[str, Any], info: dict[str, Any] | None
) -> None:
    models = (kind(model="m", api_key="k", base_url=ADDRESS) for kind in (Aloud, ChatOpenAI))  # pyright: ignore[reportArgumentType]
    ours, theirs = (
        model._convert_chunk_to_generation_chunk(given, AIMessageChunk, info) for model in models
    )
    assert ours == theirs
    assert ours is not None
    assert theirs is not None
    assert ours.model_dump() == theirs.model_dump()
    assert type(ours.message) is type(theirs.message)


def test_chunks_share_nothing_that_can_be_changed() -> None:
    model = Aloud(model="m", api_key="k", base_url=ADDRESS)  # pyright: ignore[reportArgumentType]
    one, two = (
        model._convert_chunk_to_generation_chunk(chunk({"content": word}), AIMessageChunk, {})
        for word in ("a", "b")
    )
    assert one is not None
    assert two is not None
    for name, value in vars(one.message).items():
        if isinstance(value, (dict, list)):
            assert getattr(two.message, name) is not value
    both = one.message + two.message
    assert isinstance(both, BaseMessageChunk)
    assert both.content == "ab"
