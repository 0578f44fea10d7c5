"""The installation's secret: one for all processes, a key of its own for each purpose."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from chatapp import secret
from chatapp.settings import Settings, settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder that nobody has used yet."""
    monkeypatch.setenv("CHATAPP_DATA_DIR", str(tmp_path / "data"))
    _forget()
    yield tmp_path / "data"
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    settings.cache_clear()
    secret.key_for.cache_clear()


def test_it_is_made_once_and_kept_from_others(folder: Path) -> None:
    first = secret.key_for("one")
    assert len(first) == 32
    assert secret.key_for("another") != first
    _forget()
    assert secret.key_for("one") == first
    assert (folder / secret.FILE).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in folder.iterdir()] == [secret.FILE]


def test_processes_that_start_at_once_have_the_same(folder: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        found = set(threads.map(lambda _: secret._kept(folder / secret.FILE), range(16)))
    assert len(found) == 1
    assert len(found.pop()) == 64


def test_a_setting_says_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = secret.key_for("one")
    monkeypatch.setenv("CHATAPP_SECRET", "x" * 32)
    _forget()
    assert secret.key_for("one") != made
    assert "xxxx" not in repr(settings())


def test_a_short_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATAPP_SECRET", "too short")
    with pytest.raises(ValidationError):
        Settings()
