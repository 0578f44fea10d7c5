import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatapp.accounts.emails import LONGEST, normalise


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada@Example.ORG ", "ada@example.org"),
        ("ada+chat@example.org", "ada+chat@example.org"),
        ("ａｄａ＠ｅｘａｍｐｌｅ．ｏｒｇ", "ada@example.org"),
        ("\u212aate@example.org", "kate@example.org"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("ada@bu\u0308cher.example", "ada@xn--bcher-kva.example"),
        ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("ada@example.org.", "ada@example.org"),
        ("ada@localhost", "ada@localhost"),
    ],
)
def test_spellings_of_one_address(typed: str, kept: str) -> None:
    assert normalise(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@@example.org",
        "a@b@example.org",
        "ada@exa mple.org",
        "ada\x00@example.org",
        "ada@example.org\x00",
        "ada\u200b@example.org",
        "ada\n@example.org",
        "\u0430da@example.org",
        "ada@.org",
        "ada@example..org",
        ".ada@example.org",
        "a..b@example.org",
        "ada@[127.0.0.1]",
        "ada@-example.org",
        "ada@exam_ple.org",
        "a" * 65 + "@example.org",
        "ada@" + "a" * 250 + ".org",
        "ada@" + ".".join(["a" * 60] * 5),
        "x" * 10_000,
        "ada@\ud800.org",
        "<ada@example.org>",
        '"ada lovelace"@example.org',
    ],
)
def test_what_is_no_address(typed: str) -> None:
    with pytest.raises(ValueError, match=r"is not|has|too long"):
        normalise(typed)


def test_a_cyrillic_domain_is_another_address() -> None:
    assert normalise("ada@\u0440aypal.com").split("@")[1].startswith("xn--")


@given(st.text() | st.from_regex(r"[\w.+-]{1,20}@[\w.-]{1,20}", fullmatch=True))
def test_normalising_is_safe_and_settles(text: str) -> None:
    try:
        once = normalise(text)
    except ValueError:
        return
    assert normalise(once) == once
    assert once.isascii()
    assert once.isprintable()
    assert once == once.lower()
    assert len(once) <= LONGEST
    assert once.count("@") == 1


@given(st.text(string.ascii_letters + string.digits, min_size=1, max_size=20))
def test_case_and_width_do_not_matter(local: str) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) for char in local)
    assert normalise(f"{local.upper()}@X.org") == normalise(f"{wide}@x.ORG")
