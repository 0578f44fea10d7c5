"""What is counted while the process runs. Labels are few and known beforehand: never a person's.

``chatapp.api.metrics`` tells them. Nothing here is touched by a single word of an answer: words are
counted in rounds, and at an answer's end.
"""

import re
from time import perf_counter
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from sqlalchemy import Engine, event

REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

_SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
_LONG = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)

BUCKETS = (*(str(float(upper)) for upper in _LONG), "+Inf")
"""The upper ends of the buckets of what takes long, as Prometheus writes them, in seconds."""

CONNECTS = Counter(
    "chatapp_connects",
    "Sockets that were let in or turned away.",
    ["result"],
    registry=REGISTRY,
)
EVENTS = Counter(
    "chatapp_events",
    "Events of pages, by their handler; those that are refused are together.",
    ["handler"],
    registry=REGISTRY,
)
QUESTIONS = Counter(
    "chatapp_questions",
    "Questions that were taken here.",
    registry=REGISTRY,
)
ANSWERS = Counter(
    "chatapp_answers",
    "Answers that ended here, by how they ended and where their words came from.",
    ["status", "source"],
    registry=REGISTRY,
)
TOKENS = Counter(
    "chatapp_tokens",
    "Tokens that providers counted.",
    ["kind"],
    registry=REGISTRY,
)
SAVED = Counter(
    "chatapp_saved_tokens",
    "Tokens that no provider was asked for, because the answer was there.",
    registry=REGISTRY,
)
COST = Counter(
    "chatapp_cost_millionths",
    "What tokens cost at the configured prices, in millionths of their unit.",
    registry=REGISTRY,
)
FIRST_WORD = Histogram(
    "chatapp_first_word_seconds",
    "From the beginning of an answer to its first word.",
    registry=REGISTRY,
    buckets=_LONG,
)
ANSWER = Histogram(
    "chatapp_answer_seconds",
    "From the beginning of an answer to its end.",
    registry=REGISTRY,
    buckets=_LONG,
)
TOKEN = Histogram(
    "chatapp_token_seconds",
    "Between two tokens of an answer, on the average of the answer.",
    registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64),
)
ATTEMPTS = Counter(
    "chatapp_attempts",
    "Tries of the pool's members, by how they ended.",
    ["member", "outcome"],
    registry=REGISTRY,
)
MEMBER_FIRST = Histogram(
    "chatapp_member_first_word_seconds",
    "From the asking of a member to its first word.",
    ["member"],
    registry=REGISTRY,
    buckets=_LONG,
)
WAITED = Histogram(
    "chatapp_line_seconds",
    "How long questions stood in line before a member was asked.",
    registry=REGISTRY,
    buckets=_LONG,
)
RELAY = Histogram(
    "chatapp_relay_seconds",
    "From a word's arrival until the round that published it, of the oldest word of each round.",
    registry=REGISTRY,
    buckets=_SHORT,
)
REFUSED = Counter(
    "chatapp_refused_questions",
    "Questions that were not taken, by why.",
    ["why"],
    registry=REGISTRY,
)
LAG = Histogram(
    "chatapp_loop_lag_seconds",
    "How much later than wanted the process's loop came to something.",
    registry=REGISTRY,
    buckets=_SHORT,
)
REDIS = Histogram(
    "chatapp_redis_seconds",
    "Round trips to Redis: writing the words of all answers, and a ping.",
    ["what"],
    registry=REGISTRY,
    buckets=_SHORT,
)
DATABASE = Histogram(
    "chatapp_database_seconds",
    "Statements of the database, by their first word.",
    ["what"],
    registry=REGISTRY,
    buckets=_SHORT,
)

_KINDS = {
    word: DATABASE.labels(word.lower()) for word in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
}
_OTHER = DATABASE.labels("other")
_WORD = re.compile(r"\s*(\w*)")


def watch_database(engine: Engine) -> None:
    """Measure the statements of an engine."""
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)


def _begin(_c: Any, _cursor: Any, _statement: str, _values: Any, context: Any, _many: bool) -> None:
    if context:
        context.chatapp_began = perf_counter()


def _end(_c: Any, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool) -> None:
    if began := getattr(context, "chatapp_began", 0.0):
        database_kind(statement).observe(perf_counter() - began)


def database_kind(statement: str) -> Histogram:
    """Where the times of statements like this one are measured."""
    word = _WORD.match(statement)
    return _KINDS.get(word[1].upper(), _OTHER) if word else _OTHER
