"""chatapp and its peers, each served by one process that has a core for itself."""

import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import cast

from bench.bare.subject import Bare
from bench.baseline import Naive
from bench.growing import RelayChainlitTab, RelayNaiveTab, RelayProductTab
from bench.peer import Chainlit
from bench.product import Product
from bench.subject import Subject
from tests.fakes import ProviderServer
from tests.harness.backends import Real
from tests.harness.processes import Process, accepts, free_port
from tests.harness.services import Services


class LeanProvider:
    """The provider, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "bench.load.provider", str(self.port)]
        self.process = Process(command, folder / "provider.log")

    def base_url(self, _provider: str, _account: str = "") -> str:
        """Its address, whatever follows."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        await self.process.start(lambda: accepts("127.0.0.1", self.port))


@asynccontextmanager
async def contenders(*names: str) -> AsyncIterator[list[Subject]]:
    """Those of these names, served; Chainlit is left out where it cannot be installed."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-relay-")))
        services = Services(stack, folder)
        lean = LeanProvider(folder)
        await lean.start()
        stack.push_async_callback(lean.process.stop)
        provider = cast("ProviderServer", lean)
        env = await Real(services.postgres, services.redis).fresh(folder)
        product = Product(provider, env, folder)
        naive = Naive(provider, (await services.redis()).url(), folder)
        product.tab_type, naive.tab_type = RelayProductTab, RelayNaiveTab
        subjects: list[Subject] = [Bare(provider, folder), product, naive]
        if "chainlit" in names and (python := await Chainlit.python()):
            chainlit = Chainlit(provider, folder, python)
            chainlit.tab_type = RelayChainlitTab
            subjects.append(chainlit)
        named = [each for each in subjects if each.name in names]
        own = stack.enter_context(_core_apart())
        for subject in named:
            stack.push_async_callback(subject.stop)
            await subject.start()
            _pin(subject.pid, own)
        yield named


@contextmanager
def _core_apart() -> Iterator[set[int]]:
    """A core that this process and what it starts keep off, as long as this lasts."""
    before = os.sched_getaffinity(0)
    first, *others = sorted(before)
    os.sched_setaffinity(0, others or before)
    try:
        yield {first}
    finally:
        os.sched_setaffinity(0, before)


def _pin(pid: int, cores: set[int]) -> None:
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cores)
