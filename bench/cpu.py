"""The processor time of another process."""

import time


def used(pid: int) -> float:
    """Seconds that all threads of a process have computed, to the nanosecond.

    Linux makes the number of a process's clock of its id: see ``clock_getcpuclockid(3)``.
    """
    return time.clock_gettime((~pid << 3) | 2)
