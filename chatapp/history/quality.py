"""How good each member is: what came of its attempts, how fast it is, what people say of it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chatapp import metrics
from chatapp.answers import thumb_repository
from chatapp.database import now, reading
from chatapp.history import repository
from chatapp.history.counting import HOUR
from chatapp.history.series import quantile
from chatapp.pool import service as pool
from chatapp.pool.changes import LEAST, MOST

DAYS = 7
"""How many of the last days count."""

DOUBT = 10
"""So many imagined attempts and thumbs, as good as all others', stand beside those that were."""


@dataclass(frozen=True, slots=True)
class Quality:
    """One member, over the last days."""

    name: str
    label: str
    outcomes: Mapping[str, int]
    firsts: Mapping[str, int] = field(repr=False)
    """Its first words, by the buckets of their seconds."""
    up: int = 0
    down: int = 0
    factor: float = 1.0
    """What its weight is multiplied by if quality feeds weights."""

    @property
    def asked(self) -> int:
        """How often it was asked."""
        return sum(n for outcome, n in self.outcomes.items() if outcome != "passed")

    def first_word(self, share: float) -> float | None:
        """Seconds to its first word."""
        return quantile(self.firsts, share)


async def by_member() -> list[Quality]:
    """All members of the pool, in the configured order."""
    hour = int(time.time()) // HOUR + 1
    async with reading() as session:
        counts = await repository.sums_of(session, HOUR, hour - DAYS * 24, hour, "member:")
        thumbs = await thumb_repository.thumbs_by_label(session, since())
    found = []
    for member in pool.said_and_changed().members_of(None):
        outcomes, firsts = _of(member.name, counts)
        up, down = thumbs.get(member.label, (0, 0))
        found.append(Quality(member.name, member.label, outcomes, firsts, up, down))
    return with_factors(found)


def since() -> datetime:
    """When the days that count begin."""
    return now() - timedelta(days=DAYS)


def with_factors(found: Sequence[Quality]) -> list[Quality]:
    """Each with what its weight is multiplied by, beside what all have on the average."""
    good = sum(each.outcomes.get("ok", 0) for each in found)
    bad = sum(each.outcomes.get("fail", 0) + each.outcomes.get("auth", 0) for each in found)
    up, down = sum(each.up for each in found), sum(each.down for each in found)
    rated = []
    for each in found:
        ok = each.outcomes.get("ok", 0)
        failed = each.outcomes.get("fail", 0) + each.outcomes.get("auth", 0)
        factor = _beside(ok, failed, good, bad) * _beside(each.up, each.down, up, down)
        rated.append(replace(each, factor=round(min(max(factor, LEAST), MOST), 2)))
    return rated


def _beside(good: int, bad: int, all_good: int, all_bad: int) -> float:
    """A share of good ones beside that of all; little is known of few."""
    usual = (all_good + 1) / (all_good + all_bad + 1)
    return (good + DOUBT * usual) / (good + bad + DOUBT) / usual


async def feed() -> None:
    """Tell this process's pool what weights are multiplied by, should quality feed them."""
    pool.weigh({each.name: each.factor for each in await by_member()})


def _of(name: str, counts: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    prefix, outcomes, firsts = f"member:{name}:", {}, {}
    for counted, value in counts.items():
        if not counted.startswith(prefix):
            continue
        what = counted.removeprefix(prefix)
        if what.startswith("first:"):
            firsts[what.removeprefix("first:")] = value
        elif ":" not in what:
            outcomes[what] = value
    return outcomes, {upper: firsts.get(upper, 0) for upper in metrics.BUCKETS}
