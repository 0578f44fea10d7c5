"""One request to a fake provider being answered, or not."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from tests.fakes.behaviour import Fault, Plan
from tests.fakes.connection import Connection
from tests.fakes.dialects import Asked, Gemini, OpenAI
from tests.fakes.quota import Quota, Refusal


@dataclass
class Record:
    """One request as it was received and answered."""

    id: int
    provider: str
    account: str
    model: str
    key: str
    stream: bool
    body: dict[str, Any]
    at: float
    state: str = "open"
    """``open``, ``done``, ``fault`` or ``closed_early`` (by the client)."""
    fault: str | None = None
    sent: list[float] = field(default_factory=list)
    """When each token was sent, in seconds of the server's clock."""
    thoughts: int = 0
    """How many pieces of reasoning were sent."""
    ended_at: float | None = None


class Answer:
    """One request being answered."""

    def __init__(
        self,
        c: Connection,
        dialect: OpenAI | Gemini,
        asked: Asked,
        plan: Plan,
        record: Record,
        notify: Callable[[], Awaitable[None]],
        quota: Quota | None = None,
    ) -> None:
        self.c = c
        self.dialect = dialect
        self.asked = asked
        self.plan = plan
        self.record = record
        self.notify = notify
        self.quota = quota
        self.refusal: Refusal | None = None

    def limits(self) -> dict[str, str]:
        if self.record.provider == "google":
            return {}
        if self.quota is not None:
            return self.quota.headers(self.record.provider, self.plan.prompt_tokens, self.refusal)
        return {
            "x-request-id": f"req_{self.record.id}",
            "x-ratelimit-limit-requests": "1440000",
            "x-ratelimit-limit-tokens": "6000000",
            "x-ratelimit-remaining-requests": "1439999",
            "x-ratelimit-remaining-tokens": str(6_000_000 - self.plan.prompt_tokens),
            "x-ratelimit-reset-requests": "6s",
            "x-ratelimit-reset-tokens": "150ms",
        }

    async def run(self) -> str:
        fault = self.plan.fault
        if self.quota is not None:
            self.refusal = self.quota.take(self.plan.prompt_tokens)
        if self.refusal is not None:
            self.record.fault = self.refusal.what
            fault = Fault("http_429", quota="day" if self.refusal.what == "rpd" else "minute")
            if self.record.provider == "google":
                fault.retry_after = round(self.refusal.wait, 9)
        if fault is not None and await self.refuse(fault):
            return "fault"
        if self.quota is not None:
            self.quota.add(self.plan.completion_tokens)
        if not self.asked.stream:
            await self.c.pause(self.plan.delay)
            await self.c.reply(
                200, self.dialect.whole(self.asked, self.record.id, self.plan), self.limits()
            )
            return "done"
        return await self.stream(fault)

    async def refuse(self, fault: Fault) -> bool:
        """The faults before the headers."""
        status = None
        if fault.kind == "auth":
            status = self.dialect.auth_status()
        elif fault.kind.startswith("http_"):
            status = int(fault.kind.removeprefix("http_"))
        if status is not None:
            headers = self.limits()
            if fault.retry_after is not None and self.record.provider != "google":
                headers["retry-after"] = str(fault.retry_after)
            if fault.retry_date is not None:
                headers["retry-after"] = formatdate(time.time() + fault.retry_date, usegmt=True)
            if fault.retry_after_ms is not None:
                headers["retry-after-ms"] = str(fault.retry_after_ms)
            await self.c.reply(status, self.dialect.error(status, fault, self.record.key), headers)
        elif fault.kind == "garbage":
            await self.c.reply(
                200, b"<html>not what you expect</html>", {"content-type": "text/html"}
            )
        elif fault.kind == "drop":
            self.c.reset()
            raise ConnectionResetError
        elif fault.kind == "stall":
            await self.c.pause(3600)
        else:
            return False
        return True

    async def stream(self, fault: Fault | None) -> str:
        c, dialect, asked, number = self.c, self.dialect, self.asked, self.record.id
        await c.begin(self.limits())
        for event in dialect.opening(asked, number):
            await c.send(event)
        await c.pause(self.plan.delay)
        if await self.think(fault):
            return "fault"
        return await self.say(None if fault and fault.thinking else fault)

    async def say(self, fault: Fault | None) -> str:
        """What comes after the reasoning."""
        c, dialect, asked, number = self.c, self.dialect, self.asked, self.record.id
        start = time.monotonic()
        tokens = [] if fault and fault.kind == "empty" else self.plan.tokens
        for index, token in enumerate(tokens):
            if fault and index == fault.after and await self.break_off(fault):
                return "fault"
            await self.keep_pace(fault, index, start)
            await c.send(dialect.token(asked, number, token))
            self.record.sent.append(time.monotonic())
            await self.notify()
        if fault and fault.after >= len(tokens) and await self.break_off(fault):
            return "fault"
        for event in dialect.calls(asked, number, self.plan):
            await c.send(event)
        if fault and fault.kind == "drop_after_calls":
            await c.pause(0.05)
            c.reset()
            return "fault"
        closing = dialect.closing(asked, number, self.plan)
        if fault and fault.kind == "drop_before_usage":
            await c.send(closing[0])
            await c.pause(0.05)
            c.reset()
            return "fault"
        for event in closing:
            await c.send(event)
        await c.finish()
        return "done"

    async def think(self, fault: Fault | None) -> bool:
        """Send the reasoning. True: it has broken off."""
        start, rate = time.monotonic(), self.plan.thoughts_rate
        for index, thought in enumerate([*self.plan.thoughts, ""]):
            if fault and fault.thinking and index == fault.after and await self.break_off(fault):
                return True
            if rate and thought:
                await self.c.pause(start + index / rate - time.monotonic())
            if thought:
                name = self.plan.reasoning
                await self.c.send(self.dialect.thought(self.asked, self.record.id, thought, name))
                self.record.thoughts += 1
                await self.notify()
        return False

    async def keep_pace(self, fault: Fault | None, index: int, start: float) -> None:
        if fault and fault.kind == "drip" and index >= fault.after:
            await self.c.pause(fault.pause)
        elif self.plan.rate:
            await self.c.pause(start + index / self.plan.rate - time.monotonic())

    async def break_off(self, fault: Fault) -> bool:
        """The faults in the middle of a stream."""
        c = self.c
        match fault.kind:
            case "error_in_band":
                await c.send(self.dialect.in_band(fault, self.record.key))
                await c.finish()
            case "drop_after":
                await c.pause(0.05)  # or the reset overtakes the tokens before it
                c.reset()
            case "close_after":
                c.writer.close()
            case "stall_after":
                await c.pause(3600)
            case "half_character":
                event = self.dialect.token(self.asked, self.record.id, " ü")
                await c.send(event[: event.index("ü".encode()) + 1])
                await c.finish()
            case "garbage_after":
                await c.send(b"data: {not json\r\n\r\n")
                await c.finish()
            case "end_without_finish":
                await c.finish()
            case _:
                return False
        return True
