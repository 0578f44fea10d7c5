"""Charts as paths, with words for who does not see them."""

from datetime import UTC, datetime, timedelta

import pytest

from chatapp.admin.overview.charts import HEIGHT, WIDTH, chart
from chatapp.history.series import quantile
from chatapp.pool.outlook import day_ends
from chatapp.pool.status import MemberStatus, Quota

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_bars_stand_on_each_other_and_reach_the_top_once() -> None:
    made = chart("Answers", 0, 60, [("Done", "good", [3, 0]), ("Failed", "bad", [1, 2])])
    assert made["top"] == "4"
    done, failed = made["paths"]
    assert done["d"] == f"M{WIDTH * 0.05:.1f} 30.0h240.0v90.0h-240.0z"
    assert failed["d"].startswith("M30.0 0.0h240.0v30.0")
    assert f"M330.0 {HEIGHT / 2:.1f}" in failed["d"]
    assert [tip["words"] for tip in made["tips"]] == ["done 3, failed 1", "failed 2"]
    assert made["summary"] == "Done 3 at most, failed 2 at most."
    assert (made["first"], made["last"]) == (
        "1970-01-01T00:00:00+00:00",
        "1970-01-01T00:02:00+00:00",
    )


def test_a_line_has_gaps_where_nothing_was_measured() -> None:
    made = chart("First word", 0, 60, [("p50", "good", [1.5, None, 3])], lines=True, unit=" s")
    assert made["paths"][0]["d"] == "M100.0 60.0h0.1M500.0 0.0h0.1"
    assert made["top"] == "3 s"


def test_of_nothing_nothing_is_drawn_and_that_is_said() -> None:
    made = chart("Answers", 0, 60, [("Done", "good", [0, 0])])
    assert made["paths"][0]["d"] == ""
    assert made["summary"] == "Nothing was counted in this time."


def test_quantiles_of_buckets() -> None:
    assert quantile({}, 0.5) is None
    assert quantile({"1.0": 10}, 0.5) == pytest.approx(0.75)
    assert quantile({"0.1": 50, "0.5": 50}, 0.95) == pytest.approx(0.475)
    assert quantile({"+Inf": 1}, 0.5) == 300


def member(left: int, resets: datetime | None) -> MemberStatus:
    quotas = (Quota("rpd", 1000, left, resets),)
    return MemberStatus(
        "groq/a", "Groq · a", ("fast",), "healthy", "", None, quotas, 0, None, None, None, 0, {}
    )


def test_when_a_day_ends_at_the_present_pace() -> None:
    midnight = NOW + timedelta(hours=12)
    end = day_ends(member(360, midnight), 0.1, NOW)
    assert end is not None
    assert end.at == NOW + timedelta(hours=1)
    for pace in (0, 0.001):
        lasts = day_ends(member(360, midnight), pace, NOW)
        assert lasts is not None
        assert lasts.at is None
    over = day_ends(member(0, midnight), 0, NOW)
    assert over is not None
    assert over.at is not None
