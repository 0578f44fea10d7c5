"""Versions of questions and answers: each has its branch, one is shown, and none is ever lost."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import pytest

from chatapp.agents.tools.chat_search import searched
from chatapp.answers import asking, service, views
from chatapp.answers.asking import BUSY, EMPTY, REUSED
from chatapp.answers.process import Process
from chatapp.answers.queueing import Asked, Refused
from chatapp.chats import service as chats
from chatapp.chats.models import Message, Status
from chatapp.chats.service import PAGE, NotFound
from chatapp.database import new_id, reading
from chatapp.limits.service import OverLimit
from chatapp.personal.export import export
from chatapp.settings import settings
from tests.answers.world import ask, finished, messages, row, screen
from tests.chats.people import chat_of
from tests.fakes import ProviderServer
from tests.limits.world import allow, books

STALLS = {"text": "One two three four", "fault": {"kind": "stall_after", "after": 2}}


async def edit(
    process: Process,
    who: UUID,
    question: Message | UUID,
    text: str,
    client_id: UUID | None = None,
    chat_id: UUID | None = None,
) -> Asked:
    question_id = question.id if isinstance(question, Message) else question
    if chat_id is None:
        chat_id = (await row_of(question_id)).chat_id
    client_id = client_id or new_id()
    return await asking.edit(process.runner, who, chat_id, question_id, text, client_id)


async def row_of(message_id: UUID) -> Message:
    async with reading() as session:
        return await session.get_one(Message, message_id)


def told(request: dict[str, Any]) -> list[str]:
    """What a model was told, without the rules."""
    body = request["body"]
    if "messages" in body:
        return [each["content"] for each in body["messages"][1:]]
    return [each["parts"][0]["text"] for each in body["contents"]]


async def texts(who: UUID, chat_id: UUID) -> list[str]:
    """What a chat shows."""
    return [message.text for message in (await chats.open_chat(who, chat_id, 100)).messages]


async def coming(process: Process, who: UUID, fakes: ProviderServer, chat_id: UUID) -> Asked:
    """An answer of which two words have come, and no more will."""
    await fakes.set(**STALLS)
    asked = await ask(process, who, "what comes", chat_id)
    async with screen(process.hub, who, chat_id) as tab:
        await tab.until(lambda tab: tab.text(asked.answer_id).split() == ["One", "two"])
    await fakes.reset()
    return asked


async def test_an_edited_question_is_another_branch_and_only_that_is_told_to_the_model(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    chat, old = await chat_of(ada, "first", "its answer", "second", "wrong", "third", "more")
    before = await messages(ada)
    async with screen(process.hub, ada, chat.id) as tab:
        asked = await edit(process, ada, old[2], "  second, but better\n")
        await tab.ended(asked.answer_id)
        order = tab.values[f"c:{chat.id}"]["order"]
        assert order == [
            str(each) for each in (old[0].id, old[1].id, asked.question_id, asked.answer_id)
        ]
        shown = tab.values[f"v:{asked.question_id}"]
        assert shown == {"number": 2, "of": 2, "before": str(old[2].id), "after": ""}
        assert f"v:{asked.answer_id}" not in tab.values
    (request,) = await fakes.requests()
    assert told(request) == ["first", "its answer", "second, but better"]
    now = await messages(ada)
    assert [each for each in now if each.id in {old.id for old in before}] == before
    assert len(now) == len(before) + 2
    # What is asked next follows what is shown.
    await ask(process, ada, "and then?", chat.id)
    await finished(process)
    next_ = told((await fakes.requests())[-1])
    assert (len(next_), next_[2], next_[-1]) == (5, "second, but better", "and then?")


async def test_each_version_is_shown_again_with_all_that_follows_it_in_every_tab(
    process: Process, other: Process, ada: UUID
) -> None:
    chat, old = await chat_of(ada, "first", "its answer", "second", "more")
    edited = await edit(process, ada, old[0], "another first")
    await finished(process)
    again = await asking.ask_again(process.runner, ada, edited.answer_id)
    await finished(process)
    moment = (await chats.open_chat(ada, chat.id)).chat.updated_at
    ways = {
        old[0].id: [each.id for each in old],
        edited.question_id: [edited.question_id, again.answer_id],
        edited.answer_id: [edited.question_id, edited.answer_id],
    }
    async with screen(process.hub, ada, chat.id) as one, screen(other.hub, ada, chat.id) as two:
        for chosen, way in [*ways.items(), *ways.items()]:
            # What was written last under a version is what is shown of it.
            if chosen == edited.question_id:
                await service.show_version(ada, again.answer_id)
            await service.show_version(ada, chosen)
            wanted = [str(each) for each in way]
            for tab in (one, two):
                await tab.until(lambda tab, w=wanted: tab.values[f"c:{chat.id}"]["order"] == w)
            page = await chats.open_chat(ada, chat.id)
            assert [each.id for each in page.messages] == way
            # As a reload finds it; and it is no news for the list of chats.
            async with screen(process.hub, ada, chat.id) as later:
                assert later.values[f"c:{chat.id}"]["order"] == wanted
                for message_id in way:
                    name = f"v:{message_id}"
                    assert later.values.get(name) == one.values.get(name) == two.values.get(name)
            assert page.chat.updated_at == moment
        assert one.values[f"v:{again.answer_id}"]["number"] == 2
        assert one.values[f"v:{edited.answer_id}"]["after"] == str(again.answer_id)
    assert len(await messages(ada)) == len(old) + 3


async def test_a_version_far_above_the_end_stays_in_sight_when_it_is_chosen(
    process: Process, ada: UUID
) -> None:
    chat, old = await chat_of(ada, *(f"message {number}" for number in range(3 * PAGE)))
    edited = await edit(process, ada, old[2], "another one")
    await finished(process)
    async with screen(process.hub, ada, chat.id) as tab:
        await service.show_version(ada, old[2].id)
        await tab.until(lambda tab: str(old[-1].id) in tab.values[f"c:{chat.id}"]["order"])
        assert str(old[2].id) in tab.values[f"c:{chat.id}"]["order"]
        assert tab.values[f"v:{old[2].id}"]["after"] == str(edited.question_id)
    # Who comes later sees the end, and finds the versions above it.
    values = await views.earlier(ada, old[PAGE].id)
    assert values[f"v:{old[2].id}"]["number"] == 1


@pytest.mark.parametrize("way", ["edit", "again"])
async def test_the_same_wish_sent_again_is_one_version_and_one_charge(
    process: Process, ada: UUID, fakes: ProviderServer, way: str
) -> None:
    await allow(ada, questions_a_day=2, answers_at_once=1)
    first = await ask(process, ada, "[[say 3 words]]")
    await finished(process)
    client_id = new_id()

    def once() -> Coroutine[Any, Any, Asked]:
        if way == "edit":
            return edit(process, ada, first.question_id, "another", client_id, first.chat_id)
        return asking.ask_again(process.runner, ada, first.answer_id, client_id)

    asked = await asyncio.gather(*(once() for _ in range(10)))
    await finished(process)
    # As after a lost acknowledgement, though nothing is left by now.
    later = await once()
    assert {*asked, later} == {asked[0]}
    assert (await books(ada))["day_questions"] == 2
    assert len(await fakes.requests()) == 2
    assert (await row(asked[0].answer_id))[0].status == Status.DONE
    with pytest.raises(Refused, match=REUSED):
        await ask(process, ada, "a third", first.chat_id, client_id)
    with pytest.raises(Refused, match=REUSED):
        await edit(process, ada, first.question_id, "a third", client_id)
    with pytest.raises(OverLimit):
        await edit(process, ada, first.question_id, "one too many")
    with pytest.raises(OverLimit):
        await asking.ask_again(process.runner, ada, first.answer_id, new_id())
    assert (await books(ada))["day_questions"] == 2


@pytest.mark.parametrize("way", ["edit", "again"])
@pytest.mark.parametrize("elsewhere", [False, True])
async def test_what_comes_is_stopped_for_another_version_and_kept(
    process: Process,
    other: Process,
    ada: UUID,
    fakes: ProviderServer,
    way: str,
    elsewhere: bool,
) -> None:
    # Not even a second place for an answer is needed.
    await allow(ada, answers_at_once=1)
    chat, old = await chat_of(ada, "first", "its answer")
    asked = await coming(other if elsewhere else process, ada, fakes, chat.id)
    async with screen(process.hub, ada, chat.id) as tab:
        if way == "edit":
            new = await edit(process, ada, asked.question_id, "better")
        else:
            new = await asking.ask_again(process.runner, ada, old[1].id, new_id())
        await tab.ended(new.answer_id)
        stopped = await tab.ended(asked.answer_id)
    assert stopped["status"] == "stopped"
    message, _ = await row(asked.answer_id)
    assert (message.status, message.text) == (Status.STOPPED, "One two")
    assert (await row(new.answer_id))[0].status == Status.DONE
    assert (await chats.open_chat(ada, chat.id)).chat.leaf_id == new.answer_id
    await service.show_version(ada, asked.answer_id)
    assert await texts(ada, chat.id) == ["first", "its answer", "what comes", "One two"]


async def test_edits_from_two_tabs_at_once_are_two_versions_or_said_to_be_refused(
    process: Process, other: Process, ada: UUID
) -> None:
    chat, old = await chat_of(ada, "first", "its answer")
    for _ in range(5):
        replies = await asyncio.gather(
            edit(process, ada, old[0], "[[say 40 words at 200/s]] here"),
            edit(other, ada, old[0], "[[say 40 words at 200/s]] there"),
            asking.ask_again(process.runner, ada, old[1].id, new_id()),
            return_exceptions=True,
        )
        await finished(process)
        await finished(other)
        taken = [reply for reply in replies if isinstance(reply, Asked)]
        assert taken
        assert all(isinstance(reply, Asked | Refused) for reply in replies)
        page = await chats.open_chat(ada, chat.id)
        assert page.chat.leaf_id in {each.answer_id for each in taken}
        for each in taken:
            assert (await row(each.answer_id))[0].status in (Status.DONE, Status.STOPPED)
    assert (await chats.open_chat(ada, chat.id)).messages
    assert [each.text for each in await messages(ada)][:2] == ["first", "its answer"]


async def test_a_chat_that_is_deleted_while_it_is_edited_is_gone_and_nothing_comes_in_it(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    for number in range(6):
        chat, old = await chat_of(ada, f"chat {number}", "its answer")
        asked = await coming(process, ada, fakes, chat.id)
        done = await asyncio.gather(
            edit(process, ada, asked.question_id, "[[say 400 words at 200/s]]"),
            service.delete_chat(process.runner, ada, chat.id),
            return_exceptions=True,
        )
        assert done[1] is None
        assert isinstance(done[0], Asked | NotFound)
        await finished(process)
        with pytest.raises(NotFound):
            await edit(process, ada, old[0], "too late")
        with pytest.raises(NotFound):
            await service.show_version(ada, old[0].id)
        # Brought back, it has all that was written.
        await service.restore_chat(ada, chat.id)
        await service.show_version(ada, asked.answer_id)
        assert await texts(ada, chat.id) == [
            f"chat {number}",
            "its answer",
            "what comes",
            "One two",
        ]
    assert (await books(ada))["places"] == 0


async def test_a_copy_of_all_that_is_ones_own_has_all_versions_and_says_which_is_shown(
    process: Process, ada: UUID
) -> None:
    chat, old = await chat_of(ada, "first", "its answer")
    edited = await edit(process, ada, old[0], "another first")
    await finished(process)
    again = await asking.ask_again(process.runner, ada, edited.answer_id)
    await finished(process)
    await service.show_version(ada, edited.answer_id)
    (copied,) = json.loads("".join([part async for part in export(ada, ada)]))["chats"]
    assert {each["id"]: each["parent_id"] for each in copied["messages"]} == {
        str(old[0].id): None,
        str(old[1].id): str(old[0].id),
        str(edited.question_id): None,
        str(edited.answer_id): str(edited.question_id),
        str(again.answer_id): str(edited.question_id),
    }
    assert copied["leaf_id"] == str(edited.answer_id)
    # What is not shown now is found all the same.
    assert str(chat.id) in await searched(ada, "its answer")


async def test_no_other_branch_is_shown_while_an_answer_comes(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    chat, old = await chat_of(ada, "first", "its answer")
    await edit(process, ada, old[0], "another")
    await finished(process)
    asked = await coming(process, ada, fakes, chat.id)
    with pytest.raises(Refused, match=BUSY):
        await service.show_version(ada, old[0].id)
    # What is still coming itself is not asked for again.
    with pytest.raises(Refused, match=BUSY):
        await asking.ask_again(process.runner, ada, asked.answer_id, new_id())
    await service.stop(process.runner, ada, asked.answer_id)
    await finished(process)
    await service.show_version(ada, old[0].id)
    assert await texts(ada, chat.id) == ["first", "its answer"]


async def test_what_another_limit_refuses_stops_nothing(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    chat, old = await chat_of(ada, "first", "its answer")
    await allow(ada, questions_a_day=1)
    asked = await coming(process, ada, fakes, chat.id)
    with pytest.raises(OverLimit):
        await edit(process, ada, old[0], "one too many")
    for text in ("", " \n", "x" * (settings().question_length + 1)):
        with pytest.raises(Refused, match=EMPTY if not text.strip() else "too long"):
            await edit(process, ada, old[0], text)
    assert Status((await row(asked.answer_id))[0].status).running
    await service.stop(process.runner, ada, asked.answer_id)
    await finished(process)


async def test_anothers_question_is_not_edited_and_anothers_branch_not_shown(
    process: Process, ada: UUID, eve: UUID, fakes: ProviderServer
) -> None:
    chat, old = await chat_of(ada, "first", "its answer")
    await edit(process, ada, old[0], "another")
    await finished(process)
    mine, my = await chat_of(eve, "mine", "its answer")
    before = await messages(ada)
    leaf = (await chats.open_chat(ada, chat.id)).chat.leaf_id
    asked = len(await fakes.requests())
    for tried in (
        edit(process, eve, old[0], "stolen", chat_id=chat.id),
        edit(process, eve, old[0], "stolen", chat_id=mine.id),
        edit(process, eve, my[0], "stolen", chat_id=chat.id),
        edit(process, eve, my[1], "no question", chat_id=mine.id),
        edit(process, eve, new_id(), "nowhere", chat_id=mine.id),
        service.show_version(eve, old[0].id),
        service.show_version(eve, new_id()),
    ):
        with pytest.raises(NotFound):
            await tried
    assert await messages(ada) == before
    assert (await chats.open_chat(ada, chat.id)).chat.leaf_id == leaf
    assert len(await messages(eve)) == 2
    assert len(await fakes.requests()) == asked
    assert (await books(eve))["day_questions"] == 0
