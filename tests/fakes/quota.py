"""The limits of fake accounts, enforced as the providers enforce theirs."""

import time
from collections import deque
from dataclasses import dataclass, field

from tests.fakes.behaviour import Limits


@dataclass
class Refusal:
    """Why a request is over the limit."""

    what: str
    """``rpm``, ``tpm`` or ``rpd``."""
    wait: float
    """Seconds."""


@dataclass
class Quota:
    """What one model of one account has used. Times are of the server's clock."""

    limits: Limits
    requests: deque[float] = field(default_factory=deque)
    tokens: deque[tuple[float, int]] = field(default_factory=deque)
    day: deque[float] = field(default_factory=deque)
    refused: int = 0

    def take(self, tokens: int) -> Refusal | None:
        """Count a request with a prompt of so many tokens, or refuse it."""
        now, limits = time.monotonic(), self.limits
        self._forget(now)
        refusal = None
        if limits.rpd is not None and len(self.day) >= limits.rpd:
            refusal = Refusal("rpd", self.day[0] + limits.day - now)
        elif limits.rpm is not None and len(self.requests) >= limits.rpm:
            refusal = Refusal("rpm", self.requests[0] + limits.minute - now)
        elif limits.tpm is not None and self.used_tokens + tokens > limits.tpm:
            wait = self.tokens[0][0] + limits.minute - now if self.tokens else limits.minute
            refusal = Refusal("tpm", wait)
        if refusal is not None:
            self.refused += 1
            return refusal
        self.requests.append(now)
        self.day.append(now)
        self.tokens.append((now, tokens))
        return None

    def add(self, tokens: int) -> None:
        """Count the tokens of an answer."""
        self.tokens.append((time.monotonic(), tokens))

    @property
    def used_tokens(self) -> int:
        return sum(tokens for _, tokens in self.tokens)

    def headers(self, provider: str, prompt: int, refusal: Refusal | None) -> dict[str, str]:
        """What the provider's headers say of these limits."""
        now, limits = time.monotonic(), self.limits
        self._forget(now)
        daily = provider == "groq"
        most = limits.rpd if daily else limits.rpm
        used = len(self.day) if daily else len(self.requests)
        oldest = (self.day if daily else self.requests) or [now]
        span = limits.day if daily else limits.minute
        found = {}
        if most is not None:
            found["x-ratelimit-limit-requests"] = str(most)
            found["x-ratelimit-remaining-requests"] = str(max(0, most - used))
            found["x-ratelimit-reset-requests"] = duration(oldest[0] + span - now)
        if limits.tpm is not None:
            first = self.tokens[0][0] if self.tokens else now
            found["x-ratelimit-limit-tokens"] = str(limits.tpm)
            found["x-ratelimit-remaining-tokens"] = str(max(0, limits.tpm - self.used_tokens))
            found["x-ratelimit-reset-tokens"] = duration(first + limits.minute - now)
        if refusal is not None:
            found["retry-after"] = str(int(refusal.wait) + 1)
            if provider == "openai":
                found["retry-after-ms"] = str(int(refusal.wait * 1000) + 1)
        return found

    def _forget(self, now: float) -> None:
        while self.requests and self.requests[0] <= now - self.limits.minute:
            self.requests.popleft()
        while self.tokens and self.tokens[0][0] <= now - self.limits.minute:
            self.tokens.popleft()
        while self.day and self.day[0] <= now - self.limits.day:
            self.day.popleft()


def duration(seconds: float) -> str:
    """As Groq and OpenAI write it, such as ``2m59.56s`` or ``150ms``."""
    seconds = max(0.0, seconds)
    if seconds < 1:
        return f"{round(seconds * 1000)}ms"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{hours}h" if hours else ""
    text += f"{minutes}m" if minutes or hours else ""
    return f"{text}{rest:.3f}s"
