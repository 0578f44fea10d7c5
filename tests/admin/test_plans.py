"""The admin pages stay quick however many answers there are: none reads all of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func
from sqlmodel import col, select

from bench.admin.crowd import Size, fill
from bench.admin.pages import LONG, PAGES, closed_after, plan_of, queries_of, whole
from chatapp import routes
from chatapp.answers.models import Answer
from chatapp.database import reading
from tests.harness.backends import Backend, forget_caches


@pytest.fixture(scope="module")
async def crowded(
    real: Backend, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[pytest.MonkeyPatch]:
    folder: Path = tmp_path_factory.mktemp("crowded")
    env = await real.fresh(folder)
    await fill(env["DATABASE_URL"], Size(people=2_000, answers=60_000))
    with pytest.MonkeyPatch.context() as patched:
        for name, value in env.items():
            patched.setenv(name, value)
        forget_caches()
        async with closed_after():
            yield patched
    forget_caches()


def test_every_admin_page_is_tried() -> None:
    pages = {path for name, path in vars(routes).items() if name.startswith("ADMIN")}
    pages |= {routes.AUDIT_EXPORT, routes.STATUS}
    assert pages - {routes.ADMIN_POOL} <= {name.partition(" ")[0] for name in PAGES}


@pytest.mark.parametrize("name", PAGES)
async def test_no_page_reads_all_answers(crowded: pytest.MonkeyPatch, name: str) -> None:
    queries = await queries_of(PAGES[name])
    assert queries
    for query in queries:
        read = list(whole(await plan_of(query, large=True), LONG))
        assert not read, f"{query.statement}: {read}"


async def test_what_reads_all_answers_is_found(crowded: pytest.MonkeyPatch) -> None:
    for query in (
        select(func.count()).select_from(Answer),
        select(Answer.id).where(Answer.problem == "x").order_by(col(Answer.duration_ms)).limit(1),
    ):

        async def page(query: object = query) -> None:
            async with reading() as session:
                await session.exec(query)  # pyright: ignore[reportArgumentType, reportCallIssue]

        (made,) = await queries_of(page)
        assert list(whole(await plan_of(made, large=True), LONG))
