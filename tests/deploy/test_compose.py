"""compose.yaml against the schema of its specification, and against what is really there."""

import json
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from chatapp.serve import FILES
from chatapp.settings import Settings
from tests.deploy.departure import DEPARTURE
from tests.deploy.test_images import environment, given, stages
from tools.phases import PROJECT

SCHEMA = Path(__file__).with_name("compose-spec.json")
"""As github.com/compose-spec/compose-spec has it (Apache License 2.0)."""

TEXT = (PROJECT / "compose.yaml").read_text()
NEEDED = set(re.findall(r"\$\{(\w+):\?", TEXT))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """What Compose reads, with all variables set to their own names."""
    filled = re.sub(r"\$\{(\w+):\?[^}]*\}", r"\1", TEXT)
    filled = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", filled).replace("$$", "$")
    return yaml.safe_load(filled)


def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return compose["services"]


def test_it_keeps_to_the_specification(compose: dict[str, Any]) -> None:
    schema = json.loads(SCHEMA.read_text())
    validator = Draft7Validator(schema)
    assert [error.message for error in validator.iter_errors(compose)] == []


def test_it_has_all_parts(compose: dict[str, Any]) -> None:
    assert set(services(compose)) == {
        *("front", "backend", "migrate", "postgres", "redis", "prometheus", "grafana")
    }
    assert services(compose)["backend"]["deploy"]["replicas"] == 3


def test_what_it_names_is_declared(compose: dict[str, Any]) -> None:
    for name, service in services(compose).items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert source in compose["volumes"] or source.startswith("./"), (name, source)
        assert set(service["networks"]) <= set(compose["networks"]), name
        if build := service.get("build"):
            assert build["target"] in stages(), name


def test_who_is_waited_for_can_tell_that_it_is_well(compose: dict[str, Any]) -> None:
    for service in services(compose).values():
        awaited = service.get("depends_on", {})
        for name in awaited if isinstance(awaited, dict) else ():
            other = services(compose)[name]
            if awaited[name]["condition"] == "service_healthy":
                own = {"front": "front", "backend": "app"}.get(name)
                assert "healthcheck" in other or (own and "HEALTHCHECK" in dict(stages()[own]))


def test_settings_are_ones_that_exist(compose: dict[str, Any]) -> None:
    known = {
        str(field.validation_alias or f"CHATAPP_{name}").upper()
        for name, field in Settings.model_fields.items()
    }
    for name in services(compose)["backend"]["environment"]:
        assert name in known or name.endswith("_API_KEY"), name
    front, image = services(compose)["front"]["environment"], environment("front")
    assert set(front) <= set(image)
    for name in ("CHATAPP_CONNECTS", "CHATAPP_CONNECTS_PER_ADDRESS", "CHATAPP_SOCKETS_PER_ADDRESS"):
        assert front[name] == int(image[name]), name


OWN = {"HOST", "PORT", "CHATAPP_DATA_DIR", "DATABASE_URL", "REDIS_URL", "CHATAPP_TRUSTED_PROXIES"}
"""What is otherwise in a container than on the machine that `.env` also speaks to."""


def test_backends_get_what_the_environment_file_sets_but_for_places(
    compose: dict[str, Any],
) -> None:
    example = (PROJECT / ".env.example").read_text()
    assert set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)) > OWN
    for name in ("backend", "migrate"):
        (file,) = services(compose)[name]["env_file"]
        assert (file["path"], file["required"]) == (".env", False)
        assert set(services(compose)[name]["environment"]) >= OWN
    given = services(compose)["backend"]["environment"]
    image = environment("app")
    for name in ("HOST", "PORT", "CHATAPP_DATA_DIR"):
        assert str(given[name]) == image[name], name


def test_a_proxy_on_this_machine_comes_from_the_gateway_of_nginx(compose: dict[str, Any]) -> None:
    (network,) = compose["networks"]["outside"]["ipam"]["config"]
    gateway = next(ip_network(network["subnet"]).hosts())
    for place in (".env.example", "docs/operations.md"):
        assert f"CHATAPP_PROXIES=set_real_ip_from {gateway};" in (PROJECT / place).read_text()


def test_a_database_counts_as_there_when_backends_can_reach_it(compose: dict[str, Any]) -> None:
    # The server that makes it, at first, listens at a socket alone.
    test = services(compose)["postgres"]["healthcheck"]["test"]
    assert test[test.index("-h") + 1] == "127.0.0.1"


def test_only_nginx_and_this_machines_grafana_are_open(compose: dict[str, Any]) -> None:
    ports = {name: each["ports"] for name, each in services(compose).items() if "ports" in each}
    assert set(ports) == {"front", "grafana"}
    assert ports["grafana"][0].startswith("127.0.0.1:")
    assert compose["networks"]["inside"]["internal"] is True


def test_secrets_have_no_default(compose: dict[str, Any]) -> None:
    assert {
        *("POSTGRES_PASSWORD", "REDIS_PASSWORD", "CHATAPP_SECRET", "GRAFANA_PASSWORD")
    } == NEEDED
    example = (PROJECT / ".env.example").read_text()
    for name in NEEDED:
        assert f"{name}=" in example, name


def test_a_backend_has_the_time_that_it_needs_to_leave(compose: dict[str, Any]) -> None:
    grace = services(compose)["backend"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > DEPARTURE


def test_nginx_has_the_time_that_its_sockets_are_given(compose: dict[str, Any]) -> None:
    found = re.search(r"worker_shutdown_timeout (\d+)s;", given("front", "CMD")[0])
    assert found
    assert int(services(compose)["front"]["stop_grace_period"].removesuffix("s")) > int(found[1])


@pytest.mark.parametrize("name", ["front", "backend", "redis"])
def test_whoever_has_many_sockets_may_open_as_many_files(
    compose: dict[str, Any], name: str
) -> None:
    assert services(compose)[name]["ulimits"]["nofile"]["soft"] >= FILES


def test_copies_have_a_place_that_their_maker_may_write_to(compose: dict[str, Any]) -> None:
    (volume,) = services(compose)["migrate"]["volumes"]
    name, _, place = volume.partition(":")
    assert name in compose["volumes"]
    # A volume that is new is as the image has its folder.
    made = " ".join(given("app", "RUN"))
    assert re.search(rf"install -d -o chatapp -g chatapp [^&]*{place}\b", made)
    said = (PROJECT / "docs" / "operations.md").read_text()
    for command in ("backup", "restore"):
        assert f"docker compose run --rm migrate {command} {place}/" in said


def test_a_copy_is_unpacked_where_there_is_room_for_it(compose: dict[str, Any]) -> None:
    maker = services(compose)["migrate"]
    (volume,) = maker["volumes"]
    assert maker["environment"]["TMPDIR"] == volume.partition(":")[2]
    # All else is said to it as to the backends.
    backend = services(compose)["backend"]["environment"]
    assert maker["environment"].items() >= backend.items()


def test_prometheus_asks_all_backends(compose: dict[str, Any]) -> None:
    config = yaml.safe_load((PROJECT / "monitoring" / "prometheus.yml").read_text())
    ((asked,),) = [each["dns_sd_configs"] for each in config["scrape_configs"]]
    assert asked["names"] == ["backend"]
    assert set(asked["names"]) < set(services(compose))
