"""The chart in each way of installing, under the checkers of the field."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
import yaml

from helm import readme
from tests.chart import custom_resources, tools
from tests.chart.rendering import CASES, CHART, objects, of_kind, text, values

OLDEST, NEWEST = "1.31", "1.37"
BUILT_IN = {"v1", "apps/v1", "batch/v1", "autoscaling/v2", "policy/v1", "networking.k8s.io/v1"}
SKIPPED = {
    "CKV_K8S_11": "no CPU limits: they slow a process down that could have what is free; requests share what is scarce",
    "CKV_K8S_15": "a tag of a release never moves, so the image is pulled once",
    "CKV_K8S_43": "image.digests pins images by digest; the default names the version",
}
SKIPPED_FOR_TEST = {"CKV_K8S_8": "the pod of `helm test` runs once to its end", "CKV_K8S_9": "and serves nothing"}


@pytest.mark.parametrize("version", tools.HELM)
def test_helm_finds_nothing_to_say(version: str) -> None:
    for case in CASES:
        tools.run(tools.helm(version), "lint", "--strict", str(CHART), "-f", values(case))


@pytest.mark.parametrize("case", CASES)
def test_both_generations_of_helm_render_the_same(case: str) -> None:
    first, second = ([one for one in yaml.load_all(text(case, version), Loader=yaml.CSafeLoader) if one] for version in tools.HELM)
    for one in (*first, *second):
        if one["kind"] == "Secret":
            one.pop("data")  # made anew each time

    def key(one: dict[str, object]) -> str:
        return yaml.safe_dump(one)

    assert sorted(first, key=key) == sorted(second, key=key)


@pytest.mark.parametrize(("case", "minor"), [*itertools.product(CASES, (OLDEST, NEWEST))])
def test_every_built_in_object_is_valid(case: str, minor: str) -> None:
    built_in = [one for one in objects(case) if one["apiVersion"] in BUILT_IN]
    tools.run(tools.tool("kubernetes-validate"), "-k", minor, "--strict", "-", stdin=yaml.safe_dump_all(built_in))


@pytest.mark.parametrize("case", CASES)
def test_every_custom_resource_fits_its_definition(case: str) -> None:
    for one in objects(case):
        if one["apiVersion"] not in BUILT_IN:
            assert custom_resources.faults(one) == [], f"{one['kind']} {one['metadata']['name']}"


def test_the_checker_of_custom_resources_finds_what_is_wrong() -> None:
    (route,) = (one for one in objects("gateway-api") if one["kind"] == "HTTPRoute")
    route["spec"]["hostname"] = route["spec"].pop("hostnames")
    assert custom_resources.faults(route) == ["spec: Additional properties are not allowed ('hostname' was unexpected)"]


def test_every_kind_of_object_is_made_in_some_case() -> None:
    made = {one["kind"] for case in CASES for one in objects(case)}
    assert made >= {one["kind"] for one in map(yaml.safe_load, (path.read_text() for path in custom_resources.CRDS.glob("*.json")))}


def test_the_alerts_and_dashboards_are_those_of_the_files_with_the_runbooks_where_values_say() -> None:
    rules = of_kind("scaling", "PrometheusRule")
    assert len(rules) == len(list((CHART / "rules").glob("*.yaml")))
    alerts = [rule for one in rules.values() for group in one["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
    assert len(alerts) > 20
    for alert in alerts:
        assert alert["annotations"]["runbook_url"] == f"https://wiki.example.it/recapito/{alert['alert']}.md"
    shown = [one for name, one in of_kind("scaling", "ConfigMap").items() if name.startswith("dashboard-")]
    assert all(json.loads(*one["data"].values())["title"] for one in shown)
    assert len(shown) == len(list((CHART / "dashboards").glob("*.json")))


def test_the_alert_of_failed_migrations_knows_the_jobs_under_any_name_of_the_release() -> None:
    (rule,) = re.findall(r'kube_job_status_failed\{job_name=~"([^"]+)"\}', (CHART / "rules" / "processes.yaml").read_text())
    for case in ("minimal", "gateway-api"):
        names = [found["metadata"]["name"] for found in of_kind(case, "Job").values()]
        assert len([name for name in names if re.fullmatch(rule, name)]) == 4


def test_checkov_finds_nothing_but_what_was_weighed(tmp_path: Path) -> None:
    for case in ("minimal", "tls"):
        (tmp_path / f"{case}.yaml").write_text(text(case))
    skipped = ",".join([*SKIPPED, *SKIPPED_FOR_TEST])
    options = ["--framework", "kubernetes", "--compact", "--quiet", "--skip-download", "--skip-check", skipped]
    tools.run(tools.tool("checkov"), "-d", str(tmp_path), *options)


def test_yaml_is_tidy() -> None:
    rules = (
        "{extends: default, rules: {line-length: {max: 200}, braces: {max-spaces-inside: 0}, document-start: disable, comments: disable}}"
    )
    written = [path for path in CHART.rglob("*.yaml") if "templates" not in path.parts]
    tools.run(tools.tool("yamllint"), "-s", "-d", rules, *map(str, written))


def test_the_table_of_values_is_that_of_the_values() -> None:
    shown, given = (CHART / "README.md").read_text(), (CHART / "values.yaml").read_text()
    assert shown == readme.written(shown, given), "run `make chart-readme`"


def test_every_value_says_what_it_is_for() -> None:
    said = {path for path, _, _ in readme.rows((CHART / "values.yaml").read_text())}

    def silent(value: object, path: str = "") -> list[str]:
        if path in said:
            return []
        if isinstance(value, dict) and value:
            return [fault for key, inner in value.items() for fault in silent(inner, f"{path}.{key}".strip("."))]
        return [path]

    assert [path for path in silent(yaml.safe_load((CHART / "values.yaml").read_text())) if not path.startswith("defaults.strategy")] == []
