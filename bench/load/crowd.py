"""``python -m bench.load.crowd``: one process of people, told by lines of JSON what to do.

Commands: ``come`` (``rate`` people a second), ``talk`` (with manners), ``quiet``, ``ask``
(``count`` people at once), ``drop`` (all connections break), ``report``. The first line says
who they are.
"""

import asyncio
import gc
import random
import sys
from dataclasses import replace
from typing import Any

import orjson
import uvloop

from bench.load.counts import Counts
from bench.load.manners import Account, Manners
from bench.load.person import Person
from bench.load.scheduling import wait_for_turn


class Crowd:
    """The people of one process."""

    def __init__(self, accounts: list[Account], manners: Manners) -> None:
        self.manners = manners
        self.counts = Counts()
        self.people = [Person(account, manners, self.counts) for account in accounts]

    def do(self, what: str, options: dict[str, Any]) -> None:
        """Do what a line says."""
        match what:
            case "come":
                self._coming = asyncio.create_task(self.come(**options))
            case "talk":
                self.talk(options)
            case "quiet":
                for person in self.people:
                    person.be_quiet()
            case "ask":
                self.ask(**options)
            case "drop":
                for person in self.people:
                    person.drop()
            case "report":
                said = orjson.dumps(self.report(), option=orjson.OPT_NON_STR_KEYS)
                sys.stdout.buffer.write(said + b"\n")
                sys.stdout.buffer.flush()

    async def come(self, rate: float) -> None:
        """Open all pages, evenly."""
        clock = asyncio.get_running_loop().time
        began = clock()
        for number, person in enumerate(self.people):
            if (wait := began + number / rate - clock()) > 0:
                await asyncio.sleep(wait)
            person.come()

    def talk(self, changes: dict[str, Any]) -> None:
        """Let everybody ask from time to time."""
        self.manners = replace(self.manners, **changes)
        for person in self.people:
            person.talk(self.manners)

    def ask(self, count: int) -> None:
        """Let so many people ask at once."""
        for person in random.sample(self.people, count):
            if person.there and person.turn is None:
                person.ask()

    def report(self) -> dict[str, Any]:
        """What happened since the last report, and how it is now."""
        said = self.counts.to_json()
        self.counts = Counts()
        for person in self.people:
            person.counts = self.counts
        return {
            **said,
            "there": sum(person.there for person in self.people),
            "streaming": sum(bool(p.turn and p.turn.seen) for p in self.people),
            "waiting": sum(p.turn is not None for p in self.people),
        }


async def main() -> None:
    """Do what the lines say until there are no more."""
    reader = asyncio.StreamReader(limit=2**26)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    first = orjson.loads(await reader.readline())
    accounts = [Account(token, tuple(chats), address) for token, chats, address in first["people"]]
    crowd = Crowd(accounts, Manners(**first["manners"]))
    random.seed(first["seed"])
    gc.freeze()
    while line := await reader.readline():
        command = orjson.loads(line)
        crowd.do(command.pop("do"), command)
    for person in crowd.people:
        person.leave()


if __name__ == "__main__":
    wait_for_turn()
    uvloop.run(main())
