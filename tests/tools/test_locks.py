"""The files of pins hold versions, and nothing of the machine that wrote them."""

import json
import re
import subprocess

import pytest

from tools import packages
from tools.phases import PROJECT


def test_pins_name_no_machine_and_no_index() -> None:
    for file in (packages.RUNTIME, packages.DEVELOPMENT):
        lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
        for line in lines:
            assert re.match(r"[\w.-]+(\[[\w,-]+\])?==[\w.+!]+( ;.*)?\s*(#.*)?$", line), line
            assert "://" not in line
            assert not re.search(r"[ =]/", line), line


def test_everything_that_is_asked_for_is_pinned() -> None:
    for source, target in (
        ("requirements.in", packages.RUNTIME),
        ("requirements-dev.in", packages.DEVELOPMENT),
    ):
        pinned = {line.split("==")[0] for line in target.read_text().splitlines() if "==" in line}
        for line in (PROJECT / source).read_text().splitlines():
            name = re.match(r"[\w.-]+", line)
            if name and not line.startswith("-"):
                assert re.sub(r"[-_.]+", "-", name[0]).lower() in pinned


def test_both_files_agree() -> None:
    pins = [
        dict(line.split()[0].split("==") for line in file.read_text().splitlines() if "==" in line)
        for file in (packages.RUNTIME, packages.DEVELOPMENT)
    ]
    common = pins[0].keys() & pins[1].keys()
    assert {name: pins[0][name] for name in common} == {name: pins[1][name] for name in common}


def test_the_lock_of_the_pages_names_no_registry(built_pages: None) -> None:
    lock = PROJECT / "reflex.lock" / "package-lock.json"
    entries = json.loads(lock.read_text())["packages"]
    assert not [name for name, entry in entries.items() if "resolved" in entry]
    assert [path.name for path in sorted(lock.parent.iterdir())] == [lock.name, "package.json"]


def test_a_build_leaves_the_lock_as_it_is(built_pages: None) -> None:
    if not (PROJECT / ".git").exists():
        pytest.skip("not a clone")
    status = ["git", "status", "--porcelain", "--", "reflex.lock"]
    changed = subprocess.run(status, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert not changed.stdout, "The pages need other packages: run `make lock` and commit."
