"""What a report was made on."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from bench.outcome import Table
from chatapp.settings import PROJECT


def description() -> Table:
    """The machine, the moment and the code."""
    rows = [
        ["date", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"],
        ["commit", _commit()],
        ["cores", f"{os.cpu_count()}"],
        ["CPU", _after("/proc/cpuinfo", "model name") or platform.machine()],
        ["memory", _memory()],
        ["system", f"{platform.system()} {platform.release()}"],
        ["Python", platform.python_version()],
    ]
    return Table("The machine", ["what", "value"], rows)


def _commit() -> str:
    name = _git("rev-parse", "--short", "HEAD")
    if not name:
        return "not known"
    # The report itself and the costs are written by a run.
    changed = _git("status", "--porcelain", "--", "chatapp", "nginx", "tools", "bench/*.py")
    return f"{name}, with changes that are not committed" if changed else name


def _git(*arguments: str) -> str:
    try:
        said = subprocess.run(
            ["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return said.stdout.strip() if said.returncode == 0 else ""


def _memory() -> str:
    kilobytes = _after("/proc/meminfo", "MemTotal").removesuffix(" kB")
    return f"{int(kilobytes) / 2**20:.1f} GB" if kilobytes.isdecimal() else "not known"


def _after(file: str, name: str) -> str:
    """What stands behind a name in a file of Linux."""
    for line in Path(file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
