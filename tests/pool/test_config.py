from pathlib import Path

import pytest

from chatapp.pool.config import PoolConfigError, parse_pool, read_pool

KEY = "gsk_sEcReT0123456789"
ENV = {"GROQ_API_KEY": KEY, "GOOGLE_API_KEY": "AIzaSecret"}
EXAMPLE = Path(__file__).parents[2] / "pool.toml.example"

GOOD = """\
[[account]]
name = "groq-main"
provider = "groq"
api_key_env = "GROQ_API_KEY"
base_url = "http://127.0.0.1:9000/"

# comment with [[member]] in it
[[member]]
tier = "fast"
account = "groq-main"
model = "llama-3.1-8b-instant"
weight = 3
rpm = 30
tools = false
"""


def test_a_pool_is_read_with_its_names_labels_and_tiers():
    pool = parse_pool(GOOD, "pool.toml", ENV)
    (member,) = pool.members
    assert pool.tiers == ("fast",)
    assert member.name == "groq-main/llama-3.1-8b-instant"
    assert member.label == "Groq · llama-3.1-8b-instant"
    assert (member.weight, member.rpm, member.tpm, member.tools) == (3, 30, None, False)
    assert member.account.base_url == "http://127.0.0.1:9000"
    assert member.account.api_key is not None
    assert member.account.api_key.get_secret_value() == KEY


def test_no_key_is_in_a_repr():
    pool = parse_pool(GOOD, "pool.toml", ENV)
    assert KEY not in repr(pool)
    assert KEY not in str(pool.members[0].account.api_key)


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ('provider = "groq"', "provider = groq", 3, "not valid TOML"),
        ('provider = "groq"', "provider = 3", 3, "must be text"),
        ('provider = "groq"', 'provider = ""', 3, "is empty"),
        ('provider = "groq"', "", 1, 'has no "provider"'),
        ('provider = "groq"', 'provider = "groq"\ncolour = 1', 4, '"colour" means nothing'),
        ('provider = "groq"', f'provider = "groq"\napi_key = "{KEY}"', 4, "keys stay"),
        ('"GROQ_API_KEY"', '"OTHER_KEY"', 4, "OTHER_KEY is not set"),
        ('"GROQ_API_KEY"', f'"{KEY}"', 4, "not a key"),
        ('"GROQ_API_KEY"', '"EMPTY"', 4, "EMPTY is not set"),
        ("http://127.0.0.1:9000/", "ftp://x", 5, "http(s)"),
        ("http://127.0.0.1:9000/", f"http://u:{KEY}@x", 5, "without user name"),
        ("http://127.0.0.1:9000/", f"http://x?key={KEY}", 5, "without user name"),
        ("http://127.0.0.1:9000/", "http://x:99999", 5, "http(s)"),
        ('account = "groq-main"', 'account = "nobody"', 10, 'no account named "nobody"'),
        ("weight = 3", "weight = 0", 12, "at least 1"),
        ("weight = 3", "weight = 1.5", 12, "whole number"),
        ("weight = 3", "weight = true", 12, "whole number"),
        ("tools = false", 'tools = "no"', 14, "true or false"),
        ("tools = false", "tools = false\ntpm = -1", 15, "at least 1"),
        ('tier = "fast"', 'tier = "very fast!"', 9, "letters"),
        ('model = "llama-3.1-8b-instant"', "", 8, 'has no "model"'),
        ("[[member]]\ntier", "[member]\ntier", 8, "[[member]]"),
        ("[[member]]\ntier", "[[members]]\ntier", 8, "only [[account]] and [[member]]"),
        ("tools = false", "tools = false\n[limits]", 15, "only [[account]] and [[member]]"),
        ("tools = false", "tools = [", 15, "not valid TOML"),
    ],
)
def test_a_mistake_names_the_file_and_the_line(old: str, new: str, line: int, word: str):
    assert old in GOOD
    with pytest.raises(PoolConfigError) as caught:
        parse_pool(GOOD.replace(old, new, 1), "pool.toml", {**ENV, "EMPTY": ""})
    message = str(caught.value)
    assert message.startswith(f"pool.toml, line {line}: ")
    assert word in message
    assert message.endswith(".")
    assert KEY not in message
    assert "\n" not in message


