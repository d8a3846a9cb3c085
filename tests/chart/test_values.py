"""Wrong values are refused with a sentence that names them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chart.rendering import failure, values, with_values


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"mail": {"prt": 25}}, "/mail"),
        ({"services": {"contacts": {"servr": {}}}}, "/services/contacts"),
        ({"services": {"contacts": {"server": {"replica": 3}}}}, "/services/contacts/server"),
        ({"mail": {"security": "ssl"}}, "/mail/security"),
        ({"hosts": {"portal": "https://clienti.example.it"}}, "/hosts/portal"),
        ({"storage": {"url": "file:///data"}}, "/storage/url"),
        ({"logLevel": "debug"}, "/logLevel"),
        ({"image": {"digests": {"contacts": "sha256:1"}}}, "/image/digests/contacts"),
        ({"defaults": {"resources": {"requests": {"memory": "lots"}}}}, "/defaults/resources/requests/memory"),
        ({"externalSecrets": {"keys": {"databse-contacts": "x"}}}, "databse-contacts"),
        ({"broker": {"operator": {"replicas": 2}}}, "/broker/operator/replicas"),
        ({"fullnameOverride": "x" * 31}, "/fullnameOverride"),
    ],
)
def test_a_typing_error_is_found_and_named(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    assert said in failure("-f", values("minimal"), "-f", with_values(tmp_path, given))


def test_what_must_be_given_is_asked_for_all_at_once() -> None:
    said = failure()
    for name in ("hosts.portal", "broker.existingSecret", "mail.host", "storage.url"):
        assert f"- {name}: " in said
    for service in ("identity", "contacts", "documents", "notifications"):
        assert f"- database.existingSecrets.{service}: " in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"services": {"contacts": {"worker": {"autoscaling": {"enabled": True}, "keda": {"enabled": True}}}}},
            "autoscaling or keda, not both",
        ),
        ({"services": {"portal": {"web": {"keda": {"enabled": True}}}}}, "only workers have a queue"),
        ({"defaults": {"terminationGracePeriodSeconds": 30}}, "must be more than preStopSleepSeconds + 25"),
        ({"externalSecrets": {"enabled": True}}, "externalSecrets.storeRef.name"),
        ({"gatewayApi": {"enabled": True}}, "gatewayApi.parentRefs"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_way_out(tmp_path: Path, given: dict[str, Any], said: str) -> None:
    assert said in failure("-f", values("minimal"), "-f", with_values(tmp_path, given))
