"""Whoever looks, from whenever on, sees the same answer: each word once and in order."""

import asyncio
import random
import re
from uuid import UUID

import orjson
import pytest

from chatapp import database
from chatapp.answers import asking, repository, service, views
from chatapp.answers.ending import shown
from chatapp.answers.events import Event, Kind, Position, channel
from chatapp.answers.hub import deliver_here
from chatapp.answers.mirror import Ending
from chatapp.answers.process import Process
from chatapp.answers.repository import Outcome
from chatapp.answers.views import MISSING
from chatapp.chats.models import Status
from chatapp.database import new_id, transaction
from chatapp.ui.blocks import LONGEST, blocks_of
from tests.answers.orphans import left_behind
from tests.answers.world import Screen, ask, assemble, finished, row, screen, words
from tests.chats.people import chat_of
from tests.fakes import ProviderServer

DOCUMENT = "\n\n".join(
    [
        "# A title of the answer",
        "A first paragraph, with *words*\nin two lines.",
        "- one thing\n\n- another thing\n\n  of it",
        "```python\ndef f():\n\n    return '😀'\n```",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "$$\na = b\n$$",
        "The last paragraph of it all, at last.",
    ]
)
LONG_CODE = "```python\n" + "".join(f"x{n} = {n}\n" for n in range(2_500)) + "```\n\nThe end of it."
TEXTS = {
    "one paragraph": " ".join(f"w{n}" for n in range(3_000)),
    "a document": "\n\n".join([DOCUMENT] * 4),
    "long code": LONG_CODE,
    "blank lines first": "\n\n \n" + DOCUMENT,
}


def tokens(text: str) -> list[str]:
    """The text cut anywhere."""
    cut = random.Random(4)
    parts: list[str] = []
    while text:
        size = cut.randint(1, 12)
        parts.append(text[:size])
        text = text[size:]
    return parts


def solid(blocks: list[str]) -> str:
    """What is said in them: white space and fences aside, which long code has more of."""
    said = (re.sub(r"^`+\w*$", "", block, flags=re.MULTILINE) for block in blocks)
    return "".join("".join(said).split())


def never_wrong(tab: Screen, answer_id: UUID, text: str) -> None:
    """At every moment the tab had shown a beginning of the text."""
    seen = Screen()
    shown = ""
    for values in tab.updates:
        seen.values |= values
        now = solid(seen.blocks(answer_id))
        assert solid([text]).startswith(now)
        assert now.startswith(shown)
        shown = now


@pytest.mark.parametrize("name", TEXTS)
async def test_joining_at_any_moment_shows_the_providers_text(
    process: Process, ada: UUID, fakes: ProviderServer, name: str
) -> None:
    text = TEXTS[name]
    sent = tokens(text)
    await fakes.set(tokens=sent, tokens_per_second=max(1_000, len(sent)))
    asked = await ask(process, ada, "please")

    async def join(after: int) -> Screen:
        await fakes.wait(sent=after)
        async with screen(process.hub, ada, asked.chat_id) as tab:
            await tab.ended(asked.answer_id)
        return tab

    moments = sorted(random.Random(name).sample(range(len(sent)), 5))
    tabs = await asyncio.gather(*(join(after) for after in [0, *moments, len(sent)]))
    message, _ = await row(asked.answer_id)
    assert message.text == text
    for tab in tabs:
        assert tab.blocks(asked.answer_id) == blocks_of(text)
        never_wrong(tab, asked.answer_id, text)
    async with screen(process.hub, ada, asked.chat_id) as later:
        assert later.blocks(asked.answer_id) == blocks_of(text)


async def test_of_a_long_answer_that_has_ended_no_part_is_large(
    process: Process, ada: UUID
) -> None:
    text = words(40_000)
    chat, messages = await chat_of(ada, "please", text, "More")
    async with screen(process.hub, ada, chat.id) as tab:
        for values in (tab.values, await views.earlier(ada, messages[2].id)):
            assert assemble(values, messages[1].id) == blocks_of(text)
            assert max(len(orjson.dumps(value)) for value in values.values()) < 2 * LONGEST


