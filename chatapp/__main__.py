"""``python -m chatapp``: serve the app, bring its database up to date, and what operators need."""

import argparse
import os
import sys
from pathlib import Path

from pydantic import ValidationError

from chatapp.admin.command_line import declare
from chatapp.settings import PROJECT, settings


def main() -> int:
    """Run the command that the arguments name; its exit code is the result."""
    parser = argparse.ArgumentParser(prog="chatapp")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="serve the pages and answer questions")
    commands.add_parser("migrate", help="bring the database up to date")
    pages = commands.add_parser("pages", help="tell nginx of the built pages")
    pages.add_argument("folder", type=Path, help="where to write pages.map and policies.map")
    for name, meaning in (("backup", "copy everything into a file"), ("restore", "bring it back")):
        commands.add_parser(name, help=meaning).add_argument("file", type=Path)
    declare(commands.add_parser("admin", help="make admins, reset passwords, export, count"))
    arguments = parser.parse_args()
    command: str = arguments.command

    file: Path | None = None
    if "file" in arguments:
        file = arguments.file = arguments.file.resolve()
    # Reflex looks for its configuration and its build where it is started.
    os.chdir(PROJECT)
    try:
        settings()
    except ValidationError as error:
        for problem in error.errors():
            name = str(problem["loc"][0])
            name = name if name.isupper() else f"CHATAPP_{name.upper()}"
            print(f"The setting {name} is wrong: {problem['msg']}.", file=sys.stderr)
        return 1
    # Each is loaded only when asked for: a migration needs no server, and the other way round.
    if command == "migrate":
        from chatapp.migrate import migrate

        return migrate()
    if command == "admin":
        from chatapp.admin import commands as admin

        return admin.run(arguments)
    if file is not None:
        from chatapp.backup import commands as copies

        return copies.run(command, file)
    if command == "pages":
        from chatapp.nginx import write_maps

        write_maps(arguments.folder.resolve())
        return 0
    from chatapp.serve import serve

    return serve()


if __name__ == "__main__":
    sys.exit(main())
