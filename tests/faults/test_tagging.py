"""What the storm judges by: that two attempts at an answer cannot be taken for one."""

import httpx
import pytest

from tests.answers.world import words
from tests.faults.browser import Seen
from tests.faults.tagging import TAGGED, TaggingServer, attempt, is_beginning, is_whole


@pytest.mark.parametrize("text", ["", "w", "w0.", "w0.1", "w0.12", "w0.12 w1.1", "w0.1 w1.1 w2.1"])
def test_what_one_attempt_says_is_a_beginning(text: str) -> None:
    assert is_beginning(text, 3)


@pytest.mark.parametrize(
    "text", ["w1.1", "w0.1 w1.2", "w0.1 w1.1 w1.1", "w0.1 w2.1", "w0.1 w1.1 w2.1 w3.1", "w0 w1.1"]
)
def test_what_is_spliced_doubled_or_too_much_is_none(text: str) -> None:
    assert not is_beginning(text, 3)
    assert not is_whole(text, 3)


def test_words_without_tags_are_judged_too() -> None:
    assert is_whole(words(3), 3)
    assert not is_whole(words(2), 3)


def test_what_two_attempts_say_is_told_apart_from_the_first_whole_word_on() -> None:
    assert [attempt(text) for text in ("", "w0.1", "w0.12 ", "w0.1 w1.1", "w0 w1")] == [
        None,
        None,
        ".12",
        ".1",
        "",
    ]


def test_words_of_an_attempt_that_are_lost_over_a_new_connection_are_noticed() -> None:
    seen = Seen()
    assert not seen.see("a1", "w0.7 w1.7 w2.7")
    # Another connection shows as much or more, or another attempt.
    assert not seen.see("b1", "w0.7 w1.7 w2.7 w3")
    assert not seen.see("b2", "")
    assert not seen.see("b2", "w0.8 w1.8")
    assert seen.see("c1", "w0.7 w1.7")
    assert seen.see("c1", "")


async def test_every_request_has_a_tag_of_its_own() -> None:
    async with TaggingServer() as server:
        url = f"{server.base_url('openai')}/chat/completions"
        said: list[str] = []
        async with httpx.AsyncClient() as client:
            for more in (TAGGED, TAGGED, ""):
                message = {"role": "user", "content": f"[[say 3 words]] {more}"}
                reply = await client.post(url, json={"model": "a", "messages": [message]})
                said.append(reply.json()["choices"][0]["message"]["content"])
    assert said == ["w0.1 w1.1 w2.1", "w0.2 w1.2 w2.2", "w0 w1 w2"]