async def test_a_paragraph_is_equal_to_the_byte_while_it_grows(process: Process, ada: UUID) -> None:
    asked = await ask(process, ada, "[[say 3000 words at 3000/s]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.until(lambda tab: len(tab.text(asked.answer_id)) > LONGEST)
        growing = tab.text(asked.answer_id)
        assert tab.status(asked.answer_id) == "streaming"
        assert words(3_000).startswith(growing)
        await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(3_000)


async def test_what_is_sent_grows_with_the_answer_and_not_with_its_square(
    process: Process, ada: UUID
) -> None:
    asked = await ask(process, ada, "[[say 6000 words at 4000/s]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.ended(asked.answer_id)
    text = words(6_000)
    sent = sum(
        len(value)
        for values in tab.updates
        for name, value in values.items()
        if name.startswith(str(asked.answer_id))
    )
    assert tab.text(asked.answer_id) == text
    # Each update sends at most its own words and the piece that they continue.
    assert sent <= len(text) + 500 * len(tab.updates)


async def test_a_tab_that_is_open_sees_the_question_and_the_answer_come(
    process: Process, ada: UUID
) -> None:
    chat, before = await chat_of(ada, "before", "it was")
    async with screen(process.hub, ada, chat.id) as one, screen(process.hub, ada, chat.id) as two:
        asked = await ask(process, ada, "[[say 50 words at 500/s]]", chat.id)
        for tab in (one, two):
            await tab.ended(asked.answer_id)
            order = tab.values[f"c:{chat.id}"]["order"]
            ids = [*(m.id for m in before), asked.question_id, asked.answer_id]
            assert order == [str(each) for each in ids]
            assert tab.text(asked.answer_id) == words(50)
            assert tab.text(before[1].id) == "it was"
            never_wrong(tab, asked.answer_id, words(50))
        assert one.values[f"c:{chat.id}"] == two.values[f"c:{chat.id}"]
        for message_id in ids:
            views = [tab.values[f"m:{message_id}"] | {"take": ""} for tab in (one, two)]
            assert views[0] == views[1]


async def test_a_version_beside_takes_the_place_on_every_tab(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set("google", text="Another version of it.")
    asked = await ask(process, ada, "[[say 3 words]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        await tab.ended(asked.answer_id)
        again = await asking.ask_again(process.runner, ada, asked.answer_id)
        await tab.ended(again.answer_id)
        order = tab.values[f"c:{asked.chat_id}"]["order"]
        assert order == [str(asked.question_id), str(again.answer_id)]
        assert tab.text(again.answer_id) == "Another version of it."


async def test_a_tab_that_falls_behind_looks_again(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    asked = await ask(process, ada, "[[say 2000 words at 2000/s]]")
    async with screen(process.hub, ada, asked.chat_id) as tab:
        for sent in range(100, 2_001, 100):
            await fakes.wait(sent=sent)
            for followers in process.hub._followers.values():
                for follower in followers:
                    follower.lag()
        await tab.ended(asked.answer_id)
        assert tab.text(asked.answer_id) == words(2_000)
        never_wrong(tab, asked.answer_id, words(2_000))


@pytest.mark.parametrize("how", ["told", "looked up"])
async def test_another_attempts_words_do_not_stay_though_they_are_as_many(
    process: Process, ada: UUID, how: str
) -> None:
    chat, message = await left_behind(ada, "what came", runner=process.runner.name)
    process.runner._tasks[message.id] = asyncio.create_task(asyncio.sleep(60))
    async with screen(process.hub, ada, chat.id) as tab:
        assert tab.text(message.id) == "what came"
        outcome = Outcome(Status.DONE, "what else")
        async with transaction() as session:
            assert await repository.begin(session, message.id, "another", 2)
            assert await repository.finish(session, chat.id, message.id, 2, outcome, unseen=False)
        if how == "told":
            # What was said before was not heard, and is in no log any more.
            data = Ending.of(outcome).told() | shown(outcome, unseen=False)
            end = Event(Kind.END, chat.id, message.id, Position(2, 9), data)
            deliver_here(channel(ada), end)
        else:
            (follower,) = process.hub._followers[channel(ada)]
            follower.lag()
        await tab.ended(message.id)
        assert tab.text(message.id) == "what else"
    process.runner._tasks.pop(message.id).cancel()


@pytest.mark.parametrize("whose", ["nobody's", "another's", "deleted"])
async def test_what_is_not_ones_own_is_missing(
    process: Process, ada: UUID, eve: UUID, fakes: ProviderServer, whose: str
) -> None:
    await fakes.set(tokens_per_second=200)
    asked = await ask(process, ada, "[[say 40 words]] mysecret")
    chat_id = new_id() if whose == "nobody's" else asked.chat_id
    who = ada if whose == "deleted" else eve
    if whose == "deleted":
        await service.delete_chat(process.runner, ada, asked.chat_id)
    own, _ = await chat_of(who, "x")
    async with screen(process.hub, who, chat_id) as tab:
        await finished(process)
        # What is told last is seen last: until then nothing else was shown.
        await service.rename_chat(who, own.id, "told last")
        await tab.until(lambda tab: "told last" in str(tab.values["sidebar"]))
        assert tab.values[f"c:{chat_id}"] == MISSING
    assert "mysecret" not in str(tab.updates)
    assert not [name for name in tab.values if name.startswith("m:")]


async def test_without_a_chat_only_the_list_is_shown(process: Process, ada: UUID) -> None:
    async with screen(process.hub, ada, None) as tab:
        assert tab.values["sidebar"] == []
        asked = await ask(process, ada, "[[say 3 words]] please")
        await tab.until(lambda tab: tab.values["sidebar"])
        (group,) = tab.values["sidebar"]
        assert [chat["id"] for chat in group["chats"]] == [str(asked.chat_id)]
        await finished(process)
        await service.rename_chat(ada, asked.chat_id, "another title")
        await tab.until(lambda tab: "another title" in str(tab.values["sidebar"]))
        await service.delete_chat(process.runner, ada, asked.chat_id)
        await tab.until(lambda tab: tab.values["sidebar"] == [])
        assert not [name for name in tab.values if name.startswith("m:")]


async def test_no_database_connection_is_held_while_a_provider_is_waited_for(
    process: Process, ada: UUID, fakes: ProviderServer
) -> None:
    await fakes.set(fault={"kind": "stall"})
    held = database.pools().values()
    asked = [await ask(process, ada, f"question {number}") for number in range(12)]
    await fakes.wait(received=12)
    async with screen(process.hub, ada, asked[0].chat_id):
        async with asyncio.timeout(10):
            # The keeper looks at the database at times: what is held for long is never let go.
            while any(pool.checkedout() for pool in held):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert len(process.runner._tasks) == 12
    for each in asked:
        await service.stop(process.runner, ada, each.answer_id)
    await finished(process)
    assert (await row(asked[0].answer_id))[0].status == Status.STOPPED
