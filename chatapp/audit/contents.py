"""What of a change is kept: only what differs, and nothing secret."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_jsonable_python

HIDDEN = "(hidden)"

LONGEST = 2_000
"""The longest text of a value, in characters."""

_SECRET = frozenset(
    {
        "auth",
        "authorization",
        "bearer",
        "cookie",
        "cookies",
        "credential",
        "credentials",
        "hash",
        "key",
        "keys",
        "apikey",
        "passphrase",
        "passwd",
        "password",
        "passwords",
        "sealed",
        "secret",
        "secrets",
        "signature",
        "token",
    }
)
"""The words in the name of a field that make its value secret. ``tokens`` are a model's."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+(?=@)")


def kept(before: Any, after: Any) -> tuple[Any, Any]:
    """Both sides of a change as they may be written down."""
    sides = (to_jsonable_python(side, fallback=str) for side in (before, after))
    changed = _differing(*sides)
    return _cleaned(changed[0]), _cleaned(changed[1])


def is_secret(name: str) -> bool:
    """Whether a field of this name may hold a secret."""
    return any(word.lower() in _SECRET for word in _WORD.findall(name))


def _differing(before: Any, after: Any) -> tuple[Any, Any]:
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return before, after
    left, right = {}, {}
    for name in dict.fromkeys([*before, *after]):
        if name in before and name in after:
            if before[name] != after[name]:
                left[name], right[name] = _differing(before[name], after[name])
        elif name in before:
            left[name] = before[name]
        else:
            right[name] = after[name]
    return left, right


def _cleaned(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_cut(str(name)): _field(str(name), each) for name, each in value.items()}
    if isinstance(value, str):
        return _cut(_CREDENTIALS.sub(HIDDEN, value))
    if isinstance(value, Sequence):
        return [_cleaned(each) for each in value]
    return value


def _field(name: str, value: Any) -> Any:
    # Whether there is one, and whether it may be used, is no secret.
    hidden = bool(value) and not isinstance(value, bool) and is_secret(name)
    return HIDDEN if hidden else _cleaned(value)


def _cut(text: str) -> str:
    clean = text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…"
