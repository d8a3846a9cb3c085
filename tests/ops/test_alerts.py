"""Every alert is right as promtool reads it, fires when it should and only then, and leads to a page that helps."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import click
import pytest
import yaml

from deploy.commands import main
from tests.ops.monitoring import ROOT, RULES, RUNBOOKS, alerts, dashboard_queries, promtool, queries, rules, runbook_queries

TESTS = sorted(Path(__file__).parent.glob("rules/*.yaml"))
PARTS = ["See more", "Mend", "Well again", "Wake somebody"]


def test_promtool_reads_every_rule() -> None:
    promtool("check", "rules", *map(str, RULES))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_only_then(path: Path) -> None:
    promtool("test", "rules", str(path))


def test_every_alert_is_tested_firing_and_silent() -> None:
    assert [path.name for path in TESTS] == [path.name for path in RULES]
    firing: Counter[tuple[str, str]] = Counter()
    silent = set()
    for path in TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            for wanted in test["alert_rule_test"]:
                firing.update((wanted["alertname"], alert["exp_labels"]["severity"]) for alert in wanted["exp_alerts"])
                silent |= set() if wanted["exp_alerts"] else {wanted["alertname"]}
    known = {(alert["alert"], alert["labels"]["severity"]) for alert in alerts()}
    assert firing.keys() == known
    assert silent == {name for name, _ in known}


def test_every_alert_says_how_bad_it_is_what_is_wrong_and_where_to_read_on() -> None:
    for alert in alerts():
        name, notes = alert["alert"], alert["annotations"]
        assert alert["labels"]["severity"] in {"critical", "warning"}, name
        assert notes["summary"], name
        assert "{{ $" in notes["description"], f"{name} shows no value"
        assert notes["runbook_url"] == f"runbooks/{name}.md"


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"} == {alert["alert"] for alert in alerts()}
    for path in RUNBOOKS.glob("Recapito*.md"):
        text = path.read_text()
        assert text.startswith(f"# {path.stem}\n")
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS, path.stem
        for link in re.findall(r"\]\(([^)]+\.md)\)", text):
            assert (path.parent / link).exists(), f"{path.stem} leads to {link}"


def test_the_commands_of_runbooks_exist() -> None:
    found = [
        (path.stem, line)
        for path in RUNBOOKS.glob("*.md")
        for line in re.findall(r"^(recapito .*)$|`(recapito [a-z][^`…]*)`", path.read_text(), re.MULTILINE)
    ]
    assert len(found) > 20
    for name, (alone, inline) in found:
        assert _understood((alone or inline).split()[1:]), f"{name}: {alone or inline}"


def _understood(words: list[str]) -> bool:
    """Whether the command line knows these words: groups, a command, its options."""
    command: click.Command = main
    while words and isinstance(command, click.Group):
        name, *words = words
        if name not in command.commands:
            return False
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts}
    return all(word in options for word in words if word.startswith("--"))


def test_what_is_recorded_is_used_and_what_is_used_is_recorded() -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    assert set(re.findall(r"recapito:[a-z0-9_:]+", " ".join(query for _, query in queries()))) == recorded


def test_promtool_reads_every_query_of_dashboards_and_runbooks(tmp_path: Path) -> None:
    asked = [*dashboard_queries(), *runbook_queries()]
    recorded = [{"record": f"query:{number}", "expr": query} for number, (_, query) in enumerate(asked)]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": recorded}]}))
    promtool("check", "rules", str(tmp_path / "queries.yaml"))


def test_rules_are_free_of_what_one_installation_alone_has() -> None:
    for path in RULES:
        assert not re.search(r'(job|pod|container|cluster)\s*=~?"', path.read_text()), path.relative_to(ROOT)
