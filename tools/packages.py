"""The virtual environment and the Python packages in it."""

import shutil
import sys
from pathlib import Path

from tools import phases, stamps
from tools.phases import PROJECT

VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
RUNTIME = PROJECT / "requirements.txt"
DEVELOPMENT = PROJECT / "requirements-dev.txt"

OFFLINE = "The Python packages could not be downloaded: is this machine online?"
REASONS = {
    "no space left on device": "The disk is full.",
    "failed to establish a new connection": OFFLINE,
    "newconnectionerror": OFFLINE,
    "nameresolutionerror": OFFLINE,
    "connecttimeouterror": OFFLINE,
    "read timed out": OFFLINE,
    "cannot connect to proxy": OFFLINE,
    "max retries exceeded": OFFLINE,
    "hashes are required": "A package is not the one that was pinned.",
    "no matching distribution": "A package that is needed does not exist for this machine.",
}


def install(*, development: bool = False) -> None:
    """Make the environment hold just what the requirement files pin, if it does not yet."""
    wanted = [RUNTIME, DEVELOPMENT] if development else [RUNTIME]
    stamp = stamps.Stamp(VENV / f"installed-{wanted[-1].stem}")
    value = stamps.digest(wanted, sys.version, str(VENV))
    if stamp.fits(value) and PYTHON.exists():
        return
    for each in VENV.glob("installed-*"):
        each.unlink()
    _create()
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    for file in wanted:
        command += ["-r", file]
    title = "Installing Python packages" + (" (with those of the tests)" if development else "")
    phases.run(title, command, name="packages", reasons=REASONS)
    stamp.set(value)
    if development:
        runtime = stamps.digest([RUNTIME], sys.version, str(VENV))
        stamps.Stamp(VENV / f"installed-{RUNTIME.stem}").set(runtime)


def _create() -> None:
    """A new environment, unless the one that is there belongs to this Python and place."""
    made = stamps.Stamp(VENV / "made")
    value = f"{sys.version}\n{VENV}"
    if made.fits(value) and PYTHON.exists():
        return
    if VENV.exists():
        shutil.rmtree(VENV)
    phases.run(
        "Making a virtual environment",
        [sys.executable, "-m", "venv", VENV],
        name="venv",
        reasons={"no space left on device": "The disk is full."},
    )
    made.set(value)


def script(name: str) -> Path:
    """A program that a package brought."""
    return VENV / "bin" / name
