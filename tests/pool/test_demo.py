from langchain_core.messages import AIMessage, HumanMessage

from chatapp.pool.config import Account, Member, PoolConfig
from chatapp.pool.demo import QUOTED, DemoChatModel, demo_answer
from chatapp.pool.environment import pool_from_environment
from chatapp.pool.model import PooledChatModel
from tests.pool.conftest import hear


def test_the_demo_says_what_it_is_and_how_to_add_a_key():
    answer = demo_answer("What is love?")
    for words in ("demo", "GROQ_API_KEY=", ".env", "pool.toml", "Restart"):
        assert words in answer


def test_the_demo_shows_every_kind_of_markdown():
    answer = demo_answer("x")
    for words in ("\n## "[1:], "\n1. ", "\n| --- |", "\n```python\n", "$e^{i\\pi}", "\n$$\n\\int_"):
        assert words in answer


def test_the_question_is_quoted_and_cannot_break_out_of_its_quote():
    question = "```\n# big\n{question} {0} %s {{7*7}} <b>"
    answer = demo_answer(question)
    quote = [line for line in answer.splitlines() if line.startswith("> ")]
    assert quote[0] == "> ````text"
    assert quote[1:5] == ["> ```", "> # big", "> {question} {0} %s {{7*7}} <b>", "> ````"]


def test_a_long_question_is_cut():
    assert len(demo_answer("a" * 100_000)) < len(demo_answer("")) + QUOTED + 100


async def test_the_demo_streams_small_pieces_and_reports_usage():
    model = DemoChatModel(delay=0)
    pieces = [chunk.text async for chunk in model.astream([HumanMessage("hi"), AIMessage("yes")])]
    assert "".join(pieces) == demo_answer("hi")
    assert max(map(len, pieces)) < 12
    message = await model.ainvoke("hi")
    assert message.response_metadata["finish_reason"] == "stop"
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] == len([p for p in pieces if p])


def test_the_demo_answers_synchronously_too():
    assert DemoChatModel(delay=0).invoke("hi").text == demo_answer("hi")


async def test_without_keys_the_pool_is_the_demo(monkeypatch):
    monkeypatch.setattr("chatapp.pool.members.DEMO_DELAY", 0)
    heard = await hear(PooledChatModel(config=pool_from_environment({})), "hello")
    assert heard.text == demo_answer("hello")
    assert heard.done.attempt.label == "Demo"
    assert heard.done.finish_reason == "stop"


async def test_the_demo_may_stand_beside_others():
    account = Account("demo", "demo")
    config = PoolConfig((account,), (Member("fast", account, "demo"),))
    assert config.members_of("fast")[0].label == "Demo"
