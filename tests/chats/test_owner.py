"""Another person's chats and messages do not exist, whatever one asks the database for."""

import inspect
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import ModuleType
from uuid import UUID

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.agents.steps import Kind as StepKind
from chatapp.agents.steps import State, Step
from chatapp.answers import repository as answers
from chatapp.answers import step_repository, thumb_repository, views
from chatapp.answers.models import Answer, AnswerStep
from chatapp.chats import repository, service, version_repository
from chatapp.chats.models import Chat, Message, Role, Status
from chatapp.chats.service import NotFound
from chatapp.database import new_id, now, reading, transaction
from tests.chats.people import chat_of

DAY = timedelta(days=1)

Try = Callable[[AsyncSession, UUID, Chat, list[Message]], Awaitable[object]]

# What each function gives to who is not the owner. One that is missing here fails the test below.
CHATS: dict[str, tuple[Try, object]] = {
    "chat": (lambda s, who, chat, _: repository.chat(s, who, chat.id), None),
    "latest_chats": (lambda s, who, _chat, _: repository.latest_chats(s, who, 10), []),
    "rename": (lambda s, who, chat, _: repository.rename(s, who, chat.id, "mine now"), False),
    "set_agent": (lambda s, who, chat, _: repository.set_agent(s, who, chat.id, new_id()), False),
    "set_unseen": (
        lambda s, who, chat, _: repository.set_unseen(s, who, chat.id, unseen=True),
        False,
    ),
    "go_on": (
        lambda s, who, chat, m: repository.go_on(s, who, chat.id, m[0].id, now()),
        False,
    ),
    "set_deleted": (lambda s, who, chat, _: repository.set_deleted(s, who, chat.id, now()), False),
    "message": (lambda s, who, _, m: repository.message(s, who, m[0].id), None),
    "by_client_id": (
        lambda s, who, _, m: repository.by_client_id(s, who, m[0].client_id or new_id()),
        None,
    ),
    "in_the_way": (
        lambda s, who, chat, m: repository.in_the_way(s, who, m[0].client_id or new_id(), chat.id),
        (None, []),
    ),
    "found": (lambda s, who, _chat, _: repository.found(s, who, ["question"], 5, None), []),
    "first_child": (lambda s, who, _, m: repository.first_child(s, who, m[0].id), None),
    "running": (lambda s, who, chat, _: repository.running(s, who, chat.id), None),
    "path": (lambda s, who, chat, _: repository.path(s, who, chat.leaf_id, 10), []),
}
VERSIONS: dict[str, tuple[Try, object]] = {
    "versions": (lambda s, who, chat, m: version_repository.versions(s, who, chat.id, m), {}),
    "newest_leaf": (lambda s, who, _, m: version_repository.newest_leaf(s, who, m[0].id), None),
    "show": (lambda s, who, chat, m: version_repository.show(s, who, chat.id, m[1].id), False),
}
ANSWERS: dict[str, tuple[Try, object]] = {
    "before": (lambda s, who, _, m: answers.before(s, who, m[2].id), None),
    "details": (lambda s, who, _, m: answers.details(s, who, [each.id for each in m]), {}),
    "kept_of": (lambda s, who, chat, _: answers.kept_of(s, who, chat.id, chat.created_at), []),
    "set_tier": (lambda s, who, _, m: answers.set_tier(s, who, m[-1].id, "fast"), None),
    "coming_of": (lambda s, who, _, m: answers.coming_of(s, who), []),
    "want_stopped": (lambda s, who, _, m: answers.want_stopped(s, who, m[-1].id), False),
    "asked_lately": (
        lambda s, who, chat, _: answers.asked_lately(s, who, chat.created_at - DAY, new_id()),
        [],
    ),
}
THUMBS: dict[str, tuple[Try, object]] = {
    "rate": (lambda s, who, _, m: thumb_repository.rate(s, who, m[1].id, 1, "good"), None),
    "thumb_of": (lambda s, who, _, m: thumb_repository.thumb_of(s, who, m[1].id), 0),
}
STEPS: dict[str, tuple[Try, object]] = {
    "keep_steps": (
        lambda s, who, _, m: step_repository.keep_steps(s, who, m[-1].id, 1, [Step(StepKind.HOP)]),
        False,
    ),
    "steps_of": (lambda s, who, _, m: step_repository.steps_of(s, who, m[-1].id), []),
    "step": (lambda s, who, _, m: step_repository.step(s, who, m[-1].id, 0), None),
    "decide": (
        lambda s, who, _, m: step_repository.decide(s, who, m[-1].id, 0, State.APPROVED),
        False,
    ),
}
OF_NOBODY = {
    repository: {"purge_deleted"},  # what anybody deleted long ago
    version_repository: set(),
    # A runner's: they name its epoch or itself.
    answers: {
        "kept_of_deleted",
        "set_forgotten",
        "runners",
        "to_stop",
        "unfinished",
        "begin",
        "finish",
        "has_ended",
        "release",
        "run_by",
    },
    # For admins, who learn neither the person nor the answer.
    thumb_repository: {"thumbs_by_label", "thumb_words"},
    step_repository: {"write_steps"},
}


