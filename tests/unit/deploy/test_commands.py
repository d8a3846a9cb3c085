"""The `recapito` command: what it asks of which service, what it shows, how it ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.deploy.told import SERVICES, WELL, Told


# --- status --------------------------------------------------------------------------------------------------------------------------
def test_status_asks_every_part_once(told: Told) -> None:
    found = told.json("status")
    assert (found["well"], found["faults"], list(found["services"])) == (True, [], list(SERVICES))
    assert found["services"]["contacts"] == {key: value for key, value in WELL.items() if key != "faults"}
    assert sorted(found["processes"]) == sorted(
        [f"{s}-{p}" for s in SERVICES for p in ("server", "worker")] + ["gateway-web", "portal-web"]
    )
    assert len(told.asked) == len(set(told.asked)) == 10


def test_status_is_one_screen(told: Told) -> None:
    keys = {"keys": {"signing": "k1", "age_days": 3, "next_time": "2026-12-22"}}
    told.answers["identity-worker status --json"] = (0, WELL | keys)
    assert told.run("status").splitlines() == [
        "SERVICE        SCHEMA  OUTBOX  OLDEST  QUEUE  PARKED",
        "identity       0001    0       0 s     0      0",
        "contacts       0001    0       0 s     0      0",
        "documents      0001    0       0 s     0      0",
        "notifications  0001    0       0 s     0      0",
        "",
        "Processes: 10 of 10 kinds ready",
        "Keys:      signing k1, age days 3, next time 2026-12-22",
        "",
        "Well.",
    ]


def test_status_names_what_is_not_well_and_ends_with_1(told: Told) -> None:
    told.answers["contacts-worker status --json"] = (1, WELL | {"faults": ["3 events are parked: see parked list"]})
    told.answers["portal-web ready --json"] = (1, {"ready": False, "failures": ["identity: FutureTimeoutError"]})
    told.answers["documents-worker status --json"] = (2, "RECAPITO_STORAGE_URL: Field required")
    found = told.json("status", code=1)
    assert [(fault["part"], fault["text"]) for fault in found["faults"]] == [
        ("contacts", "3 events are parked: see parked list"),
        ("documents", "it cannot be asked: RECAPITO_STORAGE_URL: Field required"),
        ("portal-web", "the process is not ready: identity: FutureTimeoutError"),
    ]
    screen = told.run("status", code=1)
    assert "documents      ?       ?" in screen
    assert "  contacts: 3 events are parked: see parked list" in screen


# --- events --------------------------------------------------------------------------------------------------------------------------
def test_the_outboxes_stand_side_by_side(told: Told) -> None:
    row = {"type": "recapito.documents.invoice.issued.v1", "events": 2, "oldest_seconds": 130.0}
    told.answers["documents-worker outbox --json"] = (1, [row])
    assert told.json("outbox", code=1) == [{"service": "documents"} | row]
    assert told.run("outbox", code=1).splitlines()[1].split() == ["documents", "recapito.documents.invoice.issued.v1", "2", "2", "min"]
    assert told.json("outbox", "--service", "contacts") == []


def parked(id_: str) -> dict[str, Any]:
    return {"id": id_, "type": "recapito.t.v1", "subject": "invoices/1", "park_time": "2026-11-22T12:00:00+00:00", "error": "it failed"}


def test_parked_events_are_listed_and_settled_where_they_are(told: Told) -> None:
    told.answers["documents-worker parked list --json"] = (0, [parked("a"), parked("b")])
    told.answers["notifications-worker parked list --json"] = (0, [parked("b")])
    told.answers["documents-worker parked redrive b --json"] = (0, {"redriven": ["b"]})
    told.answers["notifications-worker parked redrive b --json"] = (0, {"redriven": ["b"]})
    told.answers["documents-worker parked drop a b --json"] = (0, {"dropped": ["a", "b"]})
    told.answers["documents-worker parked show a --json"] = (0, parked("a"))
    assert [(row["service"], row["id"]) for row in told.json("parked", "list")] == [
        ("documents", "a"), ("documents", "b"), ("notifications", "b")
    ]  # fmt: skip
    assert "notifications  b   recapito.t.v1  invoices/1  2026-11-22T12:00:00  it failed" in told.run("parked", "list")
    assert told.json("parked", "show", "a") == parked("a")
    assert told.json("parked", "redrive", "b") == {
        "redriven": [{"service": "documents", "id": "b"}, {"service": "notifications", "id": "b"}]
    }
    assert told.run("parked", "drop", "--all", "--service", "documents") == "2 dropped\n"


def test_what_is_not_parked_and_what_was_not_understood(told: Told) -> None:
    assert "not parked: x" in told.run("parked", "redrive", "x", code=1)
    assert "give the ids of events, or --all" in told.run("parked", "drop", code=2)
    assert "Invalid value for '--service'" in told.run("outbox", "--service", "portal", code=2)


def test_projections_are_built_anew_one_service_after_the_other(told: Told) -> None:
    told.answers["identity-worker reproject --json"] = (0, {"contacts": 3})
    for name in ("documents", "notifications"):
        told.answers[f"{name}-worker reproject --json"] = (0, {"customers": 1})
    assert told.json("reproject") == {"identity": {"contacts": 3}, "documents": {"customers": 1}, "notifications": {"customers": 1}}
    assert told.run("reproject", "--service", "documents") == "documents: 1 customers\n"
    del told.answers["documents-worker reproject --json"]
    assert "documents: nobody told what" in told.run("reproject", code=1)


# --- security ------------------------------------------------------------------------------------------------------------------------
def test_an_audit_that_was_changed_ends_with_1(told: Told) -> None:
    told.answers["identity-worker audit-verify --json"] = (0, {"intact": True, "broken": []})
    assert told.run("audit", "verify") == "the audit is intact\n"
    told.answers["identity-worker audit-verify --json"] = (1, {"intact": False, "broken": ["the audit of contacts is broken"]})
    assert told.json("audit", "verify", code=1) == {"intact": False, "broken": ["the audit of contacts is broken"]}


def test_keys_are_rotated(told: Told) -> None:
    told.answers["identity-worker rotate-keys --soon --json"] = (0, {"key": "k2", "use_time": "2026-11-22T12:00:20+00:00"})
    assert told.run("keys", "rotate", "--soon") == "key k2 signs from 2026-11-22T12:00:20+00:00\n"


def test_an_administrator_is_invited_by_a_link_unless_there_is_one(told: Told) -> None:
    asked = "identity-worker create-administrator --email a@b.example --name Administrator --json"
    told.answers[asked] = (0, {"link": "https://x.example/console/password/t"})
    assert told.run("user", "invite-admin", "--email", "a@b.example") == "https://x.example/console/password/t\n"
    told.answers[asked] = (0, {"link": ""})
    assert "an administrator has a password already" in told.run("user", "invite-admin", "--email", "a@b.example", code=1)
    told.answers["identity-worker remove-factors --email a@b.example --json"] = (0, {"removed": 2})
    assert told.json("user", "remove-factors", "--email", "a@b.example") == {"removed": 2}


def test_the_ledger_of_erasures_is_listed_and_applied(told: Told, tmp_path: Path) -> None:
    told.answers["contacts-worker list-erasures --json"] = (0, [{"person": "contacts/1"}])
    assert told.json("erasures", "list") == [{"person": "contacts/1"}]
    (tmp_path / "ledger.json").write_text("[]")
    told.answers["contacts-worker reapply-erasures - --json"] = (0, {"erasures": 4})
    assert told.run("erasures", "apply", str(tmp_path / "ledger.json")).startswith("4 to be erased again")


# --- mail ----------------------------------------------------------------------------------------------------------------------------
def test_mail_is_held_and_released(told: Told) -> None:
    held = {"held": True, "hold_time": "2026-11-22T12:00:00+00:00", "restore_time": ""}
    told.answers["notifications-worker sender hold --restored --json"] = (0, held)
    told.answers["notifications-worker sender release --json"] = (0, held | {"held": False, "hold_time": ""})
    assert told.json("sender", "hold", "--restored") == held
    assert told.run("sender", "release") == "mail leaves\n"
    assert "nobody told what" in told.run("sender", "status", code=1)


# --- why -----------------------------------------------------------------------------------------------------------------------------
def test_explaining_needs_an_occasion_and_an_api_that_answers(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "give --dispatch, or --kind and --subject" in told.run("explain", "message", "contacts/1", code=2)
    monkeypatch.setenv("RECAPITO_API_URL", "http://localhost:9")
    monkeypatch.setenv("RECAPITO_TOKEN", "secret")
    said = told.run("explain", "entry", "contacts/1", code=1)
    assert "refused" in said
    assert "secret" not in said


# --- where -------------------------------------------------------------------------------------------------------------------------
def test_without_an_installation_it_says_where_it_looked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    monkeypatch.delenv("RECAPITO_EXEC")
    monkeypatch.setenv("RECAPITO_DATA", str(tmp_path / "nowhere"))
    assert "holds no installation" in told.run("status", code=2)
    monkeypatch.setenv("RECAPITO_EXEC", "/nowhere/kubectl exec {service}")
    assert "/nowhere/kubectl could not be run" in told.run("outbox", code=1)