def test_mistakes_in_later_tables_name_their_own_lines():
    second = GOOD.replace("groq-main", "second").replace("weight = 3", "weight = 0")
    lines = GOOD.count("\n")
    with pytest.raises(PoolConfigError, match=f"line {lines + 12}: "):
        parse_pool(GOOD + second, "pool.toml", ENV)


def test_an_account_or_a_member_that_is_there_twice_is_refused():
    with pytest.raises(PoolConfigError, match=r"line 16: there is already an account"):
        parse_pool(GOOD + GOOD, "pool.toml", ENV)
    member = GOOD[GOOD.index("[[member]]\n") :]
    with pytest.raises(PoolConfigError, match=r"line 15: groq-main/llama.* is already in tier"):
        parse_pool(GOOD + member, "pool.toml", ENV)


def test_one_model_may_be_in_two_tiers_and_is_once_in_the_whole_pool():
    member = GOOD[GOOD.index("[[member]]\n") :].replace("fast", "smart")
    pool = parse_pool(GOOD + member, "pool.toml", ENV)
    assert pool.tiers == ("fast", "smart")
    assert len(pool.members) == 2
    assert len(pool.members_of(None)) == 1
    assert pool.members_of("smart")[0].tier == "smart"


def test_a_pool_without_members_is_refused():
    for text in ("", GOOD[: GOOD.index("# comment")]):
        with pytest.raises(PoolConfigError, match="nobody could answer"):
            parse_pool(text, "pool.toml", ENV)


def test_words_within_long_texts_are_not_taken_for_lines():
    text = GOOD.replace(
        'model = "llama-3.1-8b-instant"',
        'model = """\nweight = 7\n[[member]]\nrpm = 4"""',
    )
    with pytest.raises(PoolConfigError, match=r"line 11: .*one line"):
        parse_pool(text, "pool.toml", ENV)


def test_the_example_is_valid():
    pool = parse_pool(EXAMPLE.read_text(), EXAMPLE.name, ENV)
    assert pool.tiers == ("fast", "smart")
    assert {member.account.title for member in pool.members} == {"Groq", "Gemini"}


def test_without_a_file_the_known_keys_make_the_pool(tmp_path: Path):
    pool = read_pool(tmp_path / "none.toml", {"GROQ_API_KEY": KEY, "GEMINI_API_KEY": "x"})
    assert [account.name for account in pool.accounts] == ["groq", "google"]
    assert pool.tiers == ("fast", "smart")
    assert len(pool.members) == 4
    assert KEY not in repr(pool)


def test_an_openai_compatible_server_needs_its_model_named(tmp_path: Path):
    environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1:11434/v1"}
    with pytest.raises(PoolConfigError, match="OPENAI_MODEL"):
        read_pool(tmp_path / "none.toml", environ)
    pool = read_pool(tmp_path / "none.toml", {**environ, "OPENAI_MODEL": "qwen"})
    assert {member.name for member in pool.members} == {"openai/qwen"}


def test_without_file_and_keys_a_demo_answers(tmp_path: Path):
    pool = read_pool(tmp_path / "none.toml", {"GROQ_API_KEY": "  "})
    assert [member.label for member in pool.members] == ["Demo"]
    assert pool.tiers == ("demo",)


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path):
    with pytest.raises(PoolConfigError, match="cannot be read"):
        read_pool(tmp_path, ENV)
    broken = tmp_path / "pool.toml"
    broken.write_bytes(b"\xff\xfe")
    with pytest.raises(PoolConfigError, match="not UTF-8"):
        read_pool(broken, ENV)
