"""The alerts, dashboards and runbooks as they are shipped, for the tests that look at them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "helm/recapito/rules").glob("*.yaml"))
DASHBOARDS = sorted((ROOT / "helm/recapito/dashboards").glob("*.json"))
RUNBOOKS = ROOT / "deploy/runbooks"
PROMTOOL = Path(sys.executable).parent / "promtool"  # deploy/setup.sh servers puts it there
METRIC = re.compile(r"\b(?:recapito_|process_|python_|up\b|kube_)[a-z0-9_]*")


def rules() -> Iterator[dict[str, Any]]:
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from group["rules"]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def dashboards() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in DASHBOARDS}


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def dashboard_queries() -> Iterator[tuple[str, str]]:
    """Give each query with where it stands; Grafana's own variables filled in."""
    for name, dashboard in dashboards().items():
        for panel in panels(dashboard):
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}", target["expr"].replace("$__rate_interval", "5m").replace("$__range", "1h")


def runbook_queries() -> Iterator[tuple[str, str]]:
    for path in sorted(RUNBOOKS.glob("*.md")):
        for query in re.findall(r"```promql\n(.*?)```", path.read_text(), re.DOTALL):
            yield path.stem, query


def queries() -> Iterator[tuple[str, str]]:
    """Give every query that somebody or something asks, with where it stands."""
    yield from ((str(rule.get("alert") or rule["record"]), rule["expr"]) for rule in rules())
    yield from dashboard_queries()
    yield from runbook_queries()


def selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Give each metric that a query asks for by labels, with these."""
    for name, matchers in re.findall(r"\b(recapito_[a-z0-9_]+)\{([^}]*)\}", expression):
        yield name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))


def metrics(expression: str) -> set[str]:
    """Return the names of metrics in a query; label values are left out, and so is what a rule records."""
    return set(METRIC.findall(re.sub(r'"[^"]*"', '""', expression)))


def promtool(*arguments: str) -> str:
    """Run promtool and return what it says; it must be content."""
    assert PROMTOOL.exists(), "promtool is missing: run deploy/setup.sh servers"
    done = subprocess.run([PROMTOOL, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
