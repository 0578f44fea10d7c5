"""The status in plain words."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from chatapp.pool.status import MemberStatus, State
from chatapp.status.service import overview

SOON = datetime(2026, 11, 23, 15, 40, tzinfo=UTC)


def member(state: State, tier: str = "fast", until: datetime | None = None) -> MemberStatus:
    return MemberStatus(
        name=f"secret-account/secret-model-{state}",
        label="Secret · model",
        tiers=(tier,),
        state=state,
        why="",
        until=until,
        quotas=(),
        in_flight=0,
        concurrency=None,
        first_token_p50_ms=None,
        first_token_p95_ms=None,
        answers=0,
        errors={},
    )


@pytest.mark.parametrize(
    ("states", "light", "words"),
    [
        (["healthy", "open"], "green", "at once"),
        (["slow"], "green", "at once"),
        (["healthy", "open", "hold"], "amber", "Fewer models"),
        (["hold", "open"], "amber", "wait in line"),
        (["open", "probing"], "red", "No model can be reached"),
    ],
)
def test_a_tier_is_what_its_members_make_of_it(
    states: Sequence[State], light: str, words: str
) -> None:
    held = [member(state, until=None if state == "healthy" else SOON) for state in states]
    (tier,) = overview(held, ["fast"])["tiers"]
    assert (tier["name"], tier["light"]) == ("Fast", light)
    assert words in tier["words"]
    assert bool(tier["until"]) == ("wait in line" in tier["words"])
    assert "secret" not in str(overview(held, ["fast"])).lower()


def test_the_whole_is_down_only_when_every_tier_is() -> None:
    both = [member("open"), member("healthy", "smart")]
    assert overview(both, ["fast", "smart"])["light"] == "amber"
    assert overview(both[:1], ["fast"])["light"] == "red"
    assert overview(both[1:], ["smart"])["light"] == "green"
