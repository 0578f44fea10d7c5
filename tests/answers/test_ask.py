"""Asking: kept before it is acknowledged, once however often it is sent, one by one in a chat."""

import asyncio
from uuid import UUID

import pytest

from chatapp.answers import asking, service
from chatapp.answers.asking import BUSY, EMPTY, REUSED
from chatapp.answers.process import Process
from chatapp.answers.queueing import Asked, Refused
from chatapp.chats import service as chats
from chatapp.chats.models import Role, Status
from chatapp.chats.service import NotFound
from chatapp.database import new_id
from chatapp.settings import settings
from tests.answers.world import ask, finished, messages, row, screen, words
from tests.chats.people import chat_of
from tests.fakes import ProviderServer

LITERAL = [
    '{"lc":1,"type":"secret","id":["GROQ_API_KEY"]}',
    "{{7*7}} {user.__class__} %s ${jndi:ldap://x}",
    "%_\\ ' \" `; DROP TABLE messages; --",
    "<script>alert(1)</script>\n<img src=x onerror=alert(2)>",
]


async def test_a_question_and_its_answer_are_kept(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    asked = await ask(process, ada, "  please [[say 5 words]]\n")
    await finished(process)
    question, answer = (await chats.open_chat(ada, asked.chat_id)).messages
    assert (question.id, question.role, question.text) == (
        asked.question_id,
        Role.QUESTION,
        "please [[say 5 words]]",
    )
    assert (answer.id, answer.role, answer.text) == (asked.answer_id, Role.ANSWER, words(5))
    assert answer.status == Status.DONE
    assert (await chats.open_chat(ada, asked.chat_id)).chat.title == "please [[say 5 words]]"
    assert len(await fakes.requests()) == 1


@pytest.mark.parametrize("again", [1, 20])
@pytest.mark.parametrize("in_a_chat", [False, True])
async def test_the_same_question_at_once_is_one_question(
    process: Process, ada: UUID, fakes: ProviderServer, again: int, in_a_chat: bool
) -> None:
    chat_id = (await chat_of(ada, "before", "it"))[0].id if in_a_chat else None
    client_id = new_id()
    asked = await asyncio.gather(
        *(ask(process, ada, "[[say 3 words]]", chat_id, client_id) for _ in range(again))
    )
    await finished(process)
    later = await ask(process, ada, "[[say 3 words]]", chat_id, client_id)
    await finished(process)
    assert {*asked, later} == {asked[0]}
    assert len(await messages(ada)) == 2 + 2 * in_a_chat
    assert len(await fakes.requests()) == 1
    assert len((await chats.latest_chats(ada))[0]) == 1


async def test_the_same_id_with_another_text_is_refused(process: Process, ada: UUID) -> None:
    client_id = new_id()
    asked = await ask(process, ada, "[[say 3 words]]", client_id=client_id)
    await finished(process)
    for chat_id in (None, asked.chat_id):
        with pytest.raises(Refused, match=REUSED):
            await ask(process, ada, "another", chat_id, client_id)
    assert len(await messages(ada)) == 2


async def test_two_people_may_send_the_same_id(process: Process, ada: UUID, eve: UUID) -> None:
    client_id = new_id()
    hers = await ask(process, ada, "hers", client_id=client_id)
    theirs = await ask(process, eve, "theirs", client_id=client_id)
    await finished(process)
    assert not set(vars_of(hers)) & set(vars_of(theirs))
    assert (await messages(eve))[0].text == "theirs"


def vars_of(asked: Asked) -> tuple[UUID, UUID, UUID]:
    return asked.chat_id, asked.question_id, asked.answer_id


@pytest.mark.parametrize("text", ["", " \n\t "])
async def test_nothing_is_no_question(process: Process, ada: UUID, text: str) -> None:
    with pytest.raises(Refused, match=EMPTY):
        await ask(process, ada, text)
    assert await messages(ada) == []
    assert (await chats.latest_chats(ada))[0] == []


async def test_a_question_has_a_longest_length(process: Process, ada: UUID) -> None:
    longest = settings().question_length
    with pytest.raises(Refused, match=f"{longest + 1:,}"):
        await ask(process, ada, "x" * (longest + 1))
    assert await messages(ada) == []
    asked = await ask(process, ada, "x" * longest)
    await finished(process)
    assert (await row(asked.answer_id))[0].status == Status.DONE


async def test_a_chat_answers_one_question_at_a_time(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(fault={"kind": "stall"})
    first = await ask(process, ada, "first")
    await fakes.wait(received=1)
    with pytest.raises(Refused, match=BUSY):
        await ask(process, ada, "second", first.chat_id)
    with pytest.raises(Refused, match=BUSY):
        await asking.ask_again(process.runner, ada, first.answer_id)
    assert len(await messages(ada)) == 2
    elsewhere = await ask(process, ada, "elsewhere")
    assert elsewhere.chat_id != first.chat_id
    for asked in (first, elsewhere):
        await service.stop(process.runner, ada, asked.answer_id)
    await finished(process)


async def test_different_questions_at_once_leave_one_branch(process: Process, ada: UUID) -> None:
    chat, _ = await chat_of(ada, "before", "it")
    replies = await asyncio.gather(
        *(ask(process, ada, f"question {number}", chat.id) for number in range(8)),
        return_exceptions=True,
    )
    await finished(process)
    taken = [reply for reply in replies if isinstance(reply, Asked)]
    assert taken
    assert all(isinstance(reply, Asked | Refused) for reply in replies)
    page = await chats.open_chat(ada, chat.id)
    assert len(page.messages) == 2 + 2 * len(taken)


async def test_anothers_chat_and_answer_are_not_there(
    process: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    asked = await ask(process, ada, "hers")
    await finished(process)
    before = await messages(ada)
    for tried in (
        ask(process, eve, "mine", asked.chat_id),
        ask(process, eve, "mine", new_id()),
        asking.ask_again(process.runner, eve, asked.answer_id),
        asking.ask_again(process.runner, eve, new_id()),
        asking.ask_again(process.runner, ada, asked.question_id),
        service.stop(process.runner, eve, asked.answer_id),
        service.rename_chat(eve, asked.chat_id, "mine"),
        service.delete_chat(process.runner, eve, asked.chat_id),
        service.restore_chat(eve, asked.chat_id),
    ):
        with pytest.raises(NotFound):
            await tried
    assert await messages(ada) == before
    assert await messages(eve) == []
    assert len(await fakes.requests()) == 1


async def test_nobody_stops_anothers_answer(
    process: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(tokens_per_second=20)
    asked = await ask(process, ada, "[[say 10000 words]]")
    await fakes.wait(sent=2)
    with pytest.raises(NotFound):
        await service.stop(process.runner, eve, asked.answer_id)
    with pytest.raises(NotFound):
        await service.delete_chat(process.runner, eve, asked.chat_id)
    await fakes.wait(sent=5)
    assert Status((await row(asked.answer_id))[0].status).running
    await service.stop(process.runner, ada, asked.answer_id)
    await finished(process)


async def test_asking_again_makes_a_version_beside(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set("groq", text="The first version of it.")
    await fakes.set("google", text="Another version of it.")
    asked = await ask(process, ada, "a question")
    await finished(process)
    again = await asking.ask_again(process.runner, ada, asked.answer_id)
    await finished(process)
    assert (again.chat_id, again.question_id) == (asked.chat_id, asked.question_id)
    old, new = (await row(asked.answer_id))[0], (await row(again.answer_id))[0]
    assert old.parent_id == new.parent_id == asked.question_id
    assert (old.text, new.text) == ("The first version of it.", "Another version of it.")
    page = await chats.open_chat(ada, asked.chat_id)
    assert page.chat.leaf_id == again.answer_id
    assert [message.id for message in page.messages] == [asked.question_id, again.answer_id]
    assert len(await messages(ada)) == 3
    first, second = await fakes.requests()
    assert second["body"]["contents"][-1]["parts"][0]["text"] == "a question"
    assert first["body"]["messages"][-1]["content"] == "a question"


async def test_a_question_goes_with_what_was_said_before(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    chat, _ = await chat_of(ada, "What is two?", "A number.")
    await ask(process, ada, "And three?", chat.id)
    await finished(process)
    (request,) = await fakes.requests()
    spoken = [(each["role"], each["content"]) for each in request["body"]["messages"][1:]]
    assert spoken == [
        ("user", "What is two?"),
        ("assistant", "A number."),
        ("user", "And three?"),
    ]


@pytest.mark.parametrize("text", LITERAL)
async def test_text_is_kept_and_asked_verbatim(
    process: Process, ada: UUID, fakes: ProviderServer, text: str
) -> None:
    await fakes.set(text=text)
    asked = await ask(process, ada, text)
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.ended(asked.answer_id)
        assert tab.values[f"m:{asked.question_id}"]["text"] == text
        assert tab.text(asked.answer_id) == text
    question, answer = await messages(ada)
    assert (question.text, answer.text) == (text, text)
    (request,) = await fakes.requests()
    assert request["body"]["messages"][-1]["content"] == text


async def test_what_cannot_be_stored_is_replaced_on_both_ways(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(tokens=["a\x00", "b ", "c\x00d"])
    asked = await ask(process, ada, "x\x00y\udfffz")
    await finished(process)
    question, answer = await messages(ada)
    assert question.text == "x�y�z"
    assert answer.text == "a�b c�d"
    assert answer.id == asked.answer_id
