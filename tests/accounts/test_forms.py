import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.accounts import flash
from chatapp.accounts.flash import Flash, decoded
from chatapp.accounts.forms import local_path
from chatapp.accounts.problems import Problem


@pytest.mark.parametrize("path", ["/c/1", "/settings", "/c/1?x=2#y", "/c/a:b"])
def test_local_paths_are_followed(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "c/1",
        "//evil.com",
        "///evil.com",
        "/\\evil.com",
        "\\\\evil.com",
        "https://evil.com",
        "javascript:alert(1)",
        "/\tevil",
        "/\n/evil.com",
        " /c/1",
        "/c/\x7f",
        "/auth/sign-out",
        "/_event",
        "/" + "x" * 600,
    ],
)
def test_everything_else_leads_home(path: str | None) -> None:
    assert local_path(path) == "/"


@given(st.text())
def test_a_path_never_leaves_the_site(text: str) -> None:
    path = local_path(text)
    assert path.startswith("/")
    assert not path.startswith(("//", "/\\"))


def test_a_flash_survives_its_cookie() -> None:
    word = Flash(Problem.THROTTLED, "/login", "ada@example.org", 12)
    assert decoded(word.encoded()) == word
    assert decoded(word.encoded(), "/signup") is None
    assert "12 seconds" in word.words


def test_a_flash_is_gone_after_a_minute() -> None:
    old = Flash(Problem.WRONG, "/login", at=time.time() - flash.SECONDS - 1)
    assert decoded(old.encoded()) is None


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_cookie_can_be_read(text: str) -> None:
    decoded(text)


@pytest.mark.parametrize(
    "word",
    [
        Flash("<script>", "/login"),
        Flash("", "/login"),
        Flash(Problem.WRONG, "/login", at=float("nan")),
        Flash(Problem.WRONG, "/login", email=["x"]),  # pyright: ignore[reportArgumentType]
        Flash(Problem.WRONG, "/login", wait="x"),  # pyright: ignore[reportArgumentType]
        Flash(Problem.WRONG, "/login", email="x" * 3000),
    ],
)
def test_a_forged_flash_says_nothing(word: Flash) -> None:
    assert decoded(word.encoded()) is None


def test_every_problem_has_words_and_a_status() -> None:
    from chatapp.accounts.problems import Refused

    for problem in Problem:
        refused = Refused(problem, 90)
        assert 400 <= refused.status < 600
        assert refused.words
        assert "!" not in refused.words
        assert "{" not in refused.words
