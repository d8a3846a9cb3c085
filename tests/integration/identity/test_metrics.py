"""What identity says on /metrics about sign-ins and signing keys."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from libs.errors import ResourceExhausted, Unauthenticated
from services.identity.service import metrics, tokens
from tests.integration.identity.world import World


def sign_ins(way: str = "password") -> dict[str, float]:
    found = {
        name: REGISTRY.get_sample_value("recapito_identity_sign_ins_total", {"way": way, "outcome": name}) for name in metrics.OUTCOMES
    }
    return {name: count or 0.0 for name, count in found.items()}


def test_sign_ins_are_counted_by_how_they_end(world: World) -> None:
    world.administrator()
    before = sign_ins()
    world.sign_in("ada@studio.example")
    for _ in range(5):
        with pytest.raises((Unauthenticated, ResourceExhausted)):
            world.sign_in("ada@studio.example", "no such password")
    counted = {name: count - before[name] for name, count in sign_ins().items()}
    assert counted["opened"] == 1
    assert counted["refused"] + counted["throttled"] == 5
    assert counted["failed"] == 0


def test_the_signing_key_says_since_when_and_until_when(worlds: World) -> None:
    tokens.rotate_keys(timedelta(days=30), uow=worlds.new_uow(), clock=worlds.clock)
    metrics.measure(timedelta(days=30), new_reads=worlds.new_uow, clock=worlds.clock)
    since = REGISTRY.get_sample_value("recapito_identity_signing_key_use_timestamp_seconds") or 0
    due = REGISTRY.get_sample_value("recapito_identity_signing_key_due_timestamp_seconds") or 0
    assert abs(time.time() - since) < 3600
    assert due - since == timedelta(days=30).total_seconds()
