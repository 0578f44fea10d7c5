"""The key of an answer: the same for the same request, another for any other."""

import inspect
from dataclasses import field, fields, make_dataclass, replace
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage

from chatapp import secret
from chatapp.answers import cache
from chatapp.answers.cache import Policy, Scope, digest, impersonal, place_of, policy
from chatapp.answers.prompt import RULES
from chatapp.answers.request import Request
from chatapp.pool.model import PooledChatModel

ADA, EVE = UUID(int=1), UUID(int=2)

texts = st.text(max_size=30)
spoken = st.builds(
    lambda kind, text: kind(text),
    st.sampled_from([HumanMessage, AIMessage, SystemMessage]),
    texts,
)
requests = st.builds(
    Request,
    st.sampled_from([ADA, EVE]),
    st.lists(spoken, min_size=1, max_size=5).map(tuple),
    st.none() | texts,
    st.lists(texts, max_size=3).map(tuple),
)
RULED = SystemMessage(RULES)


@pytest.fixture(autouse=True)
def _a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "key_for", lambda purpose: purpose.encode())


def same(a: Any, b: Any) -> bool:
    """Whether two values are equal as a model would see them."""
    plain = {"default": cache._plain, "option": orjson.OPT_SORT_KEYS}
    return orjson.dumps(a, **plain) == orjson.dumps(b, **plain)


@given(requests, requests)
@settings(max_examples=300, deadline=None)
def test_equal_requests_have_one_key_and_others_have_others(a: Request, b: Request) -> None:
    for scope in Scope:
        skipped = cache.EXCLUDED[scope]
        equal = all(
            same(getattr(a, each.name), getattr(b, each.name))
            for each in fields(Request)
            if each.name not in skipped
        )
        assert (digest(a, scope) == digest(b, scope)) is equal
        assert digest(a, scope) == digest(replace(a), scope)


@given(requests, st.data())
@settings(max_examples=200, deadline=None)
def test_every_field_that_is_not_excluded_changes_it(request: Request, data: st.DataObject) -> None:
    others = data.draw(requests)
    for each in fields(Request):
        changed = replace(request, **{each.name: getattr(others, each.name)})
        if same(getattr(request, each.name), getattr(changed, each.name)):
            continue
        for scope in Scope:
            differs = digest(request, scope) != digest(changed, scope)
            assert differs is (each.name not in cache.EXCLUDED[scope])


@given(requests, requests)
@settings(max_examples=200, deadline=None)
def test_no_two_persons_contexts_ever_meet(a: Request, b: Request) -> None:
    assume(a.user_id != b.user_id)
    assert digest(a, Scope.PERSON) != digest(b, Scope.PERSON)
    assert digest(a, Scope.PERSON) != digest(a, Scope.SHARED)


@given(requests, st.integers(0, 10), st.sampled_from(["content", "additional_kwargs", "name"]))
@settings(max_examples=200, deadline=None)
def test_every_part_of_every_message_changes_it(request: Request, at: int, part: str) -> None:
    messages = list(request.messages)
    at %= len(messages)
    value: Any = {"content": str(messages[at].content) + "!", "name": "somebody"}.get(
        part, {"a": 1}
    )
    messages[at] = messages[at].model_copy(update={part: value})
    assert digest(request, Scope.SHARED) != digest(
        replace(request, messages=tuple(messages)), Scope.SHARED
    )


def test_the_id_of_a_message_which_no_model_is_told_does_not_change_it() -> None:
    one, other = (
        Request(ADA, (RULED, HumanMessage("hello", id=name))) for name in ("first", "second")
    )
    assert digest(one, Scope.SHARED) == digest(other, Scope.SHARED)


@given(st.lists(texts, min_size=2, max_size=4, unique=True))
@settings(max_examples=100, deadline=None)
def test_the_order_of_messages_changes_it(said: list[str]) -> None:
    messages = tuple(HumanMessage(text) for text in said)
    turned = messages[::-1]
    assert digest(Request(ADA, messages), Scope.SHARED) != digest(
        Request(ADA, turned), Scope.SHARED
    )


