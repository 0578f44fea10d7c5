"""Nothing of a person is left, and nothing of anybody else is touched."""

import json
from uuid import UUID

import pytest
from sqlmodel import select

from chatapp import audit
from chatapp.accounts import groups, links, own_keys, people, service, sessions
from chatapp.accounts.models import KeyUse, Role, User
from chatapp.accounts.people import LastAdmin, NotAllowed
from chatapp.accounts.sessions import SignedIn, Visit
from chatapp.agents import persona
from chatapp.agents.models import Agent
from chatapp.agents.steps import Kind as StepKind
from chatapp.agents.steps import State
from chatapp.answers import kept
from chatapp.answers.models import Answer, AnswerStep
from chatapp.chats.models import Message
from chatapp.database import Table, new_id, reading, transaction
from chatapp.limits import admin as limits
from chatapp.limits import repository as ledger
from chatapp.limits.admin import Owner
from chatapp.limits.models import ProviderAttempt, UsageDay
from chatapp.limits.periods import day_of, month_of
from chatapp.personal.erasure import erase
from chatapp.personal.export import export
from tests.accounts.conftest import PASSWORD, admin, cheap_hashing, fresh_limits, home, member
from tests.chats.people import chat_of

__all__ = ["admin", "cheap_hashing", "fresh_limits", "home", "member"]

KEY = "gsk_a-key-of-her-own-4711"


async def everything() -> dict[str, list[str]]:
    """All rows of all tables, as text."""
    found = {}
    async with reading() as session:
        for table in Table.metadata.sorted_tables:
            rows = await (await session.connection()).execute(table.select())
            found[table.name] = sorted(str(tuple(row)) for row in rows)
    return found


async def fill(user_id: UUID, word: str) -> None:
    """Something of a person in every place that has something of people."""
    chat, messages = await chat_of(user_id, f"{word} asks", f"{word} is told")
    await persona.write(user_id, f"{word} about", f"{word} style")
    await persona.set_remembers(user_id, True)
    await persona.remember(user_id, f"{word} memory")
    await own_keys.keep(user_id, "groq", KEY, KeyUse.FIRST)
    group = await groups.create(f"Group {new_id()}")
    await groups.add(group.id, [user_id])
    await limits.set_limit(Owner(user_id=user_id), "questions_a_day", 7, None)
    await links.reset(None, user_id)
    day = day_of().first_day
    async with transaction() as session:
        answer = Answer(id=messages[1].id, chat_id=chat.id, user_id=user_id, thumb_words=word)
        answer.ended_at = messages[1].created_at
        session.add(answer)
        await session.flush()
        step = {"answer_id": answer.id, "number": 0, "user_id": user_id, "title": f"{word} step"}
        session.add(AnswerStep(kind=StepKind.TOOL, state=State.DONE, **step))
        session.add(Agent(owner_id=user_id, name=f"{word} agent"))
        session.add(
            ProviderAttempt(
                user_id=user_id,
                answer_id=answer.id,
                day=day,
                tier="best",
                account="groq",
                member="groq/llama",
                outcome="ok",
            )
        )
        await ledger.count(session, user_id, day, month_of().first_day, 10)
        sums = dict.fromkeys(ledger.SUMS, 5)
        ledger.add_to_days(
            session, [{"day": day, "user_id": user_id, "member": "groq/llama", **sums}]
        )


@pytest.fixture
async def full(admin: SignedIn, member: SignedIn) -> SignedIn:
    await fill(member.user.id, "Marys")
    await fill(admin.user.id, "Adas")
    return member


async def test_nothing_of_a_person_is_left_but_what_names_nobody(
    admin: SignedIn, full: SignedIn
) -> None:
    user, before = full.user, await everything()
    traces = (user.id.hex, str(user.id), user.email, "Marys")
    assert (
        sum(any(trace in row for trace in traces) for rows in before.values() for row in rows) > 9
    )
    await erase(user, user.id)
    after = await everything()
    for table, rows in after.items():
        left = [row for row in rows if any(trace in row for trace in traces)]
        # The audit outlives people. It has an id that leads to nobody any more, and no name.
        assert not left or table == "audit_notes", (table, left)
        assert not [row for row in rows if user.email in row or "Marys" in row], table
    # What was used stays counted.
    async with reading() as session:
        assert len((await session.exec(select(ProviderAttempt))).all()) == 2
        days = (await session.exec(select(UsageDay))).all()
    assert sum(day.questions for day in days) == 10
    # Nothing of others is touched.
    for table, rows in before.items():
        others = {row for row in rows if "Adas" in row or admin.user.id.hex in row}
        assert others <= set(after[table]), table
    assert await sessions.session_by_token(full.token) is None
    assert await sessions.session_by_token(admin.token)


async def test_kept_answers_are_forgotten_first(
    full: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[tuple[UUID, bool]] = []
    real = kept.forget

    async def forget(user_id: UUID) -> None:
        async with reading() as session:
            there = await session.exec(select(Message).where(Message.user_id == user_id))
            forgotten.append((user_id, there.first() is not None))
        await real(user_id)

    monkeypatch.setattr(kept, "forget", forget)
    await erase(full.user, full.user.id)
    assert forgotten == [(full.user.id, True)]


async def test_the_last_admin_stays_and_others_erase_nobody(
    admin: SignedIn, member: SignedIn
) -> None:
    with pytest.raises(LastAdmin):
        await erase(admin.user, admin.user.id)
    with pytest.raises(NotAllowed):
        await erase(member.user, admin.user.id)
    assert await sessions.session_by_token(admin.token)
    await people.set_role(admin.user, member.user.id, Role.ADMIN)
    await erase(member.user, admin.user.id)
    async with reading() as session:
        assert (await session.exec(select(User.email))).all() == [member.user.email]
    # The address is free again.
    assert await service.sign_up(admin.user.email, PASSWORD, "", Visit())


async def test_a_copy_has_all_that_is_ones_own_and_nothing_of_others(
    admin: SignedIn, full: SignedIn
) -> None:
    await people.offer_export(admin.user, full.user.id)
    text = "".join([part async for part in export(full.user.id, full.user.id)])
    copy = json.loads(text)
    assert copy["person"]["email"] == full.user.email
    [chat] = copy["chats"]
    assert [each["text"] for each in chat["messages"]] == ["Marys asks", "Marys is told"]
    assert [each["title"] for each in chat["messages"][1]["steps"]] == ["Marys step"]
    assert copy["limits"] == {"questions_a_day": 7}
    assert copy["usage"][0]["questions"] == 5
    assert [each["name"] for each in copy["agents"]["agents"]] == ["Marys agent"]
    assert copy["agents"]["about"] == "Marys about"
    assert [each["ending"] for each in copy["own_keys"]] == ["4711"]
    assert copy["noted"][-1]["action"] == "person.exported"
    for hidden in ("Adas", KEY, admin.user.email, admin.user.id.hex, full.token, "argon2"):
        assert hidden not in text
    async with reading() as session:
        user = (await session.exec(select(User).where(User.id == full.user.id))).one()
    assert user.export_offered_at is None
    assert audit.of_person(admin.user.id) not in text


async def test_a_copy_of_nothing_is_whole(admin: SignedIn) -> None:
    text = "".join([part async for part in export(admin.user.id, None)])
    assert json.loads(text)["chats"] == []
