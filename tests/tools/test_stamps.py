"""What is done again, and what is not."""

from pathlib import Path

from tools import stamps


def test_a_digest_follows_names_contents_and_facts(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    one, two = tmp_path / "a" / "one.py", tmp_path / "two.py"
    one.write_text("1")
    two.write_text("2")
    first = stamps.digest(stamps.files(tmp_path))
    assert stamps.digest(stamps.files(tmp_path)) == first
    assert stamps.digest(stamps.files(tmp_path), "python 3.13") != first
    one.write_text("other")
    changed = stamps.digest(stamps.files(tmp_path))
    assert changed != first
    one.rename(tmp_path / "a" / "renamed.py")
    assert stamps.digest(stamps.files(tmp_path)) != changed


def test_a_digest_follows_the_folder_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "page.py").write_text("1")
    first = stamps.digest(stamps.files(tmp_path))
    (tmp_path / "a" / "page.py").rename(tmp_path / "b" / "page.py")
    assert stamps.digest(stamps.files(tmp_path)) != first


def test_what_python_and_reflex_write_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "page.py").write_text("1")
    before = stamps.files(tmp_path)
    for name in ("__pycache__", "external", "node_modules"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "made.py").write_text("1")
    assert stamps.files(tmp_path, tmp_path / "absent") == before


def test_a_stamp_fits_only_after_the_phase_ended(tmp_path: Path) -> None:
    stamp = stamps.Stamp(tmp_path / "folder" / "stamp")
    assert not stamp.fits("1")
    stamp.set("1")
    assert stamp.fits("1")
    assert not stamp.fits("2")
    stamp.clear()
    assert not stamp.fits("1")
