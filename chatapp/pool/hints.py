"""When a provider wants to be asked again: every form in which they say it."""

import math
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from chatapp.pool.signals import seconds


def retry_after(error: BaseException) -> float | None:
    """The seconds that an error's headers or details name: the longest of them."""
    found: list[float] = []
    headers = getattr(getattr(error, "response", None), "headers", None)
    if headers is not None:
        found += _in_headers(headers)
    for item in _details(error):
        delay = item.get("retryDelay")
        if isinstance(delay, Mapping):
            delay = f"{_number(delay.get('seconds')) + _number(delay.get('nanos')) / 1e9}"
        if isinstance(delay, str) and (wait := seconds(delay)) is not None:
            found.append(wait)
    return max(found, default=None)


def is_daily(error: BaseException) -> bool:
    """Whether an error says that a quota of the day is used up."""
    for item in _details(error):
        violations = item.get("violations")
        for violation in violations if isinstance(violations, list) else []:
            quota = violation.get("quotaId") if isinstance(violation, Mapping) else None
            if isinstance(quota, str) and "perday" in quota.lower():
                return True
    return False


def _in_headers(headers: Mapping[str, str]) -> Iterator[float]:
    milliseconds = headers.get("retry-after-ms")
    if milliseconds is not None and (wait := seconds(milliseconds)) is not None:
        yield wait / 1000
    plain = headers.get("retry-after")
    if plain is None:
        return
    wait = seconds(plain)
    if wait is None:
        wait = _until(plain, headers.get("date"))
    if wait is not None:
        yield wait


def _until(date: str, sent: str | None) -> float | None:
    """The seconds until an HTTP date: by the provider's clock, or ours if that says longer."""
    then = _moment(date)
    if then is None:
        return None
    now = time.time()
    start = _moment(sent) if sent else None
    return max(0.0, then - now, then - now if start is None else then - start)


def _moment(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _details(error: BaseException) -> Iterator[Mapping[str, Any]]:
    """The details of Google's errors."""
    details = getattr(error, "details", None)
    inner = details.get("error", details) if isinstance(details, dict) else None
    found = inner.get("details") if isinstance(inner, dict) else None
    for item in found if isinstance(found, list) else []:
        if isinstance(item, Mapping):
            yield item


def _number(value: Any) -> float:
    try:
        number = float(value or 0)
    except (TypeError, ValueError):
        return 0
    return number if math.isfinite(number) else 0