def functions(module: ModuleType) -> set[str]:
    return {
        name
        for name, value in vars(module).items()
        if inspect.iscoroutinefunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }


@pytest.mark.parametrize(
    ("module", "known"),
    [
        (repository, CHATS),
        (version_repository, VERSIONS),
        (answers, ANSWERS),
        (thumb_repository, THUMBS),
        (step_repository, STEPS),
    ],
)
def test_every_function_of_the_repositories_is_tried_below(
    module: ModuleType, known: dict[str, object]
) -> None:
    assert functions(module) == set(known) | OF_NOBODY[module]
    for name in known:
        assert "user_id" in inspect.signature(getattr(module, name)).parameters


async def rows(user_id: UUID) -> list[object]:
    async with reading() as session:
        chats = (await session.exec(select(Chat).where(Chat.user_id == user_id))).all()
        found = await session.exec(select(Message).where(Message.user_id == user_id).order_by("id"))
        made = (await session.exec(select(Answer).where(Answer.user_id == user_id))).all()
        steps = (await session.exec(select(AnswerStep).where(AnswerStep.user_id == user_id))).all()
    return [dict(row) for row in (*chats, *found.all(), *made, *steps)]


@pytest.fixture
async def adas(ada: UUID) -> tuple[Chat, list[Message]]:
    chat, messages = await chat_of(
        ada, "a question", "its answer", "another", "", status=Status.STREAMING
    )
    async with transaction() as session:
        session.add(Message(chat_id=chat.id, user_id=ada, role=Role.QUESTION, text="a version"))
        for answer in messages[1::2]:
            made = Answer(
                id=answer.id,
                chat_id=chat.id,
                user_id=ada,
                cache_key="shared:a",
                runner="here",
                answered_by="somebody",
                thumb=-1,
            )
            session.add(made)
            made.ended_at = now() if answer.text else None
        await session.flush()
        step = Step(StepKind.TOOL, state=State.ASKS, number=0, output="a secret")
        await step_repository.write_steps(session, ada, messages[-1].id, [step])
    return chat, messages


@pytest.mark.parametrize("name", CHATS | VERSIONS | ANSWERS | THUMBS | STEPS)
async def test_another_person_finds_and_changes_nothing(
    ada: UUID, eve: UUID, adas: tuple[Chat, list[Message]], name: str
) -> None:
    tried, nothing = (CHATS | VERSIONS | ANSWERS | THUMBS | STEPS)[name]
    before = await rows(ada)
    async with transaction() as session:
        found = await tried(session, eve, *adas)
        assert (list(found) if isinstance(nothing, list) else found) == nothing  # pyright: ignore
    assert await rows(ada) == before
    # The same call of the owner finds something: the test looks where there is something.
    async with transaction() as session:
        assert await tried(session, ada, *adas)


SERVICE: dict[str, Callable[[UUID, Chat, list[Message]], Awaitable[object]]] = {
    "open_chat": lambda who, chat, _: service.open_chat(who, chat.id),
    "rename": lambda who, chat, _: service.rename(who, chat.id, "mine"),
    "delete": lambda who, chat, _: service.delete(who, chat.id),
    "restore": lambda who, chat, _: service.restore(who, chat.id),
    "earlier": lambda who, _, messages: views.earlier(who, messages[1].id),
    "steps": lambda who, _, messages: views.steps(who, messages[-1].id),
}


def test_every_function_of_the_service_is_tried_below() -> None:
    assert functions(service) == set(SERVICE) - {"earlier", "steps"} | {
        "latest_chats",
        "look_at",
        "purge",
    }


@pytest.mark.parametrize("name", SERVICE)
@pytest.mark.parametrize("deleted", [False, True])
async def test_the_reply_is_the_same_as_for_what_does_not_exist(
    ada: UUID, eve: UUID, adas: tuple[Chat, list[Message]], name: str, deleted: bool
) -> None:
    if deleted:
        await service.delete(ada, adas[0].id)
    before = await rows(ada)
    with pytest.raises(NotFound) as others:
        await SERVICE[name](eve, *adas)
    nowhere = Chat(user_id=eve, title=""), [Message(id=new_id()), Message(id=new_id())]  # pyright: ignore[reportCallIssue]
    with pytest.raises(NotFound) as nobodys:
        await SERVICE[name](eve, *nowhere)
    assert repr(others.value) == repr(nobodys.value)
    assert await rows(ada) == before


async def test_the_list_holds_only_ones_own(ada: UUID, eve: UUID) -> None:
    mine, _ = await chat_of(ada, "hers")
    theirs, _ = await chat_of(eve, "theirs")
    assert [chat.id for chat in (await service.latest_chats(ada))[0]] == [mine.id]
    assert [chat.id for chat in (await service.latest_chats(eve))[0]] == [theirs.id]


async def test_nobody_else_marks_a_chat_as_seen(ada: UUID, eve: UUID) -> None:
    chat, _ = await chat_of(ada, "hers")
    async with transaction() as session:
        assert await repository.set_unseen(session, ada, chat.id, unseen=True)
    assert not await service.look_at(eve, chat.id)
    assert (await service.open_chat(ada, chat.id)).chat.unseen
    assert await service.look_at(ada, chat.id)
    assert not (await service.open_chat(ada, chat.id)).chat.unseen
