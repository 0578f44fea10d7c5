"""Logs stay short, and what a program says is heard from the right place on."""

from pathlib import Path

import pytest

from tools import logs


def test_only_a_large_log_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LARGEST", 10)
    log, aside = tmp_path / "access.log", tmp_path / "access.old.log"
    assert not logs.put_aside(log)
    log.write_text("0123456789")
    assert not logs.put_aside(log)
    log.write_text("older than all")
    assert logs.put_aside(log)
    log.write_text("the next one")
    assert logs.put_aside(log)
    assert not log.exists()
    assert aside.read_text() == "the next one"


def test_what_was_said_before_does_not_count(tmp_path: Path) -> None:
    log = tmp_path / "program.log"
    log.write_text("It is there.\n")
    before = logs.size(log)
    assert logs.says(log, "It is there")
    assert not logs.says(log, "It is there", before)
    with log.open("a") as file:
        file.write("Beginning …\nIt is there again.\n")
    assert logs.says(log, "It is there", before)
    assert logs.says(log, "", before)
