"""Every pod: restricted, probed, limited, ending in order, and found by selectors that never change."""

from __future__ import annotations

import pytest

from tests.chart.rendering import CASES, CATALOGUE, containers, of_kind, pods

PROCESSES = {f"{service}-{process}" for service, entry in CATALOGUE["services"].items() for process in entry["processes"]}
DRAIN_SECONDS = 25  # libs.web.DRAIN_SECONDS, the longest


@pytest.mark.parametrize("case", CASES)
def test_each_process_of_the_table_is_a_deployment(case: str) -> None:
    assert of_kind(case, "Deployment").keys() == PROCESSES


@pytest.mark.parametrize("case", CASES)
def test_every_pod_is_restricted(case: str) -> None:
    """What the Pod Security Standard "restricted" asks for, and a read-only root."""
    for name, spec in pods(case):
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True, name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert security.get("runAsUser") == (None if case == "one-node" else 65532), "OpenShift chooses the user"
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys(), name
        assert all(volume.keys() & {"emptyDir", "projected", "secret", "configMap"} for volume in spec["volumes"]), name
        for container in containers(spec):
            own = container["securityContext"]
            assert (own["allowPrivilegeEscalation"], own["readOnlyRootFilesystem"]) == (False, True), name
            assert own["capabilities"] == {"drop": ["ALL"]}, name


@pytest.mark.parametrize("case", CASES)
def test_every_container_asks_for_what_it_needs_and_is_held_to_memory(case: str) -> None:
    for name, spec in pods(case):
        for container in containers(spec):
            assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), name
            assert "memory" in container["resources"]["limits"], name
        for volume in spec["volumes"]:
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"], name


@pytest.mark.parametrize("case", CASES)
def test_every_process_is_probed_in_the_way_that_it_answers(case: str) -> None:
    mutual = case in {"tls", "gateway-api"}
    for name, found in of_kind(case, "Deployment").items():
        (container,) = found["spec"]["template"]["spec"]["containers"]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            given = container[probe]
            if name.endswith("-server") and not mutual:
                assert given["grpc"] == {"port": ports["grpc"]}
                continue
            ready = probe == "readinessProbe" and not name.endswith("-server")
            assert given["httpGet"] == {"path": "/readyz" if ready else "/livez", "port": "admin"}
        assert container["startupProbe"]["failureThreshold"] * container["startupProbe"]["periodSeconds"] >= 60


@pytest.mark.parametrize("case", CASES)
def test_a_pod_leaves_its_endpoints_then_finishes_before_it_is_killed(case: str) -> None:
    for name, found in of_kind(case, "Deployment").items():
        spec = found["spec"]["template"]["spec"]
        sleep = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert sleep >= 5
        assert spec["terminationGracePeriodSeconds"] > sleep + DRAIN_SECONDS, name
        assert found["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


@pytest.mark.parametrize("case", CASES)
def test_selectors_hold_nothing_that_changes(case: str) -> None:
    wanted = {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component", "recapito/process"}
    for name, found in of_kind(case, "Deployment").items():
        selector = found["spec"]["selector"]["matchLabels"]
        assert selector.keys() == wanted
        assert selector.items() <= found["spec"]["template"]["metadata"]["labels"].items(), name
    other = of_kind(case, "Deployment", "--set", "image.tag=9.9.9,commonLabels.team=other")
    for name, found in of_kind(case, "Deployment").items():
        assert found["spec"]["selector"] == other[name]["spec"]["selector"]


@pytest.mark.parametrize("case", CASES)
def test_services_lead_to_the_pods_that_answer(case: str) -> None:
    deployments = of_kind(case, "Deployment")
    for name, service in of_kind(case, "Service").items():
        process = "web" if name in {"portal", "gateway"} else "server"
        template = deployments[f"{name}-{process}"]["spec"]["template"]
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        (port,) = service["spec"]["ports"]
        assert port["targetPort"] in {given["name"] for given in template["spec"]["containers"][0]["ports"]}
        assert ("clusterIP" in service["spec"]) is (process == "server"), "clients of gRPC go round the pods themselves"
        assert template["spec"]["serviceAccountName"] in of_kind(case, "ServiceAccount")[name]["metadata"]["name"]


def test_disruption_budgets_hold_a_drain_up_only_where_another_pod_serves() -> None:
    assert of_kind("one-node", "PodDisruptionBudget") == {}
    assert of_kind("minimal", "PodDisruptionBudget").keys() == PROCESSES
    for found in of_kind("minimal", "PodDisruptionBudget").values():
        assert (found["spec"]["maxUnavailable"], found["spec"]["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")


def test_what_scales_by_itself_has_no_number_of_replicas() -> None:
    scalers = of_kind("scaling", "HorizontalPodAutoscaler") | of_kind("scaling", "ScaledObject")
    assert scalers.keys() == PROCESSES
    for name, found in of_kind("scaling", "Deployment").items():
        assert "replicas" not in found["spec"]
        assert scalers[name]["spec"]["scaleTargetRef"]["name"] == found["metadata"]["name"]
    assert all(found["spec"]["replicas"] == 2 for found in of_kind("minimal", "Deployment").values())
    triggers = {trigger["type"] for trigger in scalers["notifications-worker"]["spec"]["triggers"]}
    assert triggers == {"rabbitmq", "prometheus"}


def test_each_version_has_migrations_of_its_own_and_the_same_one_keeps_them() -> None:
    first, again = of_kind("minimal", "Job"), of_kind("minimal", "Job", "--set", "commonLabels.team=crm")
    next_version, retried = (of_kind("minimal", "Job", "--set", given) for given in ("image.tag=9.9.9", "migrations.again=once-more"))
    assert len(first) == 4
    assert first.keys() == again.keys()
    assert not first.keys() & next_version.keys()
    assert not first.keys() & retried.keys()
    for name, found in first.items():
        service = name.split("-", maxsplit=1)[0]
        (container,) = found["spec"]["template"]["spec"]["containers"]
        assert container["args"][:2] == [f"services.{service}", "migrate"]
        assert len(found["metadata"]["name"]) <= 63
        waiting = of_kind("minimal", "Deployment")[f"{service}-worker"]["spec"]["template"]["spec"]["initContainers"][0]
        assert waiting["args"] == [f"services.{service}", "await-schema"]
        assert waiting["image"] == container["image"]


def test_the_longest_names_fit() -> None:
    longest = "x" * 30
    for kind in ("Job", "Deployment", "Service", "ConfigMap"):
        assert all(len(name) <= 63 for name in of_kind("scaling", kind, "--set", f"fullnameOverride={longest}"))


def test_images_come_from_where_values_say() -> None:
    images = {name: containers(spec)[-1]["image"] for name, spec in pods("external-secrets")}
    assert images["r-recapito-portal-web"] == "registry.example.it/recapito/portal:0.1.0"
    assert images["r-recapito-contacts-server"] == "registry.example.it/recapito/contacts@sha256:" + "0" * 64
