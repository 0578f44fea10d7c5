"""Reading the pool's TOML tables, with the line of every mistake.

``tomllib`` tells no lines once the text is valid, so they are looked up in the text. No message
repeats a value that could be a key.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

KINDS = ("account", "member")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
HEADER = re.compile(r"\s*\[\[?\s*[\"']?([^\[\]\"']+?)[\"']?\s*\]")
TRIPLE = re.compile(r'"""|\'\'\'')


class PoolConfigError(ValueError):
    """The pool's configuration has a mistake; the message is one plain sentence without keys."""


class Table:
    """One ``[[account]]`` or ``[[member]]``, read with checks that know their line."""

    def __init__(self, kind: str, values: Mapping[str, Any], file: str, line: int, body: list[str]):
        self.kind = kind
        self.values = values
        self.file = file
        self.line = line
        self.body = body

    def error(self, key: str | None, problem: str) -> PoolConfigError:
        """The error that names the file and the line of the key (or of the table)."""
        line = self.line
        if key is not None:
            pattern = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]")
            for offset, text in enumerate(self.body, start=1):
                if pattern.match(text):
                    line += offset
                    break
        return PoolConfigError(f"{self.file}, line {line}: {problem}.")

    def only(self, *keys: str) -> None:
        """Refuse keys that mean nothing here."""
        for key in self.values:
            if key in keys:
                continue
            if key == "api_key":
                raise self.error(
                    key, "keys stay in the environment; name the variable with api_key_env"
                )
            known = ", ".join(keys)
            # A long word might be a key of another kind, so it is not repeated.
            word = f'"{key}"' if NAME.fullmatch(key) and len(key) <= 20 else "this word"
            raise self.error(key, f"{word} means nothing in [[{self.kind}]] (known: {known})")

    def text(self, key: str, *, needed: bool) -> str | None:
        """A text that is not empty."""
        value = self.values.get(key)
        if value is None:
            if needed:
                raise self.error(None, f'this [[{self.kind}]] has no "{key}"')
            return None
        if not isinstance(value, str):
            raise self.error(key, f'"{key}" must be text in quotes')
        if not value.strip():
            raise self.error(key, f'"{key}" is empty')
        if not value.isprintable() or len(value) > 200:
            raise self.error(key, f'"{key}" must be one line of at most 200 characters')
        return value.strip()

    def name(self, key: str) -> str:
        """A name of letters, digits, dots, dashes and underscores."""
        value = self.text(key, needed=True) or ""
        if not NAME.fullmatch(value):
            raise self.error(key, f'"{key}" may have letters, digits, ".", "-" and "_", 64 at most')
        return value

    def variable(self, key: str, *, needed: bool) -> str | None:
        """The name of an environment variable."""
        value = self.text(key, needed=needed)
        if value is not None and not VARIABLE.fullmatch(value):
            raise self.error(
                key, f'"{key}" must be the name of an environment variable in capitals, not a key'
            )
        return value

    def url(self, key: str) -> str | None:
        """An http(s) address without credentials, query or fragment; no slash at its end."""
        value = self.text(key, needed=False)
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            valid = parts.scheme in {"http", "https"} and bool(parts.hostname)
            valid = valid and (parts.port is None or parts.port > 0)
            valid = valid and not (parts.username or parts.password or parts.query)
        except ValueError:
            valid = False
        if not valid or "#" in value:
            raise self.error(
                key, f'"{key}" must be an http(s) address without user name, password and query'
            )
        return value.rstrip("/")

    def number(self, key: str) -> int | None:
        """A whole number from 1."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.error(key, f'"{key}" must be a whole number')
        if value < 1:
            raise self.error(key, f'"{key}" must be at least 1')
        return value

    def price(self, key: str) -> float | None:
        """A number from 0."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.error(key, f'"{key}" must be a number')
        if not 0 <= value < 1e6:
            raise self.error(key, f'"{key}" must be at least 0')
        return float(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """True or false."""
        value = self.values.get(key, default)
        if not isinstance(value, bool):
            raise self.error(key, f'"{key}" must be true or false')
        return value


def tables(data: Mapping[str, Any], text: str, file: str) -> dict[str, list[Table]]:
    """The tables of each kind in the file's order.

    Raises:
        PoolConfigError: there is something else than ``[[account]]`` and ``[[member]]``.
    """
    lines = _without_long_texts(text)
    headers = [(n, m[1]) for n, line in enumerate(lines) if (m := HEADER.match(line))]
    headers.append((len(lines), ""))
    for key in data:
        if key not in KINDS:
            at = next((n for n, name in headers if name.split(".")[0].strip() == key), None)
            if at is None:
                starts = re.compile(rf"\s*[\"']?{re.escape(key)}\b")
                at = next((n for n, line in enumerate(lines) if starts.match(line)), 0)
            raise PoolConfigError(
                f"{file}, line {at + 1}: only [[account]] and [[member]] belong into this file."
            )
    found: dict[str, list[Table]] = {}
    for kind in KINDS:
        places = [(n, headers[i + 1][0]) for i, (n, name) in enumerate(headers) if name == kind]
        found[kind] = []
        values = data.get(kind, [])
        for index, value in enumerate(values if isinstance(values, list) else [values]):
            start, end = places[index] if index < len(places) else (0, 1)
            table = Table(kind, {}, file, start + 1, lines[start + 1 : end])
            if not isinstance(values, list) or not isinstance(value, dict):
                raise table.error(None, f"each {kind} must be a table that begins with [[{kind}]]")
            table.values = value
            found[kind].append(table)
    return found


def _without_long_texts(text: str) -> list[str]:
    """The lines, with those inside of triple quotes emptied: they are no keys."""
    lines = []
    inside: str | None = None
    for line in text.splitlines():
        lines.append("" if inside else line)
        for mark in TRIPLE.findall(line):
            if inside is None:
                inside = mark
            elif inside == mark:
                inside = None
    return lines
