"""What a model is given: one request a question, stable beginnings, no more than there is room."""

from itertools import pairwise
from uuid import UUID

import pytest
from langchain_core.messages import SystemMessage, messages_to_dict

from chatapp.answers.process import Process
from chatapp.answers.prompt import BUDGET, RULES, prompt
from chatapp.answers.views import message_view
from chatapp.pool.content import estimated_tokens
from chatapp.settings import settings
from tests.answers.world import ask, finished, row
from tests.fakes import ProviderServer


async def test_one_question_is_one_request_and_titles_need_none(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    asked = await ask(process, ada, "The first [[say 3 words]]")
    await finished(process)
    for number in range(3):
        await ask(process, ada, f"Another {number} [[say 3 words]]", asked.chat_id)
        await finished(process)
    assert len(await fakes.requests()) == 4


async def test_each_prompt_begins_with_the_one_before_byte_for_byte(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    chat_id = None
    given: list[list[dict]] = []
    for number in range(4):
        asked = await ask(process, ada, f"Question {number} [[say 3 words]]", chat_id)
        chat_id = asked.chat_id
        await finished(process)
        told = await prompt(ada, asked.question_id)
        given.append(messages_to_dict(told.messages))
    for before, after in pairwise(given):
        assert repr(after[: len(before)]) == repr(before)
        assert len(after) == len(before) + 2


async def test_a_long_chat_begins_at_the_same_message_for_many_questions(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BUDGET, "default", 400)
    chat_id, begins, given, sizes = None, [], [], []
    for number in range(16):
        asked = await ask(process, ada, f"Question {number} {'long ' * 30}", chat_id)
        chat_id = asked.chat_id
        await finished(process)
        told = await prompt(ada, asked.question_id)
        begins.append(told.begins_at)
        given.append([message.content for message in told.messages])
        sizes.append(estimated_tokens(told.messages, {}))
        _message, answer = await row(asked.answer_id)
        assert answer.context_from == told.begins_at
        assert message_view(_message, answer)["shortened"] is (told.begins_at is not None)
    assert begins[0] is None
    assert begins[-1] is not None
    # The question and the rules fit in any case, and the history never exceeds the budget.
    assert max(sizes) <= 400 + estimated_tokens([SystemMessage(RULES)], {})
    moved = sum(a != b for a, b in pairwise(begins))
    assert 1 <= moved <= len(begins) // 2
    for n in range(1, len(given)):
        if begins[n] == begins[n - 1]:
            assert given[n][: len(given[n - 1])] == given[n - 1]


async def test_the_question_is_whole_however_long_it_is(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BUDGET, "default", 10)
    asked = await ask(process, ada, "word " * 500)
    await finished(process)
    told = await prompt(ada, asked.question_id)
    assert told.messages[-1].content == ("word " * 500).strip()


async def test_no_more_messages_than_are_set(
    process: Process, ada: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "history_turns", 6)
    chat_id = None
    for number in range(8):
        asked = await ask(process, ada, f"Question {number} [[say 3 words]]", chat_id)
        chat_id = asked.chat_id
        await finished(process)
        told = await prompt(ada, asked.question_id)
        assert len(told.messages) <= 7
        assert told.messages[1].type == "human"
