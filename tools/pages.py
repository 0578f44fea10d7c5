"""The build of the pages: from the Python sources to the files that a browser loads."""

import fcntl
import os
import subprocess

from tools import packages, phases, stamps
from tools.phases import PROJECT

WEB = PROJECT / ".web"
BUILT = WEB / "build" / "client" / "__spa-fallback.html"

OFFLINE = "The JavaScript packages could not be downloaded: is this machine online?"
REASONS = {
    "code enotfound": OFFLINE,
    "code eai_again": OFFLINE,
    "code econnrefused": OFFLINE,
    "code econnreset": OFFLINE,
    "code etimedout": OFFLINE,
    "network request": OFFLINE,
    "enospc": "The disk is full.",
    "heap out of memory": "There is too little memory to build the pages (about 1 GB is needed).",
}


def inputs() -> str:
    """What the pages are made from, as one number."""
    made_from = stamps.files(
        PROJECT / "chatapp",
        PROJECT / "assets",
        PROJECT / "reflex.lock",
        PROJECT / "rxconfig.py",
        PROJECT / ".npmrc",
        packages.RUNTIME,
    )
    return stamps.digest(made_from, str(PROJECT))


def build() -> None:
    """Build the pages if what they are made from has changed. A second build waits its turn."""
    phases.LOGS.mkdir(parents=True, exist_ok=True)
    with (phases.LOGS / "pages.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        _build()


def _build() -> None:
    stamp = stamps.Stamp(WEB / "built")
    if stamp.fits(inputs()) and BUILT.is_file():
        return
    stamp.clear()
    command = [packages.PYTHON, "-m", "reflex", "export", "--frontend-only", "--no-zip"]
    phases.run("Building the pages", command, name="pages", env=environment(), reasons=REASONS)
    # Read again: a changed set of packages has changed the lock file.
    stamp.set(inputs())


def environment() -> dict[str, str]:
    """What Reflex needs to build with the Node that pip installed, and with nothing else."""
    path = f"{packages.VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    asked = subprocess.run(
        [packages.script("npm"), "config", "get", "registry"],
        cwd=PROJECT,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return {
        "PATH": path,
        "REFLEX_USE_NPM": "1",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        # Else Reflex measures which of two registries answers faster.
        "NPM_CONFIG_REGISTRY": asked.stdout.strip(),
    }
