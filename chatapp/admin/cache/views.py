"""The page about the cache as the browser's store holds it. Nothing in it is anybody's words."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, TypedDict

from chatapp.answers import kept
from chatapp.answers.cache import Policy, Scope, policy
from chatapp.answers.shelf import Saved
from chatapp.limits import admin
from chatapp.limits.ledger import UNASKED
from chatapp.limits.periods import day_of
from chatapp.settings import settings

DAYS = 30
"""So many days are summed up, with today."""

POLICIES = {
    Policy.SHARED: (
        "Everybody",
        "A first question with nothing personal in it is answered for everybody as it was answered "
        "for the one who asked first; people can tell from the mark that somebody asked it before. "
        "All else is given again only to the person who asked.",
    ),
    Policy.PERSON: (
        "Only who asked",
        "An answer is given again only to the person for whom it was made.",
    ),
    Policy.OFF: (
        "Nobody",
        "Every question goes to a model, and no old answer is given when no model can be reached.",
    ),
}

SCOPES = {Scope.SHARED: "Everybody’s", Scope.PERSON: "One person’s"}

CLEAR = {
    Scope.SHARED: "All answers that may be given to everybody are forgotten. Who asks such a "
    "question next waits for a model.",
    Scope.PERSON: "All answers that are one person’s alone are forgotten, of all people. Who asks "
    "the same again waits for a model.",
}


class SavedView(TypedDict):
    """One kept answer that was given again. Its id tells nothing of what it says."""

    id: str
    scope: str
    by: str
    at: str
    hits: str
    tokens: str


class CacheView(TypedDict):
    """Who may be given an answer again, and what that has saved."""

    policy: str
    forbidden: bool
    numbers: list[list[str]]


async def cache_view() -> CacheView:
    """Who may be given an answer again, and what that has saved."""
    today = day_of().first_day
    rows = await admin.totals(today - timedelta(days=DAYS - 1), today)
    return {
        "policy": str(policy.value),
        "forbidden": not settings().answer_cache,
        "numbers": [
            _numbers("Today", [row for row in rows if row["day"] == today]),
            _numbers(f"In {DAYS} days", rows),
        ],
    }


async def best_view() -> list[SavedView]:
    """The answers that saved most. Raises: RedisError, OSError."""
    return [_saved(each) for each in await kept.best()]


def _numbers(name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    questions = sum(row["questions"] for row in rows)
    hits = sum(row["questions"] for row in rows if row["member"] == UNASKED)
    saved = sum(row["saved_tokens"] for row in rows)
    rate = f"{hits / questions:.1%}" if questions else "–"
    return [name, rate, f"{hits:,} of {questions:,}", f"{saved:,}"]


def _saved(each: Saved) -> SavedView:
    return {
        "id": each.name.partition(":")[2][:8],
        "scope": SCOPES[each.scope],
        "by": each.by,
        "at": each.at.isoformat(timespec="seconds"),
        "hits": f"{each.hits:,}",
        "tokens": f"{each.tokens:,}",
    }
