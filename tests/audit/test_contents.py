"""What of a change is kept."""

import json
from dataclasses import dataclass

import pytest
from pydantic import BaseModel, SecretStr

from chatapp.audit.contents import HIDDEN, LONGEST, is_secret, kept


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "api_key",
        "apiKey",
        "API_KEY",
        "GROQ_API_KEY",
        "keys",
        "X-Api-Key",
        "Authorization",
        "set-cookie",
        "client_secret",
        "clientSecret",
        "access_token",
        "password_hash",
        "sealed",
    ],
)
def test_a_field_of_a_secret_name_is_hidden_at_every_depth(name: str) -> None:
    assert is_secret(name)
    inside = {"accounts": [{"title": "Groq", "more": {name: "gsk_verysecret"}}]}
    for before, after in ((inside, None), ({}, inside), (None, [inside])):
        told = json.dumps(kept(before, after))
        assert "gsk_verysecret" not in told
        assert HIDDEN in told
        assert "Groq" in told


@pytest.mark.parametrize("name", ["tokens_a_day", "prompt_tokens", "monkey", "keyword", "role"])
def test_what_only_sounds_alike_is_shown(name: str) -> None:
    assert not is_secret(name)
    assert kept({name: 1}, {name: 2}) == ({name: 1}, {name: 2})


def test_that_a_secret_changed_is_seen_and_what_it_is_not() -> None:
    before, after = {"api_key": "old", "title": "Groq"}, {"api_key": "new", "title": "Groq"}
    assert kept(before, after) == ({"api_key": HIDDEN}, {"api_key": HIDDEN})
    assert kept({"api_key": ""}, {"api_key": "new"}) == ({"api_key": ""}, {"api_key": HIDDEN})
    assert kept({"own_keys": True}, {"own_keys": False})[0] == {"own_keys": True}


def test_credentials_in_an_address_are_hidden() -> None:
    assert kept(None, "postgresql://me:pass@db/chat")[1] == f"postgresql://{HIDDEN}@db/chat"


def test_only_what_differs_is_kept() -> None:
    before = {"a": 1, "deep": {"x": 1, "y": [1]}, "gone": 1}
    after = {"a": 1, "deep": {"x": 2, "y": [1]}, "new": 2}
    assert kept(before, after) == (
        {"deep": {"x": 1}, "gone": 1},
        {"deep": {"x": 2}, "new": 2},
    )


def test_values_of_any_kind_become_json() -> None:
    class Model(BaseModel):
        text: str
        hidden: SecretStr

    @dataclass
    class Row:
        text: str

    before, after = kept(Row("x\x00" + "y" * LONGEST), Model(text="b", hidden=SecretStr("s3")))
    told = json.dumps([before, after])
    assert "s3" not in told
    assert "\\u0000" not in told
    assert len(before["text"]) == LONGEST
    assert kept(object(), {1, 2})[1] == [1, 2]
