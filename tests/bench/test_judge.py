"""The judge of answers: it counts what must not happen, and nothing twice."""

import random
import time
from collections.abc import Mapping
from typing import Any

import pytest

from bench.load import words
from bench.load.counts import Counts
from bench.load.manners import Manners
from bench.load.turn import Turn
from chatapp.ui.blocks import blocks_of, pieces

COUNT = 70
MANNERS = Manners(words=COUNT, rate=30, stops=0.0)


class Page:
    """A turn, and what a server could tell of its answer."""

    def __init__(self) -> None:
        self.turn = Turn(MANNERS, 1)
        self.turn.words = COUNT
        self.turn.answer = "a"
        self.counts = Counts()
        self.opening = words.first(int(time.monotonic() * 1000))

    def text(self, count: int = COUNT) -> str:
        """So many words behind the opening."""
        return words.text(self.opening, count)

    def tell(self, text: str, take: str = "one") -> None:
        """Send all that there is of a text."""
        values: dict[str, Any] = {}
        for block, whole in enumerate(blocks_of(text)):
            for number, piece in enumerate(pieces(whole)):
                values[f"a.{take}.{block}.{number}"] = piece
        self.turn.collect(values, self.counts)

    def end(self, status: str = "done", **view: Any) -> None:
        """Send the end of the answer."""
        told: Mapping[str, Any] = {"status": status, "blocks": None, "take": "one", "problem": ""}
        self.turn.judge({**told, **view}, self.counts)

    @property
    def wrong(self) -> list[str]:
        """Of what kinds the errors are."""
        return [what for what in self.counts.happened if what.startswith("wrong: ")]


WRONG, BACK = "wrong: a wrong answer", "wrong: text was taken back"


def test_a_whole_answer_is_right_and_each_word_of_it_counts_once() -> None:
    page = Page()
    for count in range(COUNT + 1):
        page.tell(page.text(count))
    page.end()
    assert page.wrong == []
    assert page.counts.of("tokens") == COUNT + 1
    assert page.counts.delays_of("word").count == COUNT


def test_words_that_come_with_the_end_are_measured() -> None:
    page = Page()
    page.tell(page.text(3))
    page.end(blocks=blocks_of(page.text()))
    assert page.wrong == []
    assert page.counts.of("tokens") == COUNT + 1
    assert page.counts.delays_of("word").count == COUNT
    assert page.counts.delays_of("first word").count == 1


def test_what_is_sent_again_after_a_reconnect_is_not_counted_again() -> None:
    page = Page()
    page.tell(page.text(20))
    page.turn.restart()
    page.tell(page.text(30), take="another")
    assert page.turn.seen == 31
    page.end(blocks=blocks_of(page.text()))
    assert page.wrong == []
    assert page.counts.of("tokens") == COUNT + 1
    assert page.counts.delays_of("word").count == COUNT
    assert page.counts.of("began again") == 0


def test_a_new_take_begins_again_and_is_no_error() -> None:
    page = Page()
    page.tell(page.text(20))
    page.opening = words.first(int(time.monotonic() * 1000) + 5)
    page.tell(page.text(10), take="two")
    page.tell(page.text(), take="two")
    page.end(take="two")
    assert page.wrong == []
    assert page.counts.of("began again") == 1
    assert page.counts.of("tokens") == 21 + COUNT + 1


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-6],
        lambda text: text[:40] + "X" + text[41:],
        lambda text: text[:40] + text[46:],
    ],
    ids=["shorter", "changed", "shifted"],
)
def test_a_take_that_takes_text_back_is_an_error(change: Any) -> None:
    page = Page()
    page.tell(page.text(30))
    page.tell(change(page.text(30)))
    assert page.wrong == [BACK]


def test_words_that_go_on_to_the_next_block_are_not_taken_back() -> None:
    page = Page()
    page.tell(page.text(60))
    first = blocks_of(page.text(60))[1]
    page.turn.collect({"a.one.1.0": f"{first}\n\nw0060"}, page.counts)
    page.turn.collect({"a.one.1.0": first, "a.one.2.0": "w0060 w0061"}, page.counts)
    assert page.wrong == []
    assert page.turn.text() == page.text(62)


def test_an_end_with_less_than_was_shown_takes_text_back() -> None:
    page = Page()
    page.turn.stopped = True
    page.tell(page.text(30))
    page.end("stopped", blocks=blocks_of(page.text(20)))
    assert page.wrong == [BACK]


def test_who_stops_an_answer_keeps_its_beginning() -> None:
    page = Page()
    page.turn.stopped = True
    page.tell(page.text(30))
    page.end("stopped", blocks=blocks_of(page.text(33)))
    assert page.wrong == []
    assert page.counts.of("answers stopped") == 1


def test_an_answer_that_nobody_stopped_is_not_stopped() -> None:
    page = Page()
    page.tell(page.text(30))
    page.end("stopped", blocks=blocks_of(page.text(30)))
    assert page.wrong == [WRONG]
    assert "nobody stopped" in page.counts.wrong[0]


def test_a_stopped_answer_is_not_empty_when_words_were_shown() -> None:
    page = Page()
    page.turn.stopped = True
    page.tell(page.text(30))
    page.end("stopped", blocks=[])
    assert WRONG in page.wrong


def test_pieces_that_the_end_does_not_name_are_not_shown() -> None:
    page = Page()
    page.tell(page.text())
    page.end(take="another")
    assert page.wrong == [WRONG]


@pytest.mark.parametrize("status", ["failed", "interrupted"])
def test_an_answer_that_broke_off_is_wrong(status: str) -> None:
    page = Page()
    page.tell(page.text())
    page.end(status)
    assert page.wrong == [WRONG]


@pytest.mark.parametrize("change", [lambda text: text[:-1], lambda text: text + " w0070"])
def test_a_character_too_few_or_a_word_too_many_is_wrong(change: Any) -> None:
    page = Page()
    page.end(blocks=blocks_of(change(page.text())))
    assert page.wrong == [WRONG]


def test_what_was_said_before_the_question_answers_another_one() -> None:
    page = Page()
    page.opening = words.first(int(page.turn.asked_at * 1000) - 10)
    page.end(blocks=blocks_of(page.text()))
    assert page.wrong == [WRONG]


@pytest.mark.parametrize("streams", [30, 300])
def test_the_pause_gives_as_many_answers_at_a_time_as_are_wanted(streams: int) -> None:
    """People who do as they are told, in a time that passes as fast as one can count."""
    chance, people = random.Random(1), 2_000
    manners = Manners(words=300, rate=30, stops=0.1, switches=0.1, reloads=0.05)
    pause = manners.pause_for_streams(people, streams)
    until, came = 4_000.0, 0.0
    for _ in range(people):
        at = 0.0
        while at < until:
            at += chance.expovariate(1 / pause)
            if at > until or chance.random() < manners.switches + manners.reloads:
                continue
            full = manners.words / manners.rate
            heard = full * (chance.random() if chance.random() < manners.stops else 1)
            came += heard
            at += 0.5 + heard
    assert came / until == pytest.approx(streams, rel=0.03)
