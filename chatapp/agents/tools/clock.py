"""The present time, where the person is or elsewhere."""

from datetime import datetime
from zoneinfo import ZoneInfo

from langchain_core.tools import BaseTool
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from chatapp.accounts import sessions
from chatapp.agents.tools.problems import ToolProblem
from chatapp.agents.tools.tool import Caller, Tool, made
from chatapp.database import now
from chatapp.zones import zone_named


class Arguments(BaseModel):
    """What the model says."""

    zone: str = Field(
        default="",
        max_length=64,
        description="An IANA time zone such as Europe/Berlin. Empty: the user's own zone.",
    )


def told(moment: datetime, zone: ZoneInfo) -> str:
    """A moment in words and in numbers."""
    there = moment.astimezone(zone)
    return f"{there:%A, %d %B %Y, %H:%M:%S} in {zone.key} ({there.isoformat(timespec='seconds')})"


async def _own_zone(caller: Caller) -> str:
    try:
        return await sessions.zone_of(caller.user_id)
    except SQLAlchemyError:
        return ""


def _build(caller: Caller) -> BaseTool:
    async def use(zone: str = "") -> str:
        found = zone_named(zone.strip() or caller.zone or await _own_zone(caller) or "UTC")
        if found is None:
            raise ToolProblem(
                "There is no such time zone. Use an IANA name such as Europe/Berlin, or UTC."
            )
        return told(now(), found)

    description = "Tells the present date and time. Use it whenever an answer depends on them."
    return made("current_time", description, Arguments, use)


TOOL = Tool(
    name="current_time",
    title="Current time",
    meaning="Tells the date and the time where you are, or in another time zone.",
    acts=False,
    timeout=5.0,
    build=_build,
)
