"""What a browser loads before a page works: the JavaScript and CSS of the built pages, gzipped."""

import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from bench.table import Result, Row
from chatapp.static import BUILD

PAGES = {"/login": "login/index.html", "/c/<id>": "__spa-fallback.html"}
ROUTES = {"/login": "login", "/c/<id>": "c/:chat_id"}

_MANIFEST = re.compile(r"/assets/manifest-[\w-]+\.js")
_IMPORT = re.compile(r"""(?:\bfrom|\bimport)\s*["'](\.{1,2}/[^"']+|/[^"']+)["']""")


def measure() -> Result:
    result = Result()
    for page in PAGES:
        loaded = _closure(_files(page))
        for kind in (".js", ".css"):
            size = sum(_gzipped(file) for file in loaded if file.suffix == kind) / 1024
            result.rows.append(Row(f"{page}: {kind[1:]}, gzipped", size, unit="KB"))
    return result


class _Named(HTMLParser):
    """The scripts and styles that a page names."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "script":
            self.found.add(values.get("src") or "")
        elif tag == "link" and values.get("rel") in ("modulepreload", "stylesheet"):
            self.found.add(values.get("href") or "")


def _files(page: str) -> set[Path]:
    """What the page names, and what its route's entry in the manifest does."""
    html = _page(page).read_text()
    named = _Named()
    named.feed(html)
    urls = set(named.found)
    if script := _MANIFEST.search(html):
        urls.add(script[0])
        manifest = json.loads((BUILD / script[0][1:]).read_text().split("=", 1)[1].rstrip(";\n"))
        routes = manifest["routes"].values()
        parts: list[dict[str, Any]] = [manifest["entry"], manifest["routes"]["root"]]
        parts += [route for route in routes if route.get("path") == ROUTES[page]]
        for part in parts:
            urls |= {part["module"], *part.get("imports", ()), *part.get("css", ())}
    return {BUILD / url[1:] for url in urls if url.startswith("/") and url[1:]}


def _page(page: str) -> Path:
    path = BUILD / PAGES[page]
    return path if path.is_file() else path.parent.with_suffix(".html")


def _closure(files: set[Path]) -> set[Path]:
    """With everything that the scripts import before they run."""
    found: set[Path] = set()
    left = list(files)
    while left:
        file = left.pop()
        if file in found or not file.is_file():
            continue
        found.add(file)
        if file.suffix == ".js":
            left += [_target(file, name) for name in _IMPORT.findall(file.read_text())]
    return found


def _target(script: Path, name: str) -> Path:
    """The file that a script imports under a name."""
    return BUILD / name[1:] if name.startswith("/") else (script.parent / name).resolve()


def _gzipped(file: Path) -> int:
    packed = file.with_name(f"{file.name}.gz")
    return packed.stat().st_size if packed.is_file() else len(gzip.compress(file.read_bytes()))
