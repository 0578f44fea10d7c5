"""The commands behind the make targets."""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tools import copies, locks, machine, packages, pages, phases
from tools import up as installation
from tools.phases import PROJECT, Refusal

LEFTOVERS = (
    ".venv",
    ".web",
    ".states",
    "run",
    ".pytest_cache",
    ".ruff_cache",
    ".hypothesis",
    ".import_linter_cache",
    "assets/external",
)


def main(arguments: Sequence[str]) -> int:
    """Run a command; its exit code is the result."""
    commands = {"run": run, "up": up, "restart": restart, "build": build, "test": test}
    commands |= {"check": check, "bench": bench, "backup": backup, "restore": restore}
    commands |= {"clean": clean, "lock": lock}
    if not arguments or arguments[0] not in commands:
        print(f"Say one of: {', '.join(commands)}.", file=sys.stderr)
        return 2
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, _interrupt)
    try:
        return commands[arguments[0]](arguments[1:])
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _alone() -> Iterator[None]:
    """One set-up at a time in a tree: a second one waits for the first."""
    phases.LOGS.mkdir(parents=True, exist_ok=True)
    with (phases.LOGS / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another set-up in this folder to end …", flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def run(_arguments: Sequence[str]) -> int:
    """From a clone to a served app."""
    host, port = machine.address()
    machine.check_venv()
    machine.check_port(host, port)
    with _alone():
        packages.install()
        chatapp = [packages.PYTHON, "-m", "chatapp"]
        phases.run("Preparing the database", [*chatapp, "migrate"], name="migrate")
        pages.build()
    sys.stdout.flush()
    os.chdir(PROJECT)
    # In place of this process, so that a signal reaches the server and no child is left.
    os.execv(chatapp[0], [str(part) for part in [*chatapp, "serve"]])


def up(_arguments: Sequence[str]) -> int:
    """From a clone to PostgreSQL, Redis, several backends and nginx, all on this machine."""
    machine.check_venv()
    machine.ensure_servers()
    _prepare()
    return installation.up()


def restart(_arguments: Sequence[str]) -> int:
    """What is up goes on with the code as it is now."""
    machine.check_venv()
    _prepare()
    return installation.restart()


def build(_arguments: Sequence[str]) -> int:
    """Everything that is needed to serve, and nothing served."""
    machine.check_venv()
    _prepare()
    return 0


def backup(_arguments: Sequence[str]) -> int:
    """Everything that must last, in one file, while it runs."""
    _packages()
    return copies.back_up()


def restore(_arguments: Sequence[str]) -> int:
    """Everything that such a file holds, in a database where nobody is yet."""
    _packages()
    return copies.restore()


def _packages() -> None:
    machine.check_venv()
    with _alone():
        packages.install()


def _prepare() -> None:
    with _alone():
        packages.install()
        pages.build()


def test(arguments: Sequence[str]) -> int:
    """Everything that continuous integration asks."""
    started = time.monotonic()
    machine.check_venv()
    machine.ensure_programs()
    with _alone():
        packages.install(development=True)
        pages.build()
    checked = check(())
    tested = _call(packages.PYTHON, "-m", "pytest", *arguments)
    print(f"{time.monotonic() - started:.0f} seconds in all.", flush=True)
    return checked or tested


def check(_arguments: Sequence[str]) -> int:
    """Formatting, lint, types and the architecture; all of them, whatever the first says."""
    with _alone():
        machine.check_venv()
        packages.install(development=True)
    env = {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}
    python = packages.PYTHON
    return max(
        _call(python, "-m", "ruff", "format", "--check", "."),
        _call(python, "-m", "ruff", "check", "."),
        _call(python, "-m", "pyright", env=env),
        _call(packages.script("lint-imports")),
    )


def bench(arguments: Sequence[str]) -> int:
    """The benchmarks, on the same set-up as the tests."""
    machine.check_venv()
    machine.ensure_programs()
    with _alone():
        packages.install(development=True)
        pages.build()
    return _call(packages.PYTHON, "-m", "bench", *arguments)


def clean(_arguments: Sequence[str]) -> int:
    """Remove what set-up made. The data of the installation stays."""
    for name in LEFTOVERS:
        shutil.rmtree(PROJECT / name, ignore_errors=True)
    return 0


def lock(arguments: Sequence[str]) -> int:
    """Pin what Python and the pages need; ``ARGS=upgrade``: in the newest versions that fit."""
    machine.check_venv()
    with _alone():
        packages.install(development=True)
        locks.lock(upgrade="upgrade" in arguments)
        packages.install(development=True)
        # Afresh, for a build on top of another leaves traces of it in the lock.
        shutil.rmtree(PROJECT / ".web", ignore_errors=True)
        pages.build()
    return 0


def _call(program: Path, *arguments: str, env: dict[str, str] | None = None) -> int:
    """A program whose output is what the person wants to see."""
    shown = " ".join([program.name, *arguments]).removeprefix("python -m ")
    print(f"\n$ {shown}", flush=True)
    command = [str(program), *arguments]
    return subprocess.call(command, cwd=PROJECT, env={**os.environ, **(env or {})})
