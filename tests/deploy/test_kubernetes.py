"""The manifests against Kubernetes' own schemas, and against each other."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kubernetes_validate
import pytest
import yaml
from pydantic import ValidationError

from chatapp import routes
from chatapp.api.readiness import PATIENCE, Readiness
from chatapp.pool.config import read_pool
from chatapp.settings import Settings
from tests.deploy.departure import DEPARTURE
from tests.deploy.test_images import environment, stages
from tools.front import TEMPLATE
from tools.phases import PROJECT

FOLDER = PROJECT / "deploy" / "kubernetes"
VERSION = "1.31"

INGRESS_KEEPS = 60
"""Seconds that ingress-nginx keeps an idle connection to whom it passes requests on."""


def kustomization(folder: Path) -> dict[str, Any]:
    return yaml.safe_load((folder / "kustomization.yaml").read_text())


def resources(folder: Path) -> list[dict[str, Any]]:
    """What kustomize would put together, but for what it generates."""
    found: list[dict[str, Any]] = []
    for name in kustomization(folder)["resources"]:
        path = folder / name
        found += (
            resources(path)
            if path.is_dir()
            else [each for each in yaml.safe_load_all(path.read_text()) if each]
        )
    return found


def example(path: Path) -> dict[str, str]:
    """What a file of secrets sets before anybody has written into it."""
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


@pytest.fixture(params=["in-cluster", "external"])
def overlay(request: pytest.FixtureRequest) -> Path:
    return FOLDER / request.param


def kinds(overlay: Path, kind: str) -> dict[str, dict[str, Any]]:
    return {each["metadata"]["name"]: each for each in resources(overlay) if each["kind"] == kind}


def workloads(overlay: Path) -> dict[str, dict[str, Any]]:
    """The pods that each of them makes."""
    made = kinds(overlay, "Deployment") | kinds(overlay, "StatefulSet")
    jobs = kinds(overlay, "CronJob")
    return {name: each["spec"]["template"] for name, each in made.items()} | {
        name: each["spec"]["jobTemplate"]["spec"]["template"] for name, each in jobs.items()
    }


def test_all_keep_to_their_schemas(overlay: Path) -> None:
    found = resources(overlay)
    assert len(found) >= 10
    for each in found:
        kubernetes_validate.validate(each, VERSION, strict=True)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is no package of Python")
def test_kustomize_puts_together_what_keeps_to_the_schemas(overlay: Path, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "kubernetes")
    copy = tmp_path / "kubernetes" / overlay.name
    for given in copy.glob("*.env.example"):
        shutil.copy(given, given.with_suffix(""))
    made = subprocess.run(
        ["kubectl", "kustomize", copy], capture_output=True, text=True, check=True
    )
    found = list(yaml.safe_load_all(made.stdout))
    for each in found:
        kubernetes_validate.validate(each, VERSION, strict=True)
    generated = {
        each["metadata"]["name"] for each in found if each["kind"] in {"ConfigMap", "Secret"}
    }
    assert len(generated) == (4 if overlay.name == "in-cluster" else 3)
    kinds = {"Deployment", "StatefulSet"}
    pods = [each["spec"]["template"]["spec"] for each in found if each["kind"] in kinds]
    containers = [container for pod in pods for container in pod["containers"]]
    named = {
        source["name"]
        for container in containers
        for reference in container.get("envFrom", [])
        for source in reference.values()
    } | {
        variable["valueFrom"]["secretKeyRef"]["name"]
        for container in containers
        for variable in container.get("env", [])
        if "valueFrom" in variable
    }
    # What is generated has a new name when it changes, and who uses it is told.
    assert named
    assert named <= generated


def test_selectors_find_what_they_name(overlay: Path) -> None:
    labels = [each["metadata"]["labels"] for each in workloads(overlay).values()]
    for each in resources(overlay):
        spec = each.get("spec", {})
        selector = {
            "Service": lambda spec=spec: spec["selector"],
            "PodDisruptionBudget": lambda spec=spec: spec["selector"]["matchLabels"],
            "Deployment": lambda spec=spec: spec["selector"]["matchLabels"],
            "StatefulSet": lambda spec=spec: spec["selector"]["matchLabels"],
            "NetworkPolicy": lambda spec=spec: spec["podSelector"]["matchLabels"],
        }.get(each["kind"])
        if selector:
            found = [label for label in labels if selector().items() <= label.items()]
            assert len(found) == 1, each["metadata"]["name"]
    target = kinds(overlay, "HorizontalPodAutoscaler")["backend"]["spec"]["scaleTargetRef"]
    assert target["name"] in kinds(overlay, "Deployment")
    path = kinds(overlay, "Ingress")["chatapp"]["spec"]["rules"][0]["http"]["paths"][0]
    service = kinds(overlay, "Service")[path["backend"]["service"]["name"]]
    assert path["backend"]["service"]["port"]["name"] in {
        port["name"] for port in service["spec"]["ports"]
    }


def test_ports_that_are_named_exist(overlay: Path) -> None:
    open_ports = {
        port["name"]
        for each in workloads(overlay).values()
        for container in each["spec"]["containers"]
        for port in container.get("ports", [])
    }
    for service in kinds(overlay, "Service").values():
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= open_ports


def test_settings_and_secrets_are_ones_that_exist(overlay: Path) -> None:
    known = {
        str(field.validation_alias or f"CHATAPP_{name}").upper()
        for name, field in Settings.model_fields.items()
    }
    given = kustomization(FOLDER / "base")["configMapGenerator"][0]["literals"]
    secrets = example(overlay / "secrets.env.example")
    for name in [*(each.partition("=")[0] for each in given), *secrets]:
        assert name in known or name.endswith("_API_KEY"), name
    front = workloads(overlay)["front"]["spec"]["containers"][0]
    assert {each["name"] for each in front["env"]} <= set(environment("front"))


def test_the_servers_have_a_secret_of_their_own() -> None:
    overlay = FOLDER / "in-cluster"
    made = {each["name"]: each["envs"] for each in kustomization(overlay)["secretGenerator"]}
    assert made == {"chatapp": ["secrets.env"], "servers": ["servers.env"]}
    given = example(overlay / "servers.env.example")
    sources = [
        variable["valueFrom"]["secretKeyRef"]
        for name in ("postgres", "redis")
        for variable in workloads(overlay)[name]["spec"]["containers"][0]["env"]
        if "valueFrom" in variable
    ]
    assert {(each["name"], each["key"]) for each in sources} == {("servers", key) for key in given}
    # Nothing that everybody knows: without a password neither starts.
    assert set(given.values()) == {""}


def test_a_database_counts_as_there_when_others_can_reach_it() -> None:
    (container,) = workloads(FOLDER / "in-cluster")["postgres"]["spec"]["containers"]
    command = container["readinessProbe"]["exec"]["command"]
    assert command[command.index("-h") + 1] == "127.0.0.1"


def test_secrets_that_everybody_knows_are_refused(
    overlay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in example(overlay / "secrets.env.example").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert [error["loc"] for error in refused.value.errors()] == [("secret",)]


def test_every_pod_is_restricted_as_its_namespace_demands(overlay: Path) -> None:
    for name, each in workloads(overlay).items():
        pod = each["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["capabilities"] == {"drop": ["ALL"]}, name
            assert "memory" in container["resources"]["limits"], name


def test_probes_ask_what_is_there_and_a_backend_has_time_to_leave(overlay: Path) -> None:
    pod = workloads(overlay)["backend"]["spec"]
    container = pod["containers"][0]
    assert container["readinessProbe"]["httpGet"]["path"].partition("?")[0] == routes.READY
    assert container["livenessProbe"]["httpGet"]["path"] == routes.HEALTH
    front = workloads(overlay)["front"]["spec"]["containers"][0]
    for probe in ("readinessProbe", "livenessProbe"):
        path = front[probe]["httpGet"]["path"]
        assert f"location = {path} {{" in TEMPLATE.read_text()
        assert path in dict(stages()["front"])["HEALTHCHECK"]
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    assert pod["terminationGracePeriodSeconds"] > pause + DEPARTURE


def test_a_part_that_all_share_takes_no_backend_away(overlay: Path) -> None:
    pod = workloads(overlay)["backend"]["spec"]
    probe = pod["containers"][0]["readinessProbe"]
    excluded = parse_qs(urlsplit(probe["httpGet"]["path"]).query)["exclude"]
    assert Readiness("ok", "away", "away").ready(excluded)
    assert not Readiness("leaving", "ok", "ok").ready(excluded)
    assert not Readiness("ok", "not migrated", "ok").ready(excluded)
    assert probe["timeoutSeconds"] > PATIENCE


@pytest.mark.parametrize("name", ["backend", "front"])
def test_one_is_replaced_after_the_other_and_none_is_missed(overlay: Path, name: str) -> None:
    strategy = kinds(overlay, "Deployment")[name]["spec"]["strategy"]
    assert strategy == {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def test_nginx_has_time_to_let_its_sockets_go(overlay: Path) -> None:
    pod = workloads(overlay)["front"]["spec"]
    pause = int(pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][1])
    seconds = re.search(r"worker_shutdown_timeout (\d+)s;", dict(stages()["front"])["CMD"])
    assert seconds is not None
    assert pod["terminationGracePeriodSeconds"] > pause + int(seconds[1])


def test_the_ingress_says_whose_it_is(overlay: Path) -> None:
    assert kinds(overlay, "Ingress")["chatapp"]["spec"]["ingressClassName"] == "nginx"


def test_the_ingress_lets_a_connection_go_before_nginx_does() -> None:
    seconds = re.search(r"keepalive_timeout (\d+)s;", TEMPLATE.read_text())
    assert seconds is not None
    assert int(seconds[1]) > INGRESS_KEEPS


def test_images_and_commands_are_ours(overlay: Path) -> None:
    ours = {"chatapp": "app", "chatapp-front": "front"}
    replaced = {each["name"] for each in kustomization(FOLDER / "base")["images"]}
    assert replaced == set(ours)
    assert set(ours.values()) <= set(stages())
    pod = workloads(overlay)["backend"]["spec"]
    assert [each["args"] for each in pod["initContainers"]] == [["migrate"]]
    assert pod["containers"][0]["args"] == ["serve"]


def test_whoever_listens_is_reached_by_those_who_need_it_and_nobody_else(overlay: Path) -> None:
    ports = {
        name: {
            port["name"] for container in each["spec"]["containers"] for port in container["ports"]
        }
        for name, each in workloads(overlay).items()
        if any("ports" in container for container in each["spec"]["containers"])
    }
    policies = kinds(overlay, "NetworkPolicy")
    assert set(policies) == set(ports)
    labels = [each["metadata"]["labels"] for each in workloads(overlay).values()]
    for name, policy in policies.items():
        assert policy["spec"]["podSelector"]["matchLabels"] == {"app": "chatapp", "part": name}
        assert policy["spec"]["policyTypes"] == ["Ingress"]
        (rule,) = policy["spec"]["ingress"]
        assert {port["port"] for port in rule["ports"]} == ports[name]
        for source in rule["from"]:
            if pods := source.get("podSelector"):
                parts = [pods["matchLabels"].get("part")]
                if matching := pods.get("matchExpressions"):
                    parts = matching[0]["values"]
                assert all({"app": "chatapp", "part": part} in labels for part in parts)
            else:
                assert source["namespaceSelector"]["matchLabels"]


def test_prometheus_finds_each_backend(overlay: Path) -> None:
    config = (PROJECT / "monitoring" / "prometheus.yml").read_text()
    ((asked,),) = [each["dns_sd_configs"] for each in yaml.safe_load(config)["scrape_configs"]]
    service = kinds(overlay, "Service")["backends"]["spec"]
    # Only a Service without an address of its own has those of all.
    assert service["clusterIP"] == "None"
    assert [port["port"] for port in service["ports"]] == [asked["port"]]
    assert "`backends.chatapp.svc.cluster.local`" in config
    # The annotations that some look at would bring the same figures under the name of another job.
    assert "annotations" not in workloads(overlay)["backend"]["metadata"]


def test_copies_are_made_and_the_way_back_begins_with_the_same_job(overlay: Path) -> None:
    job = kinds(overlay, "CronJob")["backup"]
    pod = workloads(overlay)["backup"]["spec"]
    (container,) = pod["containers"]
    claims = {
        volume["name"]: volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["volumes"]
        if "persistentVolumeClaim" in volume
    }
    assert set(claims.values()) == set(kinds(overlay, "PersistentVolumeClaim"))
    (place,) = [
        mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] in claims
    ]
    assert f'chatapp backup "{place}/' in container["args"][0]
    said = (PROJECT / "docs" / "operations.md").read_text()
    (script,) = re.findall(r"sed '([^']+)'", said)
    told = subprocess.run(
        ["sed", script], input=yaml.safe_dump(job), capture_output=True, text=True, check=True
    )
    back = yaml.safe_load(told.stdout)["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (command,) = back["containers"][0]["args"]
    assert command == f"exec .venv/bin/python -m chatapp restore {place}/Mon.tar"


def test_the_pool_that_they_bring_is_one() -> None:
    keys = {"GROQ_API_KEY": "gsk_test", "GOOGLE_API_KEY": "AIza_test"}
    pool = read_pool(FOLDER / "base" / "pool.toml", keys)
    assert {member.account.name for member in pool.members} == {"groq", "google"}
