"""Where an answer may be given again: to whom, under which key, for how long.

The key is made of the whole effective request by a secret of the installation, so that nobody who
reads Redis can tell or try what was asked. What is not to be in it must be named in ``EXCLUDED``.
"""

import hmac
import random
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import orjson
from langchain_core.messages import BaseMessage, HumanMessage, SystemMessage

from chatapp.answers.request import Request
from chatapp.controls import Control
from chatapp.redis import cache_tagged
from chatapp.secret import key_for
from chatapp.settings import settings

FRESH = 3600.0
"""How long, in seconds, an answer is given again without further ado, on the average."""

JITTER = 0.1
"""By so much of ``FRESH`` each answer differs, so that not all grow old in the same moment."""

KEPT = 7 * 24 * 3600.0
"""How long, in seconds, an answer is kept for the time when nobody can be asked."""

LARGEST = 64 * 1024
"""The most bytes of an answer that is kept."""

SHARED_LENGTH = 500
"""The length, in characters, of the longest question whose answer may be everybody's."""

VERSION = 1
"""Of what is in a key: another one begins with an empty cache."""


class Scope(StrEnum):
    """Who may be given an answer again."""

    SHARED = "shared"
    PERSON = "person"


class Policy(StrEnum):
    """What an admin allows."""

    SHARED = "shared"
    PERSON = "person"
    OFF = "off"


policy = Control(
    "answers.cache",
    Policy,
    Policy.SHARED,
    "Who may be given an answer again within an hour. shared: everybody, where a first question "
    "has nothing personal (they can tell that it was asked before), else only who asked. "
    "person: only who asked. off: nobody.",
)

IMPERSONAL = frozenset({"user_id", "messages", "tier", "models", "temperature", "common"})
"""The fields of a request that need not be empty for its answer to be everybody's."""

EXCLUDED: Mapping[Scope, frozenset[str]] = {
    Scope.SHARED: frozenset({"user_id"}),
    Scope.PERSON: frozenset(),
}
"""The fields of a request that are not in its key."""

EXCLUDED_OF_MESSAGES = frozenset({"id"})
"""What is not in the key of each message, and is not told to a model either."""

# An address, a long number, a long token: nobody else asks for that, or nobody else should.
_PRIVATE = re.compile(r"\S@\S|(?:\d[ ./()_-]{0,2}){7}|[A-Za-z0-9_+/=-]{32}")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answers to one effective request are."""

    scope: Scope
    digest: str

    @property
    def name(self) -> str:
        """Unlike that of any other place; it tells nothing of the request."""
        return f"{self.scope}:{self.digest}"

    def key(self, part: str) -> str:
        """A key in Redis. All of a place are kept together by a cluster."""
        return key(self.name, part)


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer that is kept."""

    text: str
    by: str
    """The member that gave it, as people read it."""
    at: datetime
    prompt_tokens: int
    completion_tokens: int

    def encode(self) -> bytes:
        """As it is kept."""
        at = int(self.at.timestamp() * 1000)
        return orjson.dumps([self.text, self.by, at, self.prompt_tokens, self.completion_tokens])

    @classmethod
    def decode(cls, raw: bytes) -> "Entry":
        """From what is kept."""
        text, by, at, prompt_tokens, completion_tokens = orjson.loads(raw)
        moment = datetime.fromtimestamp(at / 1000, UTC)
        return cls(text, by, moment, prompt_tokens, completion_tokens)


def place_of(request: Request) -> Place | None:
    """The place for a request's answer; None: it is not to be given again."""
    allowed = policy.value
    if not settings().answer_cache or allowed is Policy.OFF or request.tools:
        return None
    shared = allowed is Policy.SHARED and impersonal(request)
    scope = Scope.SHARED if shared else Scope.PERSON
    try:
        return Place(scope, digest(request, scope))
    except orjson.JSONEncodeError:
        # Something in it cannot be told apart from something else.
        return None


def impersonal(request: Request) -> bool:
    """Whether anybody might have asked this: a first question, and nothing of the person in it."""
    for field in fields(request):
        if field.name not in IMPERSONAL and getattr(request, field.name) != _empty(field):
            return False
    if len(request.messages) != 2:
        return False
    rules, question = request.messages
    return (
        _plain(rules) == _plain(SystemMessage(request.common))
        and isinstance(question.content, str)
        and _plain(question) == _plain(HumanMessage(question.content))
        and len(question.content) <= SHARED_LENGTH
        and not _PRIVATE.search(question.content)
    )


def digest(request: Request, scope: Scope) -> str:
    """The key of a request: equal for equal ones, and for no others.

    Raises:
        orjson.JSONEncodeError: the request has something of which no key can be made.
    """
    told = {
        field.name: getattr(request, field.name)
        for field in fields(request)
        if field.name not in EXCLUDED[scope]
    }
    whole = orjson.dumps([VERSION, scope, told], default=_plain, option=orjson.OPT_SORT_KEYS)
    return hmac.digest(key_for("answer cache"), whole, "sha256").hex()


def keepable(text: str) -> bool:
    """Whether an answer is of a size to be kept."""
    return bool(text.strip()) and len(text.encode()) <= LARGEST


def freshness() -> int:
    """For how many milliseconds a new answer is fresh."""
    return round(1000 * FRESH * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - a time


def key(name: str, part: str) -> str:
    """The key of a part of the place with this name."""
    scope, _, made = name.partition(":")
    return cache_tagged(f"cache:{scope}:{{{made}}}:{part}")


def _plain(value: Any) -> Any:
    if isinstance(value, BaseMessage):
        told = {**vars(value), **(value.__pydantic_extra__ or {})}
        return {name: part for name, part in told.items() if name not in EXCLUDED_OF_MESSAGES}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    raise TypeError(f"No key can be made of {type(value).__name__}.")


def _empty(field: Any) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()
