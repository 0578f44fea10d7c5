"""PostgreSQL and Redis for one machine: in a folder of ours, on loopback, with a password."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools import machine, phases
from tools.phases import Refusal
from tools.supervisor import Program

HOST = "127.0.0.1"
USER = "chatapp"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the servers of an installation are."""

    data: Path
    run: Path
    logs: Path
    secret: str


def postgres(place: Place, port: int, connections: int) -> Program:
    """PostgreSQL, with its cluster made if there is none.

    Args:
        place: Where it is.
        port: Where it listens.
        connections: How many it takes.

    Raises:
        Refusal: it cannot be made.
    """
    programs = _program("initdb").resolve().parent
    user = _other_user()
    _make_cluster(place, programs, user)
    cluster = _Folder(place.data / "postgres", user)
    settings = {
        "port": str(port),
        "listen_addresses": HOST,
        "unix_socket_directories": "",
        "max_connections": str(connections),
        "shared_buffers": "256MB",
        "wal_compression": "on",
        "log_destination": "stderr",
        "logging_collector": "off",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    command = [*_as(user), programs / "postgres", "-D", cluster.name, *options]
    ask = [programs / "pg_isready", "-q", "-h", HOST, "-p", str(port), "-d", "postgres"]
    return Program(
        "postgres",
        command,
        place.logs / "postgres.log",
        place.run / "postgres.pid",
        lambda: subprocess.run(ask, check=False, capture_output=True).returncode == 0,
        end=signal.SIGINT,
        folder=cluster.descriptor,
    )


def make_database(place: Place, port: int) -> str:
    """Make the database if there is none; its address.

    Raises:
        Refusal: it cannot be made.
    """
    createdb = _program("initdb").resolve().parent / "createdb"
    made = subprocess.run(
        [createdb, "-h", HOST, "-p", str(port), "-U", USER, "-w", USER],
        env={**os.environ, "PGPASSWORD": place.secret, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode and "already exists" not in made.stderr:
        raise Refusal(f"The database could not be made: {made.stderr.strip()}")
    return f"postgresql://{USER}:{place.secret}@{HOST}:{port}/{USER}"


def redis(place: Place, port: int) -> tuple[Program, str]:
    """Redis and its address. It writes to the disk now and then, for the sake of its counters."""
    folder = place.data / "redis"
    folder.mkdir(exist_ok=True)
    # Not on the command line, which everybody on the machine can read.
    file = folder / "redis.conf"
    settings = {
        "port": str(port),
        "bind": HOST,
        "dir": str(folder),
        "requirepass": place.secret,
        "maxmemory-policy": "noeviction",
        "maxclients": "4096",
    }
    lines = [f'{name} "{value}"' for name, value in settings.items()]
    write_secretly(file, "\n".join([*lines, "save 300 1", ""]))
    program = Program(
        "redis",
        [_program("redis-server"), file],
        place.logs / "redis.log",
        place.run / "redis.pid",
        lambda: _pongs(port, place.secret),
    )
    return program, f"redis://:{place.secret}@{HOST}:{port}/0"


def _make_cluster(place: Place, programs: Path, user: str | None) -> None:
    cluster = place.data / "postgres"
    if (cluster / "PG_VERSION").is_file():
        return
    draft = place.data / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    secret, written = os.pipe()
    if user:
        for theirs in (draft, secret):
            os.chown(theirs, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    made = _Folder(draft, user)
    os.write(written, f"{place.secret}\n".encode())
    os.close(written)
    phases.run(
        "Making a PostgreSQL cluster",
        [
            *(*_as(user), programs / "initdb", "-D", made.name, "-U", USER),
            *("-E", "UTF8", "--locale=C.UTF-8"),
            *("-A", "scram-sha-256", f"--pwfile=/dev/fd/{secret}"),
        ],
        name="initdb",
        reasons={"no space left on device": "The disk is full."},
        descriptors=[secret] if made.descriptor is None else [secret, made.descriptor],
    )
    os.close(secret)
    if made.descriptor is not None:
        os.close(made.descriptor)
    draft.rename(cluster)


class _Folder:
    """A folder as a program names it.

    To another user, who may not enter what it lies in, it is known by an open descriptor.
    """

    def __init__(self, path: Path, user: str | None) -> None:
        self.descriptor = os.open(path, os.O_RDONLY) if user else None
        self.name = f"/proc/self/fd/{self.descriptor}" if user else str(path)


def _program(name: str) -> Path:
    path = machine.find(name)
    if path is None:
        raise Refusal(f"{name} is missing on this machine.")
    return path


def _other_user() -> str | None:
    """Who runs PostgreSQL when we are root, whom it refuses.

    Raises:
        Refusal: there is nobody.
    """
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    user = next((name for name in ("postgres", "nobody") if name in known), None)
    if user is None or shutil.which("setpriv") is None:
        raise Refusal("PostgreSQL refuses to run as root: start chatapp as another user.")
    return user


def _as(user: str | None) -> list[str]:
    if user is None:
        return []
    entry = pwd.getpwnam(user)
    # Another user's process forgets with whom it is to end.
    return [
        "setpriv",
        f"--reuid={entry.pw_uid}",
        f"--regid={entry.pw_gid}",
        "--clear-groups",
        "--pdeathsig=INT",
    ]


def _pongs(port: int, secret: str) -> bool:
    try:
        with socket.create_connection((HOST, port), 1.0) as connection:
            connection.sendall(f"AUTH {secret}\r\nPING\r\n".encode())
            said = b""
            while b"\r\n" not in said[5:] and (part := connection.recv(64)):
                said += part
            return b"+PONG" in said
    except OSError:
        return False


def write_secretly(path: Path, text: str) -> None:
    """Write a file that only its owner reads."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
