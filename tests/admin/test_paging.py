"""What a URL asks of a table, and what the database is asked for it."""

import pytest
from sqlmodel import col

from chatapp.accounts.models import Role, User
from chatapp.admin import paging
from chatapp.admin.paging import FURTHEST, PAGE, Asked, Page, page_of
from chatapp.admin.people import repository
from chatapp.database import reading, rows_of, transaction
from chatapp.settings import Settings


def asked(**parameters: str) -> Asked:
    return Asked.of("/people", parameters, sort="-since", filters=("role", "status"))


def test_nothing_asks_for_the_first_page_sorted_as_the_page_says() -> None:
    assert asked() == Asked("/people", "-since")
    assert asked(search="  ", role="", page="").link() == "/people?sort=-since"


def test_a_link_says_all_of_it_and_leads_back_to_it() -> None:
    made = asked(search="a & b", role="admin", page="3", sort="email", other="x")
    assert made.link() == "/people?search=a+%26+b&role=admin&sort=email&page=3"
    assert made.page == 2
    assert made.sorted_by("email") == "/people?search=a+%26+b&role=admin&sort=-email"
    assert made.sorted_by("name") == "/people?search=a+%26+b&role=admin&sort=name"


@pytest.mark.parametrize("page", ["-1", "0", "x", "1.5", "²", "١", "9" * 99, "' OR 1=1"])
def test_a_page_that_is_none_is_one_that_there_can_be(page: str) -> None:
    assert 0 <= asked(page=page).page < FURTHEST // PAGE


def test_text_is_cut_and_can_be_stored() -> None:
    made = asked(search="\x00\ud800" + "x" * 1000)
    assert len(made.search) == paging.LONGEST
    made.search.encode()


async def people(*names: str) -> None:
    async with transaction() as session:
        for number, name in enumerate(names):
            role = Role.ADMIN if number == 0 else Role.MEMBER
            email = f"{number:03}@example.org"
            session.add(User(email=email, name=name, password_hash="none", role=role))


async def found(wanted: Asked) -> Page[User]:
    async with reading() as session:
        query = repository.people(wanted)
        return await page_of(session, query, wanted, repository.SORTS, col(User.id))


async def test_rows_come_sorted_searched_filtered_and_by_pages(installation: Settings) -> None:
    await people("Ada", "Bob 100%", "under_score", *("Crowd" for _ in range(PAGE)))
    by_name = await found(asked(sort="name"))
    assert [row.name for row in by_name.rows[:3]] == ["Ada", "Bob 100%", "Crowd"]
    assert (len(by_name.rows), by_name.count) == (PAGE, PAGE + 3)
    assert len((await found(asked(sort="name", page="2"))).rows) == 3
    newest = await found(asked())
    assert newest.rows[0].email > newest.rows[-1].email
    assert [row.name for row in (await found(asked(search="00%"))).rows] == ["Bob 100%"]
    # Of few letters a name begins with them: they are in too many.
    assert [row.name for row in (await found(asked(search="UN"))).rows] == ["under_score"]
    assert (await found(asked(search="re"))).count == 0
    assert [row.name for row in (await found(asked(search="ER_S"))).rows] == ["under_score"]
    assert [row.name for row in (await found(asked(role="admin"))).rows] == ["Ada"]
    # What is unknown counts as not asked for; a group that is none has nobody.
    assert (await found(asked(role="owner", sort="password_hash"))).count == PAGE + 3
    nobody = Asked.of("/people", {"group": "'"}, sort="", filters=("group",))
    assert (await found(nobody)).count == 0


async def test_nobody_counts_or_pages_further_than_is_quick(
    installation: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "FURTHEST", 3)
    await people(*("Crowd" for _ in range(6)))
    async with reading() as session:
        page = await page_of(session, rows_of(User), asked(), repository.SORTS, col(User.id))
    assert page.count == 4
    assert paging._words(0, 3, page.count) == "1–3 of more than 3"
    assert paging._words(0, 3, 3) == "1–3 of 3"