@given(texts, texts, texts)
@settings(max_examples=100, deadline=None)
def test_no_text_passes_from_one_message_to_the_next(a: str, b: str, c: str) -> None:
    assume(b)
    left = Request(ADA, (HumanMessage(a + b), HumanMessage(c)))
    right = Request(ADA, (HumanMessage(a), HumanMessage(b + c)))
    assert digest(left, Scope.SHARED) != digest(right, Scope.SHARED)


def test_a_new_field_changes_it_by_itself_and_makes_the_request_personal() -> None:
    grown: Any = make_dataclass(
        "Grown",
        [("sampling", dict[str, float], field(default_factory=dict)), ("tools", tuple, ())],
        bases=(Request,),
        frozen=True,
    )
    plain = grown(ADA, (RULED, HumanMessage("hello")))
    assert impersonal(plain)
    for change in ({"sampling": {"temperature": 0.5}}, {"tools": ("look",)}):
        changed = replace(plain, **change)
        assert not impersonal(changed)
        for scope in Scope:
            assert digest(changed, scope) != digest(plain, scope)


def test_whatever_the_pool_can_be_asked_stands_in_the_key() -> None:
    asked = set(inspect.signature(PooledChatModel.answer).parameters) - {"self"}
    # How it tells of what happens on the way is no part of what is asked.
    assert asked - {"restarts", "waits"} <= {each.name for each in fields(Request)}


def test_what_cannot_be_told_apart_has_no_key() -> None:
    strange = HumanMessage("hello", additional_kwargs={"x": object()})
    assert place_of(Request(ADA, (RULED, strange))) is None


def test_another_installation_has_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request(ADA, (RULED, HumanMessage("hello")))
    before = digest(request, Scope.SHARED)
    monkeypatch.setattr(cache, "key_for", lambda _purpose: b"another")
    assert digest(request, Scope.SHARED) != before
    assert secret.key_for is not cache.key_for


def first(*messages: BaseMessage, **context: Any) -> Request:
    return Request(ADA, messages, **context)


IMPERSONAL = {
    "a question": first(RULED, HumanMessage("What is a hash table?")),
    "of a tier": first(RULED, HumanMessage("Why?"), tier="fast", models=("groq/a", "google/b")),
    "in another script": first(RULED, HumanMessage("什么是哈希表？")),
    "with a year": first(RULED, HumanMessage("What happened in 1989?")),
}
PERSONAL = {
    "a second turn": first(RULED, HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("Why?")),
    "own instructions": first(SystemMessage(f"{RULES} I am Ada."), HumanMessage("Why?")),
    "more rules": first(RULED, SystemMessage("I am Ada."), HumanMessage("Why?")),
    "no rules": first(HumanMessage("Why?")),
    "a file": first(RULED, HumanMessage([{"type": "image", "base64": "aGVsbG8="}])),
    "a name": first(RULED, HumanMessage("Why?", name="ada")),
    "extras": first(RULED, HumanMessage("Why?", additional_kwargs={"file": "a"})),
    "an answer as the question": first(RULED, AIMessage("Why?")),
    "an address": first(RULED, HumanMessage("Is ada@example.org married?")),
    "a number": first(RULED, HumanMessage("Whose card is 4111 1111 1111 1111?")),
    "a telephone": first(RULED, HumanMessage("Call +49 (30) 901820 and ask")),
    "a token": first(RULED, HumanMessage("Is ghp_16C7e42F292c6912E7710c838347Ae178B4a safe?")),
    "a long text": first(RULED, HumanMessage("word " * 101)),
}


@pytest.mark.parametrize("case", IMPERSONAL)
def test_a_first_question_without_anything_personal_is_everybodys(case: str) -> None:
    assert impersonal(IMPERSONAL[case])


@pytest.mark.parametrize("case", PERSONAL)
def test_anything_personal_is_its_persons(case: str) -> None:
    request = PERSONAL[case]
    assert not impersonal(request)
    theirs = replace(request, user_id=EVE)
    mine, other = place_of(request), place_of(theirs)
    assert mine
    assert other
    assert mine.scope is other.scope is Scope.PERSON
    assert mine.name != other.name


def test_per_person_nothing_is_everybodys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "default", Policy.PERSON)
    for request in IMPERSONAL.values():
        place = place_of(request)
        assert place
        assert place.scope is Scope.PERSON
