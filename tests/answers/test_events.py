"""What happens to answers, as it is told: it travels whole, and positions have an order."""

import pytest

from chatapp.answers.events import START, Event, Kind, Position
from tests.answers.writing import CHAT, USER


@pytest.mark.parametrize(
    "event",
    [
        Event(Kind.TEXT, CHAT, USER, Position(3, 14), 'é"\n😀'),
        Event(Kind.STEP, CHAT, USER, Position(1, 2), {"to": "x"}),
        Event(Kind.CHATS, CHAT),
    ],
)
def test_events_travel_whole(event: Event) -> None:
    assert Event.decode(event.encode()) == event


def test_positions_order_writers_first() -> None:
    order = [START, Position(1, 1), Position(1, 2), Position(1, 10), Position(2, 1)]
    assert sorted([order[2], order[4], order[0], order[3], order[1]]) == order
    assert [Position.parse(str(position)) for position in order] == order
