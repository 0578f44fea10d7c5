"""What admins choose about tools holds for all processes, at once and for good."""

import asyncio
from uuid import uuid4

from chatapp import broadcast, redis
from chatapp.agents.tools import service
from chatapp.agents.tools.catalogue import available
from chatapp.agents.tools.models import ToolChoice
from chatapp.database import transaction
from chatapp.settings import Settings


def names() -> set[str]:
    return {tool.name for tool in available()}


async def test_a_tool_is_switched_off_and_on_for_everybody(installation: Settings) -> None:
    await service.load()
    assert {"calculator", "current_time", "convert_units", "search_chats", "read_page"} <= names()
    assert "search_web" not in names()
    await service.choose("calculator", on=False, by=uuid4())
    assert "calculator" not in names()
    service._copy.cache_clear()
    await service.load()
    assert "calculator" not in names()
    await service.choose("calculator", on=True, by=uuid4())
    assert "calculator" in names()


async def test_an_admin_may_have_people_asked_before_each_use(installation: Settings) -> None:
    await service.choose("read_page", acts=True, by=None)
    assert {tool.name: tool.acts for tool in available()}["read_page"] is True


async def test_other_processes_hear_of_a_change(installation: Settings) -> None:
    async with service.following():
        async with asyncio.timeout(20):
            while not (await redis.redis().pubsub_numsub(service.CHANNEL))[0][1]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert "calculator" in names()
        async with transaction() as session:
            session.add(ToolChoice(name="calculator", on=False))
        await broadcast.tell(service.CHANNEL, "changed")
        async with asyncio.timeout(20):
            while "calculator" in names():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
