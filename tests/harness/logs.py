"""What a log says that it should not."""

import re

_ENTRY = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ")
_BAD = re.compile(
    r" (?:ERROR|CRITICAL) |^Traceback \(most recent call last\)|was never awaited", re.MULTILINE
)

_KNOWN = (
    # SQLAlchemy leaves the closing of a SQLite connection behind when its task is cancelled twice.
    r"(?s)Task was destroyed but it is pending!.*_terminate_graceful_close",
    # And says so when a task is cancelled while it gives one back; it makes another.
    r"(?s)pool\.impl\.AsyncAdaptedQueuePool: Exception during reset.*aiosqlite.*CancelledError",
)


def errors(text: str, allowed: tuple[str, ...] = ()) -> list[str]:
    """The entries that are errors, each with its traceback, but for those that a test expects."""
    entries: list[str] = []
    for line in text.splitlines():
        if _ENTRY.match(line) or not entries:
            entries.append(line)
        else:
            entries[-1] += f"\n{line}"
    return [
        entry
        for entry in entries
        if _BAD.search(entry) and not any(re.search(each, entry) for each in (*_KNOWN, *allowed))
    ]
