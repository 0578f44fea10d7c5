"""The virtual environment and the Python packages in it."""

import os
import shutil
import subprocess
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
    if stamp.fits(_value(wanted)):
        return
    for each in VENV.glob("installed-*"):
        each.unlink()
    _create()
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    for file in wanted:
        command += ["-r", file]
    title = "Installing Python packages" + (" (with those of the tests)" if development else "")
    # Few, so that a machine without a network is told soon.
    env = {"PIP_RETRIES": os.environ.get("PIP_RETRIES", "3")}
    phases.run(title, command, name="packages", env=env, reasons=REASONS)
    stamp.set(_value(wanted))
    if development:
        stamps.Stamp(VENV / f"installed-{RUNTIME.stem}").set(_value([RUNTIME]))


def _value(wanted: list[Path]) -> str:
    return stamps.digest(wanted, _version() or "none", str(VENV))


def _version() -> str | None:
    """The Python of the environment, if there is one that runs and is new enough."""
    code = "import sys; print(sys.version if sys.version_info >= (3, 11) else '')"
    try:
        asked = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return asked.stdout or None


def _create() -> None:
    """A new environment, unless there is one that works and was made in this place."""
    made = stamps.Stamp(VENV / "made")
    if made.fits(str(VENV)) and _version():
        return
    if VENV.exists():
        shutil.rmtree(VENV)
    phases.run(
        "Making a virtual environment",
        [sys.executable, "-m", "venv", VENV],
        name="venv",
        reasons={"no space left on device": "The disk is full."},
    )
    made.set(str(VENV))


def script(name: str) -> Path:
    """A program that a package brought."""
    return VENV / "bin" / name
