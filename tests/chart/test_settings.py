"""What the chart gives to each process is what its program asks for: settings, secrets, and nothing of another service."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from libs.rpc import passports
from libs.settings import Settings
from tests.chart.rendering import CASES, CATALOGUE, Object, containers, of_kind, pods

NOT_OURS = {"OTEL_RESOURCE_ATTRIBUTES", "POD_NAME", "RECAPITO_SECRETS"}


def settings_of(service: str) -> type[Settings]:
    found: type[Settings] = import_module(f"services.{service}.settings").Settings
    return found


def given_to(spec: Object) -> tuple[dict[str, Any], set[str]]:
    """Return the environment of a pod's main container, and the fields that it reads as files."""
    files = {
        item["path"].removeprefix("recapito_")
        for volume in spec["volumes"]
        if volume["name"] == "secrets"
        for source in volume["projected"]["sources"]
        for item in source["secret"]["items"]
    }
    return {entry["name"]: entry.get("value") for entry in containers(spec)[-1]["env"]}, files


@pytest.mark.parametrize("case", CASES)
def test_every_setting_is_one_of_the_program_and_none_is_missing(case: str) -> None:
    for name, found in of_kind(case, "Deployment").items():
        service = name.split("-", maxsplit=1)[0]
        fields = settings_of(service).model_fields
        environment, files = given_to(found["spec"]["template"]["spec"])
        named = {key.removeprefix("RECAPITO_").lower() for key in environment if key not in NOT_OURS}
        unknown = named | files
        if name.endswith("-server") or "RECAPITO_SERVER_THREADS" in environment:
            unknown = unknown - {"server_threads"}  # the trial gives it to every process
        assert unknown <= fields.keys(), name
        assert {field for field, given in fields.items() if given.is_required()} <= named | files, name
        assert {f"{called}_address" for called in CATALOGUE["services"][service]["calls"]} <= named, name


@pytest.mark.parametrize("case", CASES)
def test_the_programs_accept_what_they_are_given(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, found in of_kind(case, "Deployment").items():
        environment, files = given_to(found["spec"]["template"]["spec"])
        with monkeypatch.context() as patch:
            for key, value in environment.items():
                if value is not None and key != "RECAPITO_SECRETS":
                    patch.setenv(key, value)
            secrets = {field: "[]" if field == "identity_providers" else "postgresql://u:p@h/d" + "x" * 30 for field in files}
            for field, value in secrets.items():
                patch.setenv(f"RECAPITO_{field.upper()}", value)
            settings: Any = settings_of(name.split("-", maxsplit=1)[0])()
            assert settings.environment == ("trial" if case == "one-node" else "production")
            assert bool(settings.internal_secret.get_secret_value()) is not bool(settings.tls_certificate_file), "one proof of who calls"


def test_the_table_names_every_service_that_a_program_calls() -> None:
    for service, entry in CATALOGUE["services"].items():
        called = {field.removesuffix("_address") for field in settings_of(service).model_fields if field.endswith("_address")}
        assert called - {service, "listen", "mail_from"} == set(entry["calls"]), service


def test_each_pod_reads_its_own_secrets_only() -> None:
    wanted = {
        "identity": {"internal_secret", "identity_secret", "database_url", "bus_url"},
        "contacts": {"internal_secret", "database_url", "bus_url"},
        "documents": {"internal_secret", "database_url", "bus_url", "storage_access_key_id", "storage_secret_access_key"},
        "notifications": {"internal_secret", "database_url", "bus_url", "smtp_user", "smtp_password"},
        "portal": {"internal_secret", "web_secret"},
        "gateway": {"internal_secret"},
    }
    for name, found in of_kind("minimal", "Deployment").items():
        assert given_to(found["spec"]["template"]["spec"])[1] == wanted[name.split("-", maxsplit=1)[0]], name
    databases = {
        source["secret"]["name"]
        for name, spec in pods("minimal")
        if "contacts" in name
        for volume in spec["volumes"]
        if volume["name"] == "secrets"
        for source in volume["projected"]["sources"]
    }
    assert databases == {"r-recapito-application", "db-contacts", "broker"}


@pytest.mark.parametrize("case", CASES)
def test_no_secret_stands_in_the_open(case: str) -> None:
    held = {name.split("-", maxsplit=1)[0] for name in of_kind(case, "ConfigMap")}
    assert held <= {"dashboard", "test", "extra"}, "settings are in the environment and in Secrets; no ConfigMap has any"
    for name, spec in pods(case):
        for container in containers(spec):
            for entry in container.get("env", []):
                hidden = any(word in entry["name"] for word in ("SECRET", "PASSWORD", "KEY_ID")) and entry["name"] != "RECAPITO_SECRETS"
                assert not hidden or "valueFrom" in entry, f"{name}: {entry['name']}"


def test_operators_make_the_secrets_that_pods_read() -> None:
    clusters = of_kind("operators", "Cluster")
    assert clusters.keys() == {f"db-{service}" for service in ("identity", "contacts", "documents", "notifications")}
    spec = of_kind("operators", "Deployment")["contacts-worker"]["spec"]["template"]["spec"]
    (secrets,) = (volume["projected"]["sources"] for volume in spec["volumes"] if volume["name"] == "secrets")
    keys = {source["secret"]["name"]: source["secret"]["items"][0]["key"] for source in secrets}
    assert keys == {
        "r-recapito-application": "internal-secret",
        "r-recapito-db-contacts-app": "uri",
        "r-recapito-broker-default-user": "connection_string",
    }
    assert clusters["db-notifications"]["spec"]["storage"] == {"size": "50Gi", "storageClass": "fast"}
    assert clusters["db-contacts"]["spec"]["bootstrap"]["initdb"] == {"database": "contacts", "owner": "contacts"}


def test_a_store_of_secrets_makes_all_that_pods_read() -> None:
    made = {found["spec"]["target"]["name"] for found in of_kind("external-secrets", "ExternalSecret").values()}
    read = set()
    for name, spec in pods("external-secrets"):
        read |= {source["secret"]["name"] for volume in spec["volumes"] for source in volume.get("projected", {}).get("sources", [])}
        for container in containers(spec):
            read |= {
                entry["valueFrom"]["secretKeyRef"]["name"]
                for entry in container.get("env", [])
                if "secretKeyRef" in entry.get("valueFrom", {})
            }
        assert name
    assert read - {"recapito-tests"} == made
    assert of_kind("external-secrets", "Secret") == {}


def test_a_made_secret_is_kept_and_cannot_be_replaced() -> None:
    (made,) = of_kind("minimal", "Secret").values()
    assert made["immutable"] is True
    assert made["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert made["data"].keys() == {"internal-secret", "identity-secret", "web-secret"}
    assert all(len(value) == 64 for value in made["data"].values()), "48 characters in base64"


def test_certificates_name_the_services_and_the_hosts_that_are_called() -> None:
    certificates = of_kind("tls", "Certificate")
    for service, entry in CATALOGUE["services"].items():
        spec = certificates[f"{service}-tls"]["spec"]
        caller = passports.service_of_certificate(spec["uris"])
        assert caller is not None
        assert caller.service == service
        for called in entry["calls"]:
            environment, _ = given_to(of_kind("tls", "Deployment")[f"{service}-{entry['processes'][0]}"]["spec"]["template"]["spec"])
            host = environment[f"RECAPITO_{called.upper()}_ADDRESS"].partition(":")[0]
            assert host in certificates[f"{called}-tls"]["spec"]["dnsNames"]
