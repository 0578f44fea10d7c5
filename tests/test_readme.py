"""The README: what it claims is held by tests that exist, what it names is there."""

import re

import pytest

from chatapp.settings import PROJECT, Settings

README = (PROJECT / "README.md").read_text()
TESTS = sorted(set(re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", README)))


@pytest.mark.parametrize(("path", "name"), TESTS)
def test_every_test_that_a_claim_names_exists(path: str, name: str) -> None:
    assert (PROJECT / path).exists()
    assert not name or f"def {name}(" in (PROJECT / path).read_text()


def test_every_claim_names_a_test() -> None:
    rows = README.split("| claim | test |")[1].split("\n\n")[0].splitlines()[2:]
    assert len(rows) > 15
    assert all("`tests/" in row for row in rows)


def test_every_setting_it_names_is_one() -> None:
    known = {
        str(field.validation_alias or f"CHATAPP_{name.upper()}")
        for name, field in Settings.model_fields.items()
    }
    named = set(re.findall(r"`(CHATAPP_\w+|HOST|PORT|DATABASE_\w+|REDIS_URL)`", README))
    assert named <= known


def test_every_file_it_shows_or_links_to_is_there() -> None:
    links = re.findall(r"\]\(((?!https?:)[^)#]+)\)", README)
    assert links
    assert all((PROJECT / link).exists() for link in links)
