"""``python -m bench admin``: the time that PostgreSQL needs for each admin page."""

import argparse
import os
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bench.admin.crowd import Size, fill
from bench.admin.pages import LONG, PAGES, closed_after, plan_of, queries_of, whole
from tests.harness.backends import Real
from tests.harness.services import Services

BAR = 300.0
"""Milliseconds of database time that a page may cost."""

ROUNDS = 3
"""How often each page is opened; the middle one counts."""

SLOW = 20.0
"""Milliseconds from which a statement is shown."""


async def main(arguments: list[str]) -> int:
    """Fill a database, open each page, and say what it costs."""
    parser = argparse.ArgumentParser(prog="python -m bench admin")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--answers", type=int, default=10_000_000)
    size = Size(**vars(parser.parse_args(arguments)))
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-bench-")))
        services = Services(stack, folder)
        env = await Real(services.postgres, services.redis).fresh(folder)
        os.environ.update(env)
        began = time.monotonic()
        await fill(env["DATABASE_URL"], size, told=True)
        took = time.monotonic() - began
        print(f"{size.people:,} people and {size.answers:,} answers after {took:.0f} s.\n")
        async with closed_after():
            return await _pages()


async def _pages() -> int:
    over = 0
    print(f"{'page':<44}{'queries':>8}{'ms':>9}   of {BAR:.0f} ms")
    for name, page in PAGES.items():
        rounds = sorted(
            [await queries_of(page) for _ in range(ROUNDS)],
            key=lambda queries: sum(query.milliseconds for query in queries),
        )
        queries = rounds[ROUNDS // 2]
        total = sum(query.milliseconds for query in queries)
        over += total > BAR
        print(f"{name:<44}{len(queries):>8}{total:>9.1f}   {'over' if total > BAR else 'ok'}")
        for query in sorted(queries, key=lambda each: -each.milliseconds):
            if query.milliseconds < SLOW:
                break
            read = ", ".join(whole(await plan_of(query), LONG))
            words = " ".join(query.statement.split())[:110]
            print(f"    {query.milliseconds:7.1f} ms  {words} … {read}")
    print(f"\n{over} of {len(PAGES)} pages cost more than {BAR:.0f} ms of database time.")
    return 1 if over else 0
