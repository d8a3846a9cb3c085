"""The dashboards are what their questions say, in the form that Grafana reads, and each panel answers a question."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from deploy.dashboards import build
from tests.ops.monitoring import DASHBOARDS, dashboards, panels

UNITS = {"short", "percentunit", "s", "d", "bytes", "reqps", "cps"}  # of Grafana's; it shows an unknown one as text
KINDS = {"row", "stat", "timeseries", "table"}


def test_the_files_are_built_from_the_questions() -> None:
    built = build.build()
    assert {path.name for path in DASHBOARDS} == built.keys()
    for path in DASHBOARDS:
        assert path.read_text() == built[path.name], f"run python -m deploy.dashboards.build: {path.name} is another"


@pytest.fixture(params=sorted(dashboards()))
def dashboard(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dashboards()[request.param]


def test_grafana_can_read_it(dashboard: dict[str, Any]) -> None:
    assert dashboard["title"].startswith("Recapito: ")
    assert 8 <= len(dashboard["uid"]) <= 40
    assert {type(dashboard[name]) for name in ("panels", "tags", "links")} == {list}
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["datasource", "namespace"]
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    assert {panel["type"] for panel in dashboard["panels"]} <= KINDS
    for panel in panels(dashboard):
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, "no data source of one installation"
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
        assert panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]["value"] is None, "Grafana's first step has no value"
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) >= 1


def test_every_panel_answers_a_question_about_the_chosen_namespace(dashboard: dict[str, Any]) -> None:
    assert dashboard["description"]
    for panel in panels(dashboard):
        assert panel["title"].endswith("?")
        assert panel["description"].endswith("."), panel["title"]
        for target in panel["targets"]:
            assert 'namespace=~"$namespace"' in target["expr"], panel["title"]


def test_no_panel_lies_over_another(dashboard: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= build.COLUMNS for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
