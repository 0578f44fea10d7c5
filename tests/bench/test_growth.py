"""What is said of the steps of a run: the wall by its name, what a thousand people more cost."""

from collections.abc import Mapping

import pytest

from bench.growth import tables, thousand, walls
from bench.ladder import Step
from bench.load.counts import Counts
from bench.run import Phase

NOTHING: Mapping[str, float] = {}
MEMORY = {"backends": 100.0, "nginx": 20.0, "PostgreSQL": 50.0, "Redis": 5.0}


def _step(
    streams: int,
    *,
    axis: str = "streams",
    number: int = 1,
    late: float = 100.0,
    people: int = 1000,
    memory: float = 1.0,
    used: Mapping[str, float] = NOTHING,
) -> Step:
    """So many backends, and the cores that all of them and other parts used in ten seconds."""
    seen = Counts()
    if streams:
        seen.delay("word", late)
    cores = {"backends": 0.1, "Redis": 0.01, "PostgreSQL": 0.02, "nginx": 0.01} | dict(used)
    cpu = {part: share * 10 for part, share in cores.items()}
    phase = Phase("a step", 10.0, seen, cpu, people, people, [streams, streams])
    return Step(axis, number, people, phase, {part: of * memory for part, of in MEMORY.items()})


def test_the_wall_is_the_first_part_that_fills_its_core() -> None:
    steps = [_step(50, number=2, used={"backends": 1.0}), _step(90, number=2, used={"Redis": 0.9})]
    assert walls(steps) == [
        "Backends: 2; answers: the first wall is Redis' core, at 90 answers at a time."
    ]
    steps = [_step(80, used={"backends": 0.9}), _step(90, used={"Redis": 0.9})]
    assert walls(steps) == [
        "Backends: 1; answers: the first wall is a backend's core, at 80 answers at a time."
    ]


@pytest.mark.parametrize(
    ("used", "name"),
    [
        ({"backends": 0.86}, "a backend's core"),
        ({"Redis": 0.86}, "Redis' core"),
        ({"PostgreSQL": 0.86}, "PostgreSQL"),
        ({"nginx": 0.86}, "nginx"),
        ({"generator": 1.7}, "the machine's 2 cores"),
        ({"backends": 0.9, "generator": 0.9}, "a backend's core and the machine's 2 cores"),
    ],
)
def test_a_wall_has_the_name_of_what_used_its_processor_time(
    used: dict[str, float], name: str
) -> None:
    assert _step(80, used=used).wall == name


def test_lateness_alone_is_a_wall_that_names_who_used_most() -> None:
    assert _step(80, late=501.0).wall == "lateness with no core full (backends used most)"


def test_no_wall_is_told_with_how_far_it_went() -> None:
    assert walls([_step(20), _step(80)]) == [
        "Backends: 1; answers: no wall up to 80 answers at a time."
    ]


def test_events_are_as_late_as_the_pages_that_they_show() -> None:
    step = _step(0, axis="events")
    for _ in range(300):
        step.phase.seen.note("switched")
        step.phase.seen.delay("page shown", 501)
    assert step.wall
    assert step.load == "30 events a second"


def test_a_thousand_people_more_cost_each_part_the_difference_of_the_steps() -> None:
    few = _step(0, axis="people", people=1, memory=0.1)
    some = _step(0, axis="people", people=1000, used={"backends": 0.1})
    many = _step(0, axis="people", people=3000, used={"backends": 0.2}, memory=3.0)
    table = thousand([few, some, many])
    assert table
    rows = {row[0]: list(row[1:]) for row in table.rows}
    assert rows["backends"] == ["50.0 ms/s", "100.0 MB"]
    assert rows["Redis"] == ["0.0 ms/s", "5.0 MB"]
    assert thousand([few]) is None


def test_each_axis_has_a_table_and_each_step_a_line() -> None:
    steps = [_step(0, axis="people"), _step(5), _step(9), _step(0, axis="events")]
    made = tables(steps)
    assert [len(table.rows) for table in made] == [1, 2, 1]
    assert all(table.markdown().count("\n") == len(table.rows) + 1 for table in made)
