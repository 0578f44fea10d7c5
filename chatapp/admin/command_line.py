"""Which commands there are for operators. It loads nothing of what does them."""

import argparse
from pathlib import Path


def declare(parser: argparse.ArgumentParser) -> None:
    """Say which commands there are."""
    commands = parser.add_subparsers(dest="act", required=True)
    for name, meaning in (
        ("make", "make somebody an administrator, with a new account if there is none"),
        ("reset-password", "print a link for a new password"),
        ("disable", "switch an account off, at once"),
        ("enable", "switch an account on, or approve it"),
        ("export", "write all that is a person's into a file of JSON"),
    ):
        made = commands.add_parser(name, help=meaning)
        made.add_argument("email", help="the person's e-mail")
        if name == "export":
            made.add_argument("file", type=Path, help="a file that is not there yet")
    commands.add_parser("stats", help="print how much there is")
