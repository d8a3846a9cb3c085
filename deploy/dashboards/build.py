"""Writes the dashboards that the chart ships, Grafana's JSON, from the questions in this folder: python -m deploy.dashboards.build."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

QUESTIONS = Path(__file__).parent
BUILT = QUESTIONS.parents[1] / "helm/recapito/dashboards"
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24  # of Grafana's grid
HEIGHTS = {"stat": 4, "timeseries": 8, "table": 8}
WIDTHS = {"stat": 4, "timeseries": 8, "table": 12}
GRAFANA_SCHEMA = 39


def build() -> dict[str, str]:
    """Return the text of each dashboard, by the name of its file."""
    return {
        f"{path.stem}.json": _text(_dashboard(path.stem, yaml.safe_load(path.read_text()))) for path in sorted(QUESTIONS.glob("*.yaml"))
    }


def _text(dashboard: Mapping[str, Any]) -> str:
    return json.dumps(dashboard, indent=2, ensure_ascii=False) + "\n"


def _dashboard(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "uid": f"recapito-{name}",
        "title": given["title"],
        "description": given["about"],
        "tags": ["recapito"],
        "schemaVersion": GRAFANA_SCHEMA,
        "editable": True,
        "graphTooltip": 1,  # one cross-hair for all panels
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "1m",
        "links": [
            {"type": "dashboards", "title": "Recapito", "tags": ["recapito"], "asDropdown": True, "keepTime": True, "includeVars": True}
        ],
        "templating": {"list": [_datasource(), _namespace()]},
        "panels": list(_panels(given["rows"])),
    }


def _datasource() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _namespace() -> dict[str, Any]:
    """Where metrics have no namespace, as with Compose, All matches them too."""
    query = "label_values(recapito_build_info, namespace)"
    chosen = {"text": "All", "value": "$__all"}
    return {
        "name": "namespace",
        "label": "Namespace",
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": "namespace"},
        "definition": query,
        "refresh": 2,  # when the time range changes
        "includeAll": True,
        "allValue": ".*",
        "current": chosen,
    }


def _panels(rows: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    number, top = 0, 0
    for row in rows:
        number += 1
        yield {"id": number, "type": "row", "title": row["title"], "collapsed": False, "gridPos": _place(0, top, COLUMNS, 1), "panels": []}
        top, left, height = top + 1, 0, 0
        for panel in row["panels"]:
            number += 1
            kind = panel.get("kind", "timeseries")
            width = panel.get("width", WIDTHS[kind])
            if left + width > COLUMNS:
                top, left, height = top + height, 0, 0
            yield _panel(number, kind, panel) | {"gridPos": _place(left, top, width, HEIGHTS[kind])}
            left, height = left + width, max(height, HEIGHTS[kind])
        top += height


def _place(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(number: int, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": number,
        "type": kind,
        "title": given["title"],
        "description": given["about"],
        "datasource": SOURCE,
        "targets": [
            _target(letter, kind, legend, query) for letter, (legend, query) in zip("ABCDEFGH", given["ask"].items(), strict=False)
        ],
        "fieldConfig": {"defaults": _field(kind, given), "overrides": []},
        "options": _options(kind),
    }


def _target(letter: str, kind: str, legend: str, query: str) -> dict[str, Any]:
    """NS in a query stands for the namespace that the reader has chosen."""
    expression = re.sub(r"\bNS\b", 'namespace=~"$namespace"', query)
    table = {"format": "table", "instant": True} if kind == "table" else {}
    return {"refId": letter, "datasource": SOURCE, "expr": expression, "legendFormat": legend} | table


def _field(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """bad: from which value on it is red; good: from which on it is green."""
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if "bad" in given:
        steps.append({"color": "red", "value": given["bad"]})
    if "good" in given:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": given["good"]}]
    field: dict[str, Any] = {"unit": given.get("unit", "short"), "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
    if kind == "timeseries":
        shown = "line" if "bad" in given or "good" in given else "off"
        field["custom"] = {"lineWidth": 1, "fillOpacity": 8, "showPoints": "never", "thresholdsStyle": {"mode": shown}}
    return field


def _options(kind: str) -> dict[str, Any]:
    match kind:
        case "stat":
            return {"colorMode": "value", "graphMode": "area", "reduceOptions": {"calcs": ["lastNotNull"], "values": False}}
        case "timeseries":
            return {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
        case _:
            return {"showHeader": True}


def main() -> None:
    BUILT.mkdir(parents=True, exist_ok=True)
    for name, text in build().items():
        (BUILT / name).write_text(text)


if __name__ == "__main__":
    main()
