"""``python -m chatapp``: serve the app, or bring its database up to date."""

import argparse
import os
import sys

from pydantic import ValidationError

from chatapp.settings import PROJECT, settings


def main() -> int:
    """Run the command that the arguments name; its exit code is the result."""
    parser = argparse.ArgumentParser(prog="chatapp")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve the pages and answer questions")
    commands.add_parser("migrate", help="bring the database up to date")
    command: str = parser.parse_args().command

    # Reflex looks for its configuration and its build where it is started.
    os.chdir(PROJECT)
    try:
        settings()
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"]).upper()
            print(f"The setting {name} is wrong: {problem['msg']}.", file=sys.stderr)
        return 1
    # Each is loaded only when asked for: a migration needs no server, and the other way round.
    if command == "migrate":
        from chatapp.migrate import migrate

        return migrate()
    from chatapp.serve import serve

    return serve()


if __name__ == "__main__":
    sys.exit(main())
