"""The numbers of the overview."""

import pytest

from chatapp.admin.overview import views


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [(1, [0.0, 0.1], "1 at most"), (2, [3.5, 1.0], "3.5 at most"), (0, [], "0 at most")],
)
def test_what_is_there_now_is_never_more_than_there_was_at_most(
    now: int, before: list[float], said: str
) -> None:
    card = views._level("People online", now, before)
    assert (card["value"], card["note"]) == (str(now), said)
