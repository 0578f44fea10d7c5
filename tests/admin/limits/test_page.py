"""The page about limits: what holds, whom a change hits, and then it holds."""

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect
from sqlmodel import col, select

from chatapp import audit, routes
from chatapp.accounts.models import Group, Membership
from chatapp.audit.models import AuditNote
from chatapp.database import new_id
from chatapp.limits.models import UsageDay, UsedPeriod
from chatapp.limits.periods import day_of, month_of
from tests.browser.rows import Person, Rows
from tests.harness.app import AppServer

pytestmark = pytest.mark.browser

SAVED = "Saved. It holds at once."


async def test_a_limit_is_changed_once_one_has_seen_whom_it_hits(
    app: AppServer, admin: Person, page: Page
) -> None:
    await page.goto(app.url + routes.ADMIN_LIMITS)
    questions = page.get_by_label("Questions a day")
    await expect(questions).to_have_value("0")
    await questions.fill("200")
    await page.get_by_label("A smaller model below").fill("15")
    await page.get_by_label("Days that each request").fill("60")
    await questions.press("Enter")
    preview = page.get_by_test_id("preview")
    await expect(preview).to_contain_text("Questions a day: no limit → 200")
    await expect(preview).to_contain_text("A smaller model below (percent): 10 → 15")
    await preview.get_by_role("button", name="Save").click()
    await expect(page.get_by_text(SAVED)).to_be_visible()
    await page.reload()
    await expect(questions).to_have_value("200")
    await expect(page.get_by_label("A smaller model below")).to_have_value("15")
    await expect(page.get_by_label("Days that each request")).to_have_value("60")
    await page.get_by_label("Time zone").fill("Middle/Earth")
    await questions.press("Enter")
    await expect(page.get_by_text("must be a time zone")).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("Time zone")).to_have_value("UTC")
    # As it was, for those who share the app.
    await questions.fill("0")
    await questions.press("Enter")
    await preview.get_by_role("button", name="Save").click()
    await expect(page.get_by_text(SAVED)).to_be_visible()


async def used(rows: Rows, person: Person, questions: int) -> None:
    """Let a person have asked so much, all of it yesterday but for the books of today."""
    today, month = day_of().first_day, month_of().first_day
    await rows.add(
        [
            UsedPeriod(user_id=person.id, kind=kind, first_day=first, questions=questions)
            for kind, first in (("day", today), ("month", month))
        ],
        [
            UsageDay(
                day=today - timedelta(days=1),
                user_id=person.id,
                member="groq/llama",
                attempts=questions,
                questions=questions,
                prompt_tokens=1234 * questions,
            )
        ],
    )


async def test_groups_and_people_have_limits_of_their_own(
    app: AppServer, admin: Person, page: Page, rows: Rows
) -> None:
    busy, calm = await rows.person("Bea"), await rows.person("Cal")
    team = Group(id=new_id(), name=f"Team {new_id()}")
    await rows.add([team], [Membership(user_id=p.id, group_id=team.id) for p in (busy, calm)])
    await used(rows, busy, 7)
    await used(rows, calm, 2)

    await page.goto(app.url + routes.ADMIN_LIMITS)
    await page.get_by_label("Find a group or a person").fill(team.name)
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name=f"Group {team.name}").click()
    await expect(
        page.get_by_role("heading", name=f"Limits of the group {team.name}")
    ).to_be_visible()
    questions = page.get_by_label("Questions a day")
    await expect(questions).to_have_attribute("placeholder", "no limit")
    # What was used in it, by models and days, and who asked most.
    await expect(page.get_by_role("table", name="By model")).to_contain_text("groq/llama")
    await expect(page.get_by_role("row", name="groq/llama 9 11,106")).to_be_visible()
    most = page.get_by_role("table", name="Who asked most this month").get_by_role("link")
    await expect(most).to_have_text([busy.email, calm.email])
    await questions.fill("5")
    await questions.press("Enter")
    preview = page.get_by_test_id("preview")
    await expect(preview).to_contain_text("Questions a day: nothing of its own → 5")
    await expect(preview).to_contain_text("It hits 2 people. 1 person of them would be at it")
    await expect(preview).to_contain_text(busy.email)
    await preview.get_by_role("button", name="Save").click()
    await expect(page.get_by_text(SAVED)).to_be_visible()

    await page.goto(app.url + routes.limits_of(user_id=busy.id))
    await expect(page.get_by_role("heading", name=f"Limits of {busy.email}")).to_be_visible()
    await expect(questions).to_have_attribute("placeholder", "5")
    bar = page.get_by_role("progressbar", name="Questions today")
    await expect(bar).to_have_attribute("aria-valuenow", "100")
    await questions.fill("50")
    await questions.press("Enter")
    await expect(preview).to_contain_text("It hits 1 person.")
    await preview.get_by_role("button", name="Save").click()
    await expect(page.get_by_text(SAVED)).to_be_visible()

    await page.goto(app.url + routes.ADMIN_LIMITS)
    own = page.get_by_role("list", name="With limits of their own").get_by_role("listitem")
    await expect(own.filter(has_text=team.name)).to_contain_text("Questions a day: 5")
    await own.filter(has_text=busy.email).get_by_role("link").click()
    await expect(questions).to_have_value("50")
    await questions.fill("")
    await questions.press("Enter")
    await expect(preview).to_contain_text("1 person of them would be at it already")
    await preview.get_by_role("button", name="Save").click()
    await expect(page.get_by_text(SAVED)).to_be_visible()
    await expect(questions).to_have_value("")
    noted = select(AuditNote.subject).where(AuditNote.action == "limits.changed")
    mine = noted.where(AuditNote.by == admin.id).order_by(col(AuditNote.id))
    assert await rows.all(mine) == [f"group:{team.id}", *[audit.of_person(busy.id)] * 2]


async def test_who_is_not_there_has_no_limits(app: AppServer, admin: Person, page: Page) -> None:
    await page.goto(app.url + routes.limits_of(user_id=new_id()))
    await expect(page.get_by_text("There is no such group or person")).to_be_visible()
    await expect(page.get_by_label("Questions a day")).to_have_count(0)
