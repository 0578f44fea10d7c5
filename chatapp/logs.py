"""What the process writes down: one line an event, plain or JSON, and never a secret."""

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

from chatapp import leaving

Form = Literal["plain", "json"]

_OUT = "(left out)"

_SECRETS: list[tuple[re.Pattern[str], str]] = [
    (re.compile(pattern), instead)
    for pattern, instead in (
        # Whole events, as Reflex writes them, with headers, cookies and the text of a question.
        (r"((?:event queue entry for|[Ee]vent data(?: must be.*received)?):? ).+", rf"\1{_OUT}"),
        (r"(?i)((?:set-)?cookie['\"]?\s*[:=]\s*)('[^']*'|\"[^\"]*\"|[^\n'\"]+)", rf"\1{_OUT}"),
        (r"(?i)(authorization['\"]?\s*[:=]\s*['\"]?)[^\n'\",}]+", rf"\1{_OUT}"),
        (r"(?i)(bearer\s+)[\w.~+/=-]{8,}", rf"\1{_OUT}"),
        (r"\b(?:sk|gsk|pk|rk|xai|hf|nvapi|csk)[-_][\w-]{12,}", "(key)"),
        (r"\bAIza[\w-]{20,}", "(key)"),
        (r"(?i)\b((?:api[-_]?key|token|password|secret|key)=)[^&\s'\"]+", rf"\1{_OUT}"),
        (r"(://[^/\s:@]*:)[^@\s/]+(@)", rf"\1{_OUT}\2"),
        # The address of a socket has the token of its tab.
        (r"(/[\w./~%-]*\?)[^\s'\"]+", rf"\1{_OUT}"),
    )
]

_UUID = re.compile(
    r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE
)

_NOTHING: Mapping[str, str] = {}

LONGEST = 8_000
"""Characters of one entry: what a client sends does not fill the disk."""


def redact(text: str, logger: str = "") -> str:
    """The text without cookies, keys, passwords, query strings and, from Reflex, tokens of tabs."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    if logger.startswith("reflex"):
        text = _UUID.sub(r"\1…", text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"


_about: ContextVar[Mapping[str, str]] = ContextVar("about", default=_NOTHING)


def about(**ids: str) -> None:
    """Name in every entry of this task, and of those it starts, what it is about."""
    _about.set({**_about.get(), **ids})


class Plain(logging.Formatter):
    """A line for people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The entry, without secrets."""
        return redact(super().format(record), record.name)


class JsonLines(logging.Formatter):
    """A line for machines."""

    def format(self, record: logging.LogRecord) -> str:
        """The entry, without secrets."""
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage(), record.name),
            **_about.get(),
        }
        if record.exc_info:
            entry["error"] = redact(self.formatException(record.exc_info), record.name)
        return json.dumps(entry, ensure_ascii=False)


class UnknownEvents(logging.Filter):
    """An event that no handler has is a client's mistake: one short warning, not an error."""

    _SIGN = "No registered handler found for event"

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep the record, but say no more than what happened."""
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, KeyError) and self._SIGN in str(error):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = "A client sent an event that no handler has.", ()
            record.exc_info = record.exc_text = None
        return True


class Departures(logging.Filter):
    """That a process which leaves sends sockets on and cuts off who is slow is no error.

    uvicorn takes it for one. That some were cut off it says besides, with their number.
    """

    _SENT_ON = "ASGI callable returned without completing handshake."
    _CUT_OFF = "Cancel %s running task(s)"

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave such a record out, and let that with the number be a warning."""
        if not leaving.begun():
            return True
        if str(record.msg).startswith(self._CUT_OFF):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        error = record.exc_info[1] if record.exc_info else None
        return record.msg != self._SENT_ON and not isinstance(error, asyncio.CancelledError)


_TALKATIVE = (
    "alembic",
    "engineio",
    "google_genai",
    "groq",
    "httpx",
    "httpx2",
    "openai",
    "socketio",
    "uvicorn.error",
)


def configure(form: Form = "plain") -> None:
    """Send everything that is logged to standard error, in one form."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else Plain())
    handler.addFilter(UnknownEvents())
    handler.addFilter(Departures())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for talkative in _TALKATIVE:
        logging.getLogger(talkative).setLevel(logging.WARNING)
    # It says that a part may change in a later version; ours is pinned.
    logging.getLogger("reflex.experimental").setLevel(logging.ERROR)
