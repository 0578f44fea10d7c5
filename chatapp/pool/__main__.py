"""``python -m chatapp.pool check`` and ``python -m chatapp.pool plan --users 10000``."""

import argparse
import asyncio
import sys

from chatapp.pool.check import check, table
from chatapp.pool.config import PoolConfig, PoolConfigError, read_pool
from chatapp.pool.plan import Wanted, plan


def _number(text: str) -> float:
    value = float(text)
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError("must be a number above 0")
    return value


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m chatapp.pool", description="The model pool.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="ask each configured member for one word")
    planning = commands.add_parser("plan", help="how many turns a day the quotas allow")
    planning.add_argument("--users", type=_number, default=100, help="people who ask (100)")
    planning.add_argument("--questions", type=_number, default=8, help="of each a day (8)")
    planning.add_argument("--tokens", type=_number, default=1200, help="of a turn (1200)")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run a command; 0: all is well, 1: something does not work, 2: the configuration is wrong."""
    options = parse(arguments)
    try:
        config = read_pool()
    except PoolConfigError as error:
        print(error, file=sys.stderr)
        return 2
    if options.command == "plan":
        wanted = Wanted(int(options.users), options.questions, max(1, int(options.tokens)))
        print(plan(config.members_of(None), wanted))
        return 0
    return asyncio.run(_check(config))


async def _check(config: PoolConfig) -> int:
    found = await check(config.members_of(None))
    print(table(found))
    return 0 if all(checked.failure is None for checked in found) else 1


if __name__ == "__main__":
    sys.exit(main())
