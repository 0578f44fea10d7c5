"""Blocks of growing markdown: the same however the text comes, and nothing of it lost."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatapp.ui.blocks import LONGEST, PIECE, Blocks, blocks_of, pieces

LINES = [
    "words of a paragraph",
    "",
    "  ",
    "# A heading",
    "###### Six",
    "####### not a heading",
    "- an item",
    "  - an item below",
    "1. first",
    "123456789. far",
    "1234567890. no item",
    "```python",
    "```",
    "````",
    "~~~",
    "```inline``` code",
    "$$",
    "$$ x^2 $$",
    "| a | b |",
    "|---|---|",
    "> said",
    "    indented",
    "\ttabbed",
    "***",
    "é😀\u0301",
]

lines = st.lists(
    st.sampled_from(LINES) | st.text(alphabet="a#`~-$ 1.\t|", max_size=20), max_size=25
)
texts = lines.map("\n".join)
# Short things and very long ones mixed, so that cuts fall anywhere.
long_lines = st.builds(
    lambda word, times: word * times,
    st.sampled_from(["x", "word ", "```\n", "code\n", "\n", "- item\n", " ", "a\n\n"]),
    st.integers(1, 5_000),
)
long_texts = st.lists(
    st.sampled_from([f"{line}\n" for line in LINES]) | long_lines, max_size=12
).map("".join)


def fed(parts: list[str]) -> list[str]:
    blocks = Blocks()
    for part in parts:
        blocks.feed(part)
    return blocks.all()


def split(text: str, cuts: list[int]) -> list[str]:
    places = sorted({cut % (len(text) + 1) for cut in cuts})
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


@given(texts, st.lists(st.integers(0, 10_000), max_size=20))
def test_blocks_do_not_depend_on_how_the_text_is_split(text: str, cuts: list[int]) -> None:
    assert fed(split(text, cuts)) == blocks_of(text)
    assert fed(list(text)) == blocks_of(text)


@settings(max_examples=60, deadline=None)
@given(long_texts, st.lists(st.integers(0, 100_000), max_size=40))
def test_long_blocks_do_not_depend_on_how_the_text_is_split(text: str, cuts: list[int]) -> None:
    whole = blocks_of(text)
    assert fed(split(text, cuts)) == whole
    assert fed([text[at : at + 7] for at in range(0, len(text), 7)]) == whole


@given(texts)
def test_joined_blocks_are_the_text_but_for_newlines_between_them(text: str) -> None:
    """Newlines alone may go, and nothing but blank blocks is left out."""
    assert "".join("".join(blocks_of(text)).split()) == "".join(text.split())
    rest = text
    for block in blocks_of(text):
        before, found, rest = rest.partition(block)
        assert found
        assert not before.strip()
    assert not rest.strip()


@settings(max_examples=60, deadline=None)
@given(long_texts)
def test_no_block_grows_beyond_the_longest(text: str) -> None:
    fence = 130
    assert all(len(block) <= LONGEST + fence for block in blocks_of(text))


@given(texts, st.lists(st.integers(0, 10_000), max_size=20))
def test_a_finished_block_never_changes(text: str, cuts: list[int]) -> None:
    blocks = Blocks()
    seen: list[str] = []
    for part in split(text, cuts):
        blocks.feed(part)
        assert blocks.finished[: len(seen)] == seen
        seen = list(blocks.finished)


@given(texts)
def test_a_finished_block_is_never_empty(text: str) -> None:
    """An empty one would be a hole in what is sent, and all behind it unseen."""
    blocks = Blocks()
    blocks.feed(text)
    assert all(blocks.finished)


@given(st.text(max_size=3 * PIECE))
def test_pieces_join_to_their_block(block: str) -> None:
    assert "".join(pieces(block)) == block
    assert all(0 < len(piece) <= PIECE for piece in pieces(block))


PARAGRAPHS = ["One.", "Two\nlines.", "Three of them."]
CODE = "```python\ndef f():\n\n    return '# no heading'\n\n- no item\n```"
LOOSE_LIST = "- one\n\n- two\n\n  of two\n\n  ```sh\n  ls\n  ```\n\n- three"
NUMBERED = "1. one\n\n2. two"
TABLE = "| a | b |\n|---|---|\n| 1 | 2 |"
MATH = "$$\na = b\n\nc = d\n$$"
QUOTE = "> said\n> so"


@pytest.mark.parametrize(
    "parts",
    [
        PARAGRAPHS,
        ["Before.", CODE, "After all of that."],
        ["Before.", LOOSE_LIST, "After all of that."],
        [NUMBERED, "After all of that."],
        ["Before.", TABLE, "After all of that."],
        ["Before.", MATH, "After all of that."],
        ["# Title", "Text.", "## Part", QUOTE],
        ["Before.", "~~~\n```\nstill code\n\n~~~", "After all of that."],
        ["````md\n```\ninner\n\n```\n````", "After all of that."],
        ["$$ one = line $$", "After all of that."],
        [
            "```inline``` code begins a line\nof a paragraph",
            "After all of that.",
            "More than that.",
        ],
    ],
    ids=lambda parts: parts[0][:12] + "/" + parts[min(1, len(parts) - 1)][:12],
)
def test_each_part_of_a_document_is_one_block(parts: list[str]) -> None:
    assert blocks_of("\n\n".join(parts)) == parts


def test_a_fence_and_a_heading_begin_a_block_without_a_blank_line() -> None:
    assert blocks_of("Text\n```js\n1\n```\nMore\n# Title\nThe end of it") == [
        "Text",
        "```js\n1\n```",
        "More",
        "# Title",
        "The end of it",
    ]


def test_what_is_not_closed_stays_one_block() -> None:
    code = "```js\nlet a;\n\nlet b;\n\n# c"
    assert blocks_of(code) == [code]


@pytest.mark.parametrize("fence", ["```", "~~~", "`````"])
def test_a_long_code_block_goes_on_in_the_same_language(fence: str) -> None:
    body = [f"line {number:05}" for number in range(4_000)]
    text = "\n".join([f"{fence}python", *body, fence, "", "After all of that."])
    *code, after = blocks_of(text)
    assert after == "After all of that."
    assert len(code) > len(text) // LONGEST
    found: list[str] = []
    for block in code:
        first, *inside, last = block.split("\n")
        assert (first, last) == (f"{fence}python", fence)
        found += inside
    assert found == body


def test_text_behind_a_long_code_block_is_no_code() -> None:
    """The code ends before the block is full: what follows must not be drawn into it."""
    code = "```python\n" + "x = 1\n" * 750 + "```"
    rest = "\n\n".join(f"Paragraph {number}. " + "word " * 30 for number in range(60))
    blocks = blocks_of(f"{code}\n\n{rest}")
    assert blocks[0] == code
    assert blocks[1:] == [part.rstrip("\n") for part in rest.split("\n\n")]
    assert sum(block.count("```") for block in blocks) == 2


@pytest.mark.parametrize("length", [300, LONGEST // 2 + 10, LONGEST - 10, LONGEST + 10])
@pytest.mark.parametrize("mark", ["`", "~"])
@pytest.mark.parametrize("what", ["mark", "language"])
def test_a_monstrous_fence_does_not_hang(what: str, mark: str, length: int) -> None:
    opening = mark * length if what == "mark" else mark * 3 + "z" * length
    text = f"{opening}\n" + "code of it\n" * 3_000
    blocks = blocks_of(text)
    assert all(len(block) <= LONGEST + 130 for block in blocks)
    assert sum(block.count("code of it") for block in blocks) == 3_000


def test_a_word_without_end_is_cut() -> None:
    blocks = blocks_of("x" * 100_000)
    assert "".join(blocks) == "x" * 100_000
    assert all(len(block) <= LONGEST for block in blocks)


def test_a_long_paragraph_is_cut_between_words() -> None:
    text = "word " * 5_000
    blocks = blocks_of(text)
    assert "".join(blocks) == text
    assert all(re.fullmatch(r"(word )+", block) for block in blocks)


def test_leading_blank_lines_make_no_empty_block() -> None:
    blocks = Blocks()
    blocks.feed("\n\nHello there, this is text.\n\nMore of it, too")
    assert blocks.finished == ["Hello there, this is text."]
    assert blocks.current == "More of it, too"
