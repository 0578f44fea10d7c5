"""The built pages, served from memory: what is not in the build does not exist."""

import base64
import hashlib
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from chatapp import routes
from chatapp.settings import PROJECT

BUILD = PROJECT / ".web" / "build" / "client"
FALLBACK = "/__spa-fallback.html"
MISSING = "/404.html"

FOREVER = "public, max-age=31536000, immutable"
A_DAY = "public, max-age=86400"
ASK_AGAIN = "no-cache"

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/vnd.microsoft.icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}

_HASHED = re.compile(r"^/assets/.*-[\w-]{8}\.\w+$")
_UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

POLICY = (
    "default-src 'self'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; frame-src 'none'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class _File:
    """One file of the build, with its headers."""

    plain: bytes
    gzipped: bytes | None
    etag: str
    headers: dict[str, str]


class Pages:
    """An ASGI app with the files of one build.

    A rebuild while it runs changes nothing for it: pages and the scripts they name stay together.
    """

    def __init__(self, folder: Path = BUILD) -> None:
        """Read the build.

        Raises:
            FileNotFoundError: the pages were not built.
        """
        if not (folder / FALLBACK[1:]).is_file():
            raise FileNotFoundError("The pages are not built: `make run` builds them.")
        self._files: dict[str, _File] = {}
        for path in folder.rglob("*"):
            if path.is_file() and path.suffix in TYPES:
                url = f"/{path.relative_to(folder).as_posix()}"
                self._files[url] = _load(url, path)
        self._dynamic = dynamic_patterns()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in {"GET", "HEAD"}:
            return PlainTextResponse("Not allowed.", 405, headers={"Allow": "GET, HEAD"})
        path: str = scope["path"]
        if len(path) > 1 and path.endswith("/") and self._page(path[:-1]) is not None:
            return Response(status_code=308, headers={"Location": path[:-1]})
        headers = Headers(scope=scope)
        found = self._page(path)
        if found is None:
            return _response(self._files.get(MISSING, self._files[FALLBACK]), headers, 404)
        return _response(found, headers, 200)

    def _page(self, path: str) -> _File | None:
        """The file of a path: by its own name, as a page, or as a page with an id in its path."""
        if path == "/":
            return self._files.get("/index.html", self._files[FALLBACK])
        if not path.endswith(".html"):
            for name in (path, f"{path}.html", f"{path}/index.html"):
                if name in self._files:
                    return self._files[name]
        if any(pattern.fullmatch(path) for pattern in self._dynamic):
            return self._files[FALLBACK]
        return None


def _response(file: _File, asked: Headers, status: int) -> Response:
    headers = dict(file.headers)
    body, etag = file.plain, file.etag
    if file.gzipped is not None and accepts_gzip(asked.get("accept-encoding", "")):
        body, etag = file.gzipped, f"{etag}-gz"
        headers["Content-Encoding"] = "gzip"
    headers["ETag"] = f'"{etag}"'
    if status == 200 and _known(asked.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, status, headers)


def _known(header: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in tags or f'"{etag}"' in tags


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header allows gzip (RFC 9110, section 12.5.3)."""
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        coding, *parameters = [piece.strip() for piece in part.split(";")]
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        try:
            weights[coding] = float(weight)
        except ValueError:
            weights[coding] = 0.0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def _load(url: str, path: Path) -> _File:
    plain = path.read_bytes()
    packed = path.with_name(f"{path.name}.gz")
    gzipped = packed.read_bytes() if packed.is_file() else None
    headers = {"Content-Type": TYPES[path.suffix]}
    if gzipped is not None:
        headers["Vary"] = "Accept-Encoding"
    if path.suffix == ".html":
        headers["Content-Security-Policy"] = policy(plain.decode())
    headers["Cache-Control"] = _kept(url)
    return _File(plain, gzipped, hashlib.sha256(plain).hexdigest()[:32], headers)


def _kept(url: str) -> str:
    """How long browsers may keep a file. A script whose name stays fits the newest pages only."""
    if _HASHED.match(url):
        return FOREVER
    return ASK_AGAIN if url.endswith((".html", ".js")) else A_DAY


def policy(html: str) -> str:
    """The content policy of one page: its own inline scripts may run, and no others."""
    finder = _InlineScripts()
    finder.feed(html)
    hashes = [
        f" 'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in dict.fromkeys(finder.found)
    ]
    return POLICY.format(scripts="".join(hashes))


class _InlineScripts(HTMLParser):
    """Collects the text of the scripts that stand in a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and "src" not in dict(attrs)
        if self._inside:
            self.found.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.found[-1] += data


def dynamic_patterns() -> list[re.Pattern[str]]:
    """What the paths of pages with an id in them look like, as chatapp.routes has them."""
    values = (value for name, value in vars(routes).items() if name.isupper())
    return [_pattern(value) for value in values if isinstance(value, str) and "[" in value]


def _pattern(route: str) -> re.Pattern[str]:
    parts = re.split(r"(\[\w+\])", route)
    return re.compile(
        "".join(
            re.escape(part)
            if not part.startswith("[")
            else (_UUID if part.endswith("id]") else "[^/]+")
            for part in parts
        )
    )
