"""Who may have what: everybody's limits, groups' and people's own; who is hit by a change."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from pydantic import ValidationError

from chatapp import controls
from chatapp.accounts import groups
from chatapp.database import new_id, now, transaction
from chatapp.limits import admin, override_repository, periods, policy
from chatapp.limits.admin import ALL, Owner
from chatapp.limits.policy import EVERYBODY, limits_of
from chatapp.limits.service import Limiter
from chatapp.settings import Settings
from tests.limits.world import asks, ends


async def test_the_nearest_limit_holds(ada: UUID, eve: UUID) -> None:
    team, others = await groups.create("Team"), await groups.create("Others")
    await groups.add(team.id, [ada, eve])
    await groups.add(others.id, [ada])
    by = new_id()
    await admin.set_limit(ALL, "questions_a_day", 10, by)
    assert limits_of(ada).questions_a_day == 10
    await admin.set_limit(Owner(group_id=team.id), "questions_a_day", 50, by)
    await admin.set_limit(Owner(group_id=others.id), "questions_a_day", 20, by)
    await policy.load()
    # The most generous of one's groups; none is the most generous of all.
    assert limits_of(ada).questions_a_day == limits_of(eve).questions_a_day == 50
    await admin.set_limit(Owner(group_id=others.id), "questions_a_day", 0, by)
    assert limits_of(ada).questions_a_day == 0
    await admin.set_limit(Owner(user_id=ada), "questions_a_day", 5, by)
    assert limits_of(ada).questions_a_day == 5
    await admin.set_limit(Owner(user_id=ada), "questions_a_day", None, by)
    assert limits_of(ada).questions_a_day == 0
    await groups.take_out(others.id, [ada])
    await policy.load()
    assert limits_of(ada).questions_a_day == 50
    await groups.remove(team.id)
    await policy.load()
    assert limits_of(ada).questions_a_day == limits_of(new_id()).questions_a_day == 10


async def test_processes_hear_of_limits_that_another_one_sets(ada: UUID) -> None:
    async def set_elsewhere(value: int) -> None:
        async with transaction() as session:
            await override_repository.set_override(
                session, "questions_a_day", value, None, user_id=ada
            )
        await groups.changed()

    async with policy.following(), asyncio.timeout(20):
        # The first is found when listening begins, the second is heard.
        for value in (3, 4):
            await set_elsewhere(value)
            while limits_of(ada).questions_a_day != value:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_a_limit_must_be_one(ada: UUID) -> None:
    for value in (-1, 10**13):
        with pytest.raises(ValidationError):
            await admin.set_limit(Owner(user_id=ada), "tokens_a_day", value, None)
        with pytest.raises(ValidationError):
            await admin.set_limit(ALL, "tokens_a_day", value, None)
    with pytest.raises(KeyError):
        await admin.set_limit(Owner(user_id=ada), "wishes", 3, None)


async def test_a_change_is_shown_before_it_is_made(ada: UUID, eve: UUID, limiter: Limiter) -> None:
    await policy.load()
    team = await groups.create("Team")
    await groups.add(team.id, [ada])
    for _ in range(3):
        await ends(limiter, await asks(limiter, ada), 10)
    await ends(limiter, await asks(limiter, eve), 10)
    everybody = await admin.preview(ALL, "questions_a_day", 2)
    assert everybody.people >= 2
    assert (everybody.over, [person.id for person in everybody.named]) == (1, [ada])
    # Eve has a limit of her own, so a change for all does not reach her.
    await admin.set_limit(Owner(user_id=eve), "questions_a_day", 100, None)
    assert (await admin.preview(ALL, "questions_a_day", 1)).people == everybody.people - 1
    of_team = Owner(group_id=team.id)
    seen = await admin.preview(of_team, "questions_a_day", 1)
    assert (seen.people, [person.id for person in seen.named]) == (1, [ada])
    of_eve = await admin.preview(Owner(user_id=eve), "tokens_a_day", 5)
    assert (of_eve.people, [person.id for person in of_eve.named]) == (1, [eve])
    assert (await admin.preview(ALL, "questions_a_day", 0)).over == 0
    # Eve's would be that of all again, of which she has used one.
    await admin.set_limit(ALL, "questions_a_day", 1, None)
    back = await admin.preview(Owner(user_id=eve), "questions_a_day", None)
    assert (back.people, back.over) == (1, 1)
    # A better one of another group goes before that of this one.
    others = await groups.create("Others")
    await groups.add(others.id, [ada])
    await admin.set_limit(Owner(group_id=others.id), "questions_a_day", 7, None)
    assert [
        (await admin.preview(of_team, "questions_a_day", value)).people for value in (5, 9, 0, None)
    ] == [0, 1, 1, 0]
    assert (await admin.preview(ALL, "questions_a_day", 1)).people == everybody.people - 2


async def test_totals_are_those_of_people_groups_members_and_days(
    ada: UUID, eve: UUID, limiter: Limiter
) -> None:
    await policy.load()
    team = await groups.create("Team")
    await groups.add(team.id, [eve])
    for who, member, tokens in ((ada, "groq/a", 10), (ada, "google/b", 20), (eve, "groq/a", 40)):
        await ends(limiter, await asks(limiter, who), tokens, member=member)
    today = periods.day_of().first_day
    span = (today - timedelta(days=1), today)
    rows = await admin.totals(*span)
    by_member = {row["member"]: row for row in admin.added_up(rows, "member")}
    assert by_member["groq/a"]["completion_tokens"] == 50
    assert by_member["groq/a"]["questions"] == 2
    assert [(each.id, each.used) for each in await admin.most_questions(ALL, 5)] == [
        (ada, 2),
        (eve, 1),
    ]
    assert [
        (each.id, each.used) for each in await admin.most_questions(Owner(group_id=team.id), 5)
    ] == [(eve, 1)]
    (day,) = admin.added_up(rows, "day")
    assert (day["day"], day["attempts"]) == (today, 3)
    (of_team,) = await admin.totals(*span, Owner(group_id=team.id))
    assert of_team["completion_tokens"] == 40
    (of_ada,) = admin.added_up(await admin.totals(*span, Owner(user_id=ada)), "day")
    assert of_ada["completion_tokens"] == 30


async def test_the_zone_is_an_admins(installation: Settings) -> None:
    with pytest.raises(ValidationError):
        await controls.change(periods.ZONE, "Middle/Earth", None)
    await controls.change(periods.ZONE, "Asia/Tokyo", None)
    day, month = periods.day_of(), periods.month_of()
    assert day.begins <= now() < day.ends
    assert day.begins.astimezone(periods.zone()).hour == 0
    assert month.begins <= day.begins < day.ends <= month.ends
    days, months = periods.bounds()
    assert periods.milliseconds(day.begins) in days
    assert periods.milliseconds(month.ends) in months
    assert days == sorted(set(days))
    assert months == sorted(set(months))


def test_every_limit_has_everybodys_value() -> None:
    assert tuple(EVERYBODY) == policy.NAMES
