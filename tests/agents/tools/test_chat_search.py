"""The search in chats: one's own only, literal, bounded."""

from uuid import UUID, uuid4

import pytest

from chatapp.agents.tools.catalogue import Caller, built
from chatapp.agents.tools.chat_search import CHATS, searched
from chatapp.agents.tools.problems import ToolProblem
from chatapp.chats import service
from chatapp.settings import Settings
from tests.chats.people import chat_of, person

NOTHING = "No other chat of this person holds these words."


@pytest.fixture
async def ada(installation: Settings) -> UUID:
    return await person("ada")


async def test_it_finds_words_of_texts_and_titles_with_a_link(ada: UUID) -> None:
    chat, _ = await chat_of(ada, "How do I bake bread?", "With flour. " * 100, title="A recipe")
    for words in ("flour", "BREAD bake", "recipe", "recipe flour"):
        found = await searched(ada, words)
        assert "“A recipe”" in found
        assert f"link: /c/{chat.id}" in found
        assert len(found) < 600
    assert await searched(ada, "flour bake") == NOTHING


async def test_nobody_elses_chats_are_found(ada: UUID) -> None:
    eve = await person("eve")
    await chat_of(ada, "the secret word", title="secret title")
    assert await searched(eve, "secret") == NOTHING
    assert await searched(uuid4(), "secret") == NOTHING
    (tool,) = built(["search_chats"], Caller(eve))
    assert await tool.ainvoke({"words": "secret"}) == NOTHING


async def test_neither_deleted_chats_nor_the_present_one_are_found(ada: UUID) -> None:
    here, _ = await chat_of(ada, "a word here", title="here")
    gone, _ = await chat_of(ada, "a word gone", title="gone")
    there, _ = await chat_of(ada, "a word there", title="there")
    await service.delete(ada, gone.id)
    (tool,) = built(["search_chats"], Caller(ada, here.id))
    found = await tool.ainvoke({"words": "word"})
    assert str(there.id) in found
    assert str(here.id) not in found
    assert str(gone.id) not in found


@pytest.mark.parametrize(
    "word",
    ["100%", "a_b", "back\\slash", "it's", '"quoted"', "Ünïcödé", "漢字", "<b>", "😀", "%", "_"],
)
async def test_words_are_literal(ada: UUID, word: str) -> None:
    chat, _ = await chat_of(ada, f"before {word} after")
    await chat_of(ada, "nothing of the kind axb 100 backslash")
    found = await searched(ada, word)
    assert found.count("link:") == 1
    assert str(chat.id) in found


async def test_upper_and_lower_case_are_the_same(ada: UUID) -> None:
    await chat_of(ada, "Über Ärger", title="x")
    for word in ("über", "ÜBER", "Über", "ärger"):
        assert "link:" in await searched(ada, word)


@pytest.mark.parametrize("words", ["\x00", "\ud800", "x" * 200, "' OR 1=1 --", "zq " * 100])
async def test_odd_words_find_nothing_and_break_nothing(ada: UUID, words: str) -> None:
    await chat_of(ada, "plain")
    assert await searched(ada, words) == NOTHING


async def test_there_are_words_and_a_bounded_number_of_chats(ada: UUID) -> None:
    with pytest.raises(ToolProblem, match="at least one word"):
        await searched(ada, "  ")
    for number in range(CHATS + 3):
        await chat_of(ada, f"word {number}")
    found = await searched(ada, "word")
    assert found.count("link:") == CHATS
    assert f"word {CHATS + 2}" in found
