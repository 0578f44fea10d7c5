"""What the machine must offer before any work begins: a port, venv, what the tests run."""

import errno
import importlib.util
import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from tools import phases
from tools.phases import PROJECT, Refusal

LOOPBACK = ("127.0.0.1", "::1")

SERVERS = {"redis-server": "redis-server", "nginx": "nginx", "initdb": "postgresql"}
"""What `make up` runs, and the Debian package that has it."""

PROGRAMS = {
    **SERVERS,
    "pgbouncer": "pgbouncer",
    "prometheus": "prometheus",
    "chromium": "chromium",
}
"""What the tests run, likewise."""

FONTS = {
    "LiberationSans-Regular.ttf": "fonts-liberation",
    "NotoColorEmoji.ttf": "fonts-noto-color-emoji",
}

_ENV = ["env", "DEBIAN_FRONTEND=noninteractive"]

ELSEWHERE = {
    "initdb": "/usr/lib/postgresql/*/bin/initdb",
    "nginx": "/usr/sbin/nginx",
    "pgbouncer": "/usr/sbin/pgbouncer",
    "chromium": "/usr/bin/google-chrome",
}
"""Where a program may lie when it is not on the path."""


def variable(name: str, default: str) -> str:
    """A setting from the environment, else from ``.env``, else its default."""
    if os.environ.get(name):
        return os.environ[name]
    if os.environ.get("PYTHON_DOTENV_DISABLED"):
        return default
    file = PROJECT / ".env"
    for line in file.read_text().splitlines() if file.is_file() else ():
        key, found, value = line.removeprefix("export ").partition("=")
        if found and key.strip() == name and value.strip():
            return value.strip().strip("\"'")
    return default


def address(default: str = "3000") -> tuple[str, int]:
    """Where to listen.

    Raises:
        Refusal: PORT is not a port.
    """
    return variable("HOST", "127.0.0.1"), number("PORT", default, 65535)


def number(name: str, default: str, most: int) -> int:
    """A setting that is a number from 1.

    Raises:
        Refusal: it is not.
    """
    value = variable(name, default)
    if not value.isdigit() or not 0 < int(value) <= most:
        raise Refusal(f"{name} must be a number from 1 to {most}, and it is “{value}”.")
    return int(value)


def check_port(host: str, port: int, command: str = "run") -> None:
    """Refuse when the port cannot be had, or when a browser would meet another program there.

    Raises:
        Refusal: with the reason.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise Refusal(f"HOST is “{host}”, which is no address of this machine.") from None
    for family, kind, _protocol, _name, where in found:
        _try_bind(family, kind, where, host, port, command)
    for loopback in LOOPBACK:
        family = socket.AF_INET6 if ":" in loopback else socket.AF_INET
        if _answers(family, loopback, port):
            raise _taken(port, command)


def _try_bind(family: int, kind: int, where: object, host: str, port: int, command: str) -> None:
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            probe.bind(where)  # pyright: ignore[reportArgumentType]
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise _taken(port, command) from None
            if error.errno == errno.EACCES:
                raise Refusal(
                    f"Port {port} needs rights that this user has not; choose one from 1024 up: "
                    f"`make {command} PORT=3000`."
                ) from None
            raise Refusal(f"HOST is “{host}”, which is no address of this machine.") from None


def _answers(family: int, host: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.0)
            return probe.connect_ex((host, port)) == 0
    except OSError:
        return False


def _taken(port: int, command: str) -> Refusal:
    return Refusal(
        f"Port {port} is in use by another program; stop it, or choose another port: "
        f"`make {command} PORT={port + 1 if port < 65535 else 3000}`."
    )


def check_venv() -> None:
    """Refuse when this Python cannot make virtual environments.

    Raises:
        Refusal: with what to install.
    """
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise Refusal(
            f"This Python has no {' and no '.join(missing)} module: install it first "
            "(on Debian and Ubuntu: `apt-get install python3-venv`)."
        )


def ensure_programs() -> None:
    """Have what the tests run: install it on Debian, else say what is missing.

    Raises:
        Refusal: something is missing and cannot be installed from here.
    """
    _ensure("the tests", _missing)


def ensure_servers() -> None:
    """Have what `make up` runs, likewise.

    Raises:
        Refusal: something is missing and cannot be installed from here.
    """
    _ensure("`make up`", lambda: sorted(SERVERS[each] for each in SERVERS if find(each) is None))


def _ensure(who: str, look: Callable[[], list[str]]) -> None:
    missing = look()
    if not missing:
        return
    apt = shutil.which("apt-get")
    rights = [] if os.geteuid() == 0 else ["sudo", "-n", *_ENV]
    if apt is None or (rights and shutil.which("sudo") is None):
        raise Refusal(_lacks(who, missing))
    reasons = {
        "a password is required": f"{_lacks(who, missing)} Install them first.",
        "could not resolve": "The packages could not be downloaded: is this machine online?",
        "failed to fetch": "The packages could not be downloaded: is this machine online?",
    }
    get = [*(rights or _ENV), apt, "-q", "-y"]
    phases.run("Reading the list of packages", [*get, "update"], name="apt", reasons=reasons)
    phases.run(
        f"Installing {', '.join(missing)}",
        [*get, "install", "--no-install-recommends", *missing],
        name="apt",
        reasons=reasons,
    )
    if still := look():
        raise Refusal(_lacks(who, still))


def _lacks(who: str, missing: list[str]) -> str:
    return f"Needed by {who}, and missing on this machine: {', '.join(missing)}."


def _missing() -> list[str]:
    programs = {package for program, package in PROGRAMS.items() if find(program) is None}
    return sorted(programs | {package for font, package in FONTS.items() if not _has_font(font)})


def find(program: str) -> Path | None:
    """Where a program lies, also where distributions hide it."""
    path = shutil.which(program)
    if path is not None:
        return Path(path)
    pattern = ELSEWHERE.get(program, "").lstrip("/")
    return next(iter(sorted(Path("/").glob(pattern), reverse=True)), None) if pattern else None


def _has_font(name: str) -> bool:
    if shutil.which("fc-list") is None:
        return any(Path("/usr/share/fonts").rglob(name))
    listed = subprocess.run(["fc-list", ":", "file"], capture_output=True, text=True, check=False)
    return name in listed.stdout
