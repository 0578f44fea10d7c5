"""What the build of the pages does differently from plain Reflex."""

from typing import Any

from reflex.constants import Endpoint
from reflex.plugins import Plugin

_ANCHOR = "  const endpoint = new URL(url_str);\n"
_SAME_ORIGIN = (
    '  if (url_str.startsWith("/")) {\n'
    # While pages are prerendered there is no window, and no address is asked for in earnest.
    "    const page = globalThis.window?.location.origin ?? 'http://prerender';\n"
    "    return new URL(url_str, page);\n"
    "  }\n"
)


class SameOriginPlugin(Plugin):
    """Lets the pages find their backend at the address they came from.

    Reflex bakes an absolute address into the bundle. A path in its place makes one build serve any
    host and port, on http and https.
    """

    def update_env_json(self, **_context: Any) -> dict[str, object]:
        """The endpoints' paths in place of their addresses."""
        return {endpoint.name: str(endpoint) for endpoint in Endpoint}

    def pre_compile(self, **context: Any) -> None:
        """Teach the client's address function to resolve a path."""
        context["add_modify_task"]("utils/state.js", _resolve_paths)


def _resolve_paths(source: str) -> str:
    if _SAME_ORIGIN in source:
        return source
    if _ANCHOR not in source:
        raise RuntimeError("Reflex's client has changed: getBackendURL is not where it was.")
    return source.replace(_ANCHOR, _SAME_ORIGIN + _ANCHOR)
