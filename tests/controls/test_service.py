"""Controls: one truth for all processes, and never a value that means nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from enum import StrEnum
from uuid import uuid4

import pytest
from pydantic import BaseModel, ValidationError

from chatapp import broadcast, controls, redis
from chatapp.controls import Control, service
from chatapp.controls.models import ControlValue
from chatapp.database import reading, transaction
from chatapp.settings import Settings


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Step(BaseModel):
    below: float
    colour: Colour


@pytest.fixture
def colour(monkeypatch: pytest.MonkeyPatch) -> Control[Colour]:
    monkeypatch.setattr(service, "_declared", {})
    return Control("test.colour", Colour, Colour.RED, "Which colour.")


@pytest.fixture
async def following(installation: Settings, colour: Control[Colour]) -> AsyncIterator[None]:
    before = await listeners()
    async with controls.following():
        async with asyncio.timeout(10):
            while await listeners() == before:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        yield


async def listeners() -> int:
    return (await redis.redis().pubsub_numsub(service.CHANNEL))[0][1]


async def as_another_process_sets(control: Control, value: object) -> None:
    """The database and the news of it, without this process's own copy."""
    async with transaction() as session:
        await session.merge(ControlValue(name=control.name, value=value))
    await broadcast.tell(service.CHANNEL, control.name)


async def test_the_default_holds_until_somebody_changes_it(
    installation: Settings, colour: Control[Colour]
) -> None:
    await controls.load()
    assert colour.value is Colour.RED
    admin = uuid4()
    assert await controls.change(colour, "blue", admin) is Colour.BLUE
    assert colour.value is Colour.BLUE
    async with reading() as session:
        row = await session.get_one(ControlValue, "test.colour")
    assert (row.value, row.changed_by) == ("blue", admin)


async def test_a_change_outlives_the_process(
    installation: Settings, colour: Control[Colour]
) -> None:
    await controls.change(colour, Colour.BLUE, None)
    service._copies.cache_clear()
    assert colour.value is Colour.RED
    await controls.load()
    assert colour.value is Colour.BLUE


async def test_other_processes_hear_of_a_change(following: None, colour: Control[Colour]) -> None:
    await as_another_process_sets(colour, "blue")
    async with asyncio.timeout(10):
        while colour.value is not Colour.BLUE:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_value_that_means_nothing_is_refused(
    installation: Settings, colour: Control[Colour]
) -> None:
    with pytest.raises(ValidationError):
        await controls.change(colour, "green", None)
    await controls.load()
    assert colour.value is Colour.RED


async def test_a_stored_value_that_is_no_longer_known_gives_way_to_the_default(
    installation: Settings, colour: Control[Colour], caplog: pytest.LogCaptureFixture
) -> None:
    await as_another_process_sets(colour, "green")
    await as_another_process_sets(Control("test.gone", str, "", "Gone."), "x")
    service._declared.pop("test.gone")
    await controls.load()
    assert colour.value is Colour.RED
    assert "test.colour" in caplog.text


async def test_values_with_parts_survive_the_way_through_the_database(
    installation: Settings, colour: Control[Colour]
) -> None:
    steps = Control("test.steps", list[Step], [], "Steps.")
    wanted = [Step(below=0.5, colour=Colour.BLUE), Step(below=0.1, colour=Colour.RED)]
    await controls.change(steps, json.loads(json.dumps(steps.dump(wanted))), None)
    service._copies.cache_clear()
    await controls.load()
    assert steps.value == wanted


def test_a_name_is_given_once(colour: Control[Colour]) -> None:
    with pytest.raises(ValueError, match=r"test\.colour"):
        Control("test.colour", str, "", "Again.")
    assert controls.every() == [colour]


async def test_nothing_is_saved_over_what_was_not_seen(
    installation: Settings, colour: Control[Colour]
) -> None:
    await controls.load()
    seen = colour.version
    await controls.change(colour, Colour.BLUE, None, seen)
    with pytest.raises(controls.Outdated):
        await controls.change(colour, Colour.RED, None, seen)
    assert colour.value is Colour.BLUE
    # Another process has saved, and this one has not heard of it yet.
    seen = colour.version
    async with transaction() as session:
        await session.merge(ControlValue(name=colour.name, value="red"))
    with pytest.raises(controls.Outdated):
        await controls.change(colour, Colour.BLUE, None, seen)
    await controls.load()
    await controls.change(colour, Colour.BLUE, None, colour.version)
    assert colour.value is Colour.BLUE
