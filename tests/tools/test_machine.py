"""What is refused before any work begins, and in which words."""

import importlib.util
import socket
from pathlib import Path

import pytest

from tests.harness.processes import free_port
from tools import machine
from tools.phases import Refusal


@pytest.mark.parametrize(
    ("family", "where"),
    [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::1")],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::"])
def test_a_taken_port_is_refused_wherever_the_other_listens(
    family: socket.AddressFamily, where: str, host: str
) -> None:
    with socket.socket(family) as other:
        other.bind((where, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Refusal, match=rf"Port {port} is in use .* PORT={port + 1}"):
            machine.check_port(host, port)


def test_a_port_bound_without_listening_is_taken_too() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        with pytest.raises(Refusal, match="is in use"):
            machine.check_port("127.0.0.1", other.getsockname()[1])


def test_a_free_port_is_fine() -> None:
    machine.check_port("127.0.0.1", free_port())
    machine.check_port("localhost", free_port())


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_a_host_that_is_not_this_machine_is_refused(host: str) -> None:
    with pytest.raises(Refusal, match="no address of this machine"):
        machine.check_port(host, free_port())


@pytest.mark.parametrize("port", ["0", "65536", "-1", "three", "3000.5"])
def test_a_port_must_be_a_port(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(Refusal, match="PORT must be a number"):
        machine.address()


def test_settings_come_from_the_environment_then_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "PROJECT", tmp_path)
    monkeypatch.delenv("PYTHON_DOTENV_DISABLED")
    monkeypatch.delenv("HOST", raising=False)
    monkeypatch.setenv("PORT", "4000")
    assert machine.address() == ("127.0.0.1", 4000)
    (tmp_path / ".env").write_text("# mine\nexport HOST='0.0.0.0'\nPORT=5000\nEMPTY=\n")
    assert machine.address() == ("0.0.0.0", 4000)
    monkeypatch.delenv("PORT")
    assert machine.address() == ("0.0.0.0", 5000)
    assert machine.variable("EMPTY", "default") == "default"


def test_a_python_without_venv_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    machine.check_venv()
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "ensurepip" else real(name)
    )
    with pytest.raises(Refusal, match=r"no ensurepip module.*python3-venv"):
        machine.check_venv()


def test_missing_programs_are_named_where_they_cannot_be_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(machine, "ELSEWHERE", {})
    with pytest.raises(
        Refusal, match="chromium, nginx, pgbouncer, postgresql, prometheus, redis-server"
    ):
        machine.ensure_programs()
