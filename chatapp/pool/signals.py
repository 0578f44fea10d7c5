"""What providers tell of their limits in the headers of every response."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from chatapp.pool.config import Account

DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)(ms|s))?")
NUMBER = re.compile(r"\d{1,12}")


@dataclass(frozen=True, slots=True)
class Told:
    """A provider's own count. None: it has not said."""

    rpm: int | None = None
    tpm: int | None = None
    rpd: int | None = None
    used_tokens: int | None = None
    """Of the minute's tokens."""
    used_day: int | None = None
    """Of the day's requests."""
    wait: float | None = None
    """Seconds until there is something again of what is used up."""
    why: str = ""


NOTHING = Told()


def told(account: Account, headers: Mapping[str, str]) -> Told:
    """Read the limits in a response's headers.

    Groq counts requests by the day and tokens by the minute, OpenAI both by the minute.
    """
    requests, left_requests = _pair(headers, "requests")
    tokens, left_tokens = _pair(headers, "tokens")
    if requests is None and tokens is None:
        return NOTHING
    daily = _is_groq(account)
    waits = [
        (seconds(headers.get(f"x-ratelimit-reset-{name}")), why)
        for name, left, why in (
            ("requests", left_requests, "rpd" if daily else "rpm"),
            ("tokens", left_tokens, "tpm"),
        )
        if left == 0
    ]
    longest, why = max(((wait, why) for wait, why in waits if wait is not None), default=(None, ""))
    return Told(
        rpm=None if daily else requests,
        tpm=tokens,
        rpd=requests if daily else None,
        used_tokens=_used(tokens, left_tokens),
        used_day=_used(requests, left_requests) if daily else None,
        wait=longest,
        why=why,
    )


def seconds(text: str | None) -> float | None:
    """The seconds of a duration such as ``2m59.56s``, ``150ms`` or ``7``."""
    if text is None or len(text) > 40:
        return None
    text = text.strip()
    try:
        plain = float(text)
    except ValueError:
        match = DURATION.fullmatch(text)
        if match is None or not any(match.groups()):
            return None
        days, hours, minutes, rest, unit = match.groups()
        small = float(rest or 0) / (1000 if unit == "ms" else 1)
        return int(days or 0) * 86400 + int(hours or 0) * 3600 + int(minutes or 0) * 60 + small
    return max(0.0, plain) if math.isfinite(plain) else None


def _is_groq(account: Account) -> bool:
    if account.provider == "groq":
        return True
    host = urlsplit(account.base_url or "").hostname or ""
    return host == "api.groq.com"


def _pair(headers: Mapping[str, str], name: str) -> tuple[int | None, int | None]:
    return (
        _number(headers.get(f"x-ratelimit-limit-{name}")),
        _number(headers.get(f"x-ratelimit-remaining-{name}")),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and NUMBER.fullmatch(text.strip()) else None


def _used(limit: int | None, left: int | None) -> int | None:
    return None if limit is None or left is None else max(0, limit - left)
