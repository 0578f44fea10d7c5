"""What a run says of the cores that it had."""

from bench.outcome import Outcome, attempt
from bench.speed import speed


async def test_the_work_takes_a_time_that_can_be_told() -> None:
    assert 0 < await speed() < 10_000


async def test_each_measure_says_how_fast_the_cores_were() -> None:
    outcome = Outcome("Some")

    async def breaks() -> None:
        raise TimeoutError

    await attempt(outcome, breaks())
    assert outcome.failure
    assert "The speed of the cores" in outcome.markdown()
