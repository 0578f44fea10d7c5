"""How fast the cores are at the moment: virtual ones are not always the same.

Who shares a processor's core with others has half as much again to wait for the same work; so what
a run says of times and costs is to be read beside this.
"""

import asyncio
import os
import statistics
import sys
import time

STEPS = 200_000
TIMES = 30


def work() -> float:
    """Do some work, always the same; the milliseconds that it took."""
    began, found = time.perf_counter(), dict[int, int]()
    for step in range(STEPS):
        found[step % 1000] = found.get(step * 7 % 1000, 0) + step
    return (time.perf_counter() - began) * 1000


async def speed() -> float:
    """The milliseconds that the work takes when all cores do it at once: the median."""
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.speed", stdout=asyncio.subprocess.PIPE
        )
        for _ in range(os.cpu_count() or 1)
    ]
    said = [(await each.communicate())[0] for each in running]
    return statistics.median(float(took) for lines in said for took in lines.split())


if __name__ == "__main__":
    for _ in range(TIMES):
        print(work())
