"""One phase of the set-up: it says what it does, shows that it moves, and fails in plain words."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LOGS = PROJECT / "run" / "setup"
TAIL = 15
STOP_SECONDS = 5.0


class Refusal(Exception):
    """Why the command cannot go on, as one sentence for the person at the terminal."""


def sentence(log: str, reasons: Mapping[str, str]) -> str | None:
    """The sentence of the first reason whose sign stands in the log."""
    lowered = log.lower()
    return next((said for sign, said in reasons.items() if sign.lower() in lowered), None)


def run(
    title: str,
    command: Sequence[str | Path],
    *,
    name: str,
    env: Mapping[str, str] | None = None,
    reasons: Mapping[str, str] | None = None,
    descriptors: Sequence[int] = (),
) -> None:
    """Run a command with its output in a log file and a sign of life on the terminal.

    Args:
        title: What is being done, as the person reads it.
        command: The program and its arguments.
        name: The log file's name.
        env: What the command's environment has besides ours.
        reasons: Signs in the log, each with the sentence that explains it.
        descriptors: Open files that it inherits. It may be another user's, who cannot enter the
            project, and then runs outside of it.

    Raises:
        Refusal: the command failed.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    started = time.monotonic()
    with log.open("wb") as output, _Ticker(title) as ticker:
        # In a session of its own, so that one signal ends it with all of its children.
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd="/" if descriptors else PROJECT,
            pass_fds=descriptors,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            while process.poll() is None:
                ticker.tick(time.monotonic() - started)
                _wait(process)
        finally:
            if process.returncode is None:
                _end(process)
        ticker.end(time.monotonic() - started, failed=process.returncode != 0)
    if process.returncode != 0:
        raise _refusal(title, log, reasons or {})


def _refusal(title: str, log: Path, reasons: Mapping[str, str]) -> Refusal:
    text = log.read_text(errors="replace")
    where = f"The whole log is in {log.relative_to(PROJECT)}."
    known = sentence(text, reasons)
    if known is not None:
        return Refusal(f"{known} {where}")
    for line in text.splitlines()[-TAIL:]:
        print(f"    {line}", file=sys.stderr)
    return Refusal(f"“{title}” failed. {where}")


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=1.0)
    except subprocess.TimeoutExpired:
        return


def _end(process: subprocess.Popen[bytes]) -> None:
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
            process.wait(timeout=STOP_SECONDS)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


class _Ticker:
    """Elapsed seconds on a terminal; a dot every few seconds where output goes to a file."""

    EVERY = 3.0

    def __init__(self, title: str) -> None:
        self._title = title
        self._terminal = sys.stdout.isatty()
        self._dots = 0
        self._open = True

    def __enter__(self) -> "_Ticker":
        print(f"{self._title} …", end="", flush=True)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._open:
            print(flush=True)

    def tick(self, seconds: float) -> None:
        if self._terminal:
            print(f"\r{self._title} … {seconds:.0f} s", end="", flush=True)
        elif seconds >= (self._dots + 1) * self.EVERY:
            self._dots += 1
            print(".", end="", flush=True)

    def end(self, seconds: float, *, failed: bool) -> None:
        start = f"\r{self._title} … " if self._terminal else " "
        said = "failed after" if failed else "done in"
        print(f"{start}{said} {seconds:.0f} s", flush=True)
        self._open = False
