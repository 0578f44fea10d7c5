"""Titles, and what text may hold before it is kept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.chats.text import TITLE_LENGTH, storable, title_of

anything = st.text(alphabet=st.characters(exclude_categories=()) | st.just("\x00"))


@given(anything)
def test_storable_text_can_be_kept_anywhere(text: str) -> None:
    clean = storable(text)
    assert clean.encode().decode() == clean
    assert "\x00" not in clean
    assert len(clean) == len(text)
    same = [(a, b) for a, b in zip(text, clean, strict=True) if a != b]
    assert all(a == "\x00" or "\ud800" <= a <= "\udfff" for a, _ in same)
    assert storable(clean) == clean


@given(anything)
def test_a_title_is_a_short_line(text: str) -> None:
    title = title_of(text)
    assert 0 < len(title) <= TITLE_LENGTH + 1
    assert "\n" not in title


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("How are you?", "How are you?"),
        ("  two\n\nlines ", "two lines"),
        ("", "New chat"),
        (" \n\t", "New chat"),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 60 + "…"),
        ("word " * 20, ("word " * 12).strip() + "…"),
        ("Compare these two, with examples, in three sentences, please: a", None),
    ],
)
def test_titles(question: str, title: str | None) -> None:
    made = title_of(question)
    if title is None:
        assert made.endswith("…")
        assert question.startswith(made[:-1])
        assert made[-2].isalpha()
    else:
        assert made == title
