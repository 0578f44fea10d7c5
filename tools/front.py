"""nginx in front of the backends: its configuration, and the pages that it serves."""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tools import machine, packages, pages, phases, stamps
from tools.phases import PROJECT

TEMPLATE = PROJECT / "nginx" / "nginx.conf.template"
KEPT_BUILDS = 3
BUILD = pages.WEB / "build" / "client"


def fill(names: Mapping[str, str]) -> str:
    """The configuration with the names filled in.

    Raises:
        KeyError: a name has no value.
    """
    return re.sub(r"\$\{(CHATAPP_\w+)\}", lambda found: names[found[1]], TEMPLATE.read_text())


def names(
    *,
    listen: str,
    backends: Sequence[str],
    pages: Path,
    run: Path,
    access_log: Path,
    server_names: str = "~^",
    proxies: Sequence[str] = (),
    connects: str = "300",
    sockets: str = "2000",
) -> dict[str, str]:
    """The values of all names.

    Args:
        listen: An address and a port.
        backends: The backends' addresses, with their ports.
        pages: What :func:`publish` made.
        run: A folder for nginx's own files.
        access_log: Where requests are logged.
        server_names: The names that it answers to.
        proxies: Networks of proxies in front.
        connects: How many sockets are let in a second.
        sockets: How many sockets one address may have open.
    """
    return {
        "CHATAPP_LISTEN": listen,
        "CHATAPP_BACKENDS": "\n        ".join(
            f"server {backend} max_fails=1 fail_timeout=1s;" for backend in backends
        ),
        "CHATAPP_PAGES": str(pages),
        "CHATAPP_RUN": str(run),
        "CHATAPP_ACCESS_LOG": str(access_log),
        "CHATAPP_NAMES": server_names,
        "CHATAPP_PROXIES": " ".join(f"set_real_ip_from {network};" for network in proxies),
        "CHATAPP_CONNECTS": connects,
        "CHATAPP_CONNECTS_PER_ADDRESS": machine.variable("CHATAPP_CONNECTS_PER_ADDRESS", "100"),
        "CHATAPP_SOCKETS_PER_ADDRESS": sockets,
    }


def publish(folder: Path) -> Path:
    """Copy the build to a folder of its own, so that a later build changes nothing for visitors.

    The scripts of earlier builds are kept beside it: pages that are still open load them late.

    Returns:
        The folder, for ``CHATAPP_PAGES``.
    """
    digest = stamps.digest(stamps.files(BUILD))[:16]
    made = folder / digest
    if not made.is_dir():
        draft = folder / f".{digest}"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(BUILD, draft / "client")
        for earlier in _builds(folder)[:1]:
            _keep_scripts(earlier / "client" / "assets", draft / "client" / "assets")
        command = [packages.PYTHON, "-m", "chatapp", "pages", draft]
        phases.run("Listing the pages for nginx", command, name="nginx-pages")
        draft.rename(made)
    os.utime(made)
    for old in _builds(folder)[KEPT_BUILDS:]:
        shutil.rmtree(old, ignore_errors=True)
    return made


def _builds(folder: Path) -> list[Path]:
    """The published builds, newest first."""
    found = [path for path in folder.glob("[!.]*") if path.is_dir()]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def _keep_scripts(earlier: Path, later: Path) -> None:
    for script in earlier.iterdir():
        if not (later / script.name).exists():
            os.link(script, later / script.name)
