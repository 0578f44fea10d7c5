"""How the load runs beside what it measures, on the cores that both have."""

import os


def wait_for_turn() -> None:
    """Have no wake-up of this process interrupt another one, where the system can do that.

    People and providers have machines of their own: they are not to take a core from a server in
    the middle of its work each time a packet comes. What they hear late for it counts as late.
    """
    if hasattr(os, "SCHED_BATCH"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
