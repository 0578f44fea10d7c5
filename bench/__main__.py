"""``python -m bench``: the quick measures, then the report; or what is named, with its options.

Measures fail on wrong results only; the report fails on a missed bar, too.
"""

import asyncio
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from bench import (
    bad_day,
    cached,
    cpu_per_token,
    faults,
    first_word,
    growth,
    kept_state,
    leaks,
    long_chat,
    peers,
    people,
    recovery,
    relay,
    report,
    scale_model,
    table,
    weight,
    wire_bytes,
)
from bench.admin import measure as admin
from bench.baseline import Naive
from bench.pool import measure as pool
from bench.product import Product
from bench.subject import Subject
from bench.table import Result
from chatapp.settings import Settings
from tests.fakes import ProviderServer
from tests.harness import logs
from tests.harness.backends import Real
from tests.harness.services import Services

MEASURES = {
    "first-word": first_word.measure,
    "cpu": cpu_per_token.measure,
    "bytes": wire_bytes.measure,
    "state": kept_state.measure,
    "long-chat": long_chat.measure,
    "cache": cached.measure,
}
WEIGHT = "weight"
POOL = "pool"


ALONE = {
    "growth": growth.main,
    "admin": admin.main,
    "people": people.main,
    "bad-day": bad_day.main,
    "relay": relay.main,
    "peers": peers.main,
    "report": report.main,
    "faults": faults.main,
    "recovery": recovery.main,
    "scale": scale_model.main,
    "leaks": leaks.main,
}
"""What has the machine for itself and takes options of its own."""


QUICK = "quick"
"""All measures that are not alone."""


async def main(wanted: Sequence[str]) -> int:
    if wanted and wanted[0] in ALONE:
        return await ALONE[wanted[0]](list(wanted[1:]))
    if not wanted:
        try:
            code = await _quick([])
        except Exception:
            # The report is made whatever came of the others.
            traceback.print_exc()
            code = 1
        return max(code, await report.main([]))
    return await _quick([] if list(wanted) == [QUICK] else wanted)


async def _quick(wanted: Sequence[str]) -> int:
    all_names = (*MEASURES, WEIGHT, POOL)
    names = [name for name in all_names if not wanted or name in wanted]
    if unknown := set(wanted) - set(names):
        known = [QUICK, *all_names, *ALONE]
        print(f"No such measure: {', '.join(sorted(unknown))}. Say some of {known}.")
        return 2
    began = time.monotonic()
    results: list[Result] = []
    logged: list[str] = []
    if set(names) & set(MEASURES):
        async with AsyncExitStack() as stack:
            product, naive, product_log = await _serve(stack)
            served = [name for name in names if name in MEASURES]
            results += [await _one(name, product, naive) for name in served]
            logged = logs.errors(product_log.read_text(errors="replace"))
    if WEIGHT in names:
        results.append(weight.measure())
    if POOL in names:
        results.append(await _pool())
    if rows := [row for result in results for row in result.rows]:
        print("\n" + table.text(rows))
    compared = [row for result in results for row in result.compared]
    if compared:
        print("\n" + table.text(compared, table.COMPARED))
    print(
        f"\n{time.monotonic() - began:.0f} seconds in all. Times are of this machine; ratios hold."
    )
    wrong = [line for result in results for line in result.wrong]
    wrong += [f"Over the bar: {row.what}" for row in compared if row.hard and not row.passed]
    for line in [*wrong, *(f"chatapp logged: {entry}" for entry in logged[:5])]:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


async def _one(name: str, product: Subject, naive: Subject) -> Result:
    began = time.monotonic()
    result = await MEASURES[name](product, naive)
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return result


async def _pool() -> Result:
    began = time.monotonic()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-bench-")))
        fakes = await stack.enter_async_context(ProviderServer())
        result = await pool.measure(Services(stack, folder), fakes)
    print(f"{POOL}: {time.monotonic() - began:.0f} s", flush=True)
    return result


async def _serve(stack: AsyncExitStack) -> tuple[Subject, Subject, Path]:
    """Both apps, each with a database of its own in the same servers."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-bench-")))
    services = Services(stack, folder)
    provider = await stack.enter_async_context(ProviderServer())
    env = await Real(services.postgres, services.redis).fresh(folder)
    product = Product(provider, env, folder)
    naive = Naive(provider, (await services.redis()).url(), folder)
    for subject in (product, naive):
        stack.push_async_callback(subject.stop)
        await subject.start()
    return product, naive, folder / "chatapp.log"


def forget_the_owners_settings() -> None:
    """What this machine's owner has set, keys above all, is not for benchmarks."""
    os.environ["PYTHON_DOTENV_DISABLED"] = "1"
    known = {str(field.validation_alias) for field in Settings.model_fields.values()}
    for name in list(os.environ):
        if name.startswith("CHATAPP_") or name.endswith("_API_KEY") or name in known:
            del os.environ[name]


if __name__ == "__main__":
    forget_the_owners_settings()
    sys.exit(asyncio.run(main(sys.argv[1:])))
