"""The entry of make: it must speak on Pythons that chatapp cannot run on."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tools.phases import PROJECT

ENTRY = PROJECT / "tools" / "setup.py"

PRETEND = """
import runpy, sys
sys.version_info = (3, 9, 2, "final", 0)
sys.argv = ["setup.py", "run"]
runpy.run_path({entry!r}, run_name="__main__")
"""


def test_the_entry_parses_on_old_pythons() -> None:
    ast.parse(ENTRY.read_text(), feature_version=(3, 7))


def test_an_old_python_is_told_in_one_sentence(tmp_path: Path) -> None:
    script = PRETEND.format(entry=str(ENTRY))
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("chatapp needs Python 3.11 or newer, and this is Python 3.9:")
    assert done.stderr.count("\n") == 1


def test_an_old_python_hands_over_to_a_newer_one(tmp_path: Path) -> None:
    newer = tmp_path / "python3.12"
    newer.write_text('#!/bin/sh\n[ "$1" = -c ] || echo "newer: $2"\n')
    newer.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", PRETEND.format(entry=str(ENTRY))],
        env={"PATH": f"{tmp_path}:/bin:/usr/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "newer: run\n"


@pytest.mark.parametrize("arguments", [[], ["fly"]])
def test_an_unknown_command_names_the_known_ones(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, ENTRY, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "run, up, restart, build, test" in done.stderr
