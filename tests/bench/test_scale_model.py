"""The model of many people: it adds up, it is monotone, and its storms end."""

import json
import re
from pathlib import Path

import pytest

from bench import scale_model
from bench.scale_model import Costs, Engines, Habits, Machine, size, storm
from chatapp.settings import PROJECT

COSTS = {
    "backends": Costs(
        connect_ms=8, question_ms=10, token_us=100, idle_ms_per_thousand=5, memory_kb=150
    ),
    "nginx": Costs(connect_ms=0.5, token_us=7, memory_kb=22),
    "PostgreSQL": Costs(connect_ms=1.5, question_ms=3),
    "Redis": Costs(question_ms=0.3, token_us=7),
}


def test_each_part_needs_what_its_costs_add_up_to() -> None:
    found = size(COSTS, Habits(people=3_600, pause=180, tokens=300, comes=1))
    need = {each.part: each for each in found.needs}
    # 1 person comes and 20 ask each second; 6,000 tokens; 3,600 rest.
    assert need["backends"].cores == pytest.approx(0.008 + 0.2 + 0.6 + 0.018)
    assert need["nginx"].cores == pytest.approx(0.0005 + 0.042)
    assert need["PostgreSQL"].cores == pytest.approx(0.0015 + 0.06)
    assert need["Redis"].cores == pytest.approx(0.006 + 0.042)
    assert need["backends"].memory_gb == pytest.approx(0.54)
    assert found.cores == pytest.approx(sum(each.cores for each in found.needs))


def test_twice_the_people_need_twice_as_much() -> None:
    one, two = size(COSTS, Habits(people=50_000)), size(COSTS, Habits(people=100_000))
    assert two.cores == pytest.approx(2 * one.cores)
    assert two.growth_gb == pytest.approx(2 * one.growth_gb)
    assert one.month < two.month <= 2 * one.month + Machine().month


def test_the_nearest_wall_stands_first_and_is_full_at_its_limit() -> None:
    found = size(COSTS, Habits(people=100_000), engines=Engines(redis_cores=0.1))
    assert found.walls[0].fullness == max(wall.fullness for wall in found.walls)
    redis = next(wall for wall in found.walls if wall.name.startswith("Redis"))
    used = next(need.cores for need in found.needs if need.part == "Redis")
    assert redis.fullness == pytest.approx(used / 0.1)
    assert all(wall.way_on for wall in found.walls)


def test_sockets_need_processes_even_if_nobody_asks() -> None:
    quiet = Habits(people=90_000, pause=1e9, comes=0)
    assert size(COSTS, quiet, engines=Engines(sockets_per_backend=9_000)).backends == 10


def test_a_storm_takes_what_the_cores_or_the_door_allow() -> None:
    by_cores = storm(1_000, cores=1, connect_ms=10, admitted=1e6)
    assert by_cores.seconds == pytest.approx(10, rel=0.05)
    assert by_cores.refused == 0
    by_door = storm(1_000, cores=100, connect_ms=10, admitted=100)
    assert by_door.seconds == pytest.approx(10, rel=0.05)
    assert by_door.median == pytest.approx(5, rel=0.1)


def test_who_is_refused_comes_back_in_the_end() -> None:
    crowded = storm(5_000, cores=100, connect_ms=1, admitted=500, waiting=100)
    assert crowded.refused > 0
    assert crowded.seconds >= 10


def test_what_was_measured_can_be_read_and_carries_ten_thousand(tmp_path: Path) -> None:
    measured = scale_model.read()
    assert set(measured) == {"backends", "nginx", "PostgreSQL", "Redis"}
    assert all(each.memory_kb >= 0 for each in measured.values())
    assert size(measured, Habits(people=10_000)).backends >= 2
    file = tmp_path / "measured.json"
    file.write_text(json.dumps({"backends": {"token_us": 5, "unknown": 1}}))
    assert scale_model.read(file) == {"backends": Costs(token_us=5)}


def test_the_table_has_a_line_for_each_step() -> None:
    lines = scale_model.table(COSTS, Habits(), (1_000, 1_000_000)).splitlines()
    assert len(lines) == 3
    assert "Redis" in lines[2]


def test_the_document_tells_what_the_model_makes_of_what_was_measured() -> None:
    text = (PROJECT / "docs" / "scale.md").read_text()
    rows = re.findall(r"^\| ([\d,]+) \| [\d,]+ \| [\d,]+ \| (\d+) \|", text, re.MULTILINE)
    said = {int(people.replace(",", "")): int(backends) for people, backends in rows}
    assert set(said) == set(scale_model.STEPS)
    measured = scale_model.read()
    assert said == {people: size(measured, Habits(people)).backends for people in said}
    cores = re.search(r"A million people at once need some (\d+) cores", text)
    assert cores
    assert float(cores[1]) == pytest.approx(size(measured, Habits(1_000_000)).cores, rel=0.02)
