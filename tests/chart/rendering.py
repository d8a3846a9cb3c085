"""What the chart makes of a file of values."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.chart import tools

CHART = tools.ROOT / "helm" / "recapito"
CASES = sorted(path.stem for path in (CHART / "ci").glob("*.yaml"))
CATALOGUE: dict[str, Any] = yaml.safe_load((CHART / "files" / "catalogue.yaml").read_text())
HELM = max(tools.HELM)
Object = dict[str, Any]


def values(case: str) -> str:
    return str(CHART / "ci" / f"{case}.yaml")


@cache
def text(case: str, version: str = HELM, *options: str) -> str:
    return tools.run(tools.helm(version), "template", "r", str(CHART), "-n", "recapito", "-f", values(case), *options)


def objects(case: str, *options: str) -> list[Object]:
    return [found for found in yaml.load_all(text(case, HELM, *options), Loader=yaml.CSafeLoader) if found]


def of_kind(case: str, kind: str, *options: str) -> dict[str, Object]:
    """Return the objects of a kind by their names without the release's."""
    named = {str(found["metadata"]["name"]): found for found in objects(case, *options) if found["kind"] == kind}
    return {name.removeprefix("r-recapito-").removeprefix("clienti-"): found for name, found in named.items()}


def pods(case: str) -> Iterator[tuple[str, Object]]:
    """Give name and spec of every pod that the chart makes, also of Jobs and tests."""
    for found in objects(case):
        if found["kind"] in {"Deployment", "Job"}:
            yield found["metadata"]["name"], found["spec"]["template"]["spec"]
        elif found["kind"] == "Pod":
            yield found["metadata"]["name"], found["spec"]


def containers(spec: Object) -> list[Object]:
    return [*spec.get("initContainers", []), *spec["containers"]]


def failure(*options: str) -> str:
    """Return what helm says when it refuses."""
    return tools.run(tools.helm(HELM), "template", "r", str(CHART), *options, fails=True)


def with_values(folder: Path, given: Object) -> str:
    """Return a file of values."""
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump(given))
    return str(path)
