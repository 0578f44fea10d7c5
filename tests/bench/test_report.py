"""The report: what is in it whatever breaks off, and when it fails."""

from pathlib import Path

import pytest

from bench import report
from bench.outcome import Outcome, Table
from bench.plan import Plan


def _measure(outcome: Outcome, number: int) -> None:
    outcome.tables.append(Table("Words", ["what", "times"], [["words", str(number)]]))
    outcome.bar("enough", str(number), passed=number > 1)


async def _good(outcome: Outcome) -> None:
    _measure(outcome, 2)


async def _missed(outcome: Outcome) -> None:
    _measure(outcome, 1)


async def _wrong(outcome: Outcome) -> None:
    _measure(outcome, 3)
    outcome.wrong.append("a wrong answer")


async def _breaks(outcome: Outcome) -> None:
    _measure(outcome, 4)
    raise TimeoutError("Not everybody came.")


@pytest.mark.parametrize(
    ("measure", "code", "said"),
    [
        (_good, 0, "- PASS: enough; found: 2"),
        (_missed, 1, "- OVER: enough; found: 1"),
        (_wrong, 1, "- WRONG: a wrong answer"),
        (_breaks, 1, "- FAILED: TimeoutError: Not everybody came."),
    ],
)
async def test_it_fails_with_a_missed_bar_an_error_or_a_section_that_breaks_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, measure: object, code: int, said: str
) -> None:
    known = {
        "first": report.Section(Outcome("First"), measure),  # pyright: ignore[reportArgumentType]
        "second": report.Section(Outcome("Second"), _good),
    }
    monkeypatch.setattr(report, "sections", lambda options, save: known)
    file = tmp_path / "report.md"
    assert await report.main([f"to={file}", "people=5"]) == code
    text = file.read_text()
    assert said in text
    assert "| words | " in text.partition("## First")[2]
    assert "## Second" in text
    assert "NOT MEASURED" not in text


async def test_what_was_left_out_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    known = {name: report.Section(Outcome(name), _good) for name in ("first", "second")}
    monkeypatch.setattr(report, "sections", lambda options, save: known)
    file = tmp_path / "report.md"
    assert await report.main([f"to={file}", "only=second"]) == 0
    assert "NOT MEASURED: first." in file.read_text()


def test_options_are_every_sections() -> None:
    made = report.sections(["people=50", "streams=4"], save=False)
    assert list(made) == [
        "people",
        "growth",
        "bad-day",
        "recovery",
        "faults",
        "leaks",
        "relay",
        "peers",
    ]
    assert "50 signed-in people" in made["people"].outcome.intro
    assert "Up to 50 people and 4 answers" in made["growth"].outcome.intro
    with pytest.raises(SystemExit, match="No such option"):
        report.sections(["peeple=50"], save=False)


def test_a_plan_is_what_the_words_say() -> None:
    plan = Plan.of(["200", "streams=10", "settle=2.5"], crowds=2)
    assert (plan.people, plan.streams, plan.settle, plan.crowds) == (200, 10, 2.5, 2)
    assert plan.manners.words == plan.words
