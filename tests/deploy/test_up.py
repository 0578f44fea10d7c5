"""`make up` itself: one of its kind, whole or not at all, and its data stays."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.answers.world import words
from tests.deploy.test_serving import eventually, question
from tests.faults.people import Person
from tests.harness.processes import STOP_SECONDS, Process
from tests.harness.up import Up


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def everybody(up: Up) -> list[int]:
    """All processes of an installation, with those that its programs started."""
    mine = {up.pid(name) for name in ("backend-1", "nginx", "redis", "postgres")}
    found = set(mine)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent in mine:
            found.add(int(folder.name))
    return sorted(found)


@contextmanager
def spoilt(file: Path) -> Iterator[None]:
    """A file with nonsense in it, until the context ends."""
    sound = file.read_text()
    file.write_text("nonsense")
    try:
        yield
    finally:
        file.write_text(sound)


def command_lines() -> str:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    return listed.stdout


async def test_its_data_outlive_it_and_nothing_else_does(own_up: Up) -> None:
    await own_up.start()
    person = await Person.sign_up(own_up)
    asking = await person.open(own_up)
    chat_id = await asking.ask(question(20))
    reading = await person.open(own_up, chat_id)
    assert await reading.ended() == "done"
    # Its supervisor can say no more to anybody.
    programs = everybody(own_up)
    assert len(programs) > 8
    os.kill(own_up.process.pid, signal.SIGKILL)
    await own_up.process.ended()
    await eventually(lambda: not any(alive(pid) for pid in programs))

    await own_up.start()
    again = await person.open(own_up, chat_id)
    assert again.text() == words(20)
    await again.close()
    programs = everybody(own_up)
    assert await own_up.stop() == 0
    assert not any(alive(pid) for pid in programs)
    assert sorted(path.name for path in (own_up.data / "run").iterdir()) == ["up.lock"]


async def test_ctrl_c_at_the_terminal_ends_all_of_it(tmp_path: Path, built_pages: None) -> None:
    """The terminal signals make and what make has started alike."""
    there = Up(tmp_path / "data", 1)
    there.process = Process(["make", "up"], tmp_path / "make.log", there.env)
    await there.start()
    programs = everybody(there)
    assert len(programs) > 8
    os.killpg(there.process.pid, signal.SIGINT)
    await there.process.ended(STOP_SECONDS)
    assert not any(alive(pid) for pid in programs)
    assert "Ending …" in there.process.text
    assert "Traceback" not in there.process.text
    assert sorted(path.name for path in (there.data / "run").iterdir()) == ["up.lock"]


async def test_a_restart_that_fails_says_why_and_the_old_ones_serve_on(up: Up) -> None:
    old = [up.pid("backend-1"), up.pid("backend-2")]
    with spoilt(Path(up.env["CHATAPP_POOL"])):
        said = await up.run("up.restart", code=1)
        assert "backend-1 did not start." in said
        assert [up.pid("backend-1"), up.pid("backend-2")] == old
        assert all(alive(pid) for pid in old)
        async with up.client() as client:
            assert (await client.get("/healthz")).status_code == 200
    await up.run("up.restart")


async def test_a_second_one_on_the_same_data_is_refused(up: Up) -> None:
    second = Up(up.data, 1, {"PORT": "1"})
    second.process.log = up.data.with_name("second.log")
    with pytest.raises(RuntimeError, match="chatapp is up already, with its data in"):
        await second.start()


async def test_its_secrets_are_for_its_owner_and_on_no_command_line(up: Up) -> None:
    for path in (
        up.data / "servers.secret",
        up.data / "run" / "up.json",
        up.data / "redis/redis.conf",
    ):
        assert path.stat().st_mode & 0o077 == 0, path
    secret = (up.data / "servers.secret").read_text()
    assert len(secret) > 20
    assert secret not in command_lines()
    for log in (up.data / "logs").iterdir():
        assert secret not in log.read_text(errors="replace"), log


async def test_a_wrong_number_is_one_sentence(tmp_path: Path) -> None:
    wrong = Up(tmp_path / "data", 0)
    with pytest.raises(RuntimeError, match="N must be a number from 1 to 64, and it is “0”"):
        await wrong.start()


async def test_a_program_that_does_not_start_is_named_and_the_others_end(
    tmp_path: Path, built_pages: None
) -> None:
    broken = Up(tmp_path / "data", 1, {"CHATAPP_SIGNUP": "perhaps"})
    with pytest.raises(RuntimeError, match="ended with 1"):
        await broken.start()
    assert "The setting CHATAPP_SIGNUP is wrong" in broken.process.text
    assert not [broken.pid(name) for name in ("postgres", "redis") if broken.pid(name)]


async def test_a_copy_made_while_it_is_up_comes_back_elsewhere(up: Up, tmp_path: Path) -> None:
    await Person.sign_up(up)
    file = tmp_path / "all.tar"
    assert "The copy is " in await up.run("copies.back_up", {"TO": str(file)})
    elsewhere = Up(tmp_path / "data", 1)
    said = await elsewhere.run("copies.restore", {"FROM": str(file)})
    assert "All of it is back, and compared." in said
    again = Up(tmp_path / "data", 1)
    assert "There are accounts in this database already." in await again.run(
        "copies.restore", {"FROM": str(file)}, 1
    )
