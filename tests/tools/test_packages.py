"""The environment is made once, and made again when it no longer fits."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools import packages, phases


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The phases that were run; making an environment makes an empty one."""
    done: list[str] = []

    def run(title: str, command: Sequence[str | Path], *, name: str, **_options: object) -> None:
        done.append(name)
        if name == "venv":
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", command[-1]], check=True)

    monkeypatch.setattr(phases, "run", run)
    venv = tmp_path / ".venv"
    for name, path in {
        "VENV": venv,
        "PYTHON": venv / "bin" / "python",
        "RUNTIME": tmp_path / "requirements.txt",
        "DEVELOPMENT": tmp_path / "requirements-dev.txt",
    }.items():
        monkeypatch.setattr(packages, name, path)
    packages.RUNTIME.write_text("one==1\n")
    packages.DEVELOPMENT.write_text("one==1\ntwo==2\n")
    return done


def test_nothing_is_done_twice(calls: list[str]) -> None:
    packages.install()
    packages.install()
    assert calls == ["venv", "packages"]


def test_development_contains_runtime(calls: list[str]) -> None:
    packages.install(development=True)
    packages.install()
    packages.install(development=True)
    assert calls == ["venv", "packages"]


def test_other_pins_are_installed_into_the_same_environment(calls: list[str]) -> None:
    packages.install()
    packages.RUNTIME.write_text("one==1.1\n")
    packages.install()
    assert calls == ["venv", "packages", "packages"]


def test_an_interrupted_installation_is_done_again(
    calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    packages.install()
    packages.RUNTIME.write_text("one==1.1\n")
    whole = phases.run

    def interrupted(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(phases, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        packages.install()
    packages.RUNTIME.write_text("one==1\n")
    monkeypatch.setattr(phases, "run", whole)
    packages.install()
    assert calls == ["venv", "packages", "packages"]


def test_a_broken_environment_is_made_anew(calls: list[str]) -> None:
    packages.install()
    packages.PYTHON.unlink()
    packages.PYTHON.symlink_to(os.devnull)
    packages.install()
    assert calls == ["venv", "packages"] * 2


def test_a_half_made_environment_is_made_anew(calls: list[str]) -> None:
    packages.VENV.mkdir()
    (packages.VENV / "left-over").touch()
    packages.install()
    assert calls == ["venv", "packages"]
    assert not (packages.VENV / "left-over").exists()
