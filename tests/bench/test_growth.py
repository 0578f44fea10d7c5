"""What is said of the steps of a run: the wall by its name, what a thousand people more cost."""

from bench.growth import Step, thousand, walls
from bench.load.counts import Counts
from bench.people import Phase


def _step(
    streams: int,
    *,
    number: int = 1,
    late: float = 100.0,
    people: int = 1000,
    backends: float = 0.1,
    redis: float = 0.01,
) -> Step:
    """So many backends, and the cores that all of them and Redis used."""
    seen = Counts()
    if streams:
        seen.delay("word", late)
    cores = {"backends": backends, "Redis": redis, "PostgreSQL": 0.02, "nginx": 0.01}
    cpu = {part: used * 10 for part, used in cores.items()}
    phase = Phase("a step", 10.0, seen, cpu, people, [streams, streams])
    return Step(number, people, phase, 0.0 if streams else 150.0)


def test_the_wall_is_the_first_part_that_fills_its_core() -> None:
    steps = [_step(50, number=2, backends=1.0), _step(90, number=2, redis=0.9)]
    assert walls(steps) == ["2 backends: the first wall is Redis' core, at 90 answers at a time."]
    steps = [_step(80, backends=0.9), _step(90, redis=0.9)]
    assert walls(steps) == [
        "1 backends: the first wall is a backend's core, at 80 answers at a time."
    ]


def test_words_that_come_late_while_no_core_is_full_are_the_machines_wall() -> None:
    assert walls([_step(80, late=501.0)]) == [
        "1 backends: the first wall is the machine's two cores, at 80 answers at a time."
    ]


def test_no_wall_is_told_with_how_far_it_went() -> None:
    assert walls([_step(20), _step(80)]) == ["1 backends: no wall up to 80 answers at a time."]


def test_a_thousand_people_more_cost_the_difference_of_the_steps() -> None:
    few = _step(0, people=1000, backends=0.1)
    many = _step(0, people=3000, backends=0.2)
    assert thousand([few, many]) == (
        "A thousand people more take 50 ms of CPU a second and 146 MB."
    )
