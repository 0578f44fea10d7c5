"""The files of pins hold versions, and nothing of the machine that wrote them."""

import json
import re

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


@pytest.mark.parametrize("name", ["package.json", "package-lock.json"])
def test_the_build_used_the_lock_as_it_is(name: str, built_pages: None) -> None:
    kept, used = PROJECT / "reflex.lock" / name, PROJECT / ".web" / name
    assert json.loads(kept.read_text()) == json.loads(used.read_text())
