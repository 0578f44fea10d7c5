"""The present time, where the person is."""

from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from chatapp.accounts import sessions
from chatapp.accounts.identity import CurrentUser
from chatapp.accounts.models import Role
from chatapp.agents.tools.catalogue import Caller, built
from chatapp.agents.tools.clock import told
from chatapp.agents.tools.problems import ToolProblem, in_words
from chatapp.settings import Settings
from tests.chats.people import person


def test_a_moment_is_told_in_words_and_numbers() -> None:
    moment = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    expected = "Sunday, 29 March 2026, 03:30:00 in Europe/Berlin (2026-03-29T03:30:00+02:00)"
    assert told(moment, ZoneInfo("Europe/Berlin")) == expected


async def test_it_is_the_persons_own_zone_unless_another_is_asked_for() -> None:
    (tool,) = built(["current_time"], Caller(uuid4(), zone="Asia/Kolkata"))
    assert "in Asia/Kolkata" in await tool.ainvoke({})
    assert "in America/Lima" in await tool.ainvoke({"zone": "America/Lima"})
    (tool,) = built(["current_time"], Caller(uuid4()))
    assert "in UTC" in await tool.ainvoke({})


@pytest.mark.parametrize(
    "zone", ["Middle/Earth", "../../etc/passwd", "/etc/passwd", "America", "ü"]
)
async def test_what_is_no_zone_is_refused_in_words(zone: str) -> None:
    (tool,) = built(["current_time"], Caller(uuid4()))
    with pytest.raises(ToolProblem, match="no such time zone"):
        await tool.ainvoke({"zone": zone})


async def test_arguments_that_do_not_fit_are_told_in_words() -> None:
    (tool,) = built(["current_time"], Caller(uuid4()))
    with pytest.raises(ValueError, match="zone") as refused:
        await tool.ainvoke({"zone": "x" * 65})
    words = "The arguments do not fit: zone: String should have at most 64 characters."
    assert in_words(refused.value) == words


async def test_the_browsers_zone_is_known_to_every_process(installation: Settings) -> None:
    ada = await person("ada")
    user = CurrentUser(ada, "ada@example.org", "", Role.MEMBER, uuid4())
    for zone in ("Asia/Tokyo", "", "Middle/Earth", "../etc"):
        await sessions.keep_zone(user, zone)
    assert await sessions.zone_of(ada) == "Asia/Tokyo"
    (tool,) = built(["current_time"], Caller(ada))
    assert "in Asia/Tokyo" in await tool.ainvoke({})
