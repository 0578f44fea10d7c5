"""A phase shows that it moves, and fails in plain words."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tools import packages, phases
from tools.phases import PROJECT, Refusal


@pytest.fixture(autouse=True)
def _logs_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phases, "LOGS", tmp_path)
    monkeypatch.setattr(phases, "PROJECT", tmp_path)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_phase_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    phases.run("Counting", python("print(1)"), name="count")
    assert capsys.readouterr().out == "Counting … done in 0 s\n"


def test_a_failure_shows_the_end_of_its_log(capsys: pytest.CaptureFixture[str]) -> None:
    code = "for n in range(50): print('line', n)\nraise SystemExit(3)"
    with pytest.raises(Refusal, match=r"“Counting” failed. The whole log is in count.log"):
        phases.run("Counting", python(code), name="count")
    shown = capsys.readouterr()
    assert "line 49" in shown.err
    assert "line 20" not in shown.err
    assert "failed after" in shown.out


def test_a_known_reason_is_said_in_its_sentence() -> None:
    with pytest.raises(Refusal, match=r"^The disk is full\."):
        phases.run(
            "Filling",
            python("raise SystemExit('OSError: [Errno 28] No space left on device')"),
            name="fill",
            reasons=packages.REASONS,
        )


def test_a_known_reason_needs_no_log(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Refusal):
        phases.run("Filling", python("exit('enospc')"), name="fill", reasons={"enospc": "Full."})
    assert capsys.readouterr().err == ""


def test_no_network_is_one_sentence(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--target", str(tmp_path / "x"), "some-package"]
    env = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_FIND_LINKS": "",
        "PIP_RETRIES": "1",
        "no_proxy": "*",
    }
    with pytest.raises(Refusal, match=r"^The Python packages could not be downloaded"):
        phases.run("Installing", pip, name="pip", env=env, reasons=packages.REASONS)


def test_a_signal_leaves_no_child(tmp_path: Path) -> None:
    child = "import os, time, pathlib; pathlib.Path('pid').write_text(str(os.getpid()))\n"
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from tools import commands, phases\n"
        "phases.PROJECT = phases.LOGS = Path(sys.argv[2])\n"
        "def run(arguments):\n"
        "    phases.run('Sleeping', [sys.executable, '-c', sys.argv[3]], name='sleep')\n"
        "    return 0\n"
        "commands.run = run\n"
        "sys.exit(commands.main(['run']))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(PROJECT), str(tmp_path), f"{child}time.sleep(60)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    pid = tmp_path / "pid"
    deadline = time.monotonic() + 10
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _out, error = process.communicate(timeout=10)
    assert process.returncode == 130
    assert error == "Stopped.\n"
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
