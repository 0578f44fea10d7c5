"""The processor time and the memory of groups of processes, from ``/proc``."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Use:
    """What a group of processes has used."""

    cpu: float
    """Seconds of processor time since they began, ended children included."""
    memory: float
    """Megabytes now; what processes share counts once."""


def uses(groups: Mapping[str, Iterable[int]], *, memory: bool = False) -> dict[str, Use]:
    """What each group has used: its processes and all that descend from them."""
    children: dict[int, list[int]] = defaultdict(list)
    ticks: dict[int, tuple[int, int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(entry.name)
        children[int(fields[1])].append(pid)
        ticks[pid] = (int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14]))
    made: dict[str, Use] = {}
    for name, roots in groups.items():
        cpu = megabytes = 0.0
        waiting = list(roots)
        while waiting:
            pid = waiting.pop()
            own, ended = ticks.get(pid, (0, 0))
            cpu += (own + ended) / _TICK
            megabytes += _megabytes(pid) if memory else 0.0
            waiting += children[pid]
        made[name] = Use(cpu, megabytes)
    return made


def _megabytes(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
