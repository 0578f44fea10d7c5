"""``python -m chatapp.pool check`` and ``plan``."""

from pathlib import Path

import pytest

from chatapp.pool.__main__ import main
from chatapp.pool.check import check, table
from chatapp.pool.config import Account, Member
from chatapp.pool.plan import Wanted, allowed, plan
from tests.fakes import ProviderServer
from tests.pool.conftest import KEY, MakePool

GROQ, GEMINI = Account("groq", "groq"), Account("gemini", "google")


def test_the_tightest_limit_counts():
    member = Member("fast", GROQ, "m", rpm=30, tpm=6000, rpd=1000)
    found = allowed(member, 1200)
    assert (found.a_day, found.a_minute, found.why) == (1000, 5, "requests a day")
    found = allowed(Member("fast", GROQ, "m", rpm=30), 1200)
    assert (found.a_day, found.a_minute) == (30 * 1440, 30)


def test_a_plan_tells_what_is_missing():
    members = [Member("fast", GROQ, "m", rpm=30, rpd=1000), Member("fast", GEMINI, "n")]
    text = plan(members, Wanted(10_000, 8, 1200))
    assert "80,000 turns a day" in text
    assert "1,000 turns a day" in text
    assert "0.10 turns a day for each user" in text
    assert "Missing: 79,000 turns a day, 80.0 times" in text
    assert "Not counted: gemini/n" in text


def test_a_plan_that_suffices_says_so():
    text = plan([Member("fast", GROQ, "m", rpm=100, rpd=10_000)], Wanted(100, 8, 1200))
    assert "Enough turns a day." in text
    assert "Enough turns a minute." in text
    assert "Missing" not in text


async def test_each_member_is_asked_for_one_word(make_pool: MakePool, fakes: ProviderServer):
    await fakes.set("groq", limits={"rpd": 1000, "tpm": 6000})
    await fakes.set("google", fault={"kind": "auth"})
    await fakes.set("openai", fault={"kind": "http_429", "retry_after": 7})
    found = await check(make_pool("groq", "google", "openai").config.members)
    assert [checked.failure is None for checked in found] == [True, False, False]
    lines = table(found).splitlines()
    assert "yes" in lines[1]
    assert "6,000 tokens/min, 1,000 requests/day" in lines[1]
    assert "the key or the model is refused" in lines[2]
    assert "at its limit, again in 7 s" in lines[3]
    assert KEY not in table(found)
    assert len(await fakes.requests()) == 3


def test_the_commands_run(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.chdir(tmp_path)
    assert main(["plan", "--users", "10"]) == 0
    assert "demo" in capsys.readouterr().out
    (tmp_path / "pool.toml").write_text("[[member]]\n")
    assert main(["plan"]) == 2
    assert "pool.toml, line 1" in capsys.readouterr().err
