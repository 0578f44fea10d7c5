"""What nginx must be told of the built pages: which path is which page, and what each may do."""

import re
from collections.abc import Iterable
from pathlib import Path

from chatapp.static import BUILD, FALLBACK, dynamic_patterns, policy

PAGES = "pages.map"
POLICIES = "policies.map"


def write_maps(folder: Path, build: Path = BUILD) -> None:
    """Write the two maps that ``nginx/nginx.conf.template`` includes.

    Raises:
        FileNotFoundError: the pages were not built.
    """
    files = {f"/{path.relative_to(build).as_posix()}": path for path in build.rglob("*.html")}
    if FALLBACK not in files:
        raise FileNotFoundError("The pages are not built: `make run` builds them.")
    # All of them patterns, for what is none would match in any case of letters.
    pages = {re.escape(path): file for path, file in paths(files).items()}
    pages |= {pattern.pattern: FALLBACK for pattern in dynamic_patterns()}
    policies = {name: policy(path.read_text()) for name, path in sorted(files.items())}
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / PAGES, (rf'"~^{pattern}\z" {file};' for pattern, file in pages.items()))
    _write(folder / POLICIES, (f'{name} "{allowed}";' for name, allowed in policies.items()))


def paths(files: Iterable[str]) -> dict[str, str]:
    """The paths under which the HTML files of a build are found, as :mod:`chatapp.static` does."""
    found = {file.removesuffix(".html"): file for file in sorted(files)}
    for path, file in list(found.items()):
        if path.endswith("/index"):
            found.setdefault(path.removesuffix("/index"), file)
    return {path or "/": file for path, file in found.items()}


def _write(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))
