"""The page about limits as the browser's store holds it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypedDict
from uuid import UUID

from chatapp import routes
from chatapp.accounts import groups
from chatapp.admin.limits.form import LIMITS, SETTINGS, amount, parsed, values_of, version, without
from chatapp.admin.paging import whole
from chatapp.limits import admin, degradation, policy
from chatapp.limits.admin import ALL, Owner, Preview
from chatapp.limits.degradation import Step
from chatapp.limits.periods import day_of
from chatapp.limits.usage import UsageView, usage
from chatapp.pool.service import pool, tiers

DAYS = 30
"""So many days of usage are shown, with today."""

MOST = 20
"""How many of those who asked most are listed."""

LISTED = 50
"""How many people with limits of their own are listed."""

STEPS = {
    Step.ALL: "nothing is saved",
    Step.SHORTER_CONTEXT: "shorter contexts",
    Step.SMALL_MODEL: "a smaller model answers",
    Step.CACHE_ONLY: "only known answers",
    Step.WAITING: "questions wait in line",
}

FROM_CACHE = "From the cache"


class LimitsView(TypedDict):
    """Whose limits there are, and the values of the form's fields."""

    title: str
    note: str
    everybody: bool
    values: dict[str, str]
    version: str
    without: dict[str, str]
    tiers: list[str]
    left: list[list[str]]
    """Tiers, how much is left of their day, and what is saved on them now."""


class ChangeView(TypedDict):
    """One change, before it is made."""

    what: str
    whom: str


class PreviewView(TypedDict):
    """What would change."""

    values: dict[str, str]
    """With the version of what they are to change."""
    changes: list[ChangeView]


class LinkView(TypedDict):
    """A way to a group's or a person's limits."""

    href: str
    name: str
    words: str


class TotalsView(TypedDict):
    """What was used in the last days."""

    sum: list[list[str]]
    used: UsageView | None
    """Of one person: beside the limits."""


async def limits_view(owner: Owner) -> LimitsView | None:
    """Whose limits there are; None: there is no such group or person."""
    name = await admin.name_of(owner)
    if name is None:
        return None
    note = "For each person whose group has none of its own, nor the person. 0: no limit."
    if owner != ALL:
        note = "0: no limit. Empty: what holds anyway, which stands there in grey."
    title = f"Limits of the group {name}" if owner.group_id else f"Limits of {name}"
    return {
        "title": "Everybody’s limits" if owner == ALL else title,
        "note": note,
        "everybody": owner == ALL,
        "values": values_of(owner),
        "version": version(owner),
        "without": without(owner),
        "tiers": list(tiers()),
        "left": [await _left(tier) for tier in tiers()] if owner == ALL else [],
    }


async def _left(tier: str) -> list[str]:
    share = (await degradation.left(tier)).share
    return [tier, f"{share:.0%}", STEPS[degradation.step_at(share)]]


async def preview_view(owner: Owner, wanted: dict[str, str]) -> PreviewView:
    """What some changes would do. Raises: Invalid."""
    limits, now = parsed(owner, wanted), values_of(owner)
    found: list[ChangeView] = []
    for name, value in wanted.items():
        if name in LIMITS:
            old = int(now[name]) if now[name] else None
            what = f"{LIMITS[name]}: {_own(old)} → {_own(limits[name])}"
            whom = _whom(await admin.preview(owner, name, limits[name]))
        else:
            what, whom = f"{SETTINGS[name].label}: {now[name] or '–'} → {value or '–'}", ""
        found.append({"what": what, "whom": whom})
    return {"values": {**wanted, "version": version(owner)}, "changes": found}


def _own(value: int | None) -> str:
    return "nothing of its own" if value is None else amount(value)


def _whom(found: Preview) -> str:
    words = f"It hits {_people(found.people)}."
    if not found.over:
        return words
    names = ", ".join(person.email for person in found.named)
    rest = found.over - len(found.named)
    more = f" and {rest:,} more" if rest else ""
    return f"{words} {_people(found.over)} of them would be at it already: {names}{more}."


def _people(count: int) -> str:
    return f"{count:,} {'person' if count == 1 else 'people'}"


async def own_limits() -> list[LinkView]:
    """The groups and people that have limits of their own."""
    of_groups, of_people = policy.own()
    found: list[LinkView] = [
        {
            "href": routes.limits_of(group_id=group.id),
            "name": f"{group.name} ({_people(count)})",
            "words": limits_words(of_groups[group.id]),
        }
        for group, count in (await groups.every() if of_groups else ())
        if group.id in of_groups
    ]
    names = await admin.names(list(of_people), LISTED)
    return found + [_person(user_id, name, of_people[user_id]) for user_id, name in names]


def _person(user_id: UUID, name: str, values: Mapping[str, int]) -> LinkView:
    return {"href": routes.limits_of(user_id=user_id), "name": name, "words": limits_words(values)}


def limits_words(values: Mapping[str, int]) -> str:
    """The limits that a group or a person has of its own; nothing: it has none."""
    return " · ".join(
        f"{LIMITS[name]}: {amount(values[name])}" for name in LIMITS if name in values
    )


async def search(text: str) -> list[LinkView]:
    """Groups and people whose name holds a text."""
    of_groups, of_people = policy.own()
    found: list[LinkView] = []
    for group, count in await groups.every():
        if text.casefold() in group.name.casefold():
            words = limits_words(of_groups.get(group.id, {})) or _people(count)
            href = routes.limits_of(group_id=group.id)
            found.append({"href": href, "name": f"Group {group.name}", "words": words})
    people = await admin.search(text)
    return found[:10] + [_person(each, name, of_people.get(each, {})) for each, name in people]


async def totals_view(owner: Owner, zone: str) -> dict[str, Any]:
    """What was used in the last days: by models, by days, and by whom; by names in the store."""
    today = day_of().first_day
    rows = await admin.totals(today - timedelta(days=DAYS - 1), today, owner)
    members, days = admin.added_up(rows, "member"), admin.added_up(rows, "day")
    most = [] if owner.user_id else await admin.most_questions(owner, MOST)
    labels = {member.name: member.label for member in pool().config.members}
    sums = {name: sum(row[name] for row in members) for name in COLUMNS}
    view: TotalsView = {
        "sum": [[label, _cell(name, sums[name])] for name, label in COLUMNS.items()],
        "used": await usage(owner.user_id, zone) if owner.user_id else None,
    }
    return {
        "admin:limits:totals": view,
        "admin:limits:members": whole(
            [_row(labels.get(row["member"], row["member"]) or FROM_CACHE, row) for row in members]
        ),
        "admin:limits:days": whole([_row(f"{row['day']:%a %d %b}", row) for row in days[::-1]]),
        "admin:limits:people": whole(
            [
                {
                    "id": str(person.id),
                    "name": person.email,
                    "href": routes.limits_of(user_id=person.id),
                    "questions": f"{person.used:,}",
                }
                for person in most
            ]
        ),
    }


COLUMNS = {
    "questions": "Questions",
    "prompt_tokens": "Tokens read",
    "completion_tokens": "Tokens written",
    "saved_tokens": "Tokens saved",
    "cost": "Cost",
}


def _row(name: str, row: Mapping[str, Any]) -> dict[str, str]:
    return {"id": name, "name": name} | {each: _cell(each, row[each]) for each in COLUMNS}


def _cell(name: str, value: int) -> str:
    return f"{value / 1e6:,.2f}" if name == "cost" else f"{value:,}"
